"""The rate deck's CSV form: reading it strictly, line by line (contracts section 5).

Every row stands for money, so nothing is guessed: a file with a doubtful cell, or with two rows
that could price the same call (D-66), is refused as a whole, with the lines at fault.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Literal, TypeAlias, cast, get_args

from rating.reference_finding import Problems, day_start, decode_text
from schemas.codes import COUNTRY_CODES, CURRENCY_CODES
from schemas.fields import Instant, Money
from schemas.ledger import Price
from schemas.money import parse_money

RateDirection: TypeAlias = Literal["outbound", "inbound_toll_free"]
RateKind: TypeAlias = Literal[
    "landline", "mobile", "mixed", "non_geographic", "premium", "shared_cost", "toll_free"
]

COLUMNS: Final = (
    "direction",
    "prefix",
    "origin",
    "destination",
    "kind",
    "price_per_minute",
    "connection_fee",
    "currency",
    "effective_from",
    "effective_until",
)
DIRECTIONS: Final = frozenset(get_args(RateDirection))
KINDS: Final = frozenset(get_args(RateKind))
PREMIUM_KINDS: Final = frozenset({"premium", "shared_cost"})
"""Kinds that price class 4 only; either serves either class (D-29)."""

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Largest deck, in bytes: 600,000 rows, a hundred times the default; it is held in memory."""
DESTINATION_CHARACTERS_MAX: Final = 200
"""Longest name of a destination; it is for people only."""

_PREFIX = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class RateRow:
    """One price.

    `prefix` are leading E.164 digits; `origin` is the caller's country of a toll-free row, None
    for any. Money is in 10^-8 units of `currency`, per minute and once per call. In force while
    effective_from <= t < effective_until, None = unbounded. `price` is how ledger legs name the
    row. `line` is where it stands in its file.
    """

    direction: RateDirection
    prefix: str
    origin: str | None
    destination: str
    kind: RateKind
    price_per_minute: Money
    connection_fee: Money
    currency: str
    effective_from: Instant | None
    effective_until: Instant | None
    price: Price
    line: int


_Reader: TypeAlias = tuple[str, int, Callable[[str], object], dict[str, object]]
"""A column: its name, where it stands, how a cell is read, and the cells read so far (most of a
deck's cells are alike)."""


