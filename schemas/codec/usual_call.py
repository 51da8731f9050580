"""The short path for the usual `call.ended`: the same checks as the exact path, in fewer steps.

It declines (returns None) whatever is not plainly usual; the exact path decides then. Why what it
accepts is right:

- No backslash in the raw bytes: JSON itself allows no character below space inside a string, so no
  string of the event holds one, nor NUL, nor half a surrogate. No DEL and no byte C2, which begins
  U+0080 to U+00BF: so no other control character either. (orjson refuses what is not UTF-8.)
- Equal keys: if the bytes are as short as the parsed tree can be written, nothing else is in them:
  no key was dropped for an equal one, and no extension was written either. If they are longer
  (blanks, characters of several bytes), their quotes are counted: without backslashes each opens
  or closes a string, so there are 2 for each key and each string value that was written, and the
  tree must account for all of them. In the tree of a usual call each value is a string but `data`
  itself, the duration and nulls; all were seen.
- Depth: the tree is two objects, as each member is checked, and nothing was dropped from it.
- Large integers become floats in orjson, and a duration is no float.

Members are checked here and not by pydantic, which takes three times as long for them where this
is compiled.
"""

from string import ascii_letters, digits
from typing import Any, Final, get_args

import orjson

from schemas.calls import CALL_TYPES, CallEnded, NumberType
from schemas.codec.instants import parse_instant
from schemas.codec.limits import (
    DURATION_SECONDS_MAX,
    EVENT_BYTES_MAX,
    IDENTIFIER_CHARACTERS_MAX,
    SOURCE_CHARACTERS_MAX,
    TENANT_CHARACTERS_MAX,
)
from schemas.envelope import Event

_TYPE: Final = "tollstream.call.ended.v1"

_TENANT_CHARACTERS: Final = ascii_letters + digits + "._-"
_MEMBERS: Final = frozenset(
    """
    usage_id call_type user_id caller callee started_at ended_at duration_seconds
    number_type conference_id source_format
    """.split()  # noqa: SIM905 - as the call types are written
)
"""What is read below, and not whatever the class has: a call with more goes the exact way."""
_NUMBER_TYPES: Final[frozenset[str]] = frozenset(get_args(NumberType))
_loads = orjson.loads
_strip = str.strip  # Python's own, which the compiler would replace by a slower one
_ENVELOPE_STRINGS: Final = 15
"""Eight keys and seven values; that of `data` is an object."""
_ENVELOPE_CHARACTERS: Final = len(
    '{"data":,"datacontenttype":"application/json","id":"","source":"","specversion":"1.0",'
    f'"subject":"","time":"","type":"{_TYPE}"}}'
)
"""Of the shortest envelope, without what differs from event to event."""
_FOREIGN: Final = -1
_NULL_CHARACTERS: Final = len("null")
# Looked for as numbers: bytes are tried as one first, which costs a raised and dropped exception.
_BACKSLASH: Final = ord("\\")
_DELETE: Final = 0x7F
_BEFORE_CONTROLS: Final = 0xC2


def decode_usual_call(raw: bytes, key: bytes | None) -> Event | None:
    """Return the event if the bytes are a usual, faultless `call.ended`, else None."""
    if (
        len(raw) > EVENT_BYTES_MAX
        or _BACKSLASH in raw
        or _DELETE in raw
        or not (raw.isascii() or _BEFORE_CONTROLS not in raw)
    ):
        return None
    try:
        envelope: dict[str, Any] = _loads(raw)
        if (
            envelope["type"] != _TYPE
            or envelope["specversion"] != "1.0"
            or envelope["datacontenttype"] != "application/json"
        ):
            return None
        tenant, source, event_id = envelope["subject"], envelope["source"], envelope["id"]
        time, members = envelope["time"], envelope["data"]
        if not (
            isinstance(tenant, str)
            and isinstance(source, str)
            and isinstance(event_id, str)
            and isinstance(time, str)
            and isinstance(members, dict)
        ):
            return None
        if (
            (key is not None and key != tenant.encode())
            or not 0 < len(tenant) <= TENANT_CHARACTERS_MAX
            or _strip(tenant, _TENANT_CHARACTERS)  # what is left holds some other character
            or not 0 < len(source) <= SOURCE_CHARACTERS_MAX
            or not 0 < len(event_id) <= IDENTIFIER_CHARACTERS_MAX
        ):
            return None
        own = _characters(members)
        given = len(event_id) + len(source) + len(tenant) + len(time)
        if own == _FOREIGN or (
            len(raw) != _ENVELOPE_CHARACTERS + given + own
            and raw.count(b'"') != 2 * (_ENVELOPE_STRINGS + _strings(members))
        ):
            return None
        call = _read_call(members)
        if call is None:
            return None
        # Most calls are told the moment they end.
        happened_at = call.ended_at if time == members["ended_at"] else parse_instant(time)
    except (KeyError, TypeError, ValueError):
        return None
    return Event(tenant, source, event_id, happened_at, call)


def _read_call(members: dict[str, Any]) -> CallEnded | None:
    """Return the call if each member is what it must be, else None."""
    usage_id, call_type = members["usage_id"], members["call_type"]
    started_at, ended_at = parse_instant(members["started_at"]), parse_instant(members["ended_at"])
    seconds, number_type = members["duration_seconds"], members.get("number_type", "user")
    user_id, conference_id = members.get("user_id"), members.get("conference_id")
    caller, callee = members.get("caller"), members.get("callee")
    source_format = members.get("source_format")
    if (
        ended_at < started_at
        or type(seconds) is not int
        or not 0 <= seconds <= DURATION_SECONDS_MAX
        or call_type not in CALL_TYPES
        or number_type not in _NUMBER_TYPES
        or not _is_identifier(usage_id)
        or not (user_id is None or _is_identifier(user_id))
        or not (conference_id is None or _is_identifier(conference_id))
        or not (caller is None or isinstance(caller, str))
        or not (callee is None or isinstance(callee, str))
        or not (source_format is None or isinstance(source_format, str))
    ):
        return None
    return CallEnded(
        usage_id,
        call_type,
        user_id,
        caller,
        callee,
        started_at,
        ended_at,
        seconds,
        number_type,
        conference_id,
        source_format,
    )


def _is_identifier(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= IDENTIFIER_CHARACTERS_MAX


def _characters(members: dict[str, Any]) -> int:
    """Return how many characters the shortest form of a call has; _FOREIGN if it can be none."""
    total = len(members) + 1  # braces, and commas between
    for name, value in members.items():
        if name not in _MEMBERS:
            return _FOREIGN
        total += len(name) + 3  # quotes and colon
        if isinstance(value, str):
            total += len(value) + 2
        elif value is None:
            total += _NULL_CHARACTERS
        elif isinstance(value, int):
            total += len(str(value))
        else:
            return _FOREIGN
    return total


def _strings(members: dict[str, Any]) -> int:
    """Return how many strings the object of a call holds, names and values."""
    strings = len(members)
    for value in members.values():
        if isinstance(value, str):
            strings += 1
    return strings
