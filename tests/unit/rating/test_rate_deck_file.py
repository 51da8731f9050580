"""A bad rate deck is refused with the lines at fault."""

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.rate_deck import RateDeck, RateDeckError
from rating.reference_finding import PROBLEMS_MAX

HEADER = (
    "direction,prefix,origin,destination,kind,price_per_minute,connection_fee,currency,"
    "effective_from,effective_until"
)
GOOD = "outbound,44,,United Kingdom,mixed,0.015,0,USD,,"


def problems(*lines: str, header: str = HEADER) -> list[tuple[int, str]]:
    """Return line and code of every error of a file."""
    return problems_of("\n".join([header, *lines, ""]).encode())


def problems_of(raw: bytes) -> list[tuple[int, str]]:
    """Return line and code of every error of a file."""
    try:
        RateDeck.load(raw)
    except RateDeckError as error:
        return [(found.line, found.code) for found in error.problems]
    return []


def test_a_good_file_has_no_problems() -> None:
    """Empty decks, CRLF, blank lines, quoted cells and columns in another order load."""
    assert [] == problems()
    assert [] == problems(GOOD)
    assert [] == problems_of(f"{HEADER}\r\n{GOOD}\r\n".encode())
    assert [] == problems_of(f"{HEADER}\n\n{GOOD}\n\n".encode())
    assert [] == problems_of(f"{HEADER}\n{GOOD}".encode())
    quoted = 'outbound,"44",,"Kingdom, ""United""",mixed,"0.015",,USD,,'
    deck = RateDeck.load(f"{HEADER}\n{quoted}\n".encode())
    assert 'Kingdom, "United"' == deck.rows[0].destination
    turned = "prefix,direction" + HEADER.removeprefix("direction,prefix")
    assert [] == problems("44,outbound" + GOOD.removeprefix("outbound,44"), header=turned)


def test_the_version_is_the_hash_of_the_bytes() -> None:
    """Contracts 5: two files that differ in a byte are two versions."""
    raw = f"{HEADER}\n{GOOD}\n".encode()
    assert hashlib.sha256(raw).hexdigest() == RateDeck.load(raw).version
    assert RateDeck.load(raw).version != RateDeck.load(raw + b"\n").version


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("inbound,44,,x,mixed,1,,USD,,", "direction"),
        (",44,,x,mixed,1,,USD,,", "direction"),
        ("outbound,+44,,x,mixed,1,,USD,,", "prefix"),
        ("outbound,044,,x,mixed,1,,USD,,", "prefix"),
        ("outbound,,,x,mixed,1,,USD,,", "prefix"),
        ("outbound,1234567890123456,,x,mixed,1,,USD,,", "prefix"),
        ("outbound,4\u0664,,x,mixed,1,,USD,,", "prefix"),
        ("outbound, 44,,x,mixed,1,,USD,,", "prefix"),
        ("outbound,44,US,x,mixed,1,,USD,,", "origin"),
        ("inbound_toll_free,44800,UK,x,toll_free,1,,USD,,", "origin"),
        ("inbound_toll_free,44800,gb,x,toll_free,1,,USD,,", "origin"),
        ("outbound,44,,x\u0007,mixed,1,,USD,,", "destination"),
        ("outbound,44,," + "x" * 201 + ",mixed,1,,USD,,", "destination"),
        ("outbound,44,,x,fixed,1,,USD,,", "kind"),
        ("outbound,44,,x,,1,,USD,,", "kind"),
        ("outbound,44,,x,mixed,-0.01,,USD,,", "negative"),
        ("outbound,44,,x,mixed,1,-1,USD,,", "negative"),
        ("outbound,44,,x,mixed,-0.00000001,,USD,,", "negative"),
        ("outbound,44,,x,mixed,,,USD,,", "amount"),
        ("outbound,44,,x,mixed,1e2,,USD,,", "amount"),
        ("outbound,44,,x,mixed,+1,,USD,,", "amount"),
        ("outbound,44,,x,mixed,.5,,USD,,", "amount"),
        ("outbound,44,,x,mixed,NaN,,USD,,", "amount"),
        ('outbound,44,,x,mixed,"1,5",,USD,,', "amount"),
        ("outbound,44,,x,mixed,0.000000001,,USD,,", "amount"),
        ("outbound,44,,x,mixed,1,,usd,,", "currency"),
        ("outbound,44,,x,mixed,1,,,,", "currency"),
        ("outbound,44,,x,mixed,1,,XXX,,", "currency"),
        ("outbound,44,,x,mixed,1,,USD,2021-02-29,", "date"),
        ("outbound,44,,x,mixed,1,,USD,2021-3-1,", "date"),
        ("outbound,44,,x,mixed,1,,USD,20210301,", "date"),
        ("outbound,44,,x,mixed,1,,USD,2021-W09-1,", "date"),
        ("outbound,44,,x,mixed,1,,USD,2021-03-01T00:00:00,", "date"),
        ("outbound,44,,x,mixed,1,,USD,2021-03-01 00:00:00Z,", "date"),
        ("outbound,44,,x,mixed,1,,USD,2021-03-01T24:00:00Z,", "date"),
        ("outbound,44,,x,mixed,1,,USD,2021-03-01T00:00:60Z,", "date"),
        ("outbound,44,,x,mixed,1,,USD,0001-01-01T00:00:00+01:00,", "date"),
        ("outbound,44,,x,mixed,1,,USD,,yesterday", "date"),
        ("outbound,44,,x,mixed,1,,USD,2021-03-01,2021-03-01", "never_in_force"),
        ("outbound,44,,x,mixed,1,,USD,2021-03-02,2021-03-01", "never_in_force"),
        ("outbound,44,,x,mixed,1,,USD,", "cells"),
        ("outbound,44,,x,mixed,1,,USD,,,", "cells"),
        ('outbound,44,,"x"y,mixed,1,,USD,,', "bad_csv"),
        ('outbound,44,,"x,mixed,1,,USD,,', "bad_csv"),
    ],
)
def test_a_bad_row_names_its_line(row: str, code: str) -> None:
    """One mistake in the third line is found there."""
    found = problems("outbound,1,,x,mixed,1,,USD,,", row)
    assert [code] == [code for _, code in found]
    assert [3] == [min(line, 3) for line, _ in found]


