"""The linter finds what loads but is probably not meant."""

import phonenumbers
import pytest

from rating import decks
from rating.catalogue import Catalogue
from rating.reference_check import check_catalogue, check_deck
from rating.reference_finding import Finding
from rating.reference_regions import REGION_PREFIXES
from schemas.codes import COUNTRY_CODES

DEFAULT_CATALOGUE = decks.shipped("catalogue", decks.CURRENT["catalogue"]) or b""
DEFAULT_DECK = decks.shipped("rates", decks.CURRENT["rates"]) or b""
HEADER = (
    "direction,prefix,origin,destination,kind,price_per_minute,connection_fee,currency,"
    "effective_from,effective_until\n"
)
UNPRICED = "AN AS BF BJ BY CD CF CG CI DJ DZ FM GN GQ KM KN LS ML MS MW PM SN SS TG YT ZM"


def deck_findings(*rows: str) -> list[tuple[int, str]]:
    """Return line and code of what is found in a deck by itself."""
    raw = (HEADER + "\n".join(rows) + "\n").encode()
    return [(found.line, found.code) for found in check_deck(raw)]


def catalogue_findings(added: str) -> list[tuple[str, str]]:
    """Return code and text of what is found in the default catalogue with tables added."""
    raw = DEFAULT_CATALOGUE + added.encode()
    return [(found.code, found.text) for found in check_catalogue(raw)]


def row(prefix: str, since: str = "", until: str = "", kind: str = "mixed") -> str:
    """Return an outbound row."""
    return f"outbound,{prefix},,x,{kind},1,,USD,{since},{until}"


def test_the_default_catalogue_is_clean() -> None:
    """Nothing suspicious in what ships."""
    assert () == check_catalogue(DEFAULT_CATALOGUE)


def test_the_default_deck_lacks_what_its_source_lacks() -> None:
    """Domain 5.1: 26 destinations, the global codes and all premium numbers have no price."""
    found = check_deck(DEFAULT_DECK, Catalogue.load(DEFAULT_CATALOGUE))
    texts = [one.text.removesuffix(": no outbound price in USD") for one in found if one.line == 1]
    premium = [f"premium prefix {prefix} (GB)" for prefix in (44843, 44844, 44845, 44870, 44871)]
    others = ["global +800, +808, +870, +878, +881, +882, +883, +888, +979"]
    others += ["premium of AT", "premium of FR", *premium, "premium prefix 44872 (GB)"]
    assert [*UNPRICED.split(), *others] == texts
    assert {"unreachable"} == {one.code for one in found if one.line > 1}
    assert {"warning"} == {one.severity for one in found}


def test_errors_of_the_loader_come_alone() -> None:
    """A refused file has only errors, with their lines."""
    expected = Finding(
        2, "error", "prefix", "prefix 'x' is not 1 to 15 digits without a leading 0 or +"
    )
    assert (expected,) == check_deck((HEADER + row("x") + "\n").encode())
    assert ["error"] == [found.severity for found in check_catalogue(b"format = 1\nx = [\n")]


def test_an_empty_deck_is_named() -> None:
    """A header alone loads and prices nothing."""
    assert [(1, "no_rows")] == [(found.line, found.code) for found in check_deck(HEADER.encode())]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("44", "", "2021-01-01"), row("44", "2021-01-01")], []),
        ([row("44", "", "2021-01-01"), row("44", "2021-01-02")], [(3, "gap")]),
        ([row("44", "2021-01-02"), row("44", "", "2021-01-01")], [(2, "gap")]),
        ([row("44", "", "2021-01-01"), row("44", "2021-01-02", kind="premium")], []),
        ([row("44", "", "2021-01-01"), row("441", "2021-01-02")], []),
    ],
)
def test_time_gaps_of_a_prefix(rows: list[str], expected: list[tuple[int, str]]) -> None:
    """Two rows of one key between which none is in force."""
    assert expected == deck_findings(*rows)


def test_a_gap_is_told_with_its_ends() -> None:
    """A day alone where it begins with the day, an instant else."""
    rows = [row("44", "", "2021-01-01"), row("44", "2021-01-02T12:30:00Z")]
    text = "prefix 44 has no price from 2021-01-01 (line 2) to 2021-01-02T12:30:00Z"
    assert (Finding(3, "warning", "gap", text),) == check_deck(
        (HEADER + "\n".join(rows) + "\n").encode()
    )


def tens(prefix: str, since: str = "", until: str = "", *, kind: str = "mixed") -> list[str]:
    """Return a row for each next digit."""
    return [row(f"{prefix}{digit}", since, until, kind) for digit in range(10)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("44"), *tens("44")], [(2, "unreachable")]),
        ([row("44"), *tens("44")[:-1]], []),
        ([row("44"), *tens("44")[:-1], *tens("449")], [(2, "unreachable")]),
        ([row("44"), *tens("44", kind="premium")], []),
        ([row("44"), *tens("44", "2021-01-01")], []),
        ([row("44"), *tens("44", "", "2021-01-01")], []),
        ([row("4"), *tens("4")], [(2, "unreachable")]),
        ([row("44", "2021-01-01"), *tens("44", "2021-01-01")], [(2, "unreachable")]),
        (
            [row("44"), *tens("44", "", "2021-01-01"), *tens("44", "2021-01-01")],
            [(2, "unreachable")],
        ),
        ([row("44"), *(one.replace("USD", "EUR") for one in tens("44"))], []),
    ],
)
def test_rows_that_no_call_can_need(rows: list[str], expected: list[tuple[int, str]]) -> None:
    """Every number of the prefix has a longer one of the same use in force, all the time."""
    assert expected == deck_findings(*rows)


