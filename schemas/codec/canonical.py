"""Canonical JSON (RFC 8785 for what is written here): sorted keys, no blanks, minimal escapes.

orjson writes exactly these bytes if every object's keys are in order and no float occurs; a test
holds it against the standard library's writer with every character below U+0800.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from schemas.codec.instants import format_instant
from schemas.money import format_money

_OPTIONS: Final = (
    orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS
)
_PRICES_MAX: Final = 4096
"""Different prices and fees of the decks in force at once; a miss costs half a microsecond."""


def sorted_bytes(tree: Any) -> bytes:
    """Return canonical bytes; keys are sorted here."""
    return orjson.dumps(tree, option=_OPTIONS | orjson.OPT_SORT_KEYS)


def ordered_bytes(tree: Any) -> bytes:
    """Return canonical bytes of a tree whose keys are in order already."""
    return orjson.dumps(tree, option=_OPTIONS)


def instant(at: datetime) -> datetime | str:
    """Return what writes an aware UTC instant in its shortest form: orjson shows six digits."""
    return at if not at.microsecond else format_instant(at)


def money(units: int) -> str:
    """Return the wire form of an amount; most are 0."""
    return format_money(units) if units else "0"


price = lru_cache(maxsize=_PRICES_MAX)(format_money)
"""As `money`, for amounts of the rate deck: few and often seen."""
