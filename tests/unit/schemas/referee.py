"""What the contract allows as an input event, written apart from the codec, plain and slow."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any

from schemas.calls import CALL_TYPES
from schemas.codes import COUNTRY_CODES, CURRENCY_CODES

ZONES = set(resources.files("tzdata").joinpath("zones").read_text().split())


class Pairs(list[tuple[str, Any]]):
    """An object as it was written, equal keys and all."""


def _fail(_: str) -> None:
    raise ValueError("no JSON number")


def _nodes(tree: Any, depth: int = 1) -> Iterator[tuple[Any, int]]:
    yield tree, depth
    if isinstance(tree, list):
        for child in tree:
            for part in child if isinstance(tree, Pairs) else (child,):
                container = isinstance(part, list)
                yield from _nodes(part, depth + 1) if container else ((part, depth),)


def _plain(tree: Any) -> Any:
    if isinstance(tree, Pairs):
        return {key: _plain(value) for key, value in tree}
    return [_plain(item) for item in tree] if isinstance(tree, list) else tree


def identifier(value: Any, most: int = 128) -> bool:
    """1 to 128 characters, no control character."""
    return (
        type(value) is str
        and 1 <= len(value) <= most
        and all(unicodedata.category(character) != "Cc" for character in value)
    )


def text(value: Any) -> bool:
    """Any string."""
    return type(value) is str


def or_null(rule: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Allow what the rule allows, and null."""
    return lambda value: value is None or rule(value)


def one_of(*names: str) -> Callable[[Any], bool]:
    """One of these strings."""
    return lambda value: type(value) is str and value in names


def instant(value: Any) -> datetime | None:
    """Return the instant as whole microseconds allow, None for what is no RFC 3339 time."""
    if type(value) is not str:
        return None
    parts = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))",
        value,
        re.ASCII,
    )
    if parts is None:
        return None
    try:
        local = datetime(*(int(parts[n]) for n in range(1, 7)), tzinfo=UTC)  # type: ignore[misc,arg-type]
        local += timedelta(microseconds=int((parts[7] or "")[:6].ljust(6, "0")))
        if parts[8] is None:
            hours, minutes = int(parts[10]), int(parts[11])
            if hours > 23 or minutes > 59:
                return None
            shift = timedelta(hours=hours, minutes=minutes)
            local = local - shift if parts[9] == "+" else local + shift
    except (ValueError, OverflowError):
        return None
    return local if 1970 <= local.year <= 9998 else None


def is_instant(value: Any) -> bool:
    """Allow an RFC 3339 time with Z or an offset, in the years that can be moved."""
    return instant(value) is not None


def money(rule: Callable[[Decimal], bool]) -> Callable[[Any], bool]:
    """Allow a plain decimal of at most 15 and 8 digits for which the rule holds."""

    def allowed(value: Any) -> bool:
        if type(value) is not str or not value or not set(value) <= set("-.0123456789"):
            return False
        whole, point, fraction = value.removeprefix("-").partition(".")
        digits = whole.isdigit() and len(whole) <= 15
        tail = not point or (fraction.isdigit() and len(fraction) <= 8)
        return digits and tail and rule(Decimal(value))

    return allowed


def recharge(value: Any) -> bool:
    """Allow the whole of `auto_recharge`."""
    return (
        type(value) is dict
        and value.keys() == {"trigger", "amount"}
        and money(lambda amount: amount >= 0)(value["trigger"])
        and money(lambda amount: amount > 0)(value["amount"])
    )


def month(value: Any) -> bool:
    """`YYYY-MM` in the years that can be moved."""
    return (
        type(value) is str
        and re.fullmatch(r"[0-9]{4}-[0-9]{2}", value) is not None
        and 1970 <= int(value[:4]) <= 9998
        and 1 <= int(value[5:]) <= 12
    )


def version(value: Any) -> bool:
    """64 lower-case hex digits."""
    return type(value) is str and len(value) == 64 and set(value) <= set("0123456789abcdef")


def boolean(value: Any) -> bool:
    """Allow true and false."""
    return type(value) is bool


def seconds(value: Any) -> bool:
    """0 to ten million, whole."""
    return type(value) is int and 0 <= value <= 10_000_000


above_zero = money(lambda amount: amount > 0)
currency = one_of(*CURRENCY_CODES)
country = one_of(*COUNTRY_CODES)
Rules = dict[str, tuple[bool, Callable[[Any], bool]]]
CALL: Rules = {
    "usage_id": (True, identifier),
    "call_type": (True, one_of(*CALL_TYPES)),
    "user_id": (False, or_null(identifier)),
    "caller": (False, or_null(text)),
    "callee": (False, or_null(text)),
    "started_at": (True, is_instant),
    "ended_at": (True, is_instant),
    "duration_seconds": (True, seconds),
    "number_type": (False, one_of("user", "service_toll", "service_toll_free")),
    "conference_id": (False, or_null(identifier)),
    "source_format": (False, or_null(text)),
}


