"""Canonical JSON (RFC 8785 for what is written here): sorted keys, no blanks, minimal escapes.

orjson writes exactly these bytes if every object's keys are in order and no float occurs; a test
holds it against the standard library's writer with every character below U+0800.
"""

from datetime import datetime
from typing import Any, Final

import orjson

from schemas.codec.instants import format_instant
from schemas.money import format_money

_OPTIONS: Final = (
    orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS
)
_AMOUNTS_MAX: Final = 16_384
"""Different prices, fees and charges kept as text (2 MB at most): a few hundred prices times usual
lengths of calls. A miss costs half a microsecond."""


def sorted_bytes(tree: Any) -> bytes:
    """Return canonical bytes; keys are sorted here."""
    return orjson.dumps(tree, option=_OPTIONS | orjson.OPT_SORT_KEYS)


def ordered_bytes(tree: Any) -> bytes:
    """Return canonical bytes of a tree whose keys are in order already."""
    return orjson.dumps(tree, option=_OPTIONS)


def instant(at: datetime) -> datetime | str:
    """Return what writes an aware UTC instant in its shortest form: orjson shows six digits."""
    return at if not at.microsecond else format_instant(at)


balance = format_money
"""The wire form of a balance: nearly every one is new, so none is kept."""
_amounts: Final[dict[int, str]] = {}


def amount(units: int) -> str:
    """Return the wire form of a price, fee or charge: few and often seen, so they are kept."""
    if not units:
        return "0"
    text = _amounts.get(units)
    if text is None:
        if len(_amounts) >= _AMOUNTS_MAX:
            _amounts.clear()
        text = _amounts[units] = format_money(units)
    return text