def toll_free(prefix: str, origin: str) -> str:
    """Return a toll-free row."""
    return f"inbound_toll_free,{prefix},{origin},x,toll_free,1,,USD,,"


def test_origins_shadow_only_their_own_callers() -> None:
    """Longer rows for one country leave the shorter row for any caller reachable."""
    of_canada = [toll_free(f"1800{digit}", "CA") for digit in range(10)]
    of_any = [toll_free(f"1800{digit}", "") for digit in range(10)]
    assert [] == deck_findings(toll_free("1800", ""), *of_canada)
    assert [(2, "unreachable")] == deck_findings(toll_free("1800", "CA"), *of_canada)
    assert [(2, "unreachable")] == deck_findings(toll_free("1800", "CA"), *of_any)


def test_a_toll_free_row_of_another_kind() -> None:
    """It is used, but somebody meant something else."""
    wrong = toll_free("1800", "").replace("toll_free,1,", "mobile,1,")
    assert [(2, "kind")] == deck_findings(wrong)


def test_a_price_is_one_of_an_outbound_row_in_the_currency() -> None:
    """Neither a toll-free row nor one in another currency lets users call a place."""
    rows = [row("33"), row("44").replace("USD", "EUR"), toll_free("49800", "")]
    raw = (HEADER + "\n".join(rows) + "\n").encode()
    found = check_deck(raw, Catalogue.load(DEFAULT_CATALOGUE))
    unpriced = {one.text for one in found if one.code == "no_price"}
    asked = {
        f"{place}: no outbound price in {currency}"
        for place in ("DE", "FR", "GB")
        for currency in ("EUR", "USD")
    }
    priced = {"FR: no outbound price in USD", "GB: no outbound price in EUR"}
    assert asked - priced == asked & unpriced


def places_without_price(rows: list[str], added: str = "") -> set[str]:
    """Return the words for what has no price in a deck, under the default catalogue and tables."""
    raw = (HEADER + "\n".join(rows) + "\n").encode()
    found = check_deck(raw, Catalogue.load(DEFAULT_CATALOGUE + added.encode()))
    return {one.text.partition(":")[0] for one in found if one.code == "no_price"}


def test_a_place_has_a_price_by_a_shorter_and_by_a_longer_prefix() -> None:
    """+7 is all of Kazakhstan, and +1206 some of the United States."""
    assert {"FR"} == {"FR", "KZ", "RU"} & places_without_price([row("7")])
    assert {"FR"} == {"FR", "US"} & places_without_price([row("1206")])
    assert {"FR", "KZ"} == {"FR", "KZ", "RU"} & places_without_price([row("7495")])


def test_places_of_plans_are_called_too() -> None:
    """A plan sold where the destination list does not reach needs a price there as well."""
    minutes = MINUTES.replace("FR", "IM")
    assert set() == {"IM"} & places_without_price([row("33")])
    assert {"IM"} == {"IM"} & places_without_price([row("33")], PLAN + minutes)


def test_premium_rows_that_nobody_may_use() -> None:
    """R-311: premium numbers of GB, FR and AT only, and of GB only the allow-list."""
    rows = [row(prefix, kind="premium") for prefix in ("44871", "44909", "33899", "49900", "44")]
    rows += [row("49"), toll_free("49800", "").replace("toll_free,1,", "premium,1,")]
    raw = (HEADER + "\n".join(rows) + "\n").encode()
    found = check_deck(raw, Catalogue.load(DEFAULT_CATALOGUE))
    assert [3, 5] == [one.line for one in found if one.code == "unreachable"]


PLAN = '[[plan]]\ncapability = "X"\nname = "x"\nbuckets = ["domestic"]\n'
MINUTES = '[[plan.minutes]]\ncountries = ["FR"]\ndomestic = 1\n'


