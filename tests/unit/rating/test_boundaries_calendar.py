"""Months whose midnight a zone jumps over, wherever in the hour before the jump is."""

from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from rating.calendar import Calendar

MIDNIGHT = datetime(2021, 6, 1, tzinfo=UTC)
MAY, JUNE = 2021 * 12 + 4, 2021 * 12 + 5


class Jumping(tzinfo):
    """UTC until an instant, an hour ahead of it from then on."""

    def __init__(self, jump: datetime) -> None:
        self.jump = jump.replace(tzinfo=None)

    def fromutc(self, dt: datetime) -> datetime:
        """Return the wall clock's time of an instant."""
        return dt + self.utcoffset(dt)

    def utcoffset(self, dt: datetime | None) -> timedelta:
        """Return the offset of a time; only asked for instants, so UTC is what it compares."""
        assert dt is not None
        later = dt.replace(tzinfo=None) >= self.jump
        return timedelta(hours=1) if later else timedelta()

    def dst(self, dt: datetime | None) -> timedelta:
        """Return no daylight saving: the zone moved for good."""
        del dt
        return timedelta()


@pytest.mark.parametrize("seconds", [*range(1, 130), 1799, 1800, 1801, 3599, 3600])
def test_a_month_whose_midnight_is_jumped_over_begins_with_the_jump(seconds: int) -> None:
    """T2: to the very second, wherever it lies."""
    jump = MIDNIGHT - timedelta(seconds=seconds)
    zone = Calendar("test", lambda _name: Jumping(jump)).zone("Nowhere/Jumping")
    assert jump == zone.month_start(JUNE)
    assert JUNE == zone.month_of(jump)
    assert MAY == zone.month_of(jump - timedelta.resolution)
