"""Exact money: a plain decimal string in, a `Fraction` inside, the shortest plain decimal out."""

import re
from fractions import Fraction

PLAIN_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")  # D-62
DIGITS_BEFORE_POINT, DIGITS_AFTER_POINT = 15, 8  # D-77


def parse(text: object) -> Fraction | None:
    """Return the exact value of a plain decimal string, None if it is not one (contracts 1)."""
    if not isinstance(text, str):
        return None
    found = PLAIN_DECIMAL.fullmatch(text)
    if not found:
        return None
    before, after = found[2], found[3] or ""
    if len(before) > DIGITS_BEFORE_POINT or len(after) > DIGITS_AFTER_POINT:
        return None
    value = Fraction(int(before + after), 10 ** len(after))
    return -value if found[1] else value


def show(value: Fraction) -> str:
    """Write the shortest plain decimal: no exponent, no trailing zeros, no `-0` (contracts 3)."""
    scaled = value * 10**DIGITS_AFTER_POINT
    assert scaled.denominator == 1, f"{value} is no multiple of 10^-8"
    sign = "-" if scaled < 0 else ""
    digits = str(abs(int(scaled))).rjust(DIGITS_AFTER_POINT + 1, "0")
    whole, rest = digits[:-DIGITS_AFTER_POINT], digits[-DIGITS_AFTER_POINT:].rstrip("0")
    return sign + whole + ("." + rest if rest else "")
