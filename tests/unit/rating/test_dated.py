"""Settings by month."""

from rating.dated import Dated

MARCH = 2021 * 12 + 2


def test_a_month_carries_the_value_before_it_forward() -> None:
    """D-08: what was set in March holds in April too, and not in February."""
    history = Dated("US").changed(MARCH, lambda _: "GB")
    assert [history.at(MARCH - 1), history.at(MARCH), history.at(MARCH + 1)] == ["US", "GB", "GB"]


def test_a_change_of_an_old_month_acts_on_all_later_ones() -> None:
    """D-08: a March event consumed after an April one changes March and April."""
    history = Dated(0).changed(MARCH + 1, lambda n: n + 1).changed(MARCH, lambda n: n + 10)
    assert [(MARCH, 10), (MARCH + 1, 11)] == history.entries


def test_a_change_of_a_later_month_leaves_the_earlier_ones() -> None:
    """D-08: events of April never change March."""
    history = Dated(0).changed(MARCH, lambda n: n + 1).changed(MARCH + 1, lambda n: n + 10)
    assert [(MARCH, 1), (MARCH + 1, 11)] == history.entries


def test_months_with_the_same_value_are_kept_once() -> None:
    """A change that brings back the value before leaves no entry."""
    history = Dated("US").changed(MARCH, lambda _: "GB").changed(MARCH, lambda _: "US")
    assert history.entries == []


def test_a_value_may_come_back_after_another() -> None:
    """Kept is every month that differs from the one before, whatever stood earlier."""
    history = Dated(0, [(MARCH, 1), (MARCH + 1, 2)]).changed(MARCH + 2, lambda _: 1)
    assert [(MARCH, 1), (MARCH + 1, 2), (MARCH + 2, 1)] == history.entries


def test_a_change_to_the_value_before_leaves_no_entry() -> None:
    """Kept are only the months at which the value differs."""
    assert [(MARCH, 1)] == Dated(0, [(MARCH, 1)]).changed(MARCH + 1, lambda _: 1).entries


def test_pruning_keeps_what_the_months_from_the_floor_on_see() -> None:
    """D-83: old months leave, the value at the floor stays."""
    history = Dated(0, [(MARCH - 5, 1), (MARCH - 1, 2), (MARCH + 1, 3)]).pruned(MARCH)
    assert [(MARCH, 2), (MARCH + 1, 3)] == history.entries


def test_pruning_at_a_month_with_an_entry_keeps_it_once() -> None:
    """The entry of the floor itself is not doubled."""
    assert [(MARCH, 2)] == Dated(0, [(MARCH, 2)]).pruned(MARCH).entries
