from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import format_instant, parse_instant

INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
    max_value=datetime(9998, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-03-02T08:00:00Z", "2021-03-02T08:00:00Z"),
        ("2021-03-02t08:00:00z", "2021-03-02T08:00:00Z"),
        ("2021-03-02T08:00:00.5Z", "2021-03-02T08:00:00.5Z"),
        ("2021-03-02T08:00:00.500000Z", "2021-03-02T08:00:00.5Z"),
        ("2021-03-02T08:00:00.1234569Z", "2021-03-02T08:00:00.123456Z"),
        ("2021-03-02T08:00:00.0000009Z", "2021-03-02T08:00:00Z"),
        ("2021-03-02T08:00:00.00Z", "2021-03-02T08:00:00Z"),
        ("2021-03-02T08:00:00+00:00", "2021-03-02T08:00:00Z"),
        ("2021-03-02T08:00:00-00:00", "2021-03-02T08:00:00Z"),
        ("2021-03-02T08:00:00+05:45", "2021-03-02T02:15:00Z"),
        ("2021-03-01T23:30:00-23:59", "2021-03-02T23:29:00Z"),
        ("2020-02-29T00:00:00Z", "2020-02-29T00:00:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00Z"),
        ("9998-12-31T23:59:59Z", "9998-12-31T23:59:59Z"),
    ],
)
def test_an_instant_is_written_in_utc_and_its_shortest_form(text: str, expected: str) -> None:
    """Fractions beyond six digits are cut off, never rounded up."""
    assert expected == format_instant(parse_instant(text))


@given(INSTANTS)
def test_what_is_written_reads_back_as_the_same_instant(instant: datetime) -> None:
    """Nothing is lost between two ledger readers."""
    read = parse_instant(format_instant(instant))
    assert instant == read
    assert read.tzinfo is UTC


@given(INSTANTS, st.integers(-1439, 1439))
def test_an_offset_names_the_same_instant(instant: datetime, minutes: int) -> None:
    """Any offset of RFC 3339 moves the clock, not the instant."""
    try:
        local = instant + timedelta(minutes=minutes)
    except OverflowError:
        return
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{local:%H:%M:%S.%f}{sign}{hours:02d}:{rest:02d}"
    assert instant == parse_instant(f"{local.date().isoformat()}T{text}")
