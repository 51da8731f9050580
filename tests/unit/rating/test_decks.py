"""The shipped files are what their script makes and what the index says."""

import hashlib
from importlib import resources
from pathlib import Path

import phonenumbers
import pytest

from rating import decks
from rating.catalogue import Catalogue
from rating.decks import make_default
from rating.rate_deck import RateDeck

FIGURES = (
    "Destination Name,Destination Type,Country,Prefix,Price / min\r\n"
    "Spain,landline,ES,34,0.0165\r\n"
    "Canada-Toronto,mixed,CA,1416,0.0130\r\n"
    '"Korea, Republic of - Mobile",mobile,KR,8210,0.20\r\n'
    "Argentina - Toll Free,non-geographic,AR,54800,0.039\r\n"
)
OUTBOUND = """\
outbound,1416,,Canada-Toronto,mixed,0.013,0,USD,,
outbound,34,,Spain,landline,0.0165,0,USD,,
outbound,54800,,Argentina - Toll Free,non_geographic,0.039,0,USD,,
outbound,8210,,"Korea, Republic of - Mobile",mobile,0.2,0,USD,,
"""
TOLL_FREE_SHA256 = "c6561575a5a6d544b1edcd3720a8142f08c40eda81e7002eaba16c7f1e37c1e4"


@pytest.mark.parametrize("kind", ["catalogue", "rates"])
def test_shipped_files_have_the_versions_they_are_listed_under(kind: str) -> None:
    """Contracts 5: a version is the hash of the bytes, so a shipped file never changes."""
    for version in decks.SHIPPED[kind]:
        raw = decks.shipped(kind, version)
        assert raw is not None
        assert version == hashlib.sha256(raw).hexdigest()


def test_every_reference_file_of_the_folder_is_listed() -> None:
    """No file ships without being loadable by its version."""
    listed = {name for names in decks.SHIPPED.values() for name in names.values()}
    present = {file.name for file in resources.files(decks).iterdir()}
    assert listed == {name for name in present if name.endswith((".csv", ".toml"))}


def test_files_that_have_shipped_stay() -> None:
    """Contracts 5: a shipped default is always loadable by its version, also after a newer one."""
    released = {
        "catalogue": {"7b06830b673d64411c0cf37882a509e2d5f5c8846f6c1b2499d931353d3c30c3"},
        "rates": {"2522b6062e91f585ea27842e38b09b66ee8ddb642f8ad4593927734dc8afa1ed"},
    }
    assert released["catalogue"] <= decks.SHIPPED["catalogue"].keys()
    assert released["rates"] <= decks.SHIPPED["rates"].keys()


def test_the_current_defaults_load() -> None:
    """The named defaults are among the shipped files and are good."""
    catalogue = decks.shipped("catalogue", decks.CURRENT["catalogue"])
    rates = decks.shipped("rates", decks.CURRENT["rates"])
    assert catalogue is not None
    assert rates is not None
    assert decks.CURRENT["catalogue"] == Catalogue.load(catalogue).version
    assert decks.CURRENT["rates"] == RateDeck.load(rates).version


def test_an_unknown_version_is_none() -> None:
    """Neither a foreign hash nor one of the other kind is found."""
    assert decks.shipped("rates", "0" * 64) is None
    assert decks.shipped("rates", decks.CURRENT["catalogue"]) is None


def test_the_default_deck_has_all_figures() -> None:
    """D-63: 6,592 outbound rows and the toll-free rows, all unbounded, in US dollars, no fee."""
    raw = decks.shipped("rates", decks.CURRENT["rates"])
    assert raw is not None
    rows = RateDeck.load(raw).rows
    kinds = [row.kind for row in rows if row.direction == "outbound"]
    counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    assert {"landline": 523, "mixed": 431, "mobile": 5531, "non_geographic": 107} == counts
    assert {("USD", 0, None, None)} == {
        (row.currency, row.connection_fee, row.effective_from, row.effective_until) for row in rows
    }
    prices = [row.price_per_minute for row in rows if row.direction == "outbound"]
    assert (1_100_000, 70_800_000) == (min(prices), max(prices))  # domain 5.1: 0.011 to 0.708


