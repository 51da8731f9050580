from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import format_money, parse_money


@pytest.mark.parametrize(
    ("text", "units", "shortest"),
    [
        ("0", 0, "0"),
        ("-0", 0, "0"),
        ("-0.00", 0, "0"),
        ("007.10", 710_000_000, "7.1"),
        ("10.00", 1_000_000_000, "10"),
        ("0.0165", 1_650_000, "0.0165"),
        ("-0.00000001", -1, "-0.00000001"),
        ("100", 10_000_000_000, "100"),
        ("999999999999999.99999999", 10**23 - 1, "999999999999999.99999999"),
    ],
)
def test_money_is_exact_and_written_shortest(text: str, units: int, shortest: str) -> None:
    """D-62 and D-77 on the way in, the contract's shortest form on the way out."""
    assert (units, shortest) == (parse_money(text), format_money(units))


@given(st.integers(-(10**30), 10**30))
def test_the_text_is_the_decimal_of_the_units(units: int) -> None:
    """Held against the standard library's exact decimals, also for sums beyond D-77."""
    text = format_money(units)
    assert Decimal(units).scaleb(-8, None) == Decimal(text) or abs(units) >= 10**28
    assert units == int(Decimal(text).scaleb(8)) or abs(units) >= 10**28
    assert not text.endswith(".")
    assert "." not in text or not text.endswith("0")


@given(st.integers(-(10**23) + 1, 10**23 - 1))
def test_what_is_written_reads_back(units: int) -> None:
    """Every amount that may come in goes out and in unchanged."""
    assert units == parse_money(format_money(units))
