"""Rate decks: prices per minute by prefix of the E.164 digits, each in force for a time.

Theory. A deck is a list of rows, each for one prefix, one class of calls (ordinary outbound,
premium outbound, toll-free inbound by the caller's country) and one half-open time span. A price
is sought by the longest prefix, and a row that is not in force at the call's start, or is in
another currency, does not exist for that call: it is skipped *before* the longest prefix is chosen
(D-29, D-51), so a shorter prefix in force beats a longer one that is not.

So each class has one dict, prefix -> its rows by time, and a look-up tries the prefixes of a number
from the longest down. Only lengths that can match are tried: for the first four digits of a number
the index keeps the lengths of those prefixes that begin with them or that they begin with (a number
`1206...` tries 4 alone, not 11 to 1). That makes one to four dict look-ups, under a microsecond.

Ordinary and premium rows are apart because neither may ever price the other's call: a premium call
needs a row of its own kind (R-311), and an ordinary call never uses one (D-29).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Self

from rating.rate_deck_file import PREMIUM_KINDS, RateRow, read_rows
from rating.reference_finding import Finding, Problems, ReferenceFileError, version_of

__all__ = ["RateDeck", "RateDeckError", "RateRow"]

_ALWAYS_FROM: Final = datetime.min.replace(tzinfo=UTC)
_ALWAYS_UNTIL: Final = datetime.max.replace(tzinfo=UTC)
_HEAD_DIGITS: Final = 4
"""Digits by which the lengths to try are told apart: a calling code and the first digit or the area
code after it; five would save no look-up in the default deck."""

_Entry = tuple[datetime, datetime, str, str | None, RateRow]
"""One row in the index: in force from, until (excluded), currency, origin, the row."""


class RateDeckError(ReferenceFileError):
    """A rate deck is refused; `problems` names every line at fault."""

    def __init__(self, problems: tuple[Finding, ...]) -> None:
        super().__init__("rate deck refused", problems)


class _PrefixIndex:
    """Rows of one class of calls, by prefix."""

    __slots__ = ("_entries", "_lengths", "_short_lengths")

    def __init__(self, rows: Iterable[RateRow]) -> None:
        entries: dict[str, list[_Entry]] = {}
        for row in rows:
            entries.setdefault(row.prefix, []).append(
                (
                    row.effective_from or _ALWAYS_FROM,
                    row.effective_until or _ALWAYS_UNTIL,
                    row.currency,
                    row.origin,
                    row,
                )
            )
        # Rows for the caller's country stand before those for any caller (contracts section 5).
        self._entries: Final[dict[str, tuple[_Entry, ...]]] = {
            prefix: tuple(sorted(found, key=lambda entry: (entry[3] is None, entry[3], entry[0])))
            for prefix, found in entries.items()
        }
        lengths: dict[str, set[int]] = {}
        for prefix in entries:
            lengths.setdefault(prefix[:_HEAD_DIGITS], set()).add(len(prefix))
        for head, found in lengths.items():
            found.update(size for size in range(1, len(head)) if head[:size] in entries)
        self._lengths: Final = {
            head: tuple(sorted(found, reverse=True)) for head, found in lengths.items()
        }
        self._short_lengths: Final = tuple(
            sorted({len(prefix) for prefix in entries if len(prefix) < _HEAD_DIGITS}, reverse=True)
        )
        """Tried where no prefix begins like the number: those shorter than a head."""

    def row(self, digits: str, at: datetime, currency: str) -> RateRow | None:
        """Return the row of the longest prefix in force, whatever the origin."""
        entries = self._entries
        for length in self._lengths.get(digits[:_HEAD_DIGITS], self._short_lengths):
            found = entries.get(digits[:length])
            if found is not None:
                for since, until, money, _, row in found:
                    if since <= at < until and money == currency:
                        return row
        return None

    def row_for_origin(
        self, digits: str, origin: str | None, at: datetime, currency: str
    ) -> RateRow | None:
        """Return the row of the longest prefix in force for that caller or for any."""
        entries = self._entries
        for length in self._lengths.get(digits[:_HEAD_DIGITS], self._short_lengths):
            found = entries.get(digits[:length])
            if found is not None:
                for since, until, money, caller, row in found:
                    if (
                        (caller is None or caller == origin)
                        and since <= at < until
                        and money == currency
                    ):
                        return row
        return None

    def prefix(self, digits: str) -> str | None:
        """Return the longest prefix with any row."""
        entries = self._entries
        for length in self._lengths.get(digits[:_HEAD_DIGITS], self._short_lengths):
            found = digits[:length]
            if found in entries:
                return found
        return None


class RateDeck:
    """One rate deck file, read and indexed; immutable."""

    __slots__ = ("_any_outbound", "_ordinary", "_premium", "_toll_free", "rows", "version")

    def __init__(self, version: str, rows: tuple[RateRow, ...]) -> None:
        self.version: Final = version
        self.rows: Final = rows
        outbound = [row for row in rows if row.direction == "outbound"]
        self._ordinary: Final = _PrefixIndex(
            row for row in outbound if row.kind not in PREMIUM_KINDS
        )
        self._premium: Final = _PrefixIndex(row for row in outbound if row.kind in PREMIUM_KINDS)
        self._any_outbound: Final = _PrefixIndex(outbound)
        self._toll_free: Final = _PrefixIndex(
            row
            for row in rows
            if row.direction == "inbound_toll_free" and row.kind not in PREMIUM_KINDS  # D-29
        )

    @classmethod
    def load(cls, raw: bytes) -> Self:
        """Return the deck that a CSV file holds (contracts section 5).

        Raises RateDeckError with every line at fault.
        """
        problems = Problems()
        rows = read_rows(raw, problems)
        if listed := problems.listed():
            raise RateDeckError(listed)
        return cls(version_of(raw), rows)

    def outbound(
        self, digits: str, at: datetime, currency: str, *, premium: bool
    ) -> RateRow | None:
        """Return the row that prices an outbound call, or None (no rate).

        `digits` are the callee's E.164 digits without `+`, `at` the call's start (aware UTC),
        `currency` the tenant's. `premium` is whether the call is of class 4; see the theory above.
        """
        # R-311, D-29
        index = self._premium if premium else self._ordinary
        return index.row(digits, at, currency)

    def toll_free(
        self, digits: str, origin: str | None, at: datetime, currency: str
    ) -> RateRow | None:
        """Return the row that prices a call to the tenant's toll-free number, or None.

        `digits` are those of the toll-free number, `origin` the caller's country, None if unknown:
        then only rows for any caller count (D-58). A row for the caller's country beats one for any
        at the same prefix; the longest prefix comes first (R-404).
        """
        return self._toll_free.row_for_origin(digits, origin, at, currency)

    def outbound_prefix(self, digits: str) -> str | None:
        """Return the longest outbound prefix that fits, whatever its rows' kind, date, currency."""
        return self._any_outbound.prefix(digits)