def call(value: Any) -> bool:
    """Allow the whole `data` of a call."""
    return fits(value, CALL) and instant(value["started_at"]) <= instant(value["ended_at"])  # type: ignore[operator]


LICENSE: Rules = {"user_id": (True, identifier), "license": (True, identifier)}
RULES: dict[str, Rules] = {
    "tenant.configured": {
        "country": (True, country),
        "currency": (False, currency),
        "time_zone": (False, lambda value: type(value) is str and value in ZONES),
        "credits_for_all_users": (False, boolean),
        "postpaid": (False, boolean),
        "overdraft": (False, one_of("clamp", "allow_negative")),
        "auto_recharge": (False, or_null(recharge)),
    },
    "user.configured": {
        "user_id": (True, identifier),
        "usage_location": (False, or_null(country)),
        "outbound_policy": (False, one_of("international", "domestic", "none")),
        "conference_dial_out_policy": (
            False,
            one_of("any", "organizer_country", "zone_a", "none"),
        ),
    },
    "license.assigned": LICENSE,
    "license.removed": LICENSE,
    "credits.purchased": {
        "payment_id": (True, identifier),
        "amount": (True, above_zero),
        "currency": (True, currency),
    },
    "recharge.succeeded": {"recharge_id": (True, identifier)},
    "recharge.failed": {"recharge_id": (True, identifier), "reason": (True, text)},
    "credits.adjusted": {
        "adjustment_id": (True, identifier),
        "amount": (True, money(bool)),
        "currency": (True, currency),
        "reason": (True, text),
    },
    "call.ended": CALL,
    "call.corrected": {
        "usage_id": (True, identifier),
        "reason": (True, text),
        "call": (True, call),
    },
    "call.cancelled": {"usage_id": (True, identifier), "reason": (True, text)},
    "period.started": {"period": (True, month)},
    "lot.expired": {"lot_id": (True, identifier)},
    "reference.activated": {
        "kind": (True, one_of("catalogue", "rates")),
        "version": (True, version),
    },
}


def fits(members: Any, rules: Rules) -> bool:
    """Tell whether an object has the members it must have and no others, each as it must be."""
    return (
        type(members) is dict
        and members.keys() <= rules.keys()
        and all(name in members for name, (required, _) in rules.items() if required)
        and all(rules[name][1](value) for name, value in members.items())
    )


def extension(name: str, value: Any) -> bool:
    """Allow a CloudEvents extension attribute."""
    simple = value is None or type(value) in (str, bool)
    integer = type(value) is int and -(2**31) <= value < 2**31
    return name != "data_base64" and (simple or integer)


def envelope_allowed(event: dict[str, Any]) -> bool:
    """Tell whether the attributes are those of CloudEvents with a tenant and a time."""
    own = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}
    content = event.get("datacontenttype")
    subject = event.get("subject")
    return (
        event.get("specversion") == "1.0"
        and identifier(event.get("id"))
        and identifier(event.get("source"), 256)
        and type(subject) is str
        and re.fullmatch(r"[A-Za-z0-9._-]{1,64}", subject) is not None
        and is_instant(event.get("time"))
        and (content is None or (type(content) is str and _is_json_type(content)))
        and all(extension(name, event[name]) for name in event.keys() - own)
    )


def _is_json_type(content: str) -> bool:
    media, _, parameters = content.partition(";")
    return media.rstrip(" ").lower() == "application/json" and "\n" not in parameters


def allowed(raw: bytes) -> bool:
    """Tell whether the contract allows these bytes as an event."""
    try:
        document = raw.decode()
        if len(raw) > 65_536 or document.startswith("\ufeff"):
            return False
        tree = json.loads(document, object_pairs_hook=Pairs, parse_constant=_fail)
    except (ValueError, RecursionError):
        return False
    if not all(proper(node, depth) for node, depth in _nodes(tree)):
        return False
    event = _plain(tree)
    return isinstance(event, dict) and envelope_allowed(event) and data_allowed(event)


def proper(node: Any, depth: int) -> bool:
    """Tell whether one node of the document is one that the contract lets pass anywhere."""
    if isinstance(node, str) and ("\0" in node or re.search("[\ud800-\udfff]", node)):
        return False
    return depth <= 16 and (not isinstance(node, Pairs) or len(dict(node)) == len(node))


def data_allowed(event: dict[str, Any]) -> bool:
    """Tell whether the type is known and the data is that of the type."""
    event_type, data = event.get("type"), event.get("data")
    name = re.fullmatch(r"tollstream\.(.+)\.v1", event_type) if type(event_type) is str else None
    if name is None or name[1] not in RULES or not fits(data, RULES[name[1]]):
        return False
    if name[1] == "call.ended":
        return call(data)
    return name[1] != "call.corrected" or data["usage_id"] == data["call"]["usage_id"]
