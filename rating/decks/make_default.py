"""Make the default rate deck: `python -m rating.decks.make_default FIGURES.csv OUT.csv`.

FIGURES.csv is the public rate card of Azure Communication Services (see NOTICE): columns
`Destination Name,Destination Type,Country,Prefix,Price / min`, in US dollars. It is not kept in
the repository; the deck made from it is. The output depends on nothing but the input: rows sorted,
amounts in their shortest form.

The card has no toll-free inbound prices that hold for Teams; those of the table below come from the
public price page of the same carrier (2022-01-28), one row per country and toll-free prefix of its
numbering plan (D-88).
"""

import csv
import io
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rating.rate_deck_file import COLUMNS
from schemas.money import format_money, parse_money

FIGURE_COLUMNS: Final = (
    "Destination Name",
    "Destination Type",
    "Country",
    "Prefix",
    "Price / min",
)
KIND_OF_TYPE: Final = {
    "landline": "landline",
    "mobile": "mobile",
    "mixed": "mixed",
    "non-geographic": "non_geographic",
}
CURRENCY: Final = "USD"

NORTH_AMERICAN_TOLL_FREE: Final = ("1800", "1833", "1844", "1855", "1866", "1877", "1888")
"""US and CA share these; rows for callers from either, and one for any at the US price (D-88)."""
NORTH_AMERICAN_PRICE: Final = "0.0220"
NORTH_AMERICAN_ORIGINS: Final = (("US", "United States"), ("CA", "Canada"), ("", "North America"))

TOLL_FREE: Final = (
    # country, its name, price per minute (domain 5.1), toll-free prefixes of its numbering plan
    ("AT", "Austria", "0.0897", ("43800",)),
    ("AU", "Australia", "0.1750", ("611800", "611802")),
    ("BE", "Belgium", "0.0505", ("32800",)),
    ("CH", "Switzerland", "0.0401", ("41800",)),
    ("CN", "China", "0.3168", ("86800", "8610800", "8621800")),
    ("DE", "Germany", "0.1750", ("49800",)),
    ("DK", "Denmark", "0.0343", ("4580",)),
    ("ES", "Spain", "0.2200", ("34800", "34900")),
    ("GB", "United Kingdom", "0.0290", ("44800", "44808")),
    ("IE", "Ireland", "0.0448", ("3531800",)),
    ("IT", "Italy", "0.3415", ("39800", "39803")),
    ("LU", "Luxembourg", "0.2800", ("352800",)),
    ("NL", "Netherlands", "0.0770", ("31800",)),
    ("NO", "Norway", "0.1500", ("47800", "47801")),
    ("NZ", "New Zealand", "0.0666", ("6480", "64508")),
    ("PT", "Portugal", "0.0601", ("351800", "351802")),
    ("SE", "Sweden", "0.1138", ("4620",)),
)

Row = tuple[str, ...]


class FiguresError(ValueError):
    """The rate card is not what this script knows; the message names the line."""


def deck_from(figures: str) -> str:
    """Return the deck as CSV text, made from the rate card's CSV text.

    Raises FiguresError.
    """
    rows = sorted({*_outbound_rows(figures), *_toll_free_rows()}, key=lambda row: row[:3])
    keys = [row[:3] for row in rows]
    for before, after in itertools.pairwise(keys):
        if before == after:
            raise FiguresError(f"prefix {after[1]} has two prices")
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue()


def _outbound_rows(figures: str) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(figures, newline=""), strict=True)
    if tuple(reader.fieldnames or ()) != FIGURE_COLUMNS:
        raise FiguresError(f"line 1: the columns are not {','.join(FIGURE_COLUMNS)}")
    for cells in reader:
        if None in cells or None in cells.values():
            raise FiguresError(f"line {reader.line_num}: cells are missing or too many")
        name, kind, _country, prefix, price = (cells[column] for column in FIGURE_COLUMNS)
        if kind not in KIND_OF_TYPE:
            raise FiguresError(f"line {reader.line_num}: unknown destination type {kind!r}")
        yield _row("outbound", prefix, "", name=name, kind=KIND_OF_TYPE[kind], price=price)


def _toll_free_rows() -> Iterator[Row]:
    for prefix in NORTH_AMERICAN_TOLL_FREE:
        for origin, name in NORTH_AMERICAN_ORIGINS:
            yield _toll_free_row(prefix, origin, name, NORTH_AMERICAN_PRICE)
    for _country, name, price, prefixes in TOLL_FREE:
        for prefix in prefixes:
            yield _toll_free_row(prefix, "", name, price)


def _toll_free_row(prefix: str, origin: str, name: str, price: str) -> Row:
    label = f"{name} - Toll Free"
    return _row("inbound_toll_free", prefix, origin, name=label, kind="toll_free", price=price)


def _row(direction: str, prefix: str, origin: str, *, name: str, kind: str, price: str) -> Row:
    """Return the cells of one row in the order of COLUMNS: no fee, in force without bounds."""
    try:
        shortest = format_money(parse_money(price))
    except ValueError as error:
        raise FiguresError(f"prefix {prefix}: the price {price!r} is {error}") from None
    return (direction, prefix, origin, name, kind, shortest, "0", CURRENCY, "", "")


def main(arguments: list[str]) -> int:
    """Read the rate card, write the deck; returns the exit status."""
    if len(arguments) != 2:  # noqa: PLR2004  two file names
        sys.stderr.write("usage: python -m rating.decks.make_default FIGURES.csv OUT.csv\n")
        return 2
    figures, out = (Path(argument) for argument in arguments)
    try:
        deck = deck_from(figures.read_bytes().decode("utf-8"))
        out.write_bytes(deck.encode("utf-8"))
    except (FiguresError, OSError, UnicodeDecodeError, csv.Error) as error:
        sys.stderr.write(f"{figures}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
