"""Exact money: integers of 10^-8 currency units, plain decimal text outside (D-62, D-77)."""

import re
from typing import Final

DECIMALS: Final = 8
"""Finest step of an amount; published rates have four decimals, so minutes x rate is exact."""
ONE: Final = 10**DECIMALS
"""One whole unit of the currency, in money units."""
WHOLE_DIGITS_MAX: Final = 15
"""Digits before the point (D-77); keeps amounts inside 64-bit integers of other systems' cents."""

_PLAIN = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,8}))?", re.ASCII)
_SHORTEST = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]{0,7}[1-9]))?", re.ASCII)


def parse_money(text: str) -> int:
    """Return the amount that a plain decimal names, in 10^-8 units.

    Raises ValueError for anything but `-?[0-9]+(.[0-9]+)?` with at most 15 digits before and
    8 after the point (D-62, D-77).
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise ValueError("not a plain decimal with at most 15 digits and 8 decimals")
    return _units(match)


def parse_shortest_money(text: str) -> int:
    """Return the amount that `format_money` wrote, of any size: balances may outgrow D-77.

    Raises ValueError for any other spelling of it.
    """
    match = _SHORTEST.fullmatch(text)
    if match is None or text == "-0":
        raise ValueError("not a plain decimal in its shortest form")
    return _units(match)


def format_money(units: int) -> str:
    """Return the shortest plain decimal: no exponent, no trailing zeros, no bare point, no -0."""
    if units < 0:
        return "-" + format_money(-units)
    whole, fraction = units // ONE, units % ONE
    if not fraction:
        return str(whole)
    # The one before the fraction keeps the zeros that it begins with.
    return f"{whole}.{str(ONE + fraction)[1:].rstrip('0')}"


def _units(match: re.Match[str]) -> int:
    sign, whole, fraction = match.groups()
    units = int(whole) * ONE + int((fraction or "").ljust(DECIMALS, "0"))
    return -units if sign else units