def test_the_script_makes_the_shipped_form(tmp_path: Path) -> None:
    """Figures come out sorted, in the deck's own form, toll-free rows first, byte for byte."""
    figures, out = tmp_path / "figures.csv", tmp_path / "deck.csv"
    figures.write_bytes(FIGURES.encode())
    assert 0 == make_default.main([str(figures), str(out)])
    header, toll_free, outbound = _parts(out.read_text(encoding="utf-8"))
    assert OUTBOUND == outbound
    assert TOLL_FREE_SHA256 == hashlib.sha256(toll_free.encode()).hexdigest()
    shipped = decks.shipped("rates", decks.CURRENT["rates"])
    assert shipped is not None
    assert (header, toll_free) == _parts(shipped.decode())[:2]


def _parts(deck: str) -> tuple[str, str, str]:
    """Return header, toll-free rows and outbound rows of a deck's text."""
    header, _, rows = deck.partition("\n")
    start = rows.index("outbound,")
    return header, rows[:start], rows[start:]


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ("", "line 1: the columns are not"),
        ("a,b\n1,2\n", "line 1: the columns are not"),
        (FIGURES.replace("landline", "fixed"), "line 2: unknown destination type 'fixed'"),
        (FIGURES.replace("0.0165", "1e3"), "prefix 34: the price '1e3' is not a plain decimal"),
        (FIGURES.replace("1416", "34"), "prefix 34 has two prices"),
        (FIGURES.replace("ES,34,0.0165", "ES,34"), "line 2: cells are missing"),
    ],
)
def test_the_script_refuses_other_figures(
    figures: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A card of another form makes no deck and one clear line."""
    source, out = tmp_path / "figures.csv", tmp_path / "deck.csv"
    source.write_bytes(figures.encode())
    assert 1 == make_default.main([str(source), str(out)])
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_the_script_explains_its_use(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage is exit 2."""
    assert 2 == make_default.main([])
    assert capsys.readouterr().err.startswith("usage: ")


TOLL_FREE_PREFIXES = [
    (country, prefix) for country, _, _, prefixes in make_default.TOLL_FREE for prefix in prefixes
]
NORTH_AMERICAN = [("US", prefix) for prefix in make_default.NORTH_AMERICAN_TOLL_FREE]


@pytest.mark.parametrize(("country", "prefix"), [*TOLL_FREE_PREFIXES, *NORTH_AMERICAN])
def test_toll_free_prefixes_are_those_of_the_numbering_plan(country: str, prefix: str) -> None:
    """D-88: some continuation of each prefix is a toll-free number of that country."""
    assert any(
        phonenumbers.is_valid_number_for_region(number, country)
        and phonenumbers.PhoneNumberType.TOLL_FREE == phonenumbers.number_type(number)
        for number in _continuations(prefix)
    )


def _continuations(prefix: str) -> list[phonenumbers.PhoneNumber]:
    """Return numbers of every length that begin with a prefix."""
    digits = "2345678901"
    return [phonenumbers.parse(f"+{prefix}{digits[:size]}") for size in range(2, 11)]


@pytest.mark.parametrize("country", sorted({country for country, _ in TOLL_FREE_PREFIXES} | {"US"}))
def test_no_toll_free_prefix_of_the_numbering_plan_is_missing(country: str) -> None:
    """D-88: whatever five digits begin a toll-free number of the country, it has a price."""
    deck = RateDeck.load(decks.shipped("rates", decks.CURRENT["rates"]) or b"")
    prefixes = {row.prefix for row in deck.rows if row.direction == "inbound_toll_free"}
    code = phonenumbers.country_code_for_region(country)
    missing = [
        national
        for national in _toll_free_beginnings(country)
        if not any(f"{code}{national}".startswith(prefix) for prefix in prefixes)
    ]
    assert [] == missing


def _toll_free_beginnings(country: str) -> list[str]:
    """Return five-digit beginnings of a country's toll-free numbers, by trying them all."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    lengths = metadata.toll_free.possible_length
    code = phonenumbers.country_code_for_region(country)
    found = []
    for beginning in range(10_000, 100_000, 10):  # the fifth digit never tells one from another
        for length in lengths:
            national = str(beginning)[:length].ljust(length, "2")
            number = phonenumbers.PhoneNumber(country_code=code, national_number=int(national))
            kind = phonenumbers.number_type(number)
            region = phonenumbers.region_code_for_number(number)
            if (kind, region) == (phonenumbers.PhoneNumberType.TOLL_FREE, country):
                found.append(national)
                break
    return found
