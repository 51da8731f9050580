"""A national prefix that is none is left where it is."""

import pytest

from rating.numbering import (
    END_COLUMN,
    FIRST_COLUMN,
    CompiledNumbering,
    NumberFacts,
    NumberingIndex,
    Outcome,
    PrefixRule,
    _Prefix,
)
from rating.numbering_compiler import NumberRange, Plan, RegionPlan, compile_plan
from streams.numbering_metadata import load_numbering

RULE = PrefixRule(pattern="0(9)?", transform=None, general="[1-9][0-9]{4,6}", lengths=(5, 6))


@pytest.mark.parametrize(
    ("national", "left"),
    [
        ("12345", "12345"),  # begins with no prefix
        ("012345", "12345"),
        ("0912345", "12345"),  # the whole prefix goes
        ("01234", "01234"),  # what is left would be too short for a number
        ("01234567", "1234567"),  # too long is no possible length either, but no reason to keep it
    ],
)
def test_a_prefix_is_taken_off_where_a_number_is_left(national: str, left: str) -> None:
    """As the library does while parsing (D-28)."""
    assert left == _Prefix(RULE).take_off(national)


@pytest.mark.parametrize(("length", "region"), [(250, "US"), (251, None)])
def test_a_text_of_250_characters_is_the_longest_that_is_read(
    length: int, region: str | None
) -> None:
    """D-28: as the library has it, grouping counted."""
    number = "+1" + "206 5550123".rjust(length - 2)
    facts = load_numbering().facts(number)
    assert (length, region) == (len(number), None if facts is None else facts.region)


def plan_of(length: int, local: tuple[int, ...] = ()) -> Plan:
    """Return the plan of one region whose numbers have one length."""
    numbers = NumberRange(rf"\d{{{length}}}", (length,))
    region = RegionPlan("ZZ", None, numbers, {}, one_pattern=False)
    return Plan(999, (region,), (length,), local, None, None)


@pytest.mark.parametrize(("length", "local"), [(1, ()), (18, ()), (2, (1,)), (17, (18,))])
def test_a_plan_of_numbers_that_never_parse_is_refused(length: int, local: tuple[int, ...]) -> None:
    """Metadata of a later edition is never compiled wrongly."""
    with pytest.raises(ValueError, match=r"\A\+999 has lengths that never parse\Z"):
        compile_plan(plan_of(length, local))


@pytest.mark.parametrize("length", [2, 17])
def test_the_shortest_and_the_longest_numbers_compile(length: int) -> None:
    """National numbers have 2 to 17 digits."""
    assert (999, "ZZ") == (
        compile_plan(plan_of(length)).calling_code,
        compile_plan(plan_of(length)).main_region,
    )


def test_rows_beyond_the_first_65536_places_are_found() -> None:
    """The tree may grow: only the last of a place's four bytes tells a leaf from a row."""
    far, nowhere, leaf = 70_000, -10, -20
    columns = END_COLUMN + 1 - FIRST_COLUMN
    rows = [0] * FIRST_COLUMN + [nowhere] * (far + columns)
    rows[ord("1")] = far
    rows[far + ord("2")] = leaf
    compiled = CompiledNumbering(
        version="test",
        rows=rows,
        leaves={-leaf + 2: 0},
        longest=5,
        outcomes=[Outcome(1, possible=True, region="US", kind="mobile", may_lose_prefix=False)],
        prefix_rules={},
        main_regions={},
        emergency={},
    )
    index = NumberingIndex(compiled, Nobody())
    assert NumberFacts(1, "US", "mobile") == index.facts("+12")
    assert index.facts("+13") is None


class Nobody:
    """A library that is never asked."""

    def facts(self, number: str) -> NumberFacts | None:
        """Fail."""
        raise AssertionError(number)

    def is_emergency(self, code: str, region: str) -> bool:
        """Fail."""
        raise AssertionError(code, region)
