"""Instants on the wire: RFC 3339 in, `Z` and the shortest fraction out."""

import re
from datetime import UTC, datetime
from typing import Final

from schemas.codec.limits import YEAR_MAX, YEAR_MIN

_RFC_3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_USUAL_LENGTH: Final = len("2021-03-02T08:00:00Z")
_YEAR_FIRST: Final = str(YEAR_MIN)
_YEAR_AFTER: Final = str(YEAR_MAX + 1)
_parse = datetime.fromisoformat


def parse_instant(text: str) -> datetime:
    """Return the instant as aware UTC; digits of a second beyond six are cut off.

    Raises ValueError for naive times, leap seconds, 24:00 (D-78), years outside 1970 to 9998, and
    whatever else is not RFC 3339.
    """
    if len(text) == _USUAL_LENGTH and _has_usual_marks(text):
        instant = _parse(text)
        if _YEAR_FIRST <= text < _YEAR_AFTER:
            return instant
    else:
        match = _RFC_3339.fullmatch(text)
        if match is None:
            raise ValueError("not an RFC 3339 time with Z or an offset")
        day, clock, fraction, offset = match.groups()
        if clock.startswith("24"):  # newer Pythons would take it for the next day
            raise ValueError("no hour 24")
        offset = "+00:00" if offset in "Zz" else offset
        local = _parse(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{offset}")
        try:
            instant = local.astimezone(UTC)
        except OverflowError:
            raise ValueError("outside the calendar") from None
    if not YEAR_MIN <= instant.year <= YEAR_MAX:
        raise ValueError("year outside 1970 to 9998")
    return instant


def _has_usual_marks(text: str) -> bool:
    """Say whether the marks of the usual form stand where they must.

    With these in place and of its length `fromisoformat` has no other form left to accept (no week
    dates, no basic format).
    """
    return (
        text[4] == "-"
        and text[7] == "-"
        and text[10] == "T"
        and text[13] == ":"
        and text[16] == ":"
        and text[19] == "Z"
    )


def format_instant(instant: datetime) -> str:
    """Return the shortest RFC 3339 form of an aware UTC instant, with `Z`."""
    text = instant.isoformat()[:-6]
    if instant.microsecond:
        text = text.rstrip("0")
    return text + "Z"
