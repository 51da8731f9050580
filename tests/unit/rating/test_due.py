"""Which timer events are due."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rating.due import due_events, next_due
from schemas.timers import LotExpired, PeriodStarted, ReferenceActivated

MARCH, APRIL, MAY = (datetime(2021, month, 1, tzinfo=UTC) for month in (3, 4, 5))
EXPIRY = datetime(2022, 3, 1, tzinfo=UTC)
DAY = timedelta(hours=24)
TICK = timedelta(microseconds=1)


@pytest.fixture
def us(scenario: Any) -> Any:
    """Return a US tenant configured in March."""
    scenario.tenant()
    return scenario


def due(scenario: Any, until: datetime, **defaults: Any) -> list[Any]:
    """Return the events due by an instant."""
    return due_events("contoso", scenario.row, until, scenario.row.view.zone, **defaults)


def test_periods_come_month_by_month(us: Any) -> None:
    """D-42, D-72: after the tenant's earliest month, at their first instants."""
    assert [(APRIL, PeriodStarted("2021-04")), (MAY, PeriodStarted("2021-05"))] == [
        (event.time, event.data) for event in due(us, MAY)
    ]
    assert [] == due(us, APRIL - TICK)


def test_events_have_the_same_ids_however_often_they_are_asked_for(us: Any) -> None:
    """D-79: any number of times, one effect."""
    assert due(us, MAY) == due(us, MAY)
    assert [("tollstream/timer", f"period/2021-0{month}") for month in (4, 5)] == [
        (event.source, event.id) for event in due(us, MAY)
    ]


def test_what_had_its_effect_is_not_due_any_more(us: Any) -> None:
    """An event is due until its effect stands in the row."""
    us.period("2021-04")
    assert [PeriodStarted("2021-05")] == [event.data for event in due(us, MAY)]


def test_months_begin_in_the_tenants_zone(scenario: Any) -> None:
    """D-72: the month's first instant in the tenant's zone."""
    scenario.tenant(time_zone="America/New_York", at=datetime(2021, 3, 2, tzinfo=UTC))
    begin = APRIL + timedelta(hours=4)
    assert ([], [begin]) == (due(scenario, begin - TICK), [e.time for e in due(scenario, begin)])


def test_a_lot_is_posted_a_day_after_its_expiry(us: Any) -> None:
    """D-09, D-72: due 24 h later, its time is the expiry."""
    us.buy("1")
    us.period("2022-03", at=EXPIRY)
    assert [] == due(us, EXPIRY + DAY - TICK)
    assert [(EXPIRY, "lot/contoso/l1", LotExpired("contoso/l1"))] == [
        (event.time, event.id, event.data) for event in due(us, EXPIRY + DAY)
    ]


def test_events_come_in_order_of_their_due_instants(us: Any) -> None:
    """D-80: a lot that is due before the next month comes before it."""
    us.buy("1", at=datetime(2020, 3, 15, tzinfo=UTC))
    us.buy("1", at=datetime(2020, 4, 15, tzinfo=UTC))
    us.period("2021-03", at=MARCH)
    assert [
        LotExpired("contoso/l1"),
        PeriodStarted("2021-04"),
        LotExpired("contoso/l2"),
        PeriodStarted("2021-05"),
    ] == [event.data for event in due(us, MAY)]


def test_a_default_that_the_tenant_lacks_is_activated(us: Any) -> None:
    """D-79: catalogue and rates, first of all; none where it was seen to already."""
    new, old = "a" * 64, us.row.offered
    assert [ReferenceActivated("catalogue", new), ReferenceActivated("rates", new)] == [
        event.data for event in due(us, MARCH, default_catalogue=new, default_rates=new)
    ]
    assert [] == due(us, MARCH, default_catalogue=old[0], default_rates=old[1])
    ids = [event.id for event in due(us, MARCH, default_catalogue=new, default_rates=new)]
    assert [f"catalogue/{new}", f"rates/{new}"] == ids


def test_what_is_due_has_its_effect(us: Any) -> None:
    """Every due event is accepted at its own time, and then nothing is due."""
    us.assign("ann", "MCOPSTN8")
    us.buy("1")
    until = EXPIRY + DAY
    for event in due(us, until):
        us.send(event.data, event.time, source=event.source)
    assert ([], "0") == (due(us, until), us.wallet)


def test_the_next_instant_is_the_earliest(us: Any) -> None:
    """The timer's index goes by it."""
    zone = us.row.view.zone
    assert APRIL == next_due(us.row, zone)
    us.buy("1", at=datetime(2020, 3, 15, tzinfo=UTC))
    us.period("2021-03", at=MARCH)
    assert datetime(2021, 3, 16, tzinfo=UTC) == next_due(us.row, zone)
    us.send(LotExpired("contoso/l1"), MARCH + timedelta(days=20))
    assert APRIL == next_due(us.row, zone)
