"""A bad catalogue is refused with the line at fault."""

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating import decks
from rating.catalogue import Catalogue, CatalogueError

SMALL = """\
format = 1
destinations = ["FR"]
dial_out_zone = ["FR"]
unlimited_dial_out = []
global_codes = ["870"]

[[plan]]
capability = "P1"
name = "one"
buckets = ["domestic", "international"]
joint_cap = true

[[plan.minutes]]
countries = [
    "FR",
    "DE",
]
domestic = 10
international = 5

[[plan.minutes]]
countries = ["FR"]
valid_from = 2023-01-25T00:00:00+01:00
domestic = 20
international = 5

[[sku]]
name = "S1"
capability = "P1"
locations = ["FR"]

[region_groups]
FR = ["FR", "MC"]

[domestic_zones]
FR = ["FR"]

[aliases]
BL = "GP"

[premium]
own_country = []

[premium.prefixes]
GB = ["44843"]
"""


def problems(text: str | bytes) -> list[tuple[int, str]]:
    """Return line and code of every error of a file."""
    raw = text if isinstance(text, bytes) else text.encode()
    try:
        Catalogue.load(raw)
    except CatalogueError as error:
        return [(found.line, found.code) for found in error.problems]
    return []


def changed(old: str, new: str) -> str:
    """Return the small catalogue with one place changed."""
    assert 1 == SMALL.count(old)
    return SMALL.replace(old, new)


def test_a_good_file_has_no_problems() -> None:
    """The small catalogue loads, with LF and with CRLF, under the hash of its bytes."""
    assert [] == problems(SMALL)
    assert [] == problems(SMALL.replace("\n", "\r\n"))
    version = hashlib.sha256(SMALL.encode()).hexdigest()
    assert version == Catalogue.load(SMALL.encode()).version


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("format = 1", "format = 2", (1, "format")),
        ("format = 1", "format = true", (1, "wrong_type")),
        ("format = 1\n", "\n", (1, "missing_key")),
        ("format = 1", "format = 1\nplam = 3", (2, "unknown_key")),
        ('destinations = ["FR"]', 'destinations = ["FR", "UK"]', (2, "country")),
        ('destinations = ["FR"]', 'destinations = "FR"', (2, "wrong_type")),
        ('destinations = ["FR"]', 'destinations = ["FR", 3]', (2, "wrong_type")),
        ('destinations = ["FR"]', 'destinations = ["FR", "FR"]', (2, "twice")),
        ('destinations = ["FR"]', "x = [", (3, "bad_toml")),
        ('dial_out_zone = ["FR"]\n', "\n", (1, "missing_key")),
        ('global_codes = ["870"]', 'global_codes = ["+870"]', (5, "calling_code")),
        ('global_codes = ["870"]', 'global_codes = ["8700"]', (5, "calling_code")),
        ('capability = "P1"\nname', 'capability = "P/1"\nname', (8, "capability")),
        ('name = "one"', "name = 1", (9, "wrong_type")),
        ('name = "one"\n', "\n", (7, "missing_key")),
        ('name = "one"', 'name = "one"\nname = "two"', (10, "bad_toml")),
        ('name = "one"', 'name = "one"\nper_usr = true', (10, "unknown_key")),
        ('name = "one"', 'name = "one"\ndrain_order = -1', (10, "out_of_range")),
        ('name = "one"', 'name = "one"\nrights = ["credit"]', (10, "choice")),
        ('"international"]', '"internatonal"]', (10, "choice")),
        ('"international"]', '"international", "dial_out"]', (10, "buckets")),
        ("joint_cap = true", "joint_cap = 1", (11, "wrong_type")),
        ('    "DE",', '    "XX",', (16, "country")),
        ('    "DE",', '    "FR",', (16, "twice")),
        ("domestic = 10", "domestic = 10.0", (18, "wrong_type")),
        ("domestic = 10", "domestic = true", (18, "wrong_type")),
        ("domestic = 10", "domestic = -1", (18, "out_of_range")),
        ("domestic = 10\n", "\n", (13, "missing_key")),
        ("domestic = 10", "domestic = 10\ndial_out = 60", (19, "unknown_key")),
        ("international = 5\n\n[[sku]]", "offered = false\n\n[[sku]]", (24, "unknown_key")),
        ('countries = ["FR"]\nvalid', "countries = []\nvalid", (22, "country")),
        ("valid_from = 2023-01-25T00:00:00+01:00\n", "\n", (22, "overlap")),
        ("00:00+01:00", "00:00", (23, "date")),
        ("2023-01-25T00:00:00+01:00", '"2023-01-25"', (23, "wrong_type")),
        ("2023-01-25T00:00:00+01:00", "2023-02-30", (23, "bad_toml")),
        ("2023-01-25T00:00:00+01:00", "0001-01-01T00:00:00+01:00", (23, "date")),
        ('name = "S1"', 'name = ""', (27, "name")),
        ('name = "S1"', 'name = "P1"', (27, "twice")),
        ('name = "S1"', 'name = "S1\\u0007"', (28, "name")),
        ('name = "S1"\ncapability = "P1"', 'name = "S1"\ncapability = "P2"', (27, "unknown_plan")),
        ('capability = "P1"\nlocations = ["FR"]', 'rights = ["credits"]', (29, "rights")),
        ('FR = ["FR", "MC"]', 'FR = ["MC"]', (33, "region_group")),
        ('FR = ["FR", "MC"]', 'FR = ["FR", "MC"]\nEU = ["MC"]', (34, "twice")),
        ('FR = ["FR", "MC"]', 'E = ["FR", "MC"]', (33, "region_group")),
        ('[domestic_zones]\nFR = ["FR"]', '[domestic_zones]\nFR = ["DE"]', (36, "domestic_zone")),
        ('[domestic_zones]\nFR = ["FR"]', '[domestic_zones]\nXX = ["XX"]', (36, "country")),
        ('BL = "GP"', 'BL = "XX"', (39, "country")),
        ('BL = "GP"', 'BL = "GP"\nGP = "FR"', (39, "alias")),
        ('GB = ["44843"]', 'GB = ["+44843"]', (45, "prefix")),
        ('GB = ["44843"]', 'GB = ["44843"]\nFR = ["44843"]', (46, "twice")),
        ("[premium.prefixes]", "[premium.prefix]", (41, "missing_key")),
        ("format = 1", "# a remark\nformat = 2", (2, "format")),
        ("format = 1", "format = 0", (1, "out_of_range")),
        ("format = 1", "format = 999", (1, "format")),
        ("format = 1", "format = 1000", (1, "out_of_range")),
        ("own_country = []", "own_country = []\nown = []", (43, "unknown_key")),
        ('["domestic", "international"]', '["domestic", "dial_out"]', (10, "buckets")),
        ('["domestic", "international"]', '["domestic"]', (11, "joint_cap")),
        ('["domestic", "international"]', '["international"]', (11, "joint_cap")),
        ('["domestic", "international"]', "[]", (13, "buckets")),
        ("domestic = 10\n", "domestic = 10_000_001\n", (18, "out_of_range")),
        ('name = "one"', 'name = "one"\ndrain_order = 1_000_001', (10, "out_of_range")),
        ('name = "S1"', 'name = "S1"\nlocation = "FR"', (29, "unknown_key")),
        ('name = "S1"', f'name = "{"S" * 129}"', (28, "name")),
        ('BL = "GP"', 'XX = "GP"', (39, "country")),
        ('global_codes = ["870"]\n', "\n", (1, "missing_key")),
        ('buckets = ["domestic", "international"]\n', "\n", (7, "missing_key")),
    ],
)
def test_an_error_names_its_line(old: str, new: str, expected: tuple[int, str]) -> None:
    """One mistake is found where it stands."""
    assert expected in problems(changed(old, new))


