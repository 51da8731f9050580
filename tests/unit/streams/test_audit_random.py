"""The auditor accepts whatever the engine makes, also of logs in wild order."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from streams.audit.verify import LedgerVerifier
from streams.engine import build_engine

SEEDS = range(30)
EVENTS_PER_LOG = 120
FIRST = datetime(2021, 1, 15, tzinfo=UTC)
USERS = ("ann", "bob", "cy")
LICENCES = (
    "MCOPSTN1", "MCOPSTN2", "MCOPSTN5", "MCOPSTN8", "MCOPSTN9", "MCOPSTNPP", "MCOMEETADD",
    "BUSINESS_VOICE_MED2",
)  # fmt: skip
CALLEES = ("+12065550123", "+14165550123", "+33142680000", "+393312345678", "+260955123456")
COUNTRIES = ("US", "GB", "PR", "CA")


def event(number: int, kind: str, at: datetime, data: dict[str, Any]) -> bytes:
    """Return one input line."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "random",
            "type": f"tollstream.{kind}.v1",
            "subject": "contoso",
            "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "data": data,
        }
    ).encode()


ENGINE = build_engine(ShippedReferences())


class RandomLog:
    """A log of one tenant whose events come in no sensible order; the seed gives it again."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.calls: list[dict[str, Any]] = []
        self.lots = self.recharges = 0

    def events(self) -> Iterator[bytes]:
        """Yield the events."""
        yield event(0, "tenant.configured", FIRST, self.configuration())
        makers = {
            self.call: 40,
            self.licence: 20,
            self.correction: 12,
            self.purchase: 8,
            self.adjustment: 6,
            self.period: 4,
            self.lot: 5,
            self.recharge: 4,
            self.user: 4,
            self.tenant: 2,
        }
        for number in range(1, EVENTS_PER_LOG):
            (maker,) = self.draw.choices([*makers], [*makers.values()])
            kind, data = maker(number)
            year = timedelta(days=366 if kind == "lot.expired" else 0)
            yield event(number, kind, self.instant() + year, data)

    def instant(self) -> datetime:
        """Return a time in one of six months."""
        return FIRST + timedelta(hours=self.draw.randrange(180 * 24))

    def configuration(self) -> dict[str, Any]:
        """Return a tenant's settings; the currency stays, as it must."""
        charged = {"trigger": "3", "amount": "5"}
        return {
            "country": self.draw.choice(COUNTRIES),
            "overdraft": self.draw.choice(["clamp", "allow_negative"]),
            "postpaid": self.draw.random() < 0.2,
            "credits_for_all_users": self.draw.random() < 0.5,
            "auto_recharge": self.draw.choice([None, charged]),
        }

    def tenant(self, _number: int) -> tuple[str, dict[str, Any]]:
        """Return new settings."""
        return "tenant.configured", self.configuration()

    def user(self, _number: int) -> tuple[str, dict[str, Any]]:
        """Return a move of a user."""
        place = self.draw.choice([None, *COUNTRIES])
        return "user.configured", {"user_id": self.draw.choice(USERS), "usage_location": place}

    def licence(self, _number: int) -> tuple[str, dict[str, Any]]:
        """Return a licence given or taken."""
        kind = self.draw.choice(["license.assigned", "license.assigned", "license.removed"])
        named = self.draw.choice(LICENCES)
        return kind, {"user_id": self.draw.choice(USERS), "license": named}

    def purchase(self, number: int) -> tuple[str, dict[str, Any]]:
        """Return a small purchase."""
        amount = self.draw.choice(["0.5", "2", "7.25"])
        data = {"payment_id": f"p{number}", "amount": amount, "currency": "USD"}
        return "credits.purchased", data

    def adjustment(self, number: int) -> tuple[str, dict[str, Any]]:
        """Return an operator's correction."""
        amount = self.draw.choice(["1.5", "-0.75", "-20"])
        data = {"adjustment_id": f"a{number}", "amount": amount, "currency": "USD", "reason": "x"}
        return "credits.adjusted", data

    def period(self, _number: int) -> tuple[str, dict[str, Any]]:
        """Return a month's beginning, late, early or in order."""
        return "period.started", {"period": f"2021-0{self.draw.randint(1, 7)}"}

    def lot(self, _number: int) -> tuple[str, dict[str, Any]]:
        """Return the end of some lot."""
        return "lot.expired", {"lot_id": f"contoso/l{self.draw.randint(1, 9)}"}

    def recharge(self, _number: int) -> tuple[str, dict[str, Any]]:
        """Return the answer to some recharge."""
        name = {"recharge_id": f"contoso/r{self.draw.randint(1, 5)}"}
        if self.draw.random() < 0.5:
            return "recharge.succeeded", name
        return "recharge.failed", name | {"reason": "card"}

    def call(self, number: int) -> tuple[str, dict[str, Any]]:
        """Return a call, now and then one that was sent before."""
        if self.calls and self.draw.random() < 0.1:
            return "call.ended", self.draw.choice(self.calls)
        data = self.call_data(f"c{number}")
        self.calls.append(data)
        return "call.ended", data

    def call_data(self, usage_id: str) -> dict[str, Any]:
        """Return a call of up to two days, long enough to empty a pool."""
        start = self.instant() - timedelta(days=3)
        seconds = self.draw.choice([0, 1, 330, 7_081, 40_000, 170_000])
        incoming = self.draw.random() < 0.1
        return {
            "usage_id": usage_id,
            "call_type": "conf_in" if incoming else self.draw.choice(["user_out", "conf_out"]),
            "user_id": self.draw.choice(USERS),
            "caller": "+12065550100",
            "callee": "+18005550123" if incoming else self.draw.choice(CALLEES),
            "number_type": "service_toll_free" if incoming else "user",
            "started_at": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "ended_at": (start + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "duration_seconds": seconds,
        }

    def correction(self, number: int) -> tuple[str, dict[str, Any]]:
        """Return a correction or cancellation of some call, a new call where there is none."""
        if not self.calls:
            return self.call(number)
        usage_id = self.draw.choice(self.calls)["usage_id"]
        if self.draw.random() < 0.3:
            return "call.cancelled", {"usage_id": usage_id, "reason": "x"}
        right = self.call_data(usage_id)
        return "call.corrected", {"usage_id": usage_id, "reason": "x", "call": right}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_engine_makes_is_verified(seed: int) -> None:
    """No fault is found in an honest ledger, however wild its log."""
    store, verifier = MemoryStore(), LedgerVerifier()
    lines = [line for raw in RandomLog(seed).events() for line in ENGINE.handle(store, raw).lines]
    faults = [str(fault) for line in lines for fault in verifier.check(line, "ledger")]
    assert [*faults, *map(str, verifier.finish())] == []
    assert verifier.kinds["call.rated"] >= 5, "the log was not refused as a whole"
