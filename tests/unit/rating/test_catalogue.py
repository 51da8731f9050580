"""What the default catalogue gives, rule by rule, and how a catalogue answers."""

from datetime import UTC, datetime

import pytest

from rating import decks
from rating.catalogue import Catalogue, Grant

MARCH_2021 = datetime(2021, 3, 1, tzinfo=UTC)
COUNTRIES_1200 = (
    "BE FR DE IE ES NL AT HR DK EE FI HU IT LV LT LU NZ NO PL PT RO SG SK SI ZA SE CH CZ"
)
STANDARD_1200 = COUNTRIES_1200.split()
ZONE_A = (
    "AU AT BE BR BG CA CN HR CZ DK EE FI FR DE GR HK HU IN IE IT JP LU MY MX NL NZ NO PL PT PR RO "
    "RU SG SK SI ZA KR ES SE CH TW TH GB US"
)
UNLISTED = (
    "AC BI CK CU FK GA GG GM GW IM IO JE KI KP LR MG MR MV NF NR NU PG SB SC SH SL SO ST TA TD TK "
    "TL TN TO TV VU WS XK"
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Return the default catalogue."""
    raw = decks.shipped("catalogue", decks.CURRENT["catalogue"])
    assert raw is not None
    return Catalogue.load(raw)


def minutes(
    catalogue: Catalogue, licence: str, location: str, at: datetime = MARCH_2021
) -> tuple[int | None, int | None, int | None] | None:
    """Return domestic, international and dial-out minutes of one licence."""
    grant = catalogue.grant(licence, location, at)
    return grant and (grant.domestic, grant.international, grant.dial_out)


@pytest.mark.parametrize(
    ("licence", "location", "licences", "domestic"),
    [
        pytest.param("BUSINESS_VOICE_MED", "CA", 3, 9_000, id="P01-CA-BUSINESS_VOICE_MED"),
        pytest.param("MCOPSTN5", "US", 100, 12_000, id="P02-US-MCOPSTN5"),
        pytest.param("MCOPSTN1", "US", 100, 300_000, id="P03-US-MCOPSTN1"),
        pytest.param("BUSINESS_VOICE_MED", "CA", 3, 9_000, id="P04-CA-BUSINESS_VOICE_MED"),
        pytest.param("BUSINESS_VOICE", "GB", 2, 2_400, id="P04-GB-BUSINESS_VOICE"),
        pytest.param("BUSINESS_VOICE_MED2", "US", 4, 12_000, id="P04-US-BUSINESS_VOICE_MED2"),
        pytest.param("MCOPSTN5", "GB", 5, 600, id="P05-GB-MCOPSTN5"),
        pytest.param("MCOPSTN1", "GB", 6, 7_200, id="P05-GB-MCOPSTN1"),
        pytest.param("MCOPSTN2", "DE", 4, 4_800, id="P07-DE-MCOPSTN2"),
        pytest.param("MCOPSTN8", "US", 1, 120, id="P08-US-MCOPSTN8"),
        pytest.param("MCOPSTN1", "CA", 4, 12_000, id="P12-CA-MCOPSTN1"),
    ],
)
def test_domestic_capacities_of_the_worked_cases(
    catalogue: Catalogue, licence: str, location: str, licences: int, domestic: int
) -> None:
    """Licences times minutes gives the pools of domain 8.1."""
    found = minutes(catalogue, licence, location)
    assert found is not None
    assert domestic == licences * (found[0] or 0)


@pytest.mark.parametrize(
    ("case", "locations", "capacity"),
    [
        ("P10", ["US"] * 10 + ["GB"] * 100 + ["ZW"] * 5, 6_900),
        ("P11", ["US"] * 20, 1_200),
    ],
)
def test_dial_out_is_one_pool_of_the_whole_tenant(
    catalogue: Catalogue, case: str, locations: list[str], capacity: int
) -> None:
    """R-601: 60 minutes a licence wherever its user is, all in region group `*`."""
    grants = [catalogue.grant("MCOMEETADD", location, MARCH_2021) for location in locations]
    assert {"*"} == {grant.region_group for grant in grants if grant}, case
    assert capacity == sum(grant.dial_out or 0 for grant in grants if grant)


def test_p07_domestic_and_international_has_a_joint_cap(catalogue: Catalogue) -> None:
    """P07, R-217: 600 international minutes a licence, closed together with the domestic ones."""
    expected = Grant("MCOPSTN2", "DE", 1200, 600, None, True, False, 100)
    assert expected == catalogue.grant("MCOPSTN2", "DE", MARCH_2021)


def test_p08_mcopstn8_is_per_user_and_drained_first(catalogue: Catalogue) -> None:
    """R-215, D-16: a bucket of 120 of the user's own, before any pool."""
    expected = Grant("MCOPSTN8", "US", 120, None, None, False, True, 0)
    assert expected == catalogue.grant("MCOPSTN8", "US", MARCH_2021)


def test_d16_all_others_share_one_drain_order(catalogue: Catalogue) -> None:
    """D-16: 0 for MCOPSTN8, 100 for every other plan."""
    orders = {plan.capability: plan.drain_order for plan in catalogue.file.plans}
    assert 0 == orders.pop("MCOPSTN8")
    assert {100} == set(orders.values())


@pytest.mark.parametrize("location", ["US", "CA", "PR"])
def test_r203_north_america(catalogue: Catalogue, location: str) -> None:
    """US, CA and PR have 3000 domestic and 600 international minutes, 120 and 240 variants."""
    assert (3000, None, None) == minutes(catalogue, "MCOPSTN1", location)
    assert (3000, 600, None) == minutes(catalogue, "MCOPSTN2", location)
    assert (120, None, None) == minutes(catalogue, "MCOPSTN5", location)
    assert (240, None, None) == minutes(catalogue, "MCOPSTN6", location)
    assert (120, None, None) == minutes(catalogue, "MCOPSTN8", location)


@pytest.mark.parametrize("location", STANDARD_1200)
def test_r203_countries_with_1200_minutes(catalogue: Catalogue, location: str) -> None:
    """The countries of 2021 and of 2023 have 1200 and 600 minutes since ever (D-15)."""
    assert (1200, None, None) == minutes(catalogue, "MCOPSTN1", location)
    assert (1200, 600, None) == minutes(catalogue, "MCOPSTN2", location)
    assert (120, None, None) == minutes(catalogue, "MCOPSTN5", location)
    assert (240, None, None) == minutes(catalogue, "MCOPSTN6", location)
    assert (120, None, None) == minutes(catalogue, "MCOPSTN8", location)


def test_r203_no_country_has_a_plan_beside_those_of_the_table(catalogue: Catalogue) -> None:
    """R-203: the standard plan is offered exactly where the table says."""
    offered = {
        country
        for plan in catalogue.file.plans
        if plan.capability == "MCOPSTN1"
        for row in plan.minutes
        for country in row.countries
    }
    assert {"US", "CA", "PR", "GB", "HK", *STANDARD_1200} == offered


def test_r203_hong_kong_brazil_mexico(catalogue: Catalogue) -> None:
    """1200 and 600 minutes; BR and MX by codes of their own (D-71), no small plans (D-52)."""
    assert (1200, None, None) == minutes(catalogue, "MCOPSTN1", "HK")
    assert (1200, 600, None) == minutes(catalogue, "MCOPSTN2", "HK")
    for location in ("BR", "MX"):
        assert (1200, None, None) == minutes(catalogue, f"MCOPSTN1{location}", location)
        assert (1200, 600, None) == minutes(catalogue, f"MCOPSTN2{location}", location)
        assert minutes(catalogue, "MCOPSTN1", location) is None
        assert minutes(catalogue, "MCOPSTN2", location) is None
        assert minutes(catalogue, f"MCOPSTN1{location}", "US") is None
    for location in ("HK", "BR", "MX"):
        for small in ("MCOPSTN5", "MCOPSTN6", "MCOPSTN8"):
            assert minutes(catalogue, small, location) is None


@pytest.mark.parametrize("location", ["AU", "JP"])
def test_r203_carriers_own_plans_are_not_rated(catalogue: Catalogue, location: str) -> None:
    """AU and JP: no plan of any kind, but the dial-out pool."""
    for plan in catalogue.file.plans:
        if plan.capability != "MCOMEETADD":
            assert catalogue.grant(plan.capability, location, MARCH_2021) is None


@pytest.mark.parametrize("location", ["GB", "US", "IT", "ZW"])
def test_r202_international_add_on(catalogue: Catalogue, location: str) -> None:
    """R-202, A-02, A-03: 600 international minutes everywhere, no domestic, no joint cap."""
    expected = Grant(
        "MCOPSTN9", catalogue.region_group(location), None, 600, None, False, False, 100
    )
    assert expected == catalogue.grant("MCOPSTN9", location, MARCH_2021)


@pytest.mark.parametrize("licence", ["MCOPSTN1", "MCOPSTN2", "BUSINESS_VOICE"])
@pytest.mark.parametrize(
    ("month_start", "domestic"),
    [
        (datetime(2015, 1, 1, tzinfo=UTC), 1200),
        (datetime(2023, 1, 1, tzinfo=UTC), 1200),
        (datetime(2023, 1, 24, 23, 59, 59, 999_999, tzinfo=UTC), 1200),
        (datetime(2023, 1, 25, tzinfo=UTC), 3000),
        (datetime(2023, 1, 31, 13, tzinfo=UTC), 3000),
        (datetime(2023, 2, 1, tzinfo=UTC), 3000),
    ],
)
def test_d15_gb_has_3000_minutes_from_february_2023(
    catalogue: Catalogue, licence: str, month_start: datetime, domestic: int
) -> None:
    """D-15, D-14d: the row in force at the month's first instant, for Business Voice too."""
    found = minutes(catalogue, licence, "GB", month_start)
    assert found is not None
    assert domestic == found[0]


def test_r211_us_and_pr_share_pools_and_ca_does_not(catalogue: Catalogue) -> None:
    """R-211: region group US holds US and PR; every other country is its own."""
    groups = [catalogue.region_group(location) for location in ("US", "PR", "CA", "GB", "VI")]
    assert ["US", "US", "CA", "GB", "VI"] == groups
    puerto_rico = catalogue.grant("MCOPSTN1", "PR", MARCH_2021)
    assert puerto_rico is not None
    assert "US" == puerto_rico.region_group


@pytest.mark.parametrize(
    "sku",
    ["BUSINESS_VOICE", "BUSINESS_VOICE_MED", "BUSINESS_VOICE_MED2", "BUSINESS_VOICE_MED2_TELCO"],
)
def test_d14_business_voice_goes_by_usage_location(catalogue: Catalogue, sku: str) -> None:
    """D-14, D-92: MCOPSTN1 and the right to credits in CA, GB, US; nothing elsewhere."""
    for location, domestic in (("CA", 3000), ("GB", 1200), ("US", 3000)):
        assert (domestic, None, None) == minutes(catalogue, sku, location)
        assert "MCOPSTN1" == catalogue.capability(sku, location)
        assert {"credits", "conference_credits"} == catalogue.rights(sku, location)
        assert catalogue.has_plan_row(sku, location, MARCH_2021)
    for location in ("PR", "IT", "DE", "AU"):
        assert minutes(catalogue, sku, location) is None
        assert catalogue.capability(sku, location) is None
        assert frozenset() == catalogue.rights(sku, location)
        assert not catalogue.has_plan_row(sku, location, MARCH_2021)


@pytest.mark.parametrize(
    ("licence", "rights"),
    [
        ("MCOPSTN1", set()),
        ("MCOPSTN2", set()),
        ("MCOPSTN8", set()),
        ("MCOPSTN9", set()),
        ("MCOPSTNPP", {"credits", "conference_credits"}),
        ("MCOPSTNC", {"credits", "conference_credits"}),
        ("MCOPSTN_PAYG_1", {"credits", "payg"}),
        ("MCOPSTN_PAYG_2", {"credits", "payg"}),
        ("MCOMEETADD", {"dial_out_pool"}),
        ("MCOMEETADV", {"dial_out_pool"}),
        ("MCOMEETADD_DIALOUT_US", {"dial_out_us"}),
        ("MCOMEETACPEA", {"dial_out_per_minute", "conference_credits"}),
        ("MCOPSTNCAP", set()),
        ("MCOEV", set()),
        ("MCOEV_VIRTUALUSER", set()),
        ("MCOPSTNU", set()),
        ("BUSINESS_VOICE_DIRECTROUTING", set()),
        ("BUSINESS_VOICE_DIRECTROUTING_MED", set()),
    ],
)
def test_rights_beside_minutes(catalogue: Catalogue, licence: str, rights: set[str]) -> None:
    """R-315, R-316, R-601 to R-608, D-07: what each licence lets its user draw on."""
    assert catalogue.knows(licence)
    assert rights == catalogue.rights(licence, "GB")


def test_d06_what_is_a_plan(catalogue: Catalogue) -> None:
    """D-06: the calling plans are plans; dial-out, phone systems and Direct Routing are none."""
    plans = ["MCOPSTN1", "MCOPSTN2", "MCOPSTN5", "MCOPSTN6", "MCOPSTN8", "MCOPSTN9"]
    others = ["MCOMEETADD", "MCOEV", "MCOPSTNCAP", "MCOPSTNPP", "BUSINESS_VOICE_DIRECTROUTING"]
    assert all(catalogue.has_plan_row(licence, "GB", MARCH_2021) for licence in plans)
    assert not any(catalogue.has_plan_row(licence, "GB", MARCH_2021) for licence in others)


def test_skus_stand_for_their_capability(catalogue: Catalogue) -> None:
    """A capability stands for itself, an alias for its capability, an unknown code for nothing."""
    assert "MCOPSTN1" == catalogue.capability("MCOPSTN1", "ZW")
    assert "MCOPSTNPP" == catalogue.capability("MCOPSTNC", "ZW")
    assert "MCOMEETADD" == catalogue.capability("MCOMEETADV", "ZW")
    assert catalogue.capability("BUSINESS_VOICE_DIRECTROUTING", "US") is None
    assert not catalogue.knows("MCOPSTN3")
    assert catalogue.capability("MCOPSTN3", "US") is None
    assert frozenset() == catalogue.rights("MCOPSTN3", "US")
    assert catalogue.grant("MCOPSTN3", "US", MARCH_2021) is None


@pytest.mark.parametrize(
    ("location", "zone"),
    [
        ("US", {"US", "PR", "CA"}),
        ("PR", {"PR", "US", "CA"}),
        ("CA", {"CA", "US"}),
        ("GB", {"GB"}),
        ("VI", {"VI"}),
    ],
)
def test_r301_domestic_zones(catalogue: Catalogue, location: str, zone: set[str]) -> None:
    """R-301, A-05: the own country; US, PR and CA reach each other, but CA does not reach PR."""
    assert zone == catalogue.domestic_zone(location)


def test_r303_destinations(catalogue: Catalogue) -> None:
    """R-303: in the list, out of it, and the aliases that bring a region into it."""
    listed = {"AN", "CA", "FR", "IT", "PR", "US", "VI", "GU", "AS", "MP", "ZM", "VA", "ZW"}
    unlisted = UNLISTED.split()
    aliases = {"AX": "FI", "SJ": "NO", "BL": "GP", "MF": "GP", "CX": "AU", "CC": "AU"}
    aliases |= {"EH": "MA", "BQ": "AN", "CW": "AN", "SX": "AN"}
    assert 198 == len(catalogue.destinations)  # the list, not its title
    assert listed <= catalogue.destinations
    assert not set(unlisted) & catalogue.destinations
    assert aliases == {region: catalogue.alias(region) for region in aliases}
    assert set(aliases.values()) <= catalogue.destinations
    assert not [region for region in unlisted if catalogue.alias(region) in catalogue.destinations]
    assert "GB" == catalogue.alias("GB")


def test_r604_dial_out_zone(catalogue: Catalogue) -> None:
    """R-604: the 44 countries of Zone A; D-33: the unlimited add-on reaches US and CA."""
    assert set(ZONE_A.split()) == catalogue.dial_out_zone
    assert {"US", "CA"} == catalogue.unlimited_dial_out


def test_premium_and_global_lists(catalogue: Catalogue) -> None:
    """R-311, D-30: the GB allow-list, FR and AT; class 5 goes by these calling codes."""
    allowed = ("44843", "44844", "44845", "44870", "44871", "44872")
    assert tuple((prefix, "GB") for prefix in allowed) == catalogue.premium_prefixes
    assert {"FR", "AT"} == catalogue.premium_own_country
    assert {800, 808, 870, 878, 881, 882, 883, 979, 888} == catalogue.global_codes
