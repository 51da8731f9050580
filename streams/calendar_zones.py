"""Loads time zones from the pinned `tzdata` package and from nowhere else (D-82).

`zoneinfo` would look into the machine's own database first, which differs from machine to machine
and would change a ledger. Its search path is a global setting that other code may rely on, so it is
left alone: the files of the package are read here, one by one, on first use.
"""

from datetime import tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]  # the package ships no type information

from rating.calendar import Calendar

# Path arithmetic instead of importlib.resources and importlib.metadata, which would add 60 ms to
# the start of every command; the package is always installed as plain files.
_PACKAGE_FOLDER = Path(tzdata.__file__).parent


@cache
def load_calendar() -> Calendar:
    """Return the calendar of the installed `tzdata` package; its version names it."""
    return Calendar(tzdata.__version__, load_zone)


@cache
def zone_names() -> frozenset[str]:
    """Return the IANA names of all zones of the package."""
    return frozenset(_PACKAGE_FOLDER.joinpath("zones").read_text("utf-8").split())


def load_zone(name: str) -> tzinfo | None:
    """Return the rules of the zone with this IANA name, None for any other text."""
    # The list is the guard: a name from outside never becomes a path unless it is on it.
    if name not in zone_names():
        return None
    with _PACKAGE_FOLDER.joinpath("zoneinfo", name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