def since(day: str) -> str:
    """Return a row of minutes from a day on."""
    return f"{MINUTES}valid_from = {day}\n"


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        (PLAN, ["plan_without_minutes"]),
        (PLAN + MINUTES, []),
        (PLAN + MINUTES + "valid_from = 2023-01-25\n", ["gap"]),
        (PLAN + '[[plan.minutes]]\ncountries = ["FR"]\noffered = false\n', ["unreachable"]),
        (
            PLAN + MINUTES + since("2023-01-03") + since("2023-01-25"),
            ["never_in_force"],
        ),
        (
            PLAN + MINUTES + since("2023-01-25") + since("2023-02-02"),
            [],
        ),
        (PLAN + MINUTES + '[[sku]]\nname = "Y"\ncapability = "X"\n', []),
        (
            PLAN + MINUTES + '[[sku]]\nname = "Y"\ncapability = "X"\nlocations = ["DE", "FR"]\n',
            ["sku_without_minutes"],
        ),
        (PLAN + MINUTES + '[[sku]]\nname = "Y"\nlocations = ["DE"]\n', []),
        ('[[sku]]\nname = "Y"\ncapability = "MCOPSTN9"\nlocations = ["ZW"]\n', []),
        ('[[sku]]\nname = "Y"\ncapability = "MCOPSTNPP"\nlocations = ["ZW"]\n', []),
    ],
)
def test_plans_and_licences_that_give_nothing(added: str, expected: list[str]) -> None:
    """Plans without rows, dates that never matter, SKUs where their plan is not offered."""
    assert expected == [code for code, _ in catalogue_findings(added)]


def test_rows_of_a_country_are_taken_by_date() -> None:
    """In whatever order the file has them."""
    assert [] == catalogue_findings(PLAN + since("2023-01-25") + MINUTES)


@pytest.mark.parametrize(
    ("first", "last", "codes"),
    [
        ("2023-01-03", "2023-01-31T10:00:00Z", ["never_in_force"]),
        ("2023-01-03", "2023-01-31T10:00:00.000001Z", []),
        ("2023-02-01T12:00:00Z", "2023-02-15", []),
        ("2023-02-01T12:00:00.000001Z", "2023-02-15", ["never_in_force"]),
    ],
)
def test_a_month_begins_when_it_does_in_the_farthest_zones(
    first: str, last: str, codes: list[str]
) -> None:
    """D-15: 14 hours before the first instant in UTC at the earliest, 12 after it at the latest."""
    rows = MINUTES + since(first) + since(last)
    assert codes == [code for code, _ in catalogue_findings(PLAN + rows)]


def test_destinations_and_aliases_that_nobody_reaches() -> None:
    """An aliased region in the list is unreachable, an alias to none of the list is pointless."""
    raw = b'# "FO"\n' + DEFAULT_CATALOGUE.replace(b'CC = "AU"', b'CC = "AU"\nFO = "DK"\nGG = "JE"')
    lines = raw.decode().splitlines()
    listed = lines.index("destinations = [") + 1
    of_faroe = next(at for at, line in enumerate(lines[listed:], listed + 1) if '"FO"' in line)
    found = [(one.line, one.code, one.text.split()[0]) for one in check_catalogue(raw)]
    assert [
        (of_faroe, "unreachable", "destination"),
        (lines.index('GG = "JE"') + 1, "alias_without_destination", "GG"),
    ] == found


def test_premium_prefixes_within_another() -> None:
    """A prefix of the allow-list that a shorter one covers has no effect."""
    raw = DEFAULT_CATALOGUE.replace(b'GB = ["44843"', b'GB = ["448431", "44843"')
    raw = raw.replace(b"[premium.prefixes]", b'# "448431"\n[premium.prefixes]')
    lines = raw.decode().splitlines()
    line = next(at for at, text in enumerate(lines, 1) if text.startswith('GB = ["448431"'))
    text = "prefix 448431 is part of 44843"
    assert (Finding(line, "warning", "unreachable", text),) == check_catalogue(raw)


def test_the_linters_region_prefixes_are_those_of_the_numbering_plans() -> None:
    """The table names every region that can be told by its digits, by digits of its own."""
    regions = phonenumbers.SUPPORTED_REGIONS
    assert regions - {"BL", "MF", "EH"} == REGION_PREFIXES.keys() - {"AN"}
    wrong = {}
    for region in REGION_PREFIXES.keys() - {"AN"}:
        code = phonenumbers.country_code_for_region(region)
        for prefix in REGION_PREFIXES[region]:
            if prefix != str(code) and region not in _regions_of(prefix, code):
                wrong[region] = prefix
            if prefix == str(code) and region != phonenumbers.region_code_for_country_code(code):
                wrong[region] = prefix
    assert {} == wrong


def _regions_of(prefix: str, code: int) -> set[str | None]:
    """Return the regions of numbers that begin with a prefix."""
    national = prefix.removeprefix(str(code))
    tails = [f"{lead}1234567890" for lead in ("", "2", "3", "4", "5", "6", "7", "8", "9")]
    numbers = [
        phonenumbers.PhoneNumber(
            country_code=code,
            national_number=int((national + tail)[:size]),
            italian_leading_zero=national.startswith("0") or None,
        )
        for tail in tails
        for size in range(4, 12)
    ]
    return {phonenumbers.region_code_for_number(number) for number in numbers}


def test_country_codes_hold_every_region_of_the_numbering_plans() -> None:
    """No place that can be called is missing in the table of country codes."""
    assert set() == phonenumbers.SUPPORTED_REGIONS - COUNTRY_CODES
    assert 253 == len(COUNTRY_CODES)  # 249 of ISO 3166 and four beside it
