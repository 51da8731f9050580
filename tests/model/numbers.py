"""What a telephone number is, asked of the `phonenumbers` package each time."""

from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo

from tests.model.plans import ALIASES, GB_ALLOWED_PREMIUM, GB_BLOCKED_PREMIUM

PREMIUM_TYPES = (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)


@dataclass(frozen=True)
class Number:
    """A possible E.164 number: its digits, calling code, region and whether it is premium."""

    digits: str
    calling_code: int
    region: str
    premium: bool


def read(text: str | None) -> Number | None:
    """Read a number with `+`, None if it does not parse or is no possible one (D-28)."""
    if not text or text[0] != "+":
        return None
    try:
        parsed = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    code = parsed.country_code
    digits = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
    region = phonenumbers.region_code_for_number(parsed)
    if region is None:
        region = phonenumbers.region_code_for_country_code(code)  # D-27
    premium = phonenumbers.number_type(parsed) in PREMIUM_TYPES or digits.startswith(
        (*GB_ALLOWED_PREMIUM, GB_BLOCKED_PREMIUM)  # D-30, R-311
    )
    return Number(digits, code, ALIASES.get(region, region), premium)


def is_emergency(text: str | None, location: str) -> bool:
    """Tell whether these digits are an emergency short code at the usage location (D-39)."""
    if not text or not (text.isascii() and text.isdigit()):
        return False
    return shortnumberinfo.is_emergency_number(text, location)