def test_every_bad_cell_of_every_line_is_listed() -> None:
    """A person mends them in one go; a hundred are enough."""
    bad = "outward,+44,,x,fixed,1,,USD,,"
    expected = [(2, "direction"), (2, "prefix"), (2, "kind"), (4, "prefix")]
    assert expected == problems(bad, GOOD, "outbound,x,,x,mixed,1,,USD,,")
    assert PROBLEMS_MAX == len(problems(*[bad] * 1000))


def test_lines_are_counted_through_quoted_line_ends() -> None:
    """A cell over two lines is refused at its first, and the next row is still numbered right."""
    found = problems('outbound,44,,"a\nb",mixed,1,,USD,,', "outbound,x,,x,mixed,1,,USD,,")
    assert [(2, "destination"), (4, "prefix")] == found


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (GOOD, [(1, "header")]),
        ("", [(2, "header")]),
        (HEADER + ",kind", [(1, "header")]),
        (HEADER + ",note", [(1, "header")]),
        (HEADER.replace("kind", "type"), [(1, "header"), (1, "header")]),
        (HEADER.replace(",kind", ""), [(1, "header")]),
        (HEADER.upper(), [(1, "header")]),
    ],
)
def test_a_bad_header_is_refused(header: str, expected: list[tuple[int, str]]) -> None:
    """Missing, doubled, unknown columns: nothing is read by position."""
    assert expected == problems(GOOD, header=header)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", [(1, "header")]),
        (b"\xef\xbb\xbf" + HEADER.encode(), [(1, "byte_order_mark")]),
        (HEADER.encode() + b"\noutbound,44,,K\xf6nigreich,mixed,1,,USD,,\n", [(2, "bad_encoding")]),
        (HEADER.encode() + b"\n" + GOOD.encode() + b"\n\x00\n", [(3, "bad_encoding")]),
        (HEADER.encode() + b"\n" + b"9" * 200_000, [(2, "bad_csv")]),
        (b"," * (64 * 1024 * 1024 + 1), [(1, "too_large")]),
    ],
    ids=["empty", "bom", "utf8", "nul", "long cell", "large"],
)
def test_hostile_bytes_are_refused(raw: bytes, expected: list[tuple[int, str]]) -> None:
    """What is no deck at all is refused like any other mistake."""
    assert expected == problems_of(raw)


def test_the_bounds_of_sizes_are_allowed() -> None:
    """A destination of 200 characters loads; 64 binary megabytes to the byte are read."""
    assert [] == problems("outbound,44,," + "x" * 200 + ",mixed,1,,USD,,")
    assert [(1, "bad_encoding")] == problems_of(b"\xff" * (64 * 1024 * 1024))


