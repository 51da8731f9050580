"""Months in every time zone, at every edge."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from rating.calendar import Calendar, add_year, month_text, parse_month
from rating.unknown_zone import UnknownZone
from streams.calendar_zones import load_calendar, zone_names

MICROSECOND = timedelta(microseconds=1)
FIRST_INSTANT = datetime.min.replace(tzinfo=UTC)
LAST_INSTANT = datetime.max.replace(tzinfo=UTC)
CALENDAR = load_calendar()


def month(year: int, number: int) -> int:
    """Write a month the way the core does."""
    return year * 12 + number - 1


MONTHS_2020_TO_2035 = range(month(2020, 1), month(2036, 1))


def shown_by_the_wall_clock(instant: datetime, name: str) -> int:
    """Read the month off the zone's wall clock, the long way."""
    local = instant.astimezone(CALENDAR.zone(name)._rules)
    return month(local.year, local.month)


def shown_by_the_machines_database(instant: datetime, name: str) -> int:
    """Read the month with zoneinfo as it comes, for zones whose rules all editions agree on."""
    local = instant.astimezone(ZoneInfo(name))
    return month(local.year, local.month)


@pytest.mark.parametrize("name", sorted(zone_names()))
def test_every_month_boundary_is_exact_to_the_microsecond(name: str) -> None:
    """T1, T2: a month starts at its first instant and not a microsecond before, in every zone."""
    zone = CALENDAR.zone(name)
    offsets = [MICROSECOND * 10**power for power in (0, 1, 3, 6, 9)]
    for wanted in MONTHS_2020_TO_2035:
        start = zone.month_start(wanted)
        assert wanted == zone.month_of(start)
        assert wanted - 1 == zone.month_of(start - MICROSECOND)
        for instant in [start + offset for offset in offsets] + [
            start - offset for offset in offsets
        ]:
            assert shown_by_the_wall_clock(instant, name) == zone.month_of(instant)


@pytest.mark.parametrize("name", sorted(zone_names()))
def test_no_instant_before_the_start_shows_the_month(name: str) -> None:
    """A month's start is its first instant also where a clock was changed the same day."""
    zone = CALENDAR.zone(name)
    day = timedelta(days=1)
    minutes_earlier = [*range(1, 181), *range(180, 25 * 60, 30)]
    for wanted in MONTHS_2020_TO_2035:
        start = zone.month_start(wanted)
        before, after = (
            (start + shift).astimezone(zone._rules).utcoffset() for shift in (-day, day)
        )
        if before != after:
            earlier = [start - timedelta(minutes=minutes) for minutes in minutes_earlier]
            assert [at for at in earlier if zone.month_of(at) >= wanted] == []


@pytest.mark.parametrize(
    ("name", "year", "number", "start"),
    [
        ("UTC", 2021, 3, "2021-03-01T00:00:00"),
        ("America/New_York", 2021, 3, "2021-03-01T05:00:00"),
        ("Asia/Kolkata", 2021, 3, "2021-02-28T18:30:00"),
        ("Pacific/Kiritimati", 2021, 3, "2021-02-28T10:00:00"),
        # Midnight does not exist: the clock jumps from 00:00 to 01:00 (Jordan, Syria, Paraguay).
        ("Asia/Amman", 2011, 4, "2011-03-31T22:00:00"),
        ("Asia/Amman", 2016, 4, "2016-03-31T22:00:00"),
        ("America/Asuncion", 2017, 10, "2017-10-01T04:00:00"),
        ("America/Sao_Paulo", 2015, 11, "2015-11-01T02:00:00"),
        # Midnight comes twice: back from 01:00 to 00:00 (Cuba).
        ("America/Havana", 2020, 11, "2020-11-01T04:00:00"),
        ("America/Havana", 2026, 11, "2026-11-01T04:00:00"),
        # Back from 00:01 to 23:01: the new month is shown for a minute, then the old one again.
        ("America/St_Johns", 2009, 11, "2009-11-01T02:30:00"),
        # A whole day was left out (31 December 1994).
        ("Pacific/Kiritimati", 1995, 1, "1994-12-31T10:00:00"),
        # Far outside any table of transitions.
        ("America/New_York", 2250, 7, "2250-07-01T04:00:00"),
        ("Europe/Berlin", 1970, 1, "1969-12-31T23:00:00"),
        ("Europe/Amsterdam", 1890, 1, "1889-12-31T23:42:30"),
    ],
)
def test_month_starts_where_midnight_is_odd(name: str, year: int, number: int, start: str) -> None:
    """A month starts at the first instant at which the wall clock shows it."""
    expected = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert expected == CALENDAR.zone(name).month_start(month(year, number))


def test_the_month_is_what_the_wall_clock_shows_even_after_it_was_set_back() -> None:
    """At 00:01 on 1 November the clock went back to 23:01: October once more, then November."""
    zone = CALENDAR.zone("America/St_Johns")
    shown = [
        zone.month_of(datetime(2009, 11, 1, hour, minute, 59, tzinfo=UTC))
        for hour, minute in [(2, 29), (2, 30), (2, 31), (3, 29), (3, 30)]
    ]
    october, november = month(2009, 10), month(2009, 11)
    assert [october, november, october, october, november] == shown