def test_what_a_plan_says_is_read() -> None:
    """Contracts 5: capability, name, buckets, cap, order, rights, minutes from an instant on."""
    text = changed('name = "one"', 'name = "one"\ndrain_order = 7\nrights = ["credits"]')
    (plan,) = Catalogue.load(text.encode()).file.plans
    said = (plan.name, plan.buckets, plan.joint_cap, plan.per_user, plan.drain_order, plan.rights)
    buckets = ("domestic", "international")
    assert ("one", buckets, True, False, 7, frozenset({"credits"})) == said
    first, second = plan.minutes
    assert (("FR", "DE"), None, True) == (first.countries, first.valid_from, first.offered)
    assert {"domestic": 10, "international": 5} == first.minutes
    assert datetime(2023, 1, 24, 23, tzinfo=UTC) == second.valid_from


def test_the_bounds_of_numbers_are_allowed() -> None:
    """The most minutes and the last order load, and so do no minutes and the first order."""
    most = changed("domestic = 10\n", "domestic = 10_000_000\n")
    (plan,) = Catalogue.load(with_order(most, "1_000_000")).file.plans
    assert (10_000_000, 1_000_000) == (plan.minutes[0].minutes["domestic"], plan.drain_order)
    none = changed("domestic = 10\n", "domestic = 0\n")
    (plan,) = Catalogue.load(with_order(none, "0")).file.plans
    assert (0, 0) == (plan.minutes[0].minutes["domestic"], plan.drain_order)


def with_order(text: str, order: str) -> bytes:
    """Return a catalogue whose plan has this drain order."""
    return text.replace('name = "one"', f'name = "one"\ndrain_order = {order}').encode()


