"""The end of months."""

from datetime import UTC, datetime, timedelta
from typing import Any

from rating.rows import TenantRow
from schemas.ledger import PoolReset
from schemas.timers import PeriodStarted

MARCH, APRIL = datetime(2021, 3, 1, tzinfo=UTC), datetime(2021, 4, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def test_the_leftover_is_discarded(scenario: Any) -> None:
    """P14, R-216: the money stays."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    scenario.buy("12.40")
    scenario.records(seconds=120)
    march, april = (f"US/MCOPSTN1/domestic/2021-0{month}" for month in (3, 4))
    assert [PoolReset(march, 3000, 2, 2998, april, 3000)] == scenario.period("2021-04")
    assert (3000, "12.4") == (scenario.pools[april]["remaining"], scenario.wallet)


def test_a_period_is_started_once(scenario: Any) -> None:
    """D-42: P <= newest has no effect."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    scenario.period("2021-05")
    assert [[], []] == [scenario.period("2021-05"), scenario.period("2021-04")]


def test_missed_months_are_made_up_for(scenario: Any) -> None:
    """D-42: month by month, within a month by pool id, own buckets too."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN8", "MCOPSTN1")
    assert [
        "US/MCOPSTN1/domestic/2021-03",
        "US/MCOPSTN8/domestic/2021-03/ann",
        "US/MCOPSTN1/domestic/2021-04",
        "US/MCOPSTN8/domestic/2021-04/ann",
    ] == [reset.pool for reset in scenario.period("2021-05")]


def test_the_next_capacity_is_by_the_licences_as_known(scenario: Any) -> None:
    """D-42: a pool without licences next month has 0."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1", "MCOPSTN8")
    scenario.remove("ann", "MCOPSTN1", at=APRIL)
    scenario.remove("ann", "MCOPSTN8", at=APRIL)
    assert [
        ("US/MCOPSTN1/domestic/2021-04", 0),
        ("US/MCOPSTN8/domestic/2021-04/ann", 0),
    ] == [(reset.next_pool, reset.next_capacity) for reset in scenario.period("2021-04")]


def test_the_next_capacity_is_that_of_the_following_month(scenario: Any) -> None:
    """D-42: what happens a month later or before plays no part."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1", "MCOPSTN8")
    for licence in ("MCOPSTN1", "MCOPSTN8"):
        scenario.remove("ann", licence, at=datetime(2021, 5, 1, tzinfo=UTC))
    assert [3000, 120] == [reset.next_capacity for reset in scenario.period("2021-04")]


def test_a_period_started_again_makes_up_for_nothing(scenario: Any) -> None:
    """D-42: P <= newest has no effect, whatever month was shown meanwhile."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    scenario.period("2021-05")
    scenario.assign("bob", "MCOPSTN1", at=datetime(2021, 2, 1, tzinfo=UTC))
    assert [] == scenario.period("2021-05")
    assert "US/MCOPSTN1/domestic/2021-02" == scenario.period("2021-06")[0].pool


def test_a_period_does_not_start_before_its_time(scenario: Any) -> None:
    """D-42: else one bad event closes the books."""
    scenario.tenant(time_zone="America/New_York")
    begin = APRIL + timedelta(hours=4)
    assert "not_due" == scenario.refused(PeriodStarted("2021-04"), begin - TICK)
    scenario.send(PeriodStarted("2021-04"), begin)


def test_a_month_shown_late_is_made_up_for(scenario: Any) -> None:
    """D-42: earlier months that an event shows after the first period."""
    scenario.tenant(at=APRIL)
    scenario.assign("ann", "MCOPSTN1", at=APRIL)
    assert [] == scenario.period("2021-04")
    scenario.assign("bob", "MCOPSTN5", at=MARCH)
    assert [
        "US/MCOPSTN5/domestic/2021-03",
        "US/MCOPSTN1/domestic/2021-04",
        "US/MCOPSTN5/domestic/2021-04",
    ] == [reset.pool for reset in scenario.period("2021-05")]
    assert 2 == len(scenario.period("2021-06"))


def test_a_month_is_made_up_for_once(scenario: Any) -> None:
    """D-42: a month shown late is posted with the next period and never again."""
    may = datetime(2021, 5, 1, tzinfo=UTC)
    scenario.tenant(at=may)
    scenario.assign("ann", "MCOPSTN1", at=may)
    scenario.period("2021-06")
    scenario.assign("bob", "MCOPSTN1", at=APRIL)
    posted = [scenario.period(period) for period in ("2021-07", "2021-08")]
    assert [["2021-04", "2021-06"], ["2021-07"]] == [
        [reset.pool.rpartition("/")[2] for reset in resets] for resets in posted
    ]


def test_the_start_of_a_call_shows_its_month(scenario: Any) -> None:
    """D-42: also where the call ended, and every event came, in a later one."""
    scenario.tenant(at=APRIL)
    scenario.assign("ann", "MCOPSTN1", at=APRIL)
    scenario.records(at=APRIL - timedelta(minutes=5), seconds=600)
    assert 2021 * 12 + 2 == scenario.row.earliest


def test_months_no_longer_kept_are_not_made_up_for(scenario: Any) -> None:
    """D-83: months no longer accepted have no pools."""
    scenario.tenant(at=APRIL)
    scenario.period("2021-09")
    scenario.assign("ann", "MCOPSTN1", at=MARCH)
    assert ["2021-09"] == [reset.pool[-7:] for reset in scenario.period("2021-10")]


def test_old_months_leave_the_row(scenario: Any) -> None:
    """D-83: uses, licences, countries of months no longer accepted."""
    scenario.tenant("GB")
    scenario.tenant("US", at=APRIL)
    scenario.assign("ann", "MCOPSTN1")
    scenario.assign("bob", "MCOPSTN1", at=APRIL)
    scenario.records()
    scenario.period("2021-08")
    row: TenantRow = scenario.row
    may = 2021 * 12 + 4
    assert ({("MCOPSTN1", None): {may: 2}}, [(may, "US")]) == (row.licences, row.countries.entries)
    assert may == min(row.uses)
    assert ["05", "06", "07", "08"] == [name[-2:] for name in scenario.pools]


def test_a_licence_gone_leaves_no_trace(scenario: Any) -> None:
    """Rows stay small: counts that add up to nothing are dropped."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    scenario.remove("ann", "MCOPSTN1", at=APRIL)
    scenario.period("2021-09", at=datetime(2021, 9, 1, tzinfo=UTC))
    assert {} == scenario.row.licences
