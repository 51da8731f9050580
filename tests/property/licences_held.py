"""Who holds which licence where, by folding a tenant's events; independent of the engine's rows.

Written from D-08, R-210 to R-215 and D-14 alone: for a call of month M count all changes consumed
so far whose time lies in M or earlier, in the order of the log.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from schemas.envelope import Event
from schemas.tenants import LicenseAssigned, LicenseRemoved, TenantConfigured, UserConfigured

GROUPS = {"US": "US", "PR": "US"}
"""R-211: shared pools; all other countries are their own."""
CAPABILITIES = {"BUSINESS_VOICE": "MCOPSTN1", "MCOPSTNC": "MCOPSTNPP"}


def month_of(instant: datetime, zone: str) -> str:
    """Return the month of an instant in a zone, `YYYY-MM` (R-340)."""
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m}"


class Holdings:
    """What the accepted events of one tenant say of licences and locations."""

    def __init__(self) -> None:
        self.zone = "UTC"
        self._events: list[tuple[str, Event]] = []
        self._first_country: str | None = None

    def see(self, event: Event) -> None:
        """Take an event in that was not refused."""
        data = event.data
        if isinstance(data, TenantConfigured):
            self.zone = data.time_zone
            self._first_country = self._first_country or data.country
        self._events.append((month_of(event.time, self.zone), event))

    def _until(self, month: str) -> Iterable[Event]:
        return (event for since, event in self._events if since <= month)

    def region_group(self, user: str | None, month: str) -> str:
        """Return the region group of a user's usage location in a month."""
        country, location = self._first_country, None
        for event in self._until(month):
            data = event.data
            if isinstance(data, TenantConfigured):
                country = data.country
            elif isinstance(data, UserConfigured) and data.user_id == user:
                location = data.usage_location
        place = location or country
        assert place is not None
        return GROUPS.get(place, place)

    def capabilities(self, user: str | None, month: str) -> set[str]:
        """Return the capabilities that a user holds in a month."""
        held: set[str] = set()
        for event in self._until(month):
            data = event.data
            if isinstance(data, LicenseAssigned) and data.user_id == user:
                held.add(data.license)
            elif isinstance(data, LicenseRemoved) and data.user_id == user:
                held.discard(data.license)
        return {CAPABILITIES.get(name, name) for name in held}
