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

from typing import Final, TypeAlias

from rating.catalogue import Catalogue
from rating.numbering import NumberFacts, NumberingIndex
from schemas.ledger import DestinationClass

_PREMIUM_KINDS: Final = frozenset({"premium", "shared_cost"})


Callee: TypeAlias = tuple[str, DestinationClass, str | None, str | None]
"""A number that can be called: E.164 digits without `+`, class, region after aliases; and the
digits once more where they are not the text as it stands, else None."""


class Classifier:
    """Classes of numbers by one catalogue and one numbering index.

    What follows from the metadata alone is kept: its kinds, regions and codes, times the usage
    locations in use, are a few thousand.
    """

    __slots__ = ("_catalogue", "_known", "_numbering", "_premium_prefixes")

    def __init__(self, catalogue: Catalogue, numbering: NumberingIndex) -> None:
        self._catalogue = catalogue
        self._numbering = numbering
        self._premium_prefixes = tuple(prefix for prefix, _ in catalogue.premium_prefixes)
        self._known: dict[
            tuple[str, int, str | None, str], tuple[DestinationClass, str | None]
        ] = {}

    def facts(self, number: str | None) -> NumberFacts | None:
        """Return what the metadata knows of a number, None if it is none (D-28)."""
        if number is None or number[:1] != "+":
            return None
        return self._numbering.facts(number)

    def classify(self, number: str | None, location: str) -> Callee | None:
        """Return class and region of an outbound callee, None if it is no number (D-28)."""
        if number is None or number[:1] != "+":
            return None
        facts = self._numbering.facts(number)
        if facts is None:
            return None
        digits = facts.digits or number[1:]
        key = (location, facts.calling_code, facts.region, facts.kind)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._class_of(facts, location)
        class_, region = known
        if digits.startswith(self._premium_prefixes):
            class_ = "premium"  # D-30: for everybody, whatever the metadata says
        return digits, class_, region, facts.digits

    def region_of(self, facts: NumberFacts) -> str | None:
        """Return a number's region after D-27 and the aliases of R-303; `001` for +800 and such."""
        region = facts.region or self._numbering.main_region(facts.calling_code)  # D-27
        return None if region is None else self._catalogue.alias(region)

    def _class_of(self, facts: NumberFacts, location: str) -> tuple[DestinationClass, str | None]:
        catalogue, region = self._catalogue, self.region_of(facts)
        if facts.kind in _PREMIUM_KINDS:
            return "premium", region
        if facts.calling_code in catalogue.global_codes:
            return "global", region
        if region in catalogue.domestic_zone(location):
            return "domestic", region  # usage location against the callee's region
        if region in catalogue.destinations:
            return "international", region
        return "out_of_plan", region

    def premium_allowed(self, digits: str, region: str | None, location: str) -> bool:
        """Return whether a user there may call a premium number, on credits only (R-311, A-07)."""
        if region == location and location in self._catalogue.premium_own_country:
            return True  # D-30: all premium numbers of the own country
        return any(
            country == location and digits.startswith(prefix)
            for prefix, country in self._catalogue.premium_prefixes
        )
