"""The short path for the usual `call.ended`: the same checks as the exact path, in fewer steps.

It declines (returns None) whatever is not plainly usual; the exact path decides then. Why what it
accepts is right:

- No backslash in the raw bytes: JSON itself allows no character below space inside a string, so no
  string of the event holds one, nor NUL, nor half a surrogate. No DEL and no byte C2, which begins
  U+0080 to U+00BF: so no other control character either. (orjson refuses what is not UTF-8.)
- Equal keys: without backslashes each quote opens or closes a string. So the bytes hold exactly
  2 quotes for each key and each string value that was written. If the parsed tree accounts for all
  of them, no key was dropped for an equal one, and no extension was written either. In the tree of
  a usual call every value is a string but `data` itself, the duration and nulls, which the
  validator has made sure of.
- Depth: the tree is two objects, as each member is checked, and nothing was dropped from it.
- Large integers become floats in orjson, and the validator takes no float.

Frozen dataclasses fill themselves through `object.__setattr__`, name by name; the event's slots are
set directly.
"""

from functools import lru_cache
from typing import Final

import orjson
from pydantic_core import ValidationError

from schemas.calls import CallEnded
from schemas.codec.instants import parse_instant
from schemas.codec.limits import (
    EVENT_BYTES_MAX,
    IDENTIFIER_CHARACTERS_MAX,
    SOURCE_CHARACTERS_MAX,
)
from schemas.codec.wire import IS_TENANT, validator_for
from schemas.envelope import Event

_TYPE: Final = "tollstream.call.ended.v1"
_TENANTS_MAX: Final = 16_384
"""Ids kept as known to be well formed: about 2 MB at most; beyond it they are just tested again."""

_loads = orjson.loads
_validate = validator_for(CallEnded, clean=True).validate_python
_new = object.__new__
_set_tenant, _set_source, _set_id, _set_time, _set_data = (
    getattr(Event, name).__set__ for name in ("tenant", "source", "id", "time", "data")
)


@lru_cache(maxsize=_TENANTS_MAX)
def _tenant_key(subject: str) -> bytes | None:
    """Return the Kafka key of a well-formed tenant id, None for other text."""
    return subject.encode() if IS_TENANT(subject) else None


def decode_usual_call(raw: bytes, key: bytes | None) -> Event | None:
    """Return the event if the bytes are a usual, faultless `call.ended`, else None."""
    if (
        len(raw) > EVENT_BYTES_MAX
        or b"\\" in raw
        or b"\x7f" in raw
        or not (raw.isascii() or b"\xc2" not in raw)
    ):
        return None
    try:
        envelope = _loads(raw)
        if (
            envelope["type"] != _TYPE
            or envelope["specversion"] != "1.0"
            or envelope["datacontenttype"] != "application/json"
        ):
            return None
        tenant, source, event_id = envelope["subject"], envelope["source"], envelope["id"]
        time, members = envelope["time"], envelope["data"]
        if not (type(tenant) is type(source) is type(event_id) is type(time) is str):
            return None
        tenant_key = _tenant_key(tenant)
        if (
            tenant_key is None
            or (key is not None and key != tenant_key)
            or not 0 < len(source) <= SOURCE_CHARACTERS_MAX
            or not 0 < len(event_id) <= IDENTIFIER_CHARACTERS_MAX
        ):
            return None
        call = _validate(members)
        happened_at = parse_instant(time)
    except (KeyError, TypeError, ValueError, ValidationError):
        return None
    if call.ended_at < call.started_at:
        return None
    # Keys and strings: 8 + 7 of the envelope; of the data all keys, and all values but the duration
    # and the nulls.
    strings = 14 + 2 * len(members) - list(members.values()).count(None)
    if raw.count(b'"') != 2 * strings:
        return None
    event = _new(Event)
    _set_tenant(event, tenant)
    _set_source(event, source)
    _set_id(event, event_id)
    _set_time(event, happened_at)
    _set_data(event, call)
    return event
