"""A national prefix that is none is left where it is."""

import pytest

from rating.numbering import PrefixRule, _Prefix
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
