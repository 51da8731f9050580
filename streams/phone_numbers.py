"""Phone numbers on a screen: country code and the last two digits, unless the user asks for all."""

import re
from typing import Final

from streams.numbering_metadata import load_numbering

SHOWN_DIGITS: Final = 2
SHORT_DIGITS: Final = 6
"""Short codes (911, 112, 116117) name a service, not a person; they are shown."""
_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ()./-]*[0-9]|[0-9]")
_LONG_NUMBER: Final = re.compile(rf"\+[0-9]{{3,}}|[0-9]{{{SHORT_DIGITS + 1},}}")


def shown_number(number: str | None, *, in_full: bool = False) -> str | None:
    """Return a number as a screen may show it; text that is no number keeps its first letter."""
    if number is None or in_full:
        return number
    digits = re.sub(r"[^0-9]", "", number)
    if _NUMBER.fullmatch(number) is None:
        return number[:1] + "***" if number else number
    if not number.startswith("+") and len(digits) <= SHORT_DIGITS:
        return number
    facts = load_numbering().facts(number)
    code = "" if facts is None else str(facts.calling_code)
    hidden = max(0, len(digits) - len(code) - SHOWN_DIGITS)
    plus = "+" if number.startswith("+") else ""
    return f"{plus}{code}{'*' * hidden}{digits[-SHOWN_DIGITS:]}"


def mask_numbers(text: str) -> str:
    """Return text of any kind with everything in it masked that may be a phone number."""
    return _LONG_NUMBER.sub(lambda found: shown_number(found[0]) or "", text)
