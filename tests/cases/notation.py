"""The notation of the worked cases: lines about calls, licences and money become events and back.

An event line, an optional time first (UTC; a call's time is its start):

    ann -> +12065550123 5:30            an outbound call of user ann, 5 min 30 s (`-` is no user)
    +12065550123 -> ann 30:00           an inbound call to a user
    +12065550123 -> +18005550123 12:05  an inbound call to the tenant's toll-free number
    correct c1 ann -> +33142680000 3:00
    cancel c1
    credits 10 | adjust -3 | recharge r1 succeeded | expire l1 | period 2021-04
    100 users assign MCOPSTN5 location=DE
    assign ann MCOPSTN1 | remove ann MCOPSTN1
    tenant country=US postpaid=yes | user ann location=GB policy=domestic
    activate rates dear | again | event TYPE {json data} | line BYTES

`key=value` after a line sets a member: `id type number user caller told ended currency source`.
Calls are c1, c2, ... in order; payments p1, ...; adjustments a1, ...
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

DATED = re.compile(r"\d{4}-\d\d-\d\d(T\S+)?")
GIVEN_AT = datetime(2021, 3, 1, tzinfo=UTC)  # D-87
BEFORE_AT = datetime(2021, 3, 1, 8, tzinfo=UTC)
WHEN_AT = datetime(2021, 3, 10, 10, tzinfo=UTC)
STEP = timedelta(hours=1)
MONTH = "2021-03"
MANY_USERS = re.compile(r"(\d+) users assign (\w+)(?: location=(\w\w))?")
YES = {"yes": True, "no": False}
TENANT_MEMBERS = {
    "country": "country",
    "zone": "time_zone",
    "currency": "currency",
    "postpaid": "postpaid",
    "overdraft": "overdraft",
    "credits_for_all": "credits_for_all_users",
}
USER_MEMBERS = {
    "location": "usage_location",
    "policy": "outbound_policy",
    "conference": "conference_dial_out_policy",
}
MEMBERS_SHOWN = {
    "call.rated": "usage_id",
    "call.duplicate": "usage_id first_seq",
    "ruleset.changed": "",
    "pool.changed": "pool capacity used remaining reason",
    "pool.reset": "pool capacity used discarded next_pool next_capacity",
    "pool.threshold_reached": "pool percent",
    "pool.closed": "pool by",
    "pool.reopened": "pool by",
    "credits.added": "lot_id amount expires_at balance",
    "credits.forfeited": "lot_id amount balance",
    "credits.adjusted": "amount balance",
    "recharge.due": "recharge_id amount currency balance",
    "recharge.settled": "recharge_id outcome",
    "wallet.empty": "balance",
}


def instant(text: str) -> datetime:
    """Read a date or a time, UTC unless it says otherwise."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def show(time: datetime) -> str:
    """Write a time for an event."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def seconds(text: str) -> int:
    """Read a duration `minutes:seconds`."""
    minutes, rest = text.split(":")
    return int(minutes) * 60 + int(rest)


@dataclass
class Writer:
    """Turns event lines into the bytes of a log, one tenant."""

    tenant: str = "contoso"
    versions: dict[str, str] = field(default_factory=dict)
    at: datetime = GIVEN_AT
    lines: list[bytes] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    prefix: str = "c"

    def write(self, line: str) -> None:
        """Append the event of one line."""
        if line == "again":
            self.lines.append(self.lines[-1])
            return
        if line.startswith("line "):
            self.lines.append(line.removeprefix("line ").encode())
            return
        many = MANY_USERS.fullmatch(line)
        if many:
            self.many_users(int(many[1]), many[2], many[3])
            return
        words = line.split(" ")
        if DATED.fullmatch(words[0]):
            self.at = instant(words.pop(0))
        if words[0] == "event":
            self.append(words[1], json.loads(" ".join(words[2:])))
        elif "->" in words:
            self.call(words)
        else:
            plain = [word for word in words[1:] if "=" not in word]
            options = dict(word.split("=", 1) for word in words[1:] if "=" in word)
            getattr(self, words[0])(*plain, **options)
        self.at += STEP

    def append(self, kind: str, data: dict[str, Any], time: datetime | None = None) -> None:
        """Append one event."""
        event = {
            "specversion": "1.0",
            "id": str(len(self.lines) + 1),
            "source": "case",
            "type": f"tollstream.{kind}.v1",
            "subject": self.tenant,
            "time": show(time or self.at),
            "datacontenttype": "application/json",
            "data": data,
        }
        self.lines.append(json.dumps(event).encode())

    def count(self, prefix: str) -> str:
        """Name the next call, payment or adjustment."""
        self.counts[prefix] = self.counts.get(prefix, 0) + 1
        return f"{prefix}{self.counts[prefix]}"

    def call(self, words: list[str]) -> None:
        """Write `call.ended` or, after `correct ID`, `call.corrected`."""
        corrects = words[1] if words[0] == "correct" else None
        left, _, right, duration, *rest = words[2:] if corrects else words
        options = dict(word.split("=", 1) for word in rest)
        inbound = left.startswith("+") or left == "unknown"
        connected = timedelta(seconds=seconds(duration))
        ended = instant(options["ended"]) if "ended" in options else self.at + connected
        user, number_type = left, "user"
        if inbound:
            user = "-" if right.startswith("+") else right
            number_type = "service_toll_free" if right.startswith("+") else "user"
        user = options.get("user", user)
        number = right if right.startswith("+") or not inbound else "+12065550100"
        caller = left if inbound else "+12065550100"
        data = {
            "usage_id": corrects or options.get("id") or self.count(self.prefix),
            "call_type": options.get("type", "user_in" if inbound else "user_out"),
            "user_id": None if user == "-" else user,
            "caller": None if left == "unknown" else options.get("caller", caller),
            "callee": None if number == "-" else number,
            "number_type": options.get("number", number_type),
            "started_at": show(self.at),
            "ended_at": show(ended),
            "duration_seconds": seconds(duration),
        }
        time = instant(options["told"]) if "told" in options else max(ended, self.at)
        if corrects:
            whole = {"usage_id": corrects, "reason": "wrong", "call": data}
            self.append("call.corrected", whole, time)
        else:
            self.append("call.ended", data, time)

    def cancel(self, usage_id: str) -> None:
        """Write `call.cancelled`."""
        self.append("call.cancelled", {"usage_id": usage_id, "reason": "mistake"})

    def credits(self, amount: str, currency: str = "USD", id: str | None = None) -> None:  # noqa: A002 the notation's word
        """Write `credits.purchased`."""
        payment = id or self.count("p")
        self.append(
            "credits.purchased", {"payment_id": payment, "amount": amount, "currency": currency}
        )

    def adjust(self, amount: str, currency: str = "USD", id: str | None = None) -> None:  # noqa: A002 the notation's word
        """Write `credits.adjusted`."""
        data = {"adjustment_id": id or self.count("a"), "amount": amount, "currency": currency}
        self.append("credits.adjusted", {**data, "reason": "goodwill"})

    def recharge(self, number: str, outcome: str) -> None:
        """Write `recharge.succeeded` or `recharge.failed`."""
        data = {"recharge_id": f"{self.tenant}/{number}"}
        if outcome == "failed":
            data["reason"] = "card expired"
        self.append(f"recharge.{outcome}", data)

    def expire(self, number: str) -> None:
        """Write `lot.expired`."""
        self.append("lot.expired", {"lot_id": f"{self.tenant}/{number}"})

    def period(self, month: str) -> None:
        """Write `period.started`."""
        self.append("period.started", {"period": month})

    def assign(self, user: str, *licences: str) -> None:
        """Write `license.assigned` for each licence."""
        for licence in licences:
            self.append("license.assigned", {"user_id": user, "license": licence})

    def many_users(self, count: int, licence: str, location: str | None) -> None:
        """Write so many users of their own with one licence."""
        for number in range(count):
            name = f"{licence}-{location}-{number}"
            if location:
                self.user(name, location=location)
            self.assign(name, licence)

    def remove(self, user: str, *licences: str) -> None:
        """Write `license.removed` for each licence."""
        for licence in licences:
            self.append("license.removed", {"user_id": user, "license": licence})

    def configure(self, **options: str) -> None:
        """Write `tenant.configured`: what was said before, changed by the options."""
        for name, value in options.items():
            if name == "recharge":
                trigger, _, amount = value.partition("/")
                both = {"trigger": trigger, "amount": amount}
                self.settings["auto_recharge"] = both if amount else None
            else:
                self.settings[TENANT_MEMBERS[name]] = YES.get(value, value)
        self.append("tenant.configured", self.settings)

    def user(self, user: str, **options: str) -> None:
        """Write `user.configured`."""
        data = {USER_MEMBERS[name]: value for name, value in options.items()}
        self.append("user.configured", {"user_id": user, **data})

    def activate(self, kind: str, name: str) -> None:
        """Write `reference.activated` for a file that the case names."""
        self.append("reference.activated", {"kind": kind, "version": self.versions[name]})


# `tenant` names the tenant's id in this class, so the line `tenant ...` has another method name.
def write_lines(writer: Writer, lines: list[str]) -> None:
    """Append all lines."""
    for line in lines:
        writer.write(re.sub(r"^((?:\d{4}-\S+ )?)tenant ", r"\1configure ", line))


def full_pool(name: str) -> str:
    """Complete a pool id of the usual month: `US/MCOPSTN1/domestic`."""
    return name if name.count("/") > 2 else f"{name}/{MONTH}"


def short_pool(name: str) -> str:
    """Leave out the usual month of a pool id."""
    return name.removesuffix(f"/{MONTH}")


def show_record(record: dict[str, Any]) -> str:
    """Write a ledger record as a line: type and members in the contract's order."""
    kind = record["type"].removeprefix("tollstream.").removesuffix(".v1")
    values = [record["data"][name] for name in MEMBERS_SHOWN[kind].split()]
    return " ".join([kind, *(short_pool(str(value)) for value in values)])