def test_a_missing_header_is_told_with_what_it_should_be() -> None:
    """A person copies it from the message."""
    with pytest.raises(RateDeckError) as caught:
        RateDeck.load(GOOD.encode())
    assert f"the header row is missing: {HEADER}" == caught.value.problems[0].text


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (HEADER + ",kind", "column 'kind' is twice"),
        (HEADER + ",note", "column 'note' is unknown"),
        (HEADER.replace(",kind", ""), "column 'kind' is missing"),
    ],
)
def test_a_column_at_fault_is_told_with_its_fault(header: str, text: str) -> None:
    """So that a person knows what to do about it."""
    with pytest.raises(RateDeckError) as caught:
        RateDeck.load(f"{header}\n".encode())
    assert text == caught.value.problems[0].text


def test_no_fee_and_no_price_are_zero() -> None:
    """R-335, R-405: a cell without a fee is no fee, and a price of nothing is one."""
    raw = f"{HEADER}\noutbound,44,,x,mixed,0,,USD,,\noutbound,33,,x,mixed,0.00000001,0,USD,,\n"
    rows = RateDeck.load(raw.encode()).rows
    assert [(0, 0), (1, 0)] == [(row.price_per_minute, row.connection_fee) for row in rows]


def row(prefix: str, since: str, until: str, *, kind: str = "mixed", currency: str = "USD") -> str:
    """Return an outbound row."""
    return f"outbound,{prefix},,x,{kind},1,,{currency},{since},{until}"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("44", "", ""), row("44", "", "")], [(3, "overlap")]),
        ([row("44", "", ""), row("44", "2021-01-01", "2021-02-01")], [(3, "overlap")]),
        ([row("44", "2021-01-01", ""), row("44", "", "2021-01-02")], [(3, "overlap")]),
        ([row("44", "", "2021-01-01"), row("44", "2021-01-01", "")], []),
        ([row("44", "", ""), row("441", "", "")], []),
        ([row("44", "", ""), row("44", "", "", kind="premium")], []),
        (
            [row("44", "", "", kind="shared_cost"), row("44", "", "", kind="premium")],
            [(3, "overlap")],
        ),
        ([row("44", "", "", kind="mobile"), row("44", "", "")], [(3, "overlap")]),
        ([row("44", "", "", currency="EUR"), row("44", "", "")], [(3, "overlap")]),
        (
            [
                row("44", "2021-01-01", "2022-01-01"),
                row("44", "2021-02-01", "2021-03-01"),
                row("44", "2021-04-01", "2021-05-01"),
                row("44", "2022-01-01", ""),
            ],
            [(3, "overlap"), (4, "overlap")],
        ),
        (
            [
                "inbound_toll_free,1800,,x,toll_free,1,,USD,,",
                "inbound_toll_free,1800,CA,x,toll_free,1,,USD,,",
                "inbound_toll_free,1800,CA,x,toll_free,2,,USD,,",
            ],
            [(4, "overlap")],
        ),
    ],
)
def test_overlapping_rows_of_one_key_are_refused(
    rows: list[str], expected: list[tuple[int, str]]
) -> None:
    """D-66: the key is direction, prefix, origin, and premium or not."""
    assert expected == problems(*rows)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", None),
        ("2021-03-01", datetime(2021, 3, 1, tzinfo=UTC)),
        ("2021-03-01T00:00:00Z", datetime(2021, 3, 1, tzinfo=UTC)),
        ("2021-03-01t01:00:00+01:00", datetime(2021, 3, 1, tzinfo=UTC)),
        ("2021-02-28T23:59:59.1234567z", datetime(2021, 2, 28, 23, 59, 59, 123_456, tzinfo=UTC)),
    ],
)
def test_dates_are_read_as_utc_instants(cell: str, expected: datetime | None) -> None:
    """A day begins at 00:00 UTC; digits beyond microseconds are cut off."""
    deck = RateDeck.load(f"{HEADER}\n{row('44', cell, '')}\n".encode())
    assert expected == deck.rows[0].effective_from
    assert expected == deck.rows[0].price.effective_from


@given(st.integers(0, 200), st.integers(0, 20), st.text('",\n\r 0-9aZ.', max_size=5))
def test_any_damage_is_refused_or_loads(start: int, length: int, inserted: str) -> None:
    """No damage of a file ends in anything but a deck or a refusal with lines of the file."""
    text = f"{HEADER}\n{GOOD}\n{row('33', '2021-01-01', '')}\n"
    damaged = text[:start] + inserted + text[start + length :]
    last = len(damaged.replace("\r", "\n").split("\n"))
    assert {line for line, _ in problems_of(damaged.encode())} <= set(range(1, last + 1))