class _CellError(ValueError):
    """A cell is refused: its code and why, for a person."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


def read_rows(raw: bytes, problems: Problems) -> tuple[RateRow, ...]:
    """Return the rows of a deck file in the order of the file, noting every error in `problems`.

    The rows mean nothing if there is any error.
    """
    if len(raw) > FILE_BYTES_MAX:
        problems.add(1, "too_large", f"larger than {FILE_BYTES_MAX:,} bytes")
        return ()
    text = decode_text(raw, problems)
    if text is None:
        return ()
    records = _records(text, problems)
    first = next(records, None)
    if first is None:
        problems.add(1, "header", "the file is empty; the header row is missing")
        return ()
    columns = _columns(*first, problems)
    if columns is None:
        return ()
    rows: list[RateRow] = []
    readers: list[_Reader] = [(name, index, _PARSERS[name], {}) for name, index in columns.items()]
    for line, cells in records:
        if problems.full:
            break
        row = _row(line, cells, readers, problems)
        if row is not None:
            rows.append(row)
    _refuse_overlaps(rows, problems)
    return tuple(rows)


def _records(text: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield each non-blank CSV record with the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(max(line, reader.line_num), "bad_csv", str(error))
            return
        if cells:
            yield line, cells


def _columns(line: int, header: list[str], problems: Problems) -> dict[str, int] | None:
    """Return where each column stands, or None after noting why this is no header."""
    if not set(header) & set(COLUMNS):
        problems.add(line, "header", f"the header row is missing: {','.join(COLUMNS)}")
        return None
    wrong = {
        "twice": {name for name in header if header.count(name) > 1},
        "unknown": set(header) - set(COLUMNS),
        "missing": set(COLUMNS) - set(header),
    }
    for what, names in wrong.items():
        for name in sorted(names):
            problems.add(line, "header", f"column {name!r} is {what}")
    if any(wrong.values()):
        return None
    return {name: index for index, name in enumerate(header)}


def _row(line: int, cells: list[str], readers: list[_Reader], problems: Problems) -> RateRow | None:
    """Return the row of one record, or None after noting what is wrong with it."""
    if len(cells) != len(readers):
        problems.add(line, "cells", f"{len(cells)} cells where the header has {len(readers)}")
        return None
    values: dict[str, object] = {}
    sound = True
    for name, index, parse, known in readers:
        cell = cells[index]
        if cell in known:
            values[name] = known[cell]
            continue
        try:
            values[name] = known[cell] = parse(cell)
        except _CellError as error:
            problems.add(line, error.code, f"{name} {error}")
            sound = False
    if not sound:
        return None
    row = RateRow(
        **values,  # type: ignore[arg-type]  # the table of parsers has the fields' types
        price=Price(
            cast("str", values["prefix"]),
            cast("str | None", values["origin"]),
            cast("datetime | None", values["effective_from"]),
        ),
        line=line,
    )
    if row.effective_from and row.effective_until and row.effective_until <= row.effective_from:
        problems.add(line, "never_in_force", "effective_until is not after effective_from")
        return None
    if row.origin is not None and row.direction == "outbound":
        problems.add(line, "origin", "origin is for inbound_toll_free rows only")
        return None
    return row


def _direction(cell: str) -> str:
    if cell not in DIRECTIONS:
        raise _CellError("direction", f"{cell!r} is none of {', '.join(sorted(DIRECTIONS))}")
    return cell


def _kind(cell: str) -> str:
    if cell not in KINDS:
        raise _CellError("kind", f"{cell!r} is none of {', '.join(sorted(KINDS))}")
    return cell


def _prefix(cell: str) -> str:
    if _PREFIX.fullmatch(cell) is None:
        raise _CellError("prefix", f"{cell!r} is not 1 to 15 digits without a leading 0 or +")
    return cell


def _origin(cell: str) -> str | None:
    if not cell:
        return None
    if cell not in COUNTRY_CODES:
        raise _CellError("origin", f"{cell!r} is no ISO 3166 country code")
    return cell


def _destination(cell: str) -> str:
    if len(cell) > DESTINATION_CHARACTERS_MAX or not cell.isprintable():
        raise _CellError(
            "destination", f"is not printable or over {DESTINATION_CHARACTERS_MAX} characters"
        )
    return cell


def _amount(cell: str) -> int:
    try:
        units = parse_money(cell)
    except ValueError as error:
        raise _CellError("amount", f"{cell!r} is {error}") from None
    if units < 0:
        raise _CellError("negative", f"{cell!r} is negative")
    return units


def _fee(cell: str) -> int:
    """No fee written is no fee (R-335, R-405)."""
    return _amount(cell) if cell else 0


def _currency(cell: str) -> str:
    if cell not in CURRENCY_CODES:
        raise _CellError("currency", f"{cell!r} is no ISO 4217 currency code")
    return cell


def parse_effective(cell: str) -> datetime | None:
    """Return the instant that a cell names, None for an empty one.

    A date is its first instant in UTC. An instant is RFC 3339 with an offset, to whole
    microseconds (further digits are cut off, as in events).
    """
    if not cell:
        return None
    try:
        if _DAY.fullmatch(cell):
            return day_start(date.fromisoformat(cell))
        if _INSTANT.fullmatch(cell):
            return datetime.fromisoformat(cell.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _CellError("date", f"{cell!r} is neither a date nor an RFC 3339 instant with an offset")


_PARSERS: Final[dict[str, Callable[[str], object]]] = {
    "direction": _direction,
    "prefix": _prefix,
    "origin": _origin,
    "destination": _destination,
    "kind": _kind,
    "price_per_minute": _amount,
    "connection_fee": _fee,
    "currency": _currency,
    "effective_from": parse_effective,
    "effective_until": parse_effective,
}


def overlap_key(row: RateRow) -> tuple[str, str, str | None, bool]:
    """Return what two rows must share to be rivals for one call (D-66)."""
    return row.direction, row.prefix, row.origin, row.kind in PREMIUM_KINDS


def _refuse_overlaps(rows: list[RateRow], problems: Problems) -> None:
    """Note every row that is in force at the same time as a rival of it."""
    by_key: dict[tuple[str, str, str | None, bool], list[RateRow]] = {}
    for row in rows:
        by_key.setdefault(overlap_key(row), []).append(row)
    for rivals in by_key.values():
        if len(rivals) == 1:
            continue
        rivals.sort(key=lambda row: (row.effective_from is not None, row.effective_from, row.line))
        reach = rivals[0]  # the row that is in force longest of those seen
        for row in rivals[1:]:
            if reach.effective_until is None or (
                row.effective_from is None or row.effective_from < reach.effective_until
            ):
                first, second = sorted((reach.line, row.line))
                problems.add(
                    second,
                    "overlap",
                    f"prefix {row.prefix} has a price for the same time in line {first}",
                )
            if reach.effective_until is not None and (
                row.effective_until is None or row.effective_until > reach.effective_until
            ):
                reach = row
