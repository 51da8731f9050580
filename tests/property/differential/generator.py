"""Random logs from a seed: the same seed makes the same lines, on any machine.

The generator only writes what other systems could send. It does not rate anything; it merely
remembers what it wrote, so that corrections, cancellations, answers and repetitions hit something.
"""

import copy
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.model import clock
from tests.property.differential import hostile, world

EVENTS_OF_A_LOG = (40, 80)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
TINY = timedelta(microseconds=1)


@dataclass
class Sketch:
    """What was written for one tenant."""

    name: str
    zone: str
    currency: str
    settings: dict[str, Any]
    users: list[str]
    calls: list[dict[str, Any]] = field(default_factory=list)
    lots: int = 0
    payments: int = 0
    period: str | None = None


class Generator:
    """Writes one log."""

    def __init__(self, seed: int, versions: dict[str, tuple[str, ...]]) -> None:
        self.random = random.Random(seed)
        self.versions = versions
        self.lines: list[bytes] = []
        self.number = 0
        start = datetime(2020, 11, 1, tzinfo=UTC)
        self.now = start + timedelta(minutes=self.random.randrange(60 * 24 * 1500))
        self.tenants: list[Sketch] = []

    # ---- choices

    def chance(self, percent: float) -> bool:
        """Return true in so many of a hundred cases."""
        return self.random.random() * 100 < percent

    def pick(self, *ranks: tuple[Any, ...]) -> Any:
        """Pick from the first list mostly, from the later ones more rarely."""
        rank = 0
        while rank + 1 < len(ranks) and self.chance(25):
            rank += 1
        return self.random.choice(ranks[rank])

    def location(self) -> str:
        """Pick a country."""
        return self.pick(world.LOCATIONS, world.LOCATIONS, world.ODD_LOCATIONS)

    def near_month(self, tenant: Sketch) -> datetime:
        """Return an instant at a month's edge in the tenant's zone."""
        month = clock.month_of(self.now, tenant.zone)
        edge = clock.month_start(
            self.random.choice([month, clock.month_plus(month, 1)]), tenant.zone
        )
        return edge + self.random.choice([-SECOND, -TINY, 0 * TINY, TINY, SECOND])

    def moment(self, tenant: Sketch) -> datetime:
        """Pick when something happened: now mostly, else earlier, later or at a month's edge."""
        roll = self.random.random()
        if roll < 0.7:
            return self.now
        if roll < 0.85:
            return self.now - timedelta(hours=self.random.randrange(24 * 150))
        if roll < 0.93:
            return self.near_month(tenant)
        return self.now + timedelta(hours=self.random.randrange(24 * 50))

    def tick(self) -> None:
        """Let time pass: minutes mostly, sometimes weeks, rarely a year."""
        roll = self.random.random()
        if roll < 0.75:
            self.now += timedelta(seconds=self.random.randrange(3 * 3600))
        elif roll < 0.97:
            self.now += timedelta(hours=self.random.randrange(24 * 8))
        elif roll < 0.985:
            self.now += timedelta(days=self.random.randrange(20, 50))
        else:
            self.now += timedelta(days=self.random.choice([150, 364, 365, 366]))

    def written(self, instant: datetime) -> str:
        """Write an instant in one of its forms."""
        text = clock.show(instant)
        if self.chance(8):
            shift = timedelta(minutes=self.random.choice([-330, 60, 345, 840]))
            sign = "-" if shift < timedelta(0) else "+"
            hours, minutes = divmod(int(abs(shift).total_seconds()) // 60, 60)
            text = f"{clock.show(instant + shift)[:-1]}{sign}{hours:02d}:{minutes:02d}"
        elif self.chance(4):
            text = text[:-1] + ("000" if "." in text else ".000000009") + "Z"
        return text

    # ---- envelopes

    def envelope(
        self, tenant: str, kind: str, time: datetime, data: dict[str, Any]
    ) -> dict[str, Any]:
        """Write an event."""
        self.number += 1
        event = {
            "specversion": "1.0",
            "id": str(self.number),
            "source": self.random.choice(["mediation/graph", "s\u00e9\u20ac\U0001f600", "a#b"]),
            "type": f"tollstream.{kind}.v1",
            "subject": tenant,
            "time": self.written(time),
            "datacontenttype": "application/json",
            "data": data,
        }
        if self.chance(3):
            event["traceparent"] = self.random.choice(["x", None, 7, True])
        return event

    def send(self, tenant: str, kind: str, time: datetime, data: dict[str, Any]) -> None:
        """Append an event; now and then it comes twice, or its defaults are left out."""
        event = self.envelope(tenant, kind, time, data)
        line = json.dumps(event, ensure_ascii=self.chance(50)).encode()
        self.lines.append(line)
        if self.chance(4):
            self.lines.append(line)

    # ---- tenants, users, licences

    def configure(self, tenant: Sketch, *, first: bool = False) -> None:
        """Configure a tenant."""
        choose = self.random.choice
        settings = {
            "country": self.location() if first or self.chance(30) else tenant.settings["country"],
            "currency": tenant.currency if self.chance(90) else choose(["USD", "EUR"]),
            "time_zone": tenant.zone if self.chance(93) else choose(world.ZONES),
            "credits_for_all_users": self.chance(12),
            "postpaid": self.chance(25),
            "overdraft": "allow_negative" if self.chance(30) else "clamp",
            "auto_recharge": {
                "trigger": choose(["0", "1", "2.50", "20"]),
                "amount": choose(["1", "5.5", "50"]),
            }
            if self.chance(45)
            else None,
        }
        if first:
            settings |= {"currency": tenant.currency, "time_zone": tenant.zone}
        tenant.settings = settings
        data = {
            name: value
            for name, value in settings.items()
            if name in ("country", "currency", "time_zone") or value or self.chance(50)
        }
        self.send(
            tenant.name, "tenant.configured", self.now if first else self.moment(tenant), data
        )

    def user(self, tenant: Sketch) -> str:
        """Pick a user, seldom one that nobody knows."""
        return self.random.choice(tenant.users) if self.chance(96) else "stranger/\u00e9"

    def configure_user(self, tenant: Sketch) -> None:
        """Configure a user."""
        data: dict[str, Any] = {"user_id": self.user(tenant)}
        if self.chance(60):
            data["usage_location"] = self.location() if self.chance(75) else None
        if self.chance(35):
            data["outbound_policy"] = self.random.choice(["international", "domestic", "none"])
        if self.chance(35):
            policies = ["any", "organizer_country", "zone_a", "none"]
            data["conference_dial_out_policy"] = self.random.choice(policies)
        self.send(tenant.name, "user.configured", self.moment(tenant), data)

    def licence(self, tenant: Sketch, *, assigned: bool = True) -> None:
        """Assign or remove a licence."""
        licence = self.pick(world.COMMON_LICENCES, world.SELDOM_LICENCES, world.RARE_LICENCES)
        if self.chance(2):
            licence = self.random.choice(world.UNKNOWN_LICENCES)
        kind = "license.assigned" if assigned else "license.removed"
        data = {"user_id": self.user(tenant), "license": licence}
        self.send(tenant.name, kind, self.moment(tenant), data)

    def unassign(self, tenant: Sketch) -> None:
        """Remove a licence."""
        self.licence(tenant, assigned=False)

    # ---- money

    def purchase(self, tenant: Sketch) -> None:
        """Buy credits."""
        tenant.payments += self.chance(85)
        tenant.lots += 1
        data = {
            "payment_id": f"pay-{tenant.payments}",
            "amount": self.random.choice(world.AMOUNTS),
            "currency": tenant.currency if self.chance(96) else "GBP",
        }
        time = self.moment(tenant)
        if self.chance(25):
            time -= timedelta(days=self.random.choice([200, 330, 360, 365, 366]))
        self.send(tenant.name, "credits.purchased", time, data)

    def adjust(self, tenant: Sketch) -> None:
        """Correct the wallet."""
        amount = self.random.choice(world.AMOUNTS)
        if self.chance(75):
            amount = "-" + amount
        else:
            tenant.lots += 1
        data = {
            "adjustment_id": f"adj-{self.random.randrange(40)}",
            "amount": amount if self.chance(97) else "0.00",
            "currency": tenant.currency if self.chance(96) else "GBP",
            "reason": "goodwill",
        }
        self.send(tenant.name, "credits.adjusted", self.moment(tenant), data)

    def recharge(self, tenant: Sketch) -> None:
        """Answer a recharge, perhaps one that was never due."""
        data = {"recharge_id": f"{tenant.name}/r{self.pick((1, 2), (3, 4, 5, 6))}"}
        outcome = "succeeded"
        if self.chance(25):
            outcome = "failed"
            data["reason"] = "card expired"
        else:
            tenant.lots += 1
        self.send(tenant.name, f"recharge.{outcome}", self.now, data)

    def expire(self, tenant: Sketch) -> None:
        """Post the end of a lot, perhaps too early."""
        data = {"lot_id": f"{tenant.name}/l{self.random.randrange(1, min(tenant.lots, 4) + 2)}"}
        time = self.now + DAY * self.random.choice([0, 30, 366, 400])
        self.send(tenant.name, "lot.expired", time, data)

    # ---- time and reference data

    def start_period(self, tenant: Sketch) -> None:
        """Start the present month, now and then another one."""
        month = clock.month_of(self.now, tenant.zone)
        if self.chance(15):
            month = clock.month_plus(month, self.random.choice([-3, -1, 1, 2]))
        time = self.now
        if self.chance(40):
            time = clock.month_start(month, tenant.zone)
            time -= SECOND if self.chance(15) else 0 * SECOND
        tenant.period = month
        self.send(tenant.name, "period.started", time, {"period": month})

    def activate(self, tenant: Sketch) -> None:
        """Activate a version of a reference file."""
        kind = self.random.choice(["catalogue", "rates"])
        data = {"kind": kind, "version": self.random.choice(self.versions[kind])}
        self.send(tenant.name, "reference.activated", self.moment(tenant), data)

    # ---- calls

    def call_data(self, tenant: Sketch) -> tuple[dict[str, Any], datetime]:
        """Make up a finished call; return it and when it was told."""
        choose = self.random.choice
        duration = self.pick(world.SHORT, world.LONG, world.LONG)
        if self.chance(12):
            duration = self.random.randrange(20_000)
        start = self.call_start(tenant)
        ended = start + timedelta(seconds=duration)
        if self.chance(6):
            ended += choose([-SECOND, -TINY, SECOND, -2 * DAY])
        data: dict[str, Any] = {
            "usage_id": f"u{len(tenant.calls)}",
            "call_type": "user_out",
            "user_id": self.user(tenant) if self.chance(96) else None,
            "caller": choose(world.CALLERS),
            "callee": self.callee(tenant),
            "number_type": "user",
            "started_at": start,
            "ended_at": ended,
            "duration_seconds": duration,
            "conference_id": None if self.chance(90) else "conf-1",
            "source_format": None if self.chance(90) else "graph",
        }
        self.shape(data)
        told = ended
        if self.chance(10):
            told = self.now
        elif self.chance(4):
            told = ended - DAY + choose([-SECOND, -TINY, 0 * SECOND])
        return data, told

    def callee(self, tenant: Sketch) -> str:
        """Pick a number, often one at home."""
        if self.chance(45):
            return self.random.choice(world.HOME.get(tenant.settings["country"], world.NUMBERS))
        return self.pick(world.NUMBERS, world.SPECIAL_NUMBERS)

    def call_start(self, tenant: Sketch) -> datetime:
        """Pick the start of a call."""
        if self.chance(12):
            return self.near_month(tenant)
        if self.chance(12):
            return self.now - timedelta(hours=self.random.randrange(24 * 130))
        return self.now

    def shape(self, data: dict[str, Any]) -> None:
        """Give a call one of the types."""
        roll = self.random.random() * 100
        if roll < 55:
            return
        if roll < 62:
            data["callee"] = self.random.choice(world.BAD_NUMBERS)
        elif roll < 70:
            data["call_type"] = self.random.choice(world.EXTRA_OUT_TYPES)
        elif roll < 82:
            data["call_type"] = "conf_out"
        elif roll < 86:
            data["call_type"] = self.random.choice(world.DIRECT_TYPES)
        else:
            data["call_type"] = self.random.choice(world.IN_TYPES)
            if self.chance(70):
                data["number_type"] = "service_toll_free"
                data["callee"] = self.pick(
                    world.TOLL_FREE_NUMBERS, world.TOLL_FREE_NUMBERS, world.BAD_NUMBERS
                )
                data["user_id"] = data["user_id"] if self.chance(30) else None
            elif self.chance(30):
                data["number_type"] = "service_toll"

    def call_json(self, data: dict[str, Any]) -> dict[str, Any]:
        """Write a call's data; members that have their default may be left out (D-21)."""
        defaults = {"number_type": "user"}
        shown = {}
        for name, value in data.items():
            if value == defaults.get(name) and self.chance(20):
                continue
            shown[name] = self.written(value) if isinstance(value, datetime) else value
        return shown

    def call(self, tenant: Sketch) -> None:
        """End a call."""
        data, told = self.call_data(tenant)
        tenant.calls.append(data)
        self.send(tenant.name, "call.ended", told, self.call_json(data))

    def repeat(self, tenant: Sketch) -> None:
        """Tell an old call again: the same data mostly, else other data."""
        if not tenant.calls:
            return
        data = copy.deepcopy(self.random.choice(tenant.calls[-12:]))
        if self.chance(20):
            data["duration_seconds"] += 1
        told = max(data["ended_at"], self.now)
        self.send(tenant.name, "call.ended", told, self.call_json(data))

    def correct(self, tenant: Sketch) -> None:
        """Correct an old call, seldom an unknown one."""
        if not tenant.calls:
            return
        index = self.random.randrange(max(0, len(tenant.calls) - 8), len(tenant.calls))
        old = tenant.calls[index]
        data = copy.deepcopy(old)
        roll = self.random.random()
        if roll < 0.4:
            data["duration_seconds"] = self.pick(world.SHORT, world.LONG)
            data["ended_at"] = data["started_at"] + SECOND * data["duration_seconds"]
        elif roll < 0.6:
            data["callee"] = self.pick(world.NUMBERS, world.SPECIAL_NUMBERS, world.BAD_NUMBERS)
        elif roll < 0.9:
            data = self.call_data(tenant)[0]
        data["usage_id"] = old["usage_id"]
        told = max(data["ended_at"], self.now) if self.chance(90) else self.now
        usage_id = data["usage_id"]
        if self.chance(4):
            usage_id = data["usage_id"] = "nobody"
        elif self.chance(50):
            tenant.calls[index] = data
        whole = {"usage_id": usage_id, "reason": "wrong", "call": self.call_json(data)}
        self.send(tenant.name, "call.corrected", told, whole)

    def cancel(self, tenant: Sketch) -> None:
        """Cancel an old call, seldom an unknown one."""
        if not tenant.calls:
            return
        usage_id = self.random.choice(tenant.calls[-12:])["usage_id"]
        data = {"usage_id": usage_id if self.chance(95) else "nobody", "reason": "mistake"}
        self.send(tenant.name, "call.cancelled", self.moment(tenant), data)

    def again(self, _tenant: Sketch) -> None:
        """Send one of the last lines once more."""
        self.lines.append(self.random.choice(self.lines[-20:]))

    def hostile(self, tenant: Sketch) -> None:
        """Send what must be refused, or looks as if it should be and must not."""
        self.lines.append(hostile.line(self, tenant))

    # ---- the whole log

    def write(self) -> list[bytes]:
        """Write a log of one to three tenants."""
        for index in range(self.random.choice([1, 1, 1, 1, 2])):
            users = [f"user-{number}" for number in range(self.random.choice([1, 1, 2, 3]))]
            zone = self.random.choice(world.ZONES)
            currency = "USD" if self.chance(93) else "EUR"
            tenant = Sketch(f"t{index}", zone, currency, {}, users)
            if self.chance(5):
                self.licence(tenant)
            self.configure(tenant, first=True)
            self.tenants.append(tenant)
        count = self.random.randint(*EVENTS_OF_A_LOG)
        steps = {
            self.call: 40,
            self.licence: 9,
            self.unassign: 5,
            self.configure_user: 5,
            self.configure: 2,
            self.purchase: 8,
            self.adjust: 4,
            self.recharge: 4,
            self.expire: 4,
            self.start_period: 5,
            self.activate: 2,
            self.repeat: 3,
            self.correct: 7,
            self.cancel: 4,
            self.again: 2,
            self.hostile: 5,
        }
        for tenant in self.tenants:
            for user in tenant.users:
                for licence in self.random.sample(world.COMMON_LICENCES, self.random.randrange(4)):
                    data = {"user_id": user, "license": licence}
                    self.send(tenant.name, "license.assigned", self.now, data)
        while len(self.lines) < count:
            step = self.random.choices([*steps], weights=[*steps.values()])[0]
            step(self.random.choice(self.tenants))
            self.tick()
        return self.lines


def write_log(seed: int, versions: dict[str, tuple[str, ...]]) -> list[bytes]:
    """Write the log of a seed."""
    return Generator(seed, versions).write()
