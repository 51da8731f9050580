"""Phone numbers that are possible in their country, by prefix and number of random digits."""

from random import Random
from typing import Final

# country -> (prefix, digits that follow, weight); fixed lines and mobiles in plausible shares.
NUMBERS: Final[dict[str, tuple[tuple[str, int, int], ...]]] = {
    "US": (("1206", 7, 3), ("1212", 7, 4), ("1312", 7, 3), ("1415", 7, 3), ("1787", 7, 1)),
    "CA": (("1416", 7, 4), ("1514", 7, 3), ("1604", 7, 2)),
    "PR": (("1787", 7, 3), ("1939", 7, 1)),
    "GB": (("4420", 8, 5), ("44161", 7, 2), ("447700", 6, 4)),
    "FR": (("331", 8, 5), ("334", 8, 2), ("336", 8, 4)),
    "DE": (("4930", 8, 4), ("4989", 8, 4), ("49151", 8, 3)),
    "NL": (("3120", 7, 4), ("316", 8, 3)),
    "IE": (("3531", 7, 4), ("35387", 7, 3)),
    "ES": (("3491", 7, 4), ("346", 8, 4)),
    "IT": (("3906", 8, 4), ("39331", 7, 4)),
    "CH": (("4144", 7, 4), ("4179", 7, 3)),
    "JP": (("813", 8, 3), ("8190", 8, 2)),
    "IN": (("9111", 8, 2), ("9198", 8, 4)),
    "AU": (("612", 8, 3), ("614", 8, 3)),
    # Not in the plans' destination list: credits only.
    "PG": (("675", 7, 1),),
    "MG": (("261", 9, 1),),
    "GG": (("441481", 6, 1),),
}

ABROAD: Final = ("US", "GB", "FR", "DE", "NL", "IE", "ES", "IT", "CH", "JP", "IN", "AU")
"""Countries of international calls that plans include."""
OUT_OF_PLAN: Final = ("PG", "MG", "GG")
"""Regions that no plan includes (R-303)."""

PREMIUM: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "US": (("1900", 7),),
    "CA": (("1900", 7),),
    "GB": (("44909", 7), ("44871", 7)),
    "FR": (("33899", 6),),
    "DE": (("49900", 7),),
}
TOLL_FREE: Final[dict[str, tuple[str, int]]] = {
    "US": ("1800", 7),
    "CA": ("1800", 7),
    "PR": ("1800", 7),
    "GB": ("44800", 7),
    "FR": ("33800", 6),
    "DE": ("49800", 7),
    "NL": ("31800", 7),
    "IE": ("3531800", 6),
}
EMERGENCY: Final[dict[str, str]] = {"US": "911", "CA": "911", "PR": "911", "GB": "999"}
"""Short codes; elsewhere 112."""


def number_in(country: str, random: Random) -> str:
    """Return a random number of a country, with `+`."""
    shapes = NUMBERS[country]
    prefix, digits, _ = random.choices(shapes, [weight for _, _, weight in shapes])[0]
    return complete(prefix, digits, random)


def complete(prefix: str, digits: int, random: Random) -> str:
    """Return `+prefix` with random digits behind it; the first is 2 to 9, as numbers begin."""
    rest = random.randrange(10 ** (digits - 1))
    return f"+{prefix}{random.randrange(2, 10)}{rest:0{digits - 1}d}"
