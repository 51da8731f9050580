"""Instants as whole microseconds since 1970, as rows hold them."""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_PER_DAY: Final = 86_400
_MICROS_PER_SECOND: Final = 1_000_000


def to_micros(instant: datetime) -> int:
    """Return an aware instant as microseconds since 1970, negative before."""
    since = instant - EPOCH
    return (since.days * _SECONDS_PER_DAY + since.seconds) * _MICROS_PER_SECOND + since.microseconds


def from_micros(micros: int) -> datetime:
    """Return the UTC instant of `to_micros`."""
    return EPOCH + timedelta(microseconds=micros)


def instant_text(instant: datetime) -> str:
    """Return a UTC instant as the contracts print it: `Z`, the shortest form."""
    text = instant.astimezone(UTC).isoformat().removesuffix("+00:00")
    return (text.rstrip("0") if instant.microsecond else text) + "Z"
