"""A tenant to play with: real catalogue, deck and numbering; events in, records out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest

from rating.apply import Rater
from rating.balances import balances
from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.calls import CallCancelled, CallCorrected, CallEnded
from schemas.credits import CreditsAdjusted, CreditsPurchased
from schemas.dead_letter import Refusal
from schemas.envelope import Event
from schemas.ledger import CallRated
from schemas.money import parse_money
from schemas.tenants import LicenseAssigned, LicenseRemoved, TenantConfigured, UserConfigured
from schemas.timers import PeriodStarted
from streams.calendar_zones import load_calendar
from streams.numbering_metadata import load_numbering

MARCH = datetime(2021, 3, 1, tzinfo=UTC)
NOON = datetime(2021, 3, 10, 12, tzinfo=UTC)
TENANT = "contoso"
SEATTLE = "+12065550123"
PARIS = "+33142680000"
LONDON = "+442071838750"


class Scenario:
    """One tenant, its store, and a short word for each event."""

    def __init__(self, references: Any = None, rules: int = 1) -> None:
        self.references = references or shipped()
        self.rater = self.new_rater(rules)
        self.store = MemoryStore()
        self.count = 0

    def new_rater(self, rules: int) -> Rater:
        """Return a rater with other marks over the same references."""
        return Rater(
            references=self.references,
            numbering=load_numbering(),
            calendar=load_calendar(),
            rules=rules,
        )

    def send(self, data: Any, at: datetime = MARCH, *, source: str = "test") -> list[Any]:
        """Apply an event; return its records' data. A refusal fails the test."""
        made = self.attempt(data, at, source=source)
        assert not isinstance(made, Refusal), made
        return made

    def attempt(self, data: Any, at: datetime = MARCH, *, source: str = "test") -> Any:
        """Apply an event; return its records' data, or its refusal."""
        self.count += 1
        made = self.rater.apply(self.store, Event(TENANT, source, str(self.count), at, data))
        return made if isinstance(made, Refusal) else [record.data for record in made]

    def refused(self, data: Any, at: datetime = MARCH) -> str:
        """Return the reason of a refusal that must come and must change nothing."""
        before = self.packed()
        refusal = self.attempt(data, at)
        assert isinstance(refusal, Refusal)
        assert before == self.packed()
        return refusal.reason.value

    def packed(self) -> Any:
        """Return all rows as primitives."""
        return (
            {tenant: row.pack() for tenant, row in self.store.all_tenants()},
            {(tenant, name): row.pack() for tenant, name, row in self.store.all_subscribers()},
            {(tenant, name): row.pack() for tenant, name, row in self.store.all_calls()},
            sorted(self.store.all_money_ids()),
        )

    @property
    def row(self) -> Any:
        """The tenant's row."""
        return self.store.get_tenant(TENANT)

    @property
    def pools(self) -> dict[str, Any]:
        """The tenant's pools as the balances file has them."""
        found: dict[str, Any] = self.balances()["pools"]
        return found

    def balances(self) -> dict[str, Any]:
        """Return the tenant's part of the balances file."""
        found: dict[str, Any] = balances(self.store, [TENANT])["tenants"][TENANT]
        return found

    @property
    def wallet(self) -> str:
        """The balance as text."""
        found: str = self.balances()["wallet"]["balance"]
        return found

    def tenant(self, country: str = "US", at: datetime = MARCH, **settings: Any) -> list[Any]:
        """Configure the tenant."""
        return self.send(TenantConfigured(country, **settings), at)

    def assign(self, user: str, *licences: str, at: datetime = MARCH) -> list[Any]:
        """Assign licences to a user."""
        made = [self.send(LicenseAssigned(user, licence), at) for licence in licences]
        return [record for records in made for record in records]

    def remove(self, user: str, licence: str, at: datetime = MARCH) -> list[Any]:
        """Remove a licence from a user."""
        return self.send(LicenseRemoved(user, licence), at)

    def user(self, user: str, at: datetime = MARCH, **settings: Any) -> list[Any]:
        """Configure a user."""
        return self.send(UserConfigured(user, **settings), at)

    def buy(self, amount: str, at: datetime = MARCH, payment: str | None = None) -> list[Any]:
        """Buy credits."""
        payment = payment or f"p{self.count}"
        return self.send(CreditsPurchased(payment, parse_money(amount), "USD"), at)

    def adjust(self, amount: str, at: datetime = MARCH, name: str | None = None) -> list[Any]:
        """Adjust the credits."""
        name = name or f"a{self.count}"
        return self.send(CreditsAdjusted(name, parse_money(amount), "USD", "test"), at)

    def period(self, period: str, at: datetime | None = None) -> list[Any]:
        """Start a period at its first instant in UTC, or at another one."""
        at = at or datetime.fromisoformat(period + "-01").replace(tzinfo=UTC)
        return self.send(PeriodStarted(period), at)

    def a_call(self, user: str | None = "ann", to: str | None = SEATTLE, **members: Any) -> Any:
        """Return a call; `seconds` and `at` are its duration and start."""
        seconds, at = members.pop("seconds", 60), members.pop("at", NOON)
        members.setdefault("call_type", "user_out")
        members.setdefault("usage_id", f"c{self.count}")
        members.setdefault("caller", "+12065550100")
        members.setdefault("ended_at", at + timedelta(seconds=seconds))
        return CallEnded(
            user_id=user, callee=to, started_at=at, duration_seconds=seconds, **members
        )

    def call(self, *args: Any, **members: Any) -> CallRated:
        """Rate a call and return its record."""
        return self.records(*args, **members)[0]

    def records(self, *args: Any, **members: Any) -> list[Any]:
        """Rate a call and return all its records, without a change of versions."""
        call = self.a_call(*args, **members)
        return self.send(call, call.ended_at)

    def correct(self, call: CallEnded) -> list[Any]:
        """Correct a call to this data."""
        return self.send(CallCorrected(call.usage_id, "test", call), call.ended_at)

    def cancel(self, usage_id: str, at: datetime = NOON) -> list[Any]:
        """Cancel a call."""
        return self.send(CallCancelled(usage_id, "test"), at)


@lru_cache(maxsize=1)
def shipped() -> ShippedReferences:
    """Return the shipped catalogue and deck, loaded once."""
    return ShippedReferences()


@pytest.fixture
def scenario() -> Scenario:
    """Return a scenario without any event yet."""
    return Scenario()


@pytest.fixture
def new_scenario() -> Callable[..., Scenario]:
    """Return the maker of scenarios, for tests that need several or other references."""
    return Scenario
