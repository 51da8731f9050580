"""Which months are open to calls, and whose pools are kept."""

from typing import Any

from rating.acceptance import kept_months, oldest_accepted

MARCH = 2021 * 12 + 2


def test_a_new_tenant_has_no_months(scenario: Any) -> None:
    """D-56: before any licence, call or period none has been seen."""
    scenario.tenant()
    assert ([], None) == ([*kept_months(scenario.row)], oldest_accepted(scenario.row))


def test_months_are_kept_from_the_earliest_to_the_newest_seen(scenario: Any) -> None:
    """D-56: all are open until a period starts."""
    scenario.tenant()
    scenario.row.earliest, scenario.row.latest = MARCH, MARCH + 5
    assert [*range(MARCH, MARCH + 6)] == [*kept_months(scenario.row)]


def test_three_months_before_the_newest_period_are_open(scenario: Any) -> None:
    """R-700, D-83: older ones are not kept any more, and none before the earliest is made up."""
    scenario.tenant()
    row = scenario.row
    row.earliest, row.latest, row.newest = MARCH, MARCH + 5, MARCH + 5
    assert (MARCH + 2, [*range(MARCH + 2, MARCH + 6)]) == (
        oldest_accepted(row),
        [*kept_months(row)],
    )
    row.earliest = MARCH + 4
    assert [MARCH + 4, MARCH + 5] == [*kept_months(row)]
