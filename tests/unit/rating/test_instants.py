"""Instants as rows and balances have them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rating.instants import from_micros, instant_text, to_micros

NOON = datetime(2021, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "instant",
    [
        NOON,
        NOON + timedelta(microseconds=1),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ],
)
def test_micros_lead_back_to_the_instant(instant: datetime) -> None:
    """Nothing is lost in a row."""
    assert instant == from_micros(to_micros(instant))


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "2021-03-01T12:00:00Z"),
        (500_000, "2021-03-01T12:00:00.5Z"),
        (1, "2021-03-01T12:00:00.000001Z"),
    ],
)
def test_instants_are_printed_in_the_shortest_form(micros: int, text: str) -> None:
    """Contracts 3: at most six digits, no trailing zeros."""
    assert text == instant_text(NOON + timedelta(microseconds=micros))


def test_instants_are_printed_in_utc() -> None:
    """Contracts 1: with `Z`, whatever the offset was."""
    east = NOON.astimezone(timezone(timedelta(hours=3)))
    assert "2021-03-01T12:00:00Z" == instant_text(east)


def test_stored_instants_are_microseconds_since_1970() -> None:
    """Rows on disk hold them, so what they mean never moves."""
    assert 0 == to_micros(datetime(1970, 1, 1, tzinfo=UTC))
    assert 1_614_556_800_000_001 == to_micros(datetime(2021, 3, 1, 0, 0, 0, 1, tzinfo=UTC))
    assert datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC) == from_micros(-1_000_000)
