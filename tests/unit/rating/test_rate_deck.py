"""Which row prices a call: longest prefix in force, of the call's kind, origin and currency."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating import decks
from rating.rate_deck import RateDeck, RateRow
from schemas.ledger import Price
from schemas.money import parse_money

HEADER = (
    "direction,prefix,origin,destination,kind,price_per_minute,connection_fee,currency,"
    "effective_from,effective_until\n"
)
NEW_YEAR = datetime(2021, 1, 1, tzinfo=UTC)
MARCH = datetime(2021, 3, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def deck(*rows: str) -> RateDeck:
    """Return a deck of these rows."""
    return RateDeck.load((HEADER + "\n".join(rows) + "\n").encode())


def named(row: RateRow | None) -> str | None:
    """Return the destination that a row names."""
    return row and row.destination


@pytest.fixture(scope="module")
def default_deck() -> RateDeck:
    """Return the default rate deck."""
    raw = decks.shipped("rates", decks.CURRENT["rates"])
    assert raw is not None
    return RateDeck.load(raw)


@pytest.mark.parametrize(
    ("digits", "prefix", "price"),
    [
        ("12065550100", "1206", "0.013"),
        ("19075550100", "1907", "0.09"),
        ("14165550100", "1416", "0.013"),
        ("17875550100", "1787", "0.02"),
        ("13405550100", "1340", "0.036"),
        ("16715550100", "1671", "0.04"),
        ("442079460000", "4420", "0.015"),
        ("447700900123", "447700", "0.32"),
        ("33144556677", "331", "0.016"),
        ("33612345678", "3361", "0.125"),
        ("4930123456", "49", "0.015"),
        ("34512345678", "34", "0.0165"),
        ("390612345678", "39", "0.016"),
        ("393312345678", "39331", "0.315"),
        ("31201234567", "31", "0.35"),
        ("3221234567", "32", "0.13"),
        ("41441234567", "41", "0.0234"),
        ("81312345678", "81", "0.061"),
        ("919812345678", "919", "0.035"),
        ("2634123456", "263", "0.223"),
    ],
)
def test_default_outbound_prices_are_those_of_domain_5_1(
    default_deck: RateDeck, digits: str, prefix: str, price: str
) -> None:
    """Every outbound figure that the domain text names is found by its number."""
    row = default_deck.outbound(digits, MARCH, "USD", premium=False)
    assert row is not None
    assert (prefix, parse_money(price)) == (row.prefix, row.price_per_minute)
    assert Price(prefix, None, None) == row.price
    assert 0 == row.connection_fee


@pytest.mark.parametrize("digits", ["260977123456", "53512345678", "18695550100"])
def test_default_deck_has_no_price_for_zambia_cuba_saint_kitts(
    default_deck: RateDeck, digits: str
) -> None:
    """C20, C21: destinations without a row of the figures have no rate."""
    assert default_deck.outbound(digits, MARCH, "USD", premium=False) is None


@pytest.mark.parametrize("digits", ["448711234567", "449091234567", "33899123456", "19005550100"])
def test_premium_calls_never_fall_through_to_the_country(
    default_deck: RateDeck, digits: str
) -> None:
    """R-311: without a row of its own kind a premium call has no rate."""
    assert default_deck.outbound(digits, MARCH, "USD", premium=True) is None


@pytest.mark.parametrize(
    ("digits", "origin", "price"),
    [
        ("18005550100", "US", "0.022"),
        ("18885550100", "CA", "0.022"),
        ("18665550100", "MX", "0.022"),
        ("18665550100", None, "0.022"),
        ("448081570001", "GB", "0.029"),
        ("448001570001", "GB", "0.029"),
        ("4580123456", None, "0.0343"),
        ("3531800123456", None, "0.0448"),
        ("41800123456", None, "0.0401"),
        ("39800123456", None, "0.3415"),
        ("498001234567", None, "0.175"),
        ("611800123456", None, "0.175"),
        ("34900123456", None, "0.22"),
        ("4620123456", None, "0.1138"),
        ("4780012345", None, "0.15"),
        ("318001234", None, "0.077"),
        ("3280012345", None, "0.0505"),
        ("43800123456", None, "0.0897"),
        ("351800123456", None, "0.0601"),
        ("35280012345", None, "0.28"),
        ("868001234567", None, "0.3168"),
        ("64800123456", None, "0.0666"),
    ],
)
def test_default_toll_free_prices_are_those_of_domain_5_1(
    default_deck: RateDeck, digits: str, origin: str | None, price: str
) -> None:
    """D-88: every country of the table has its toll-free price, for callers from anywhere."""
    row = default_deck.toll_free(digits, origin, MARCH, "USD")
    assert row is not None
    assert parse_money(price) == row.price_per_minute


def test_default_north_american_rows_name_the_callers_country(default_deck: RateDeck) -> None:
    """D-88, R-404: rows for callers from US and CA, and one for any."""
    origins = {}
    for origin in ("US", "CA", "MX", None):
        row = default_deck.toll_free("18005550100", origin, MARCH, "USD")
        assert row is not None
        origins[origin] = row.origin
    assert {"US": "US", "CA": "CA", "MX": None, None: None} == origins


def test_the_longest_prefix_wins() -> None:
    """Rows of any length from 1 to 15 digits are found, the longest first."""
    found = deck(
        *(f"outbound,{'123456789012345'[:size]},,{size},mixed,1,,USD,," for size in range(1, 16))
    )
    numbers = ["1999", "1299", "1239", "12349", "123459", "123456789012345", "12345678901234"]
    rows = [named(found.outbound(digits, MARCH, "USD", premium=False)) for digits in numbers]
    assert ["1", "2", "3", "4", "5", "15", "14"] == rows
    assert found.outbound("29", MARCH, "USD", premium=False) is None
    assert found.outbound("", MARCH, "USD", premium=False) is None


def test_rows_not_in_force_are_skipped_before_the_longest_prefix() -> None:
    """D-29: a shorter prefix in force beats a longer one that is not."""
    found = deck(
        "outbound,44,,long,mixed,1,,USD,,",
        "outbound,4420,,old,mixed,2,,USD,,2021-01-01",
        "outbound,4420,,new,mixed,3,,USD,2021-03-01T00:00:00Z,",
    )
    at = [NEW_YEAR - MICROSECOND, NEW_YEAR, MARCH - MICROSECOND, MARCH]
    rows = [named(found.outbound("442079", instant, "USD", premium=False)) for instant in at]
    assert ["old", "long", "long", "new"] == rows


@pytest.mark.parametrize("shorter", ["1", "12", "120", "1206", "12065"])
def test_a_row_not_in_force_leaves_every_shorter_one(shorter: str) -> None:
    """D-29: down to the first digit."""
    ended, other = (
        "outbound,120655,,x,mixed,1,,USD,,2021-01-01",
        f"outbound,{shorter},,x,mixed,2,,USD,,",
    )
    row = deck(ended, other).outbound("12065550123", MARCH, "USD", premium=False)
    assert shorter == (None if row is None else row.prefix)


def test_a_row_of_another_currency_does_not_exist() -> None:
    """D-51: a longer prefix in another currency is passed over, also for toll-free calls."""
    found = deck(
        "outbound,44,,usd,mixed,1,,USD,,",
        "outbound,4420,,eur,mixed,1,,EUR,,",
        "inbound_toll_free,44808,,eur,toll_free,1,,EUR,,",
    )
    assert "usd" == named(found.outbound("442079", MARCH, "USD", premium=False))
    assert "eur" == named(found.outbound("442079", MARCH, "EUR", premium=False))
    assert found.outbound("442079", MARCH, "GBP", premium=False) is None
    assert found.toll_free("44808", None, MARCH, "USD") is None


def test_premium_and_ordinary_rows_never_serve_each_other() -> None:
    """D-29, D-66: both kinds may stand at one prefix, and premium kinds serve either class."""
    found = deck(
        "outbound,44,,ordinary,landline,1,,USD,,",
        "outbound,44871,,shared,shared_cost,0.10,0.05,USD,,",
        "outbound,44871,,landline,landline,1,,USD,,",
        "outbound,33899,,premium,premium,0.80,,USD,,",
        "outbound,441,,free,toll_free,1,,USD,,",
    )
    assert "shared" == named(found.outbound("448711", MARCH, "USD", premium=True))
    assert "landline" == named(found.outbound("448711", MARCH, "USD", premium=False))
    assert "premium" == named(found.outbound("33899", MARCH, "USD", premium=True))
    assert "free" == named(found.outbound("441", MARCH, "USD", premium=False))
    assert found.outbound("33899", MARCH, "USD", premium=False) is None
    assert found.outbound("442079", MARCH, "USD", premium=True) is None
    priced = found.outbound("448711", MARCH, "USD", premium=True)
    assert priced is not None
    assert (10_000_000, 5_000_000) == (priced.price_per_minute, priced.connection_fee)  # C23


def test_a_toll_free_call_never_uses_a_premium_row() -> None:
    """D-29: a row of a premium kind serves class 4 only, inbound as outbound."""
    found = deck(
        "inbound_toll_free,1,,ordinary,toll_free,0.025,,USD,,",
        "inbound_toll_free,18005,,premium,premium,7,,USD,,",
    )
    assert "ordinary" == named(found.toll_free("18005550123", None, MARCH, "USD"))


def test_toll_free_origin_beats_any_at_the_same_prefix_only() -> None:
    """C32, R-404: longest prefix first, then the caller's country, then any."""
    found = deck(
        "inbound_toll_free,1800,,any,toll_free,0.022,,USD,,",
        "inbound_toll_free,1800,CA,canada,toll_free,0.030,,USD,,",
        "inbound_toll_free,1800555,,longer,toll_free,0.040,,USD,,",
        "inbound_toll_free,1877,CA,only canada,toll_free,0.050,,USD,,",
        "outbound,1,,outbound,mixed,1,,USD,,",
    )
    assert "canada" == named(found.toll_free("18002345678", "CA", MARCH, "USD"))
    assert "any" == named(found.toll_free("18002345678", "US", MARCH, "USD"))
    assert "any" == named(found.toll_free("18002345678", None, MARCH, "USD"))
    assert "longer" == named(found.toll_free("18005552222", "CA", MARCH, "USD"))
    assert "only canada" == named(found.toll_free("18772345678", "CA", MARCH, "USD"))
    assert found.toll_free("18772345678", None, MARCH, "USD") is None  # D-58
    assert found.toll_free("18772345678", "US", MARCH, "USD") is None
    assert found.toll_free("12065550100", "US", MARCH, "USD") is None