@pytest.mark.parametrize(
    "name", ["UTC", "America/New_York", "Europe/London", "Asia/Tokyo", "Pacific/Auckland"]
)
def test_months_from_1970_to_2300_equal_zoneinfo(name: str) -> None:
    """Every hour around every month's edge is what zoneinfo itself says, in any year."""
    zone = CALENDAR.zone(name)
    for first in range(month(1970, 1), month(2300, 1)):
        year, before = divmod(first, 12)
        edge = datetime(year, before + 1, 1, tzinfo=UTC)
        for hours in range(-16, 17, 4):
            instant = edge + timedelta(hours=hours)
            expected = shown_by_the_machines_database(instant, name)
            assert expected == zone.month_of(instant)


@pytest.mark.parametrize("name", sorted(zone_names()))
def test_the_ends_of_time_have_a_month(name: str) -> None:
    """No instant that can be written down fails, and no month either."""
    zone = CALENDAR.zone(name)
    assert zone.month_of(FIRST_INSTANT) in {month(1, 1) - 1, month(1, 1)}
    assert zone.month_of(LAST_INSTANT) in {month(9999, 12), month(9999, 12) + 1}
    assert zone.month_start(month(1, 1)) == FIRST_INSTANT
    assert zone.month_start(month(0, 1)) == FIRST_INSTANT
    assert zone.month_start(month(10000, 1)) == LAST_INSTANT
    assert month(9999, 12) == zone.month_of(zone.month_start(month(9999, 12)))
    assert month(1, 2) == zone.month_of(zone.month_start(month(1, 2)))


def test_the_last_month_begins_with_its_first_day() -> None:
    """December 9999 is a month like any other."""
    assert datetime(9999, 12, 1, tzinfo=UTC) == CALENDAR.zone("UTC").month_start(month(9999, 12))
    assert datetime(1, 2, 1, tzinfo=UTC) == CALENDAR.zone("UTC").month_start(month(1, 2))


def test_clocks_may_be_beyond_the_ends_of_time() -> None:
    """West of UTC it is still the year before the first, east of it already the one after."""
    assert month(1, 1) - 1 == CALENDAR.zone("America/New_York").month_of(FIRST_INSTANT)
    assert month(9999, 12) + 1 == CALENDAR.zone("Asia/Tokyo").month_of(LAST_INSTANT)


def test_a_zone_says_its_name() -> None:
    """In messages for people who look for a mistake."""
    assert "Zone('Asia/Amman')" == repr(CALENDAR.zone("Asia/Amman"))


def test_an_instant_may_carry_any_offset() -> None:
    """Instants are compared as instants, whatever offset they were written with."""
    zone = CALENDAR.zone("UTC")
    written_in_tokyo = datetime(2021, 4, 2, 8, 59, tzinfo=timezone(timedelta(hours=23)))
    assert month(2021, 4) == zone.month_of(written_in_tokyo)
    assert month(2021, 3) == zone.month_of(
        datetime(2021, 4, 1, 8, 59, tzinfo=timezone(timedelta(hours=9)))
    )


def test_a_naive_time_is_our_own_bug() -> None:
    """A time without a zone is never read in the machine's zone."""
    with pytest.raises(AssertionError):
        CALENDAR.zone("UTC").month_of(datetime(2021, 4, 1))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "utc", "../zones", "/etc/localtime", "Europe", "Europe/Paris\0"]
)
def test_only_names_of_the_database_are_zones(name: str) -> None:
    """Any other text is refused, and never used as a path."""
    with pytest.raises(UnknownZone):
        CALENDAR.zone(name)


def test_a_zone_is_loaded_once() -> None:
    """The rules of a zone are asked for at its first use only."""
    asked: list[str] = []

    def load_zone(name: str) -> timezone:
        asked.append(name)
        return UTC

    calendar = Calendar("1", load_zone)
    assert calendar.zone("A") is calendar.zone("A")
    assert asked == ["A"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("2021-03", month(2021, 3)), ("0001-01", month(1, 1)), ("9999-12", month(9999, 12))],
)
def test_months_are_written_and_read_alike(text: str, number: int) -> None:
    """`YYYY-MM` and the core's number name the same month."""
    assert number == parse_month(text)
    assert text == month_text(number)


@pytest.mark.parametrize(
    "text",
    [
        *("", "2021", "2021-3", "2021-13", "2021-00", "2021-03-01", "21-03", "0000-01", "2021/03"),
        *("+021-03", " 2021-03", "2021-03\n", "2021-+3", "20210-3"),
        *("2021-0\uff13", "\uff12021-03"),
    ],
)
def test_no_other_text_is_a_month(text: str) -> None:
    """Only four ASCII digits, a hyphen and a month's two digits are read."""
    with pytest.raises(ValueError, match="YYYY-MM"):
        parse_month(text)


@pytest.mark.parametrize(
    ("bought", "expires"),
    [
        ("2021-03-31T23:58:07.000001", "2022-03-31T23:58:07.000001"),
        ("2024-02-29T12:00:00", "2025-02-28T12:00:00"),
        ("2023-02-28T12:00:00", "2024-02-28T12:00:00"),
        ("2099-02-28T12:00:00", "2100-02-28T12:00:00"),
    ],
)
def test_money_lives_twelve_calendar_months(bought: str, expires: str) -> None:
    """D-46: the same day and time of the next year, the 29th of February becoming the 28th."""
    expected = datetime.fromisoformat(expires).replace(tzinfo=UTC)
    assert expected == add_year(datetime.fromisoformat(bought).replace(tzinfo=UTC))


def test_the_last_year_has_no_next() -> None:
    """An instant of year 9999 expires at the last instant there is."""
    assert add_year(datetime(9999, 2, 3, tzinfo=UTC)) == LAST_INSTANT


def test_the_version_is_the_packages() -> None:
    """D-82: `calendar` names the pinned edition of the time zone database."""
    assert CALENDAR.version == "2026.6"
