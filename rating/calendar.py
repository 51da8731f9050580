"""Months as a tenant's own clock shows them, and the year that money lives.

The problem. A call belongs to the calendar month of its start in its tenant's time zone (R-216,
D-08), so every call asks "which month is this instant?", and timers ask "when does that month
begin?". Both must be right for every IANA zone, also where midnight of the first does not exist
(clocks jump from 00:00 to 01:00), comes twice (from 01:00 back to 00:00) or where the clock, set
back at 00:01, shows the old month once more.

The idea. An offset from UTC is always shorter than a day. So an instant whose UTC day is neither
the first nor later than the 27th lies in the same month everywhere on earth, and nothing has to be
looked up: nine instants of ten. Only near the month's edge is the zone asked, and it knows its
rules for all years, so there is no cached range that could be left.

The rules. The month of an instant is the month on the wall clock, literally: after a clock was set
back across midnight the old month is shown again, and calls of that hour belong to it. The start of
a month is the first instant at which the wall clock shows it. Months are ints,
`year * 12 + month - 1`, so the month before and after are one less and one more. No instant is an
error: at the two ends of what `datetime` can hold, months outside years 1 to 9999 come out, and
their starts are the nearest instant that can be held.

This module loads no zone: the rules of a zone come in through the constructor (D-82).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from rating.unknown_zone import UnknownZone

MONTHS_PER_YEAR = 12
# The largest offset ever kept was 15:56 (Manila, until 1844); `datetime` allows none of a day or
# more, which is what both constants stand on.
_LONGEST_OFFSET = timedelta(days=1)
_LAST_DAY_SAME_MONTH_EVERYWHERE = 27  # + 1 day = the 28th, which February has too
_ONE_SECOND = timedelta(seconds=1)
_SMALLEST_STEP = timedelta.resolution
_FIRST_INSTANT = datetime.min.replace(tzinfo=UTC)
_LAST_INSTANT = datetime.max.replace(tzinfo=UTC)
_FIRST_MONTH = _FIRST_INSTANT.year * MONTHS_PER_YEAR
_LAST_MONTH = _LAST_INSTANT.year * MONTHS_PER_YEAR + MONTHS_PER_YEAR - 1
_MONTH_TEXT_LENGTH = len("YYYY-MM")
_MONTH_TEXTS_KEPT = 1_200  # a century
# `YYYY-MM` is sliced below; the month's two digits are looked up, so no other form gets through.
_MONTH_NUMBERS = {f"{number:02d}": number for number in range(1, MONTHS_PER_YEAR + 1)}


class Zone:
    """One time zone's months. `name` is its IANA name; `rules` gives its offsets."""

    __slots__ = ("_rules", "_starts", "name")

    def __init__(self, name: str, rules: tzinfo) -> None:
        self.name = name
        self._rules = rules
        self._starts: dict[int, datetime] = {}

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    def month_of(self, instant: datetime) -> int:
        """Return the month that the zone's wall clock shows at an aware instant. Never fails."""
        if instant.tzinfo is not UTC:
            # A naive time would be read in the machine's own zone.
            assert instant.tzinfo is not None, "times are aware"  # noqa: S101  stays on
            instant = instant.astimezone(UTC)
        if 1 < instant.day <= _LAST_DAY_SAME_MONTH_EVERYWHERE:
            return instant.year * MONTHS_PER_YEAR + instant.month - 1
        try:
            local = instant.astimezone(self._rules)
        except OverflowError:
            # Less than a day from either end of what datetime holds, and the clock is beyond it.
            return _FIRST_MONTH - 1 if instant.year == _FIRST_INSTANT.year else _LAST_MONTH + 1
        return local.year * MONTHS_PER_YEAR + local.month - 1

    def month_start(self, month: int) -> datetime:
        """Return the first instant, in UTC, at which the wall clock shows the month.

        A month that begins before or after what `datetime` can hold begins at its first or last
        instant.
        """
        start = self._starts.get(month)
        if start is None:
            start = self._starts[month] = self._find_start(month)
        return start

    def _find_start(self, month: int) -> datetime:
        if month <= _FIRST_MONTH:
            return _FIRST_INSTANT
        if month > _LAST_MONTH:
            return _LAST_INSTANT
        year, month_before = divmod(month, MONTHS_PER_YEAR)
        midnight = datetime(year, month_before + 1, 1, tzinfo=UTC)  # the wall clock's, read as UTC
        before, after = midnight - _LONGEST_OFFSET, midnight + _LONGEST_OFFSET
        # Usually midnight exists under the offset of the day before or after. Where it comes twice
        # both fit and the first is meant.
        fitting = [
            instant
            for instant in (midnight - self._offset(before), midnight - self._offset(after))
            if self._begins(month, instant)
        ]
        return min(fitting) if fitting else self._find_jump(month, before, after)

    def _offset(self, instant: datetime) -> timedelta:
        offset = instant.astimezone(self._rules).utcoffset()
        assert offset is not None, "the rules of a zone give an offset"  # noqa: S101  stays on
        return offset

    def _begins(self, month: int, instant: datetime) -> bool:
        before = instant - _SMALLEST_STEP
        return self.month_of(before) < month == self.month_of(instant)

    def _find_jump(self, month: int, before: datetime, after: datetime) -> datetime:
        """Find the second at which the clock jumps over midnight into the month.

        Without midnight the month is entered once, by that jump; jumps happen on whole seconds.
        """
        while after - before > _ONE_SECOND:
            middle = before + (after - before) // 2
            middle = middle.replace(microsecond=0)
            if self.month_of(middle) < month:
                before = middle
            else:
                after = middle
        return after