def test_an_origin_row_not_in_force_leaves_the_row_for_any() -> None:
    """A row for the caller's country counts only while it is in force."""
    found = deck(
        "inbound_toll_free,1800,CA,canada,toll_free,0.030,,USD,2021-03-01,",
        "inbound_toll_free,1800,,any,toll_free,0.022,,USD,,",
    )
    at = [MARCH - MICROSECOND, MARCH]
    rows = [named(found.toll_free("1800555", "CA", instant, "USD")) for instant in at]
    assert ["any", "canada"] == rows


def test_the_ledgers_prefix_is_whatever_the_kind_or_date() -> None:
    """Contracts 3: destination.prefix is the longest outbound prefix that fits."""
    found = deck(
        "outbound,44,,a,mixed,1,,USD,,",
        "outbound,4420,,b,mixed,1,,EUR,,2001-01-01",
        "outbound,44871,,c,premium,1,,USD,,",
        "inbound_toll_free,448081,,d,toll_free,1,,USD,,",
    )
    numbers = ["442079", "448711", "448081", "33"]
    assert ["4420", "44871", "44", None] == [found.outbound_prefix(digits) for digits in numbers]


SPANS = [("", ""), ("", "2021-01-01"), ("2021-01-01", "2021-03-01"), ("2021-03-01", "")]
ROWS = st.dictionaries(
    st.tuples(st.text("12", min_size=1, max_size=6), st.sampled_from(["mixed", "premium"])),
    st.lists(st.sampled_from(SPANS[1:]), unique=True, max_size=3),
    max_size=12,
)


@given(ROWS, st.text("12", max_size=8), st.booleans(), st.sampled_from([NEW_YEAR, MARCH]))
def test_a_look_up_equals_the_search_through_all_rows(
    rows: dict[tuple[str, str], list[tuple[str, str]]],
    digits: str,
    premium: bool,
    at: datetime,
) -> None:
    """The index answers what reading the whole file answers, for any set of prefixes."""
    found = deck(
        *(
            f"outbound,{prefix},,x,{kind},1,,USD,{since},{until}"
            for (prefix, kind), spans in rows.items()
            for since, until in spans
        )
    )
    fitting = [
        row
        for row in found.rows
        if digits.startswith(row.prefix)
        and (row.kind == "premium") == premium
        and (row.effective_from is None or row.effective_from <= at)
        and (row.effective_until is None or at < row.effective_until)
    ]
    expected = max(fitting, key=lambda row: len(row.prefix), default=None)
    assert expected == found.outbound(digits, at, "USD", premium=premium)
