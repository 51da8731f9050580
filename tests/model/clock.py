"""Instants and calendar months: RFC 3339 in, UTC inside; months are `YYYY-MM` strings.

`YYYY-MM` strings compare like the months they name, which is all the model needs.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)
YEARS = range(1970, 9999)  # schemas/README: others could not be moved by a year or into every zone
ACCEPTANCE_MONTHS = 3  # a constant of the rules


def parse(text: object) -> datetime | None:
    """Read an RFC 3339 time as UTC, None if it is not one (contracts 1, D-78)."""
    found = RFC_3339.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    micro = int((found[7] or "")[:6].ljust(6, "0"))  # digits beyond six are cut off
    offset = found[8]
    try:
        zone = UTC
        if offset not in "Zz":
            minutes = int(offset[4:6])
            if minutes > 59:
                return None
            shift = timedelta(hours=int(offset[1:3]), minutes=minutes)
            zone = timezone(-shift if offset[0] == "-" else shift)
        given = datetime(year, month, day, hour, minute, second, micro, tzinfo=zone)
        found_utc = given.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found_utc if found_utc.year in YEARS else None


def show(instant: datetime) -> str:
    """Write an instant in UTC with `Z`, at most six fraction digits, the shortest form."""
    text = instant.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return text + (f".{instant.microsecond:06d}".rstrip("0") if instant.microsecond else "") + "Z"


@cache
def zone(name: str) -> ZoneInfo | None:
    """Open a zone of the pinned `tzdata` package, never one of the machine (D-82)."""
    parts = name.split("/")
    if not all(re.fullmatch(r"[A-Za-z0-9_+-]+", part) for part in parts):
        return None
    file = resources.files("tzdata.zoneinfo").joinpath(*parts)
    if not file.is_file() or file.name.endswith((".py", ".tab")):
        return None
    with file.open("rb") as opened:
        try:
            return ZoneInfo.from_file(opened, key=name)
        except ValueError:
            return None


def month_of(instant: datetime, zone_name: str) -> str:
    """Name the calendar month of an instant on the wall of this zone (R-340, A-01)."""
    local = instant.astimezone(zone(zone_name))
    return f"{local.year:04d}-{local.month:02d}"


def month_plus(month: str, count: int) -> str:
    """Name the month so many months later."""
    index = int(month[:4]) * 12 + int(month[5:]) - 1 + count
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def months_between(first: str, end: str) -> list[str]:
    """List the months from `first` up to, not including, `end`."""
    found = []
    while first < end:
        found.append(first)
        first = month_plus(first, 1)
    return found


@cache
def month_start(month: str, zone_name: str) -> datetime:
    """Find the first instant that is in this month: try every second around midnight.

    Walks in days, hours, minutes, seconds: plain search, no arithmetic with offsets.
    """
    instant = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC) - timedelta(days=2)
    for step in (timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)):
        while month_of(instant + step, zone_name) < month:
            instant += step
    return instant + timedelta(seconds=1)


def a_year_after(instant: datetime) -> datetime:
    """Return the same day and time next year, 29 Feb becomes 28 Feb (R-506, D-46)."""
    try:
        return instant.replace(year=instant.year + 1)
    except ValueError:
        return instant.replace(year=instant.year + 1, day=28)
