"""From the bytes of a line to an event, or to the reason why it is refused (contracts 1 and 2).

An event is a plain dict: `type` (the bare name), `tenant`, `time`, `cause`, `data`. Instants are
UTC datetimes, money is `Fraction`, every member of `data` is there, defaults filled in (D-21).
"""

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from tests.model import clock, money
from tests.model.call_types import CALL_TYPES

LINE_BYTES, NESTING, TEXT_LENGTH, SECONDS = 64 * 1024, 16, 128, 10_000_000
TENANT = re.compile(r"[A-Za-z0-9._-]{1,64}")
COUNTRY, CURRENCY = re.compile(r"[A-Z]{2}"), re.compile(r"[A-Z]{3}")
VERSION = re.compile(r"[0-9a-f]{64}")
TYPE = re.compile(r"tollstream\.([a-z.]+)\.v([0-9]+)")
REQUIRED = object()


class Refused(Exception):  # noqa: N818 it is an answer of the rules, no error of ours
    """The event goes to the dead letter; `reason` is one of D-19's closed list."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def text(value: object) -> str:
    """Take 1-128 characters without control characters."""
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_LENGTH:
        raise Refused("bad_data")
    if any(unicodedata.category(letter) == "Cc" for letter in value):
        raise Refused("bad_data")
    return value


def words(value: object) -> str:
    """Take any string without NUL."""
    if not isinstance(value, str) or "\0" in value:
        raise Refused("bad_data")
    return value


def pattern(allowed: re.Pattern[str]) -> Callable[[object], str]:
    """Take a string of this form."""

    def check(value: object) -> str:
        if not isinstance(value, str) or not allowed.fullmatch(value):
            raise Refused("bad_data")
        return value

    return check


def one_of(*allowed: str) -> Callable[[object], str]:
    """Take one of these strings."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Refused("bad_data")
        return value

    return check


def yes_no(value: object) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise Refused("bad_data")
    return value


