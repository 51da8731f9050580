"""What the model remembers of a tenant: its accepted events, its calls, its lots. Nothing derived.

Licences, settings, months and pools are worked out anew from these lists each time they are asked.
"""

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from tests.model import clock
from tests.model.deck import Rate
from tests.model.plans import Catalogue

ZERO = Fraction(0)


@dataclass
class Lot:
    """Money bought at one time (R-506)."""

    lot_id: str
    bought: datetime
    expires: datetime
    remaining: Fraction
    forfeited: bool = False


@dataclass
class Leg:
    """What one purse paid; `parts` and `debt` say where the money came from (D-23, D-91)."""

    purse: str
    pool: str | None
    capability: str
    minutes: int
    remaining: int | Fraction | None
    row: Rate | None = None
    fee: Fraction = ZERO
    amount: Fraction = ZERO
    parts: list[tuple[str, Fraction]] = field(default_factory=list)
    debt: Fraction = ZERO


@dataclass
class Rating:
    """The outcome of one call."""

    outcome: str
    reason: str | None = None
    destination: dict[str, str | None] = field(default_factory=dict)
    billed: int = 0
    uncovered: int = 0
    legs: list[Leg] = field(default_factory=list)
    passed_over: list[dict[str, Any]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)


@dataclass
class Call:
    """One usage id: what was told first and last, and how it is rated now."""

    original: dict[str, Any]
    newest: dict[str, Any]
    rating: Rating
    first_seq: int
    last_seq: int
    cancelled: bool = False


@dataclass
class User:
    """One user as of a month."""

    location: str
    outbound_policy: str = "international"
    dial_out_policy: str = "any"
    licences: set[str] = field(default_factory=set)


@dataclass
class Versions:
    """The reference data in force for a tenant."""

    catalogue: str
    rates: str


@dataclass
class Tenant:
    """One tenant."""

    name: str
    versions: Versions
    catalogues: dict[str, Catalogue]
    decks: dict[str, list[Rate]]
    events: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    rated_starts: list[datetime] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    debt: Fraction = ZERO
    payments: set[str] = field(default_factory=set)
    adjustments: set[str] = field(default_factory=set)
    recharges: dict[str, Fraction] = field(default_factory=dict)
    outstanding: str | None = None
    newest_started: str | None = None
    reset_months: set[str] = field(default_factory=set)
    thresholds: set[tuple[str, int]] = field(default_factory=set)
    ruleset: str | None = None
    seq: int = 0
    last_hash: bytes = bytes(32)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in force where we stand in the log (D-79)."""
        return self.catalogues[self.versions.catalogue]

    @property
    def deck(self) -> list[Rate]:
        """The rate deck in force where we stand in the log (D-79)."""
        return self.decks[self.versions.rates]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings at the moment of consumption (D-08)."""
        return [e for e in self.events if e["type"] == "tenant.configured"][-1]["data"]

    def month_of(self, instant: datetime) -> str:
        """Name the month of an instant in the tenant's zone."""
        return clock.month_of(instant, self.settings["time_zone"])

    def month_of_event(self, event: dict[str, Any]) -> str:
        """Name the month of an event in the zone in force when it arrives.

        A zone may change only before the first lot or call; it moves no earlier event.
        """
        settings = self.settings if self.events else event["data"]
        return clock.month_of(event["time"], settings["time_zone"])

    def month_start(self, month: str) -> datetime:
        """Return the first instant of a month in the tenant's zone."""
        return clock.month_start(month, self.settings["time_zone"])

    def events_until(self, month: str, *types: str) -> list[dict[str, Any]]:
        """List events of these types consumed so far, dated in the month or earlier (D-08)."""
        of_types = [event for event in self.events if event["type"] in types]
        return [event for event in of_types if event["month"] <= month]

    def country(self, month: str) -> str:
        """Return the tenant's country as of a month; before the first configuration the first."""
        first = next(e for e in self.events if e["type"] == "tenant.configured")
        dated = self.events_until(month, "tenant.configured")
        return (dated or [first])[-1]["data"]["country"]  # D-08

    def users(self, month: str) -> dict[str, User]:
        """Fold licences and user settings as they count for calls of this month (D-08)."""
        country = self.country(month)
        found: dict[str, User] = {}
        for event in self.events_until(
            month, "user.configured", "license.assigned", "license.removed"
        ):
            data = event["data"]
            user = found.setdefault(data["user_id"], User(country))
            if event["type"] == "user.configured":
                user.location = data["usage_location"] or country
                user.outbound_policy = data["outbound_policy"]
                user.dial_out_policy = data["conference_dial_out_policy"]
            elif event["type"] == "license.assigned":
                user.licences.add(data["license"])
            else:
                user.licences.discard(data["license"])
        return found

    def user(self, user_id: str | None, month: str) -> User:
        """Return one user; an unknown or null one has the defaults and no licence (D-37)."""
        users = self.users(month)
        return users[user_id] if user_id in users else User(self.country(month))

    def accepts(self, month: str) -> bool:
        """Tell whether calls of this month are still accepted (R-700, D-18)."""
        oldest = self.oldest_accepted()
        return oldest is None or month >= oldest

    def oldest_accepted(self) -> str | None:
        """Name the oldest month still accepted, None before the first started period (D-18)."""
        if self.newest_started is None:
            return None
        return clock.month_plus(self.newest_started, -clock.ACCEPTANCE_MONTHS)

    def call(self, usage_id: str) -> Call | None:
        """Find a call whose month is still accepted; others are forgotten (D-17, D-74)."""
        for call in reversed(self.calls):
            if call.newest["usage_id"] == usage_id:
                return call if self.accepts(self.month_of(call.newest["started_at"])) else None
        return None

    def earliest_month(self) -> str:
        """Name the earliest month of any accepted event's time or rated call's start (D-42)."""
        months = [event["month"] for event in self.events]
        return min(months + [self.month_of(instant) for instant in self.rated_starts])

    def newest_month(self) -> str | None:
        """Name the newest month seen in a call, licence or period event (D-56)."""
        months = [self.month_of(instant) for instant in self.rated_starts]
        for event in self.events:
            if event["type"].startswith("license."):
                months.append(event["month"])
            elif event["type"] == "period.started":
                months.append(event["data"]["period"])
        return max(months, default=None)

    def kept_months(self) -> list[str]:
        """List the months whose pools are kept: D-56 without those not accepted (D-83)."""
        newest = self.newest_month()
        if newest is None:
            return []
        first = max(self.earliest_month(), self.oldest_accepted() or "")
        return clock.months_between(first, clock.month_plus(newest, 1))
