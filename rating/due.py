"""Which timer events a tenant has coming: months begun, lots expired, defaults not yet seen.

Pure: told an instant, it says what is due by then. Who asks, how often and when the events are
sent is the timer's business (D-80). Sending one twice has one effect, so nothing is remembered
but what the tenant's row shows anyway: an event is due until its effect stands in the row.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from rating.calendar import Zone, month_text
from rating.rows import TenantRow
from schemas.envelope import Event
from schemas.timers import LotExpired, PeriodStarted, ReferenceActivated

TIMER_SOURCE: Final = "tollstream/timer"
"""The envelope's source of all events that the engine sends itself."""
FORFEIT_DELAY: Final = timedelta(hours=24)
"""From a lot's expiry to the posting (D-09): a call that began before the expiry is usually
consumed within a day, and until the posting it still finds its money."""


def next_due(
    row: TenantRow, zone: Zone, forfeit_delay: timedelta = FORFEIT_DELAY
) -> datetime | None:
    """Return the instant at which the tenant's next period or expiry event is due."""
    dues = [lot.expires_at + forfeit_delay for lot in row.wallet.lots]
    month = _next_period(row)
    if month is not None:
        dues.append(zone.month_start(month))
    return min(dues, default=None)


def due_events(
    tenant: str,
    row: TenantRow,
    until: datetime,
    zone: Zone,
    *,
    default_catalogue: str | None = None,
    default_rates: str | None = None,
    forfeit_delay: timedelta = FORFEIT_DELAY,
) -> list[Event]:
    """Return the tenant's timer events due by `until`, in order of their due instants.

    Defaults that the tenant lacks come first (D-79); None means that no default was published.
    Then month by month (D-42) and lot by lot (D-43). Ids are the same however often this is asked.
    """
    activations = [*_activations(tenant, row, until, default_catalogue, default_rates)]
    timed = [*_periods(tenant, row, until, zone), *_expiries(tenant, row, until, forfeit_delay)]
    timed.sort(key=lambda item: item[0])
    return activations + [event for _, event in timed]


def _next_period(row: TenantRow) -> int | None:
    """Return the next month to announce: after the newest, or after the tenant's first month."""
    if row.newest is not None:
        return row.newest + 1
    return None if row.earliest is None else row.earliest + 1


def _periods(
    tenant: str, row: TenantRow, until: datetime, zone: Zone
) -> Iterator[tuple[datetime, Event]]:
    month = _next_period(row)
    if month is None:
        return
    while (start := zone.month_start(month)) <= until:
        period = month_text(month)
        # D-72: the time is the month's first instant.
        yield start, Event(tenant, TIMER_SOURCE, f"period/{period}", start, PeriodStarted(period))
        month += 1


def _expiries(
    tenant: str, row: TenantRow, until: datetime, forfeit_delay: timedelta
) -> Iterator[tuple[datetime, Event]]:
    for lot in row.wallet.lots:
        due = lot.expires_at + forfeit_delay
        if due <= until:
            name = f"{tenant}/l{lot.number}"
            # D-72: the time is the expiry, not the delayed posting.
            expired = Event(tenant, TIMER_SOURCE, f"lot/{name}", lot.expires_at, LotExpired(name))
            yield due, expired


def _activations(
    tenant: str,
    row: TenantRow,
    at: datetime,
    default_catalogue: str | None,
    default_rates: str | None,
) -> Iterator[Event]:
    offered_catalogue, offered_rates = row.offered
    if default_catalogue is not None and default_catalogue != offered_catalogue:
        data = ReferenceActivated("catalogue", default_catalogue)
        yield Event(tenant, TIMER_SOURCE, f"catalogue/{default_catalogue}", at, data)
    if default_rates is not None and default_rates != offered_rates:
        data = ReferenceActivated("rates", default_rates)
        yield Event(tenant, TIMER_SOURCE, f"rates/{default_rates}", at, data)
