"""From the bytes of one input to an event or a refusal, whatever the bytes.

Two paths lead to the same answer. `usual_call` takes the plain form of `call.ended`, nearly all of
the load, and declines everything it is not sure of. What it declines is read by the exact path
here, which checks one rule after the other. A test holds the two paths against each other.

Which reason wins when several apply: the first of this list, in the order of the steps below.

    too_large, bad_encoding (bytes), too_deep, not_json   nothing is known yet, no tenant either
    bad_encoding (half a surrogate pair), duplicate_key, bad_data (NUL)      the document as such
    bad_envelope                                          CloudEvents attributes, the Kafka key
    unknown_type, unknown_version
    bad_time                                              of the envelope
    bad_data, bad_time, bad_amount                        of `data`: shape, then times, then money

A missing or unknown member is `bad_envelope` or `bad_data`, by where it is missing; a value that is
not of its kind has its kind's reason. Details are fixed text and member names of ours: nothing of
the input is quoted.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from pydantic_core import ErrorDetails, ValidationError

from schemas.calls import CallCorrected, CallEnded
from schemas.codec.instants import parse_instant
from schemas.codec.limits import (
    EXTENSION_INTEGER_MAX,
    IDENTIFIER_CHARACTERS_MAX,
    SOURCE_CHARACTERS_MAX,
)
from schemas.codec.refused import Refused
from schemas.codec.strict_json import Document, check_strings, parse, read_text
from schemas.codec.usual_call import decode_usual_call
from schemas.codec.wire import IS_TENANT, validator_for
from schemas.dead_letter import Reason, Refusal
from schemas.envelope import EVENT_TYPES, Event, EventData

VERSION: Final = "1"
_TYPE: Final = re.compile(r"tollstream\.([a-z.]+)\.v([0-9]+)", re.ASCII)
_JSON_CONTENT: Final = re.compile(r"application/json *(;.*)?", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_OWN_ATTRIBUTES: Final = frozenset(
    {"specversion", "id", "source", "type", "subject", "time", "data", "datacontenttype"}
)
_RANK: Final = {Reason.BAD_DATA: 0, Reason.BAD_TIME: 1, Reason.BAD_AMOUNT: 2}
_WHY: Final = {
    "missing": "missing",
    "dict_type": "must be an object",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_too_long": "has too many characters",
    "string_pattern_mismatch": "does not have the form it must have",
    "literal_error": "is none of the known values",
    "int_type": "must be an integer",
    "bool_type": "must be true or false",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
}
"""Pydantic's error types in words of ours; its own messages may quote the input."""


def decode(raw: bytes, key: bytes | None = None) -> Event | Refusal:
    """Return the event that the bytes hold, or why they are refused (contracts section 1).

    `key` is the Kafka record's key; given, it must be the tenant. Never raises, for any bytes.
    """
    return decode_usual_call(raw, key) or decode_exactly(raw, key)


def decode_exactly(raw: bytes, key: bytes | None = None) -> Event | Refusal:
    """As `decode`, by the exact path alone."""
    tenant: str | None = None
    try:
        text = read_text(raw)
        document = parse(text)
        tenant = _readable_tenant(document)
        check_strings(document, text)
        return _event(document.tree, key)
    except Refused as refused:
        return Refusal(refused.reason, refused.detail, tenant)


def _readable_tenant(document: Document) -> str | None:
    if not isinstance(document.tree, dict) or "subject" in document.repeated:
        return None
    subject = document.tree.get("subject")
    return subject if isinstance(subject, str) and IS_TENANT(subject) else None


def _event(envelope: Any, key: bytes | None) -> Event:
    if not isinstance(envelope, dict):
        raise Refused(Reason.BAD_ENVELOPE, "must be an object")
    _check_attributes(envelope)
    tenant: str = envelope["subject"]
    if key is not None and key != tenant.encode():
        raise Refused(Reason.BAD_ENVELOPE, "the record's key is not the subject")
    data_class = _data_class(envelope["type"])
    time = _time(envelope["time"])
    if "data" not in envelope:
        raise Refused(Reason.BAD_DATA, "data: missing")
    data = _data(data_class, envelope["data"])
    return Event(tenant, envelope["source"], envelope["id"], time, data)


