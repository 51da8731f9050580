"""Where an outbound call goes: the eight classes, first match wins (domain 3.1, D-57).

    1 internal        the callee is a user of the tenant: the type says so, or an `@` (D-38)
    2 emergency       the type says so, or a short code of the usage location (D-39)
    3 invalid         refused, no class (D-28)
    4 premium         premium and shared-cost numbers, and the prefixes of the allow-list (D-30)
    5 global          satellite and other codes of no country, by calling code (D-57)
    6 domestic        the region is in the domestic zone of the usage location (R-301)
    7 international   the region is in the list of the plans (R-303)
    8 out_of_plan     all else

1 and 2 are decided in `rating.routes`, before any number is looked up; here are 3 to 8.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from rating.catalogue import Catalogue
from rating.numbering import NumberFacts, NumberingIndex
from schemas.ledger import Destination, DestinationClass

_PREMIUM_KINDS: Final = frozenset({"premium", "shared_cost"})

DESTINATIONS_KEPT: Final = 65_536
"""Destinations kept, of 100 bytes: more than the prefixes of the default deck times the classes
that one prefix can have, so usual traffic never builds one twice."""


class Callee(NamedTuple):
    """A number that can be called: E.164 digits without `+`, class, region after aliases."""

    digits: str
    class_: DestinationClass
    region: str | None


@lru_cache(maxsize=DESTINATIONS_KEPT)
def destination(
    class_: DestinationClass | None, region: str | None, prefix: str | None
) -> Destination:
    """Return a destination; equal ones are one object."""
    return Destination(class_, region, prefix)


def digits_of(number: str) -> str:
    """Return the digits of a number that parsed, for prefixes."""
    digits = number[1:]
    if digits.isascii() and digits.isdigit():
        return digits
    return "".join(str(int(character)) for character in digits if character.isdecimal())


def region_of(facts: NumberFacts, numbering: NumberingIndex, catalogue: Catalogue) -> str | None:
    """Return a number's region after D-27 and the aliases of R-303; `001` for codes like +800."""
    region = facts.region or numbering.main_region(facts.calling_code)  # D-27
    return None if region is None else catalogue.alias(region)


def is_premium(digits: str, facts: NumberFacts, catalogue: Catalogue) -> bool:
    """Return whether a number is of class 4, for everybody (D-30)."""
    return facts.kind in _PREMIUM_KINDS or digits.startswith(_premium_prefixes(catalogue))


@lru_cache(maxsize=64)  # catalogues in use at once; a few
def _premium_prefixes(catalogue: Catalogue) -> tuple[str, ...]:
    return tuple(prefix for prefix, _ in catalogue.premium_prefixes)


def premium_allowed(digits: str, region: str | None, location: str, catalogue: Catalogue) -> bool:
    """Return whether a user there may call a premium number, on credits only (R-311, A-07)."""
    if region == location and location in catalogue.premium_own_country:
        return True  # D-30: all premium numbers of the own country
    return any(
        country == location and digits.startswith(prefix)
        for prefix, country in catalogue.premium_prefixes
    )


def classify(
    number: str | None, location: str, numbering: NumberingIndex, catalogue: Catalogue
) -> Callee | None:
    """Return class and region of an outbound callee, None if it is no number to call (D-28)."""
    if number is None or number[:1] != "+":
        return None
    facts = numbering.facts(number)
    if facts is None:
        return None
    digits = digits_of(number)
    region = region_of(facts, numbering, catalogue)
    class_: DestinationClass
    if is_premium(digits, facts, catalogue):
        class_ = "premium"
    elif facts.calling_code in catalogue.global_codes:
        class_ = "global"
    elif region in catalogue.domestic_zone(location):
        class_ = "domestic"  # usage location against the callee's region
    elif region in catalogue.destinations:
        class_ = "international"
    else:
        class_ = "out_of_plan"
    return Callee(digits, class_, region)