class Calendar:
    """All time zones of one edition of the time zone database.

    `version` is the edition (D-82, "2026.6"); `load_zone` gives the rules of a zone by its IANA
    name, or None for any other text. Each zone is loaded once.
    """

    __slots__ = ("_load_zone", "_zones", "version")

    def __init__(self, version: str, load_zone: Callable[[str], tzinfo | None]) -> None:
        self.version = version
        self._load_zone = load_zone
        self._zones: dict[str, Zone] = {}

    def zone(self, name: str) -> Zone:
        """Return the zone of an IANA name, or raise UnknownZone."""
        zone = self._zones.get(name)
        if zone is None:
            rules = self._load_zone(name)
            if rules is None:
                raise UnknownZone(name)
            # Only names of the database get here, about 600, so this cannot grow further.
            zone = self._zones[name] = Zone(name, rules)
        return zone


@lru_cache(maxsize=_MONTH_TEXTS_KEPT)
def month_text(month: int) -> str:
    """Write a month as `YYYY-MM`, as periods and pool ids have it."""
    year, month_before = divmod(month, MONTHS_PER_YEAR)
    return f"{year:04d}-{month_before + 1:02d}"


def parse_month(text: str) -> int:
    """Read `YYYY-MM` (years 0001 to 9999, ASCII digits). Raises ValueError for any other text."""
    year, hyphen, number = text[:4], text[4:5], _MONTH_NUMBERS.get(text[5:])
    plain = len(text) == _MONTH_TEXT_LENGTH and year.isascii() and year.isdigit()
    if not plain or hyphen != "-" or number is None or year == "0000":
        raise ValueError("a month is written YYYY-MM")
    return int(year) * MONTHS_PER_YEAR + number - 1


def add_year(instant: datetime) -> datetime:
    """Return the same day and time of the next year, 29 February becoming the 28th (D-46).

    From year 9999 there is no next one; the last instant stands for it.
    """
    if instant.year == _LAST_INSTANT.year:
        return _LAST_INSTANT
    if (instant.month, instant.day) == (2, 29):
        return instant.replace(year=instant.year + 1, day=28)
    return instant.replace(year=instant.year + 1)
