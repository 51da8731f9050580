"""The catalogue of domain.md as plain tables: which licence gives what, where, since when."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

STANDARD_3000 = ("US", "CA", "PR")  # R-203; PR is 3000 by A-15
STANDARD_1200_TEXT = (
    "BE FR DE IE ES NL AT HR DK EE FI HU IT LV LT LU NZ NO PL PT RO SG SK SI ZA SE CH CZ"
)
STANDARD_1200 = tuple(STANDARD_1200_TEXT.split())
ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
GB_3000_SINCE = datetime(2023, 1, 25, tzinfo=UTC)  # R-203, D-15

# location -> rows of (valid from, minutes); the last row in force counts
STANDARD = {
    **{country: [(ALWAYS, 3000)] for country in STANDARD_3000},
    **{country: [(ALWAYS, 1200)] for country in STANDARD_1200},
    "GB": [(ALWAYS, 1200), (GB_3000_SINCE, 3000)],
}
WITH_SMALL_PLANS = tuple(STANDARD)  # D-52: not MX, HK, BR
STANDARD_AND_HK = {**STANDARD, "HK": [(ALWAYS, 1200)]}
MX_ONLY = {"MX": [(ALWAYS, 1200)]}
BR_ONLY = {"BR": [(ALWAYS, 1200)]}
BV_COUNTRIES = ("CA", "GB", "US")
EVERYWHERE = "*"


def flat(minutes: int, countries: tuple[str, ...]) -> dict[str, list[tuple[datetime, int]]]:
    """Make one row without lower bound for each country."""
    return {country: [(ALWAYS, minutes)] for country in countries}


@dataclass(frozen=True)
class Plan:
    """One capability: minutes of one assigned licence per bucket, location and date."""

    buckets: dict[str, dict[str, list[tuple[datetime, int]]]]
    joint_cap: bool = False
    per_user: bool = False
    drain_order: int = 100  # D-16


DIAL_OUT = "MCOMEETADD"
PLANS = {
    "MCOPSTN1": Plan({"domestic": STANDARD_AND_HK}),
    "MCOPSTN1MX": Plan({"domestic": MX_ONLY}),  # D-71: own codes, own pools
    "MCOPSTN1BR": Plan({"domestic": BR_ONLY}),
    "MCOPSTN2": Plan(
        {"domestic": STANDARD_AND_HK, "international": flat(600, tuple(STANDARD_AND_HK))},
        joint_cap=True,
    ),
    "MCOPSTN2MX": Plan(
        {"domestic": MX_ONLY, "international": flat(600, tuple(MX_ONLY))}, joint_cap=True
    ),
    "MCOPSTN2BR": Plan(
        {"domestic": BR_ONLY, "international": flat(600, tuple(BR_ONLY))}, joint_cap=True
    ),
    "MCOPSTN5": Plan({"domestic": flat(120, WITH_SMALL_PLANS)}),
    "MCOPSTN6": Plan({"domestic": flat(240, WITH_SMALL_PLANS)}),
    "MCOPSTN8": Plan({"domestic": flat(120, WITH_SMALL_PLANS)}, per_user=True, drain_order=0),
    "MCOPSTN9": Plan(  # R-202 everywhere, A-03; but AU and JP have their carrier's own, R-203
        {"international": {**flat(600, (EVERYWHERE,)), "AU": [], "JP": []}}
    ),
    DIAL_OUT: Plan({"dial_out": flat(60, (EVERYWHERE,))}),
}
PAYG = ("MCOPSTN_PAYG_1", "MCOPSTN_PAYG_2")
CREDITS = "MCOPSTNPP"
CREDITS_CODES = (CREDITS, "MCOPSTNC")
DIAL_OUT_US = "MCOMEETADD_DIALOUT_US"
PAY_PER_MINUTE = "MCOMEETACPEA"
BUSINESS_VOICE = (
    "BUSINESS_VOICE_MED",
    "BUSINESS_VOICE",
    "BUSINESS_VOICE_MED2",
    "BUSINESS_VOICE_MED2_TELCO",
)
SKUS = {
    "MCOMEETADV": DIAL_OUT,
    "MCOPSTNC": CREDITS,
    **dict.fromkeys(BUSINESS_VOICE, "MCOPSTN1"),  # A-20; only in BV_COUNTRIES, D-14b
}
WITHOUT_MINUTES = (  # D-06: known, but no plan
    "MCOPSTNCAP",
    "MCOEV",
    "MCOEV_VIRTUALUSER",
    "BUSINESS_VOICE_DIRECTROUTING",
    "BUSINESS_VOICE_DIRECTROUTING_MED",
)
LICENCES = {*PLANS, *PAYG, CREDITS, *SKUS, DIAL_OUT_US, PAY_PER_MINUTE, *WITHOUT_MINUTES}

DOMESTIC_ZONE = {"US": ("US", "PR", "CA"), "PR": ("PR", "US", "CA"), "CA": ("CA", "US")}
REGION_GROUP = {"PR": "US"}
ALIASES = {
    "AX": "FI",
    "SJ": "NO",
    "BL": "GP",
    "MF": "GP",
    "CX": "AU",
    "CC": "AU",
    "EH": "MA",
    "BQ": "AN",
    "CW": "AN",
    "SX": "AN",
}
DEST196_TEXT = """
AD AE AF AG AI AL AM AN AO AR AS AT AU AW AZ BA BB BD BE BF BG BH BJ BM BN BO BR BS BT BW BY
BZ CA CD CF CG CH CI CL CM CN CO CR CV CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FM FO
FR GB GD GE GF GH GI GL GN GP GQ GR GT GU GY HK HN HR HT HU ID IE IL IN IQ IR IS IT JM JO JP
KE KG KH KM KN KR KW KY KZ LA LB LC LI LK LS LT LU LV LY MA MC MD ME MH MK ML MM MN MO MP MQ
MS MT MU MW MX MY MZ NA NC NE NG NI NL NO NP NZ OM PA PE PF PH PK PL PM PR PS PT PW PY QA RE
RO RS RU RW SA SD SE SG SI SK SM SN SR SS SV SY SZ TC TG TH TJ TM TR TT TW TZ UA UG US UY UZ
VA VC VE VG VI VN WF YE YT ZA ZM ZW
"""
DEST196 = frozenset(DEST196_TEXT.split())
ZONE_A_TEXT = """
AU AT BE BR BG CA CN HR CZ DK EE FI FR DE GR HK HU IN IE IT JP LU MY MX NL NZ NO PL PT PR RO
RU SG SK SI ZA KR ES SE CH TW TH GB US
"""
ZONE_A = frozenset(ZONE_A_TEXT.split())
GLOBAL_CODES = (800, 808, 870, 878, 881, 882, 883, 979, 888)  # 3.1 class 5, D-57
GB_ALLOWED_PREMIUM = ("44843", "44844", "44845", "44870", "44871", "44872")  # R-311, D-30
GB_BLOCKED_PREMIUM = "449"
OWN_PREMIUM_ALLOWED = ("FR", "AT")  # R-311, D-30


@dataclass(frozen=True)
class Catalogue:
    """One version of the tables; a test may publish another one with other minutes."""

    plans: dict[str, Plan] = field(default_factory=lambda: PLANS)

    def plan_of(self, licence: str, location: str) -> str | None:
        """Name the capability with minutes that this licence is at this location, else None."""
        if licence in BUSINESS_VOICE and location not in BV_COUNTRIES:
            return None  # D-14b
        code = SKUS.get(licence, licence)
        return code if code in self.plans else None

    def minutes(self, licence: str, location: str, month_start: datetime) -> dict[str, int]:
        """Return bucket -> minutes of one licence; the row in force when the month began (D-15)."""
        code = self.plan_of(licence, location)
        found = {}
        for bucket, rows_of in self.plans[code].buckets.items() if code else ():
            rows = rows_of.get(location, rows_of.get(EVERYWHERE, []))
            in_force = [minutes for since, minutes in rows if since <= month_start]
            if in_force:
                found[bucket] = in_force[-1]
        return found