def show_leg(leg: dict[str, Any]) -> str:
    """Write a leg: `2 US/MCOPSTN1/domestic` or `0.05 + 4 x 0.013 credits`."""
    if leg["rate"] is None:
        return f"{leg['minutes']} {short_pool(leg['pool'] or leg['capability'])}"
    fee = "" if leg["connection_fee"] == "0" else f"{leg['connection_fee']} + "
    return f"{fee}{leg['minutes']} x {leg['rate']} {leg['purse']}"


def show_call(record: dict[str, Any]) -> str:
    """Write a `call.rated` as a line, with all that decides about money."""
    data = record["data"]
    legs = " + ".join(show_leg(leg) for leg in data["legs"])
    parts = [f"{data['usage_id']} {data['outcome']} {data['charge']}" + (legs and f" = {legs}")]
    if data["uncovered_minutes"]:
        parts.append(f"{data['uncovered_minutes']} uncovered")
    parts += [data["reason"]] if data["reason"] else []
    parts += data["flags"]
    return ", ".join(parts)


def show_passed(purse: dict[str, Any]) -> str:
    """Write a purse that was passed over: `pool US/MCOPSTN1/domestic 0 exhausted`."""
    values = (purse["purse"], short_pool(purse["pool"] or "-"), purse["before"], purse["why"])
    return " ".join(str(value) for value in values)


def show_difference(row: dict[str, Any]) -> str:
    """Write a row of the difference: `credits - -3 -0.048`."""
    pool = short_pool(row["pool"] or "-")
    return f"{row['purse']} {pool} {row['minutes']} {row['amount']}"
