"""Phone numbers on screens: country code and the last two digits."""

import pytest

from streams.phone_numbers import mask_numbers, shown_number


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+12065550123", "+1********23"),
        ("+33142680000", "+33*******00"),
        ("+4420", "+**20"),
        ("911", "911"),
        ("ann@contoso.example", "a***"),
        ("02065550123", "*********23"),
        (None, None),
        ("", ""),
    ],
)
def test_a_number_shows_its_country_and_last_two_digits(
    number: str | None, shown: str | None
) -> None:
    """Whatever cannot be told apart is hidden."""
    assert shown_number(number) == shown


def test_a_number_is_shown_in_full_when_asked() -> None:
    """The user asked for it."""
    assert shown_number("+12065550123", in_full=True) == "+12065550123"


def test_numbers_inside_other_text_are_masked() -> None:
    """Free text may hold numbers; amounts and times keep their digits."""
    text = "called +12065550123 or 02065550123 on 2021-03-02 for 12.50"
    assert mask_numbers(text) == "called +1********23 or *********23 on 2021-03-02 for 12.50"