def seconds(value: object) -> int:
    """Take whole seconds, 0 to ten million."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= SECONDS:
        raise Refused("bad_data")
    return value


def instant(value: object) -> Any:
    """Take an RFC 3339 time with zone."""
    found = clock.parse(value)
    if found is None:
        raise Refused("bad_time")
    return found


def month(value: object) -> str:
    """Take a month `YYYY-MM`."""
    found = pattern(clock.MONTH)(value)
    if int(found[:4]) not in clock.YEARS:
        raise Refused("bad_data")
    return found


def amount(least: str) -> Callable[[object], Any]:
    """Take money: `positive`, `not_negative` or `not_zero` (D-44)."""
    fits = {
        "positive": lambda value: value > 0,
        "not_negative": lambda value: value >= 0,
        "not_zero": lambda value: value != 0,
    }[least]

    def check(value: object) -> Any:
        found = money.parse(value)
        if found is None or not fits(found):
            raise Refused("bad_amount")
        return found

    return check


def known_zone(value: object) -> str:
    """Take the name of a zone of the tzdata package."""
    name = words(value)
    if clock.zone(name) is None:
        raise Refused("bad_data")
    return name


def members(shape: dict[str, tuple[Any, Any]]) -> Callable[[object], dict[str, Any]]:
    """Take an object with exactly these members; a default stands for an absent one."""

    def check(value: object) -> dict[str, Any]:
        if not isinstance(value, dict) or set(value) - set(shape):
            raise Refused("bad_data")
        found = {}
        for name, (reader, default) in shape.items():
            if name not in value and default is REQUIRED:
                raise Refused("bad_data")
            given = value.get(name, default)
            found[name] = None if given is None and default is None else reader(given)
        return found

    return check


CALL_MEMBERS = members(
    {
        "usage_id": (text, REQUIRED),
        "call_type": (one_of(*CALL_TYPES), REQUIRED),
        "user_id": (text, None),
        "caller": (words, None),
        "callee": (words, None),
        "number_type": (one_of("user", "service_toll", "service_toll_free"), "user"),
        "started_at": (instant, REQUIRED),
        "ended_at": (instant, REQUIRED),
        "duration_seconds": (seconds, REQUIRED),
        "conference_id": (text, None),
        "source_format": (words, None),
    }
)


def call_data(value: object) -> dict[str, Any]:
    """Take the data of a call; one that ends before it starts is no call (reliability I2)."""
    found = CALL_MEMBERS(value)
    if found["ended_at"] < found["started_at"]:
        raise Refused("bad_time")
    return found


RECHARGE = members(
    {"trigger": (amount("not_negative"), REQUIRED), "amount": (amount("positive"), REQUIRED)}
)
LICENCE = members({"user_id": (text, REQUIRED), "license": (text, REQUIRED)})
DATA = {
    "tenant.configured": members(
        {
            "country": (pattern(COUNTRY), REQUIRED),
            "currency": (pattern(CURRENCY), "USD"),
            "time_zone": (known_zone, "UTC"),
            "credits_for_all_users": (yes_no, False),
            "postpaid": (yes_no, False),
            "overdraft": (one_of("clamp", "allow_negative"), "clamp"),
            "auto_recharge": (RECHARGE, None),
        }
    ),
    "user.configured": members(
        {
            "user_id": (text, REQUIRED),
            "usage_location": (pattern(COUNTRY), None),
            "outbound_policy": (one_of("international", "domestic", "none"), "international"),
            "conference_dial_out_policy": (
                one_of("any", "organizer_country", "zone_a", "none"),
                "any",
            ),
        }
    ),
    "license.assigned": LICENCE,
    "license.removed": LICENCE,
    "credits.purchased": members(
        {
            "payment_id": (text, REQUIRED),
            "amount": (amount("positive"), REQUIRED),
            "currency": (pattern(CURRENCY), REQUIRED),
        }
    ),
    "recharge.succeeded": members({"recharge_id": (text, REQUIRED)}),
    "recharge.failed": members({"recharge_id": (text, REQUIRED), "reason": (words, REQUIRED)}),
    "credits.adjusted": members(
        {
            "adjustment_id": (text, REQUIRED),
            "amount": (amount("not_zero"), REQUIRED),
            "currency": (pattern(CURRENCY), REQUIRED),
            "reason": (words, REQUIRED),
        }
    ),
    "call.ended": call_data,
    "call.corrected": members(
        {"usage_id": (text, REQUIRED), "reason": (words, REQUIRED), "call": (call_data, REQUIRED)}
    ),
    "call.cancelled": members({"usage_id": (text, REQUIRED), "reason": (words, REQUIRED)}),
    "period.started": members({"period": (month, REQUIRED)}),
    "lot.expired": members({"lot_id": (text, REQUIRED)}),
    "reference.activated": members(
        {
            "kind": (one_of("catalogue", "rates"), REQUIRED),
            "version": (pattern(VERSION), REQUIRED),
        }
    ),
}


def read_json(line: bytes) -> Any:
    """Parse strict JSON; refuse what contracts 1 forbids of any input."""
    if len(line) > LINE_BYTES:
        raise Refused("too_large")
    try:
        decoded = line.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("bad_encoding") from None

    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise Refused("duplicate_key")
        return dict(pairs)

    def no_constant(_: str) -> None:
        raise Refused("not_json")

    if nesting(decoded) > NESTING:
        raise Refused("too_deep")
    try:
        found = json.loads(decoded, object_pairs_hook=no_duplicates, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Refused("not_json") from None
    try:
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate
        raise Refused("bad_encoding") from None
    return found


def nesting(decoded: str) -> int:
    """Count the deepest nesting of brackets outside of strings."""
    deepest = depth = 0
    for mark in re.sub(r'"(?:[^"\\]|\\.)*"', "", decoded):
        depth += (mark in "[{") - (mark in "]}")
        deepest = max(deepest, depth)
    return deepest


def read_event(line: bytes) -> dict[str, Any]:
    """Read one line as an event or raise `Refused`."""
    found = read_json(line)
    if not isinstance(found, dict) or found.get("specversion") != "1.0":
        raise Refused("bad_envelope")
    for name in ("id", "source", "type", "time"):
        if not isinstance(found.get(name), str) or not found[name]:
            raise Refused("bad_envelope")
    if tenant_of(found) is None or "data" not in found:
        raise Refused("bad_envelope")
    kind = TYPE.fullmatch(found["type"])
    if not kind or kind[1] not in DATA:
        raise Refused("unknown_type")
    if kind[2] != "1":
        raise Refused("unknown_version")
    time = instant(found["time"])
    data = DATA[kind[1]](found["data"])
    if kind[1] == "call.corrected" and data["call"]["usage_id"] != data["usage_id"]:
        raise Refused("bad_data")
    return {
        "type": kind[1],
        "tenant": found["subject"],
        "time": time,
        "cause": f"{found['source']}#{found['id']}",
        "data": data,
    }


def tenant_of(found: object) -> str | None:
    """Return the tenant id of an envelope, None if unreadable."""
    subject = found.get("subject") if isinstance(found, dict) else None
    return subject if isinstance(subject, str) and TENANT.fullmatch(subject) else None


def tenant_of_line(line: bytes) -> str | None:
    """Return the tenant id of a refused line, None if unreadable."""
    try:
        return tenant_of(read_json(line))
    except Refused:
        return None
