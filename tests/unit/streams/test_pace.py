"""A feed that goes by phases: how many calls are due when, and when each one is."""

import pytest

from streams.bench.pace import Pace

PACE = Pace(((10, 5.0), (60, 30.0), (5, 1.0)))
"""Two seconds, two seconds, five seconds."""


@pytest.mark.parametrize(
    ("seconds", "due"),
    [(0.0, 1), (0.99, 5), (1.0, 6), (2.0, 11), (3.0, 41), (4.0, 71), (8.9, 75), (100.0, 75)],
)
def test_so_many_calls_are_due_after_some_time(seconds: float, due: int) -> None:
    """The first one at once; a phase begins where the one before ends."""
    assert due == PACE.due(seconds)


@pytest.mark.parametrize(("place", "at"), [(0, 0.0), (9, 1.8), (10, 2.0), (70, 4.0), (75, 9.0)])
def test_a_call_is_due_at_its_place_in_its_phase(place: int, at: float) -> None:
    """The one behind the last is the feed's end."""
    assert at == pytest.approx(PACE.at(place))


def test_what_is_due_is_what_its_time_says() -> None:
    """`due` and `at` are each other's inverse."""
    assert [PACE.due(PACE.at(place) + 1e-9) for place in range(75)] == [*range(1, 76)]


def test_phases_end_one_after_the_other() -> None:
    """And hold all calls."""
    assert [10, 70, 75] == PACE.ends()
    assert 75 == PACE.calls
    assert 9.0 == PACE.seconds
    assert 0.0 == Pace(()).seconds