def _check_attributes(envelope: dict[str, Any]) -> None:
    """Refuse what is no CloudEvents 1.0 event with a tenant and a time."""
    if envelope.get("specversion") != "1.0":
        raise Refused(Reason.BAD_ENVELOPE, 'specversion: must be "1.0"')
    _check_text(envelope, "id", IDENTIFIER_CHARACTERS_MAX)
    _check_text(envelope, "source", SOURCE_CHARACTERS_MAX)
    subject = envelope.get("subject")
    if not isinstance(subject, str) or not IS_TENANT(subject):
        raise Refused(Reason.BAD_ENVELOPE, "subject: must be 1 to 64 of A-Z a-z 0-9 . _ -")
    if not isinstance(envelope.get("type"), str):
        raise Refused(Reason.BAD_ENVELOPE, "type: must be a string")
    if envelope.get("time") is None:  # in CloudEvents null means unset
        raise Refused(Reason.BAD_ENVELOPE, "time: missing")
    _check_content_type(envelope.get("datacontenttype"))
    for name, value in envelope.items():
        if name not in _OWN_ATTRIBUTES:
            _check_extension(name, value)


def _check_text(envelope: dict[str, Any], name: str, characters_max: int) -> None:
    value = envelope.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= characters_max:
        detail = f"{name}: must be a string of 1 to {characters_max} characters"
        raise Refused(Reason.BAD_ENVELOPE, detail)
    if _CONTROL.search(value):
        raise Refused(Reason.BAD_ENVELOPE, f"{name}: holds a control character")


def _check_content_type(value: object) -> None:
    if value is None:
        return
    if not isinstance(value, str) or not _JSON_CONTENT.fullmatch(value):
        raise Refused(Reason.BAD_ENVELOPE, "datacontenttype: must be application/json")


def _check_extension(name: str, value: object) -> None:
    """Refuse values of no simple type; names are not held to CloudEvents' small letters.

    Contracts section 1 lets unknown attributes pass, and a feed must not stop for a name's style.
    """
    if name == "data_base64":
        raise Refused(Reason.BAD_ENVELOPE, "data_base64: the content must be JSON in data")
    if value is None or isinstance(value, (str, bool)):
        return
    if isinstance(value, int) and -EXTENSION_INTEGER_MAX - 1 <= value <= EXTENSION_INTEGER_MAX:
        return
    raise Refused(Reason.BAD_ENVELOPE, "an extension must be a string, boolean or 32-bit integer")


def _data_class(event_type: str) -> type:
    match = _TYPE.fullmatch(event_type)
    data_class = EVENT_TYPES.get(match[1]) if match else None
    if match is None or data_class is None:
        raise Refused(Reason.UNKNOWN_TYPE, "no event of this type is known")
    if match[2] != VERSION:
        raise Refused(Reason.UNKNOWN_VERSION, "the type is known, this version of it is not")
    return data_class


def _time(value: object) -> datetime:
    if isinstance(value, str):
        try:
            return parse_instant(value)
        except ValueError:
            pass
    raise Refused(Reason.BAD_TIME, "time: must be an RFC 3339 time with Z or an offset")


def _data(data_class: type, tree: Any) -> EventData:
    try:
        data: EventData = validator_for(data_class).validate_python(tree)
    except ValidationError as error:
        raise _first_fault(error) from None
    check = _CHECKS.get(data_class)
    if check is not None:
        check(data)
    return data


def _first_fault(error: ValidationError) -> Refused:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return min((_fault(fault) for fault in faults), key=lambda fault: _RANK[fault.reason])


def _fault(fault: ErrorDetails) -> Refused:
    kind, path = fault["type"], ("data", *fault["loc"])
    if kind == "extra_forbidden":
        # The name is the sender's and may be anything, a phone number too.
        return Refused(Reason.BAD_DATA, f"{'.'.join(map(str, path[:-1]))}: unknown member")
    where = ".".join(map(str, path))
    if kind in (Reason.BAD_DATA, Reason.BAD_TIME, Reason.BAD_AMOUNT):
        return Refused(Reason(kind), f"{where}: {fault['msg']}")
    return Refused(Reason.BAD_DATA, f"{where}: {_WHY.get(kind, 'is not what it must be')}")


def _check_order(call: CallEnded) -> None:
    if call.ended_at < call.started_at:
        raise Refused(Reason.BAD_TIME, "data.ended_at: before started_at")


def _check_correction(correction: CallCorrected) -> None:
    if correction.call.usage_id != correction.usage_id:
        raise Refused(Reason.BAD_DATA, "data.call.usage_id: is not that of the correction")
    _check_order(correction.call)


_CHECKS: Final[dict[type, Callable[[Any], None]]] = {
    CallEnded: _check_order,
    CallCorrected: _check_correction,
}
