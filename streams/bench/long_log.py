"""Calls over many months, with what time brings between them.

A worker that runs for years meets what one month does not show: months begin, pools of months gone
by leave the rows, calls of months no longer accepted are swept out of their table, money runs out
after a year. So the same calls are spread over many months here. Each month begins with the
`period.started` of every tenant, as the timer would have sent it (a backlog holds these at their
place; the timer itself is off); every eleven months each tenant buys credits anew. Then come the
month's calls, in order of time.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from rating.calendar import MONTHS_PER_YEAR, Zone, month_text
from rating.due import TIMER_SOURCE
from schemas.codec import encode_event
from schemas.credits import CreditsPurchased
from schemas.envelope import Event
from schemas.timers import PeriodStarted
from streams.bench.call_log import FUNDS, SET_UP_AT, SOURCE, TIME_ZONE, CallLog, tenant_name
from streams.calendar_zones import load_calendar

CALLS_BEGIN: Final = timedelta(days=1)
CALLS_SPAN: Final = timedelta(days=26)
"""From the second to the 28th of each month, so inside the month on every clock."""
FUNDS_EVERY_MONTHS: Final = 11
"""Money lives for twelve."""


def encoded_months(log: CallLog, calls: int, months: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield key and bytes of what happens in so many months from March 2021 on."""
    for event in _events(log, calls, months):
        yield event.tenant.encode(), encode_event(event)


def _events(log: CallLog, calls: int, months: int) -> Iterator[Event]:
    zone = load_calendar().zone(TIME_ZONE)
    first = zone.month_of(SET_UP_AT)
    for month in range(months):
        year, rest = divmod(first + month, MONTHS_PER_YEAR)
        begin = datetime(year, rest + 1, 1, tzinfo=UTC) + CALLS_BEGIN
        if month:
            yield from _begun(log.shape.tenants, first + month, zone)
        if month and month % FUNDS_EVERY_MONTHS == 0:
            yield from _funded(log.shape.tenants, f"payment-{month}", begin)
        numbers = range(calls * month // months, calls * (month + 1) // months)
        for place, number in enumerate(numbers):
            at = begin + CALLS_SPAN * (place / len(numbers))
            yield log.call(number, at.replace(microsecond=0))


def _begun(tenants: int, month: int, zone: Zone) -> Iterator[Event]:
    start, period = zone.month_start(month), month_text(month)
    for tenant in range(tenants):
        data = PeriodStarted(period)
        yield Event(tenant_name(tenant), TIMER_SOURCE, f"period/{period}", start, data)


def _funded(tenants: int, payment: str, at: datetime) -> Iterator[Event]:
    for tenant in range(tenants):
        data = CreditsPurchased(payment, FUNDS, "USD")
        yield Event(tenant_name(tenant), SOURCE, payment, at, data)