def test_the_largest_file_loads() -> None:
    """Four binary megabytes to the byte are not too large."""
    room = 4 * 1024 * 1024 - len(SMALL)
    assert [] == problems(SMALL + "#" * room)
    assert [(1, "too_large")] == problems(SMALL + "#" * (room + 1))


def test_an_array_of_tables_holds_tables() -> None:
    """Anything else in it is refused at the array."""
    sku = '[[sku]]\nname = "S1"\ncapability = "P1"\nlocations = ["FR"]\n'
    text = changed(sku, "").replace("format = 1", "format = 1\nsku = [3]")
    assert [(2, "wrong_type")] == problems(text)


def test_a_plan_of_dial_out_is_of_no_single_user() -> None:
    """R-601: its pool is the tenant's."""
    dial_out = SMALL.replace('"domestic", "international"]\njoint_cap = true', '"dial_out"]')
    dial_out = dial_out.replace("domestic = 10\ninternational = 5", "dial_out = 60")
    dial_out = dial_out.replace("domestic = 20\ninternational = 5", "dial_out = 60")
    assert [] == problems(dial_out)
    own = dial_out.replace('"dial_out"]', '"dial_out"]\nper_user = true')
    assert [(10, "buckets")] == problems(own)


def test_a_plan_without_its_capability_is_an_empty_name_too() -> None:
    """Nothing is made up for what is missing, so a SKU of the plan is one of no plan."""
    expected = [(7, "missing_key"), (7, "name"), (26, "unknown_plan")]
    assert expected == problems(changed('capability = "P1"\nname = "one"', 'name = "one"'))


def test_the_longest_name_of_a_product_loads() -> None:
    """Contracts 1: an id has up to 128 characters."""
    assert [] == problems(changed('name = "S1"', f'name = "{"S" * 128}"'))


def test_an_alias_of_another_type_is_one_error() -> None:
    """Nothing is made up for what is wrong, so no second error follows from it."""
    assert [(39, "wrong_type")] == problems(changed('BL = "GP"', "BL = 3"))


def test_a_rival_row_is_named_at_its_countries() -> None:
    """The line is that of the country in the list, not of a remark before it."""
    text = changed(
        'countries = ["FR"]\nvalid_from = 2023-01-25T00:00:00+01:00',
        '# "FR" once more\ncountries = [\n"FR"]',
    )
    assert [(24, "overlap")] == problems(text)


def test_all_errors_are_listed_in_order() -> None:
    """A person mends them in one go."""
    text = changed('["FR"]\ndial', '["UK"]\ndial').replace("domestic = 10", "domestic = -1")
    assert [(2, "country"), (18, "out_of_range")] == problems(text)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\xef\xbb\xbf" + SMALL.encode(), (1, "byte_order_mark")),
        (b"a = 1\nb = '\xff'\n", (2, "bad_encoding")),
        (b"a = 1\nb = '\x00'\n", (2, "bad_encoding")),
        (b"", (1, "missing_key")),
        (b"a = " + b"[" * 50_000, (1, "bad_toml")),
        (b"\na = " + b"9" * 10_000, (2, "bad_toml")),
        (b"#" * (4 * 1024 * 1024 + 1), (1, "too_large")),
    ],
    ids=["bom", "utf8", "nul", "empty", "deep", "long number", "large"],
)
def test_hostile_bytes_are_refused(raw: bytes, expected: tuple[int, str]) -> None:
    """What is no catalogue at all is refused like any other mistake."""
    assert expected in problems(raw)


@given(
    st.integers(0, len(SMALL) - 1),
    st.integers(0, 40),
    st.text(alphabet="[]{}\"=.,#\n\\' \r0aF", max_size=6),
)
def test_any_damage_is_refused_or_loads(start: int, length: int, inserted: str) -> None:
    """No damage of a file ends in anything but a catalogue or a refusal with lines of the file."""
    text = SMALL[:start] + inserted + SMALL[start + length :]
    lines = {line for line, _ in problems(text)}
    assert lines <= set(range(1, text.count("\n") + 2))


def test_the_message_is_one_line() -> None:
    """The error's text is fit for a command's output."""
    with pytest.raises(CatalogueError, match=r"\Acatalogue refused, line 2: .*\Z"):
        Catalogue.load(changed('destinations = ["FR"]', 'destinations = ["UK"]').encode())


def test_the_default_file_has_its_lines_known() -> None:
    """Every plan and row of the default catalogue is found at a header of its own."""
    raw = decks.shipped("catalogue", decks.CURRENT["catalogue"])
    assert raw is not None
    file = Catalogue.load(raw).file
    text = raw.decode().split("\n")
    for plan in file.plans:
        assert "[[plan]]" == text[plan.line - 1]
        assert [] == [row for row in plan.minutes if text[row.line - 1] != "[[plan.minutes]]"]
    assert [] == [sku for sku in file.skus if text[sku.line - 1] != "[[sku]]"]
