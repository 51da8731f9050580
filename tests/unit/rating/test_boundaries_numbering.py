"""A national prefix that is none is left where it is."""

import pytest

from rating.numbering import PrefixRule, _Prefix

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
