"""The rate deck: a CSV of contracts section 5, searched row by row."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from tests.model import clock

PREMIUM_KINDS = ("premium", "shared_cost")  # D-29: either serves either class


@dataclass(frozen=True)
class Rate:
    """One row of the deck."""

    direction: str
    prefix: str
    origin: str | None
    kind: str
    price: Fraction
    fee: Fraction
    currency: str
    since: datetime | None
    until: datetime | None

    def in_force(self, instant: datetime) -> bool:
        """Tell whether this instant is in the half-open time of the row (R-508)."""
        return (self.since is None or self.since <= instant) and (
            self.until is None or instant < self.until
        )


def read(raw: bytes) -> list[Rate]:
    """Read all rows of a deck; the model trusts the file."""
    rows = csv.DictReader(io.StringIO(raw.decode("utf-8")))
    return [
        Rate(
            direction=row["direction"],
            prefix=row["prefix"],
            origin=row["origin"] or None,
            kind=row["kind"],
            price=Fraction(row["price_per_minute"]),
            fee=Fraction(row["connection_fee"] or "0"),
            currency=row["currency"],
            since=bound(row["effective_from"]),
            until=bound(row["effective_until"]),
        )
        for row in rows
    ]


def bound(text: str) -> datetime | None:
    """Read `effective_*`: RFC 3339 or a date, empty = unbounded."""
    if not text:
        return None
    if len(text) == len("2021-04-01"):
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    instant = clock.parse(text)
    assert instant, text
    return instant


def longest(rows: list[Rate], digits: str) -> Rate | None:
    """Return the row with the longest prefix that fits; a row for an origin beats one for any."""
    fitting = [row for row in rows if digits.startswith(row.prefix)]
    return max(fitting, key=lambda row: (len(row.prefix), row.origin is not None), default=None)


def usable(deck: list[Rate], direction: str, currency: str, instant: datetime) -> list[Rate]:
    """Drop rows of another direction or currency (D-51) or not in force at the start (D-29)."""
    return [
        row
        for row in deck
        if row.direction == direction and row.currency == currency and row.in_force(instant)
    ]


def outbound(
    deck: list[Rate], digits: str, currency: str, instant: datetime, *, premium: bool
) -> Rate | None:
    """Find the rate of an outbound call; premium calls need a row of such a kind (R-311, D-29)."""
    rows = usable(deck, "outbound", currency, instant)
    return longest([row for row in rows if (row.kind in PREMIUM_KINDS) == premium], digits)


def outbound_prefix(deck: list[Rate], digits: str) -> str | None:
    """Find the longest outbound prefix of the deck that fits, whatever its row (contracts 3)."""
    row = longest([row for row in deck if row.direction == "outbound"], digits)
    return row.prefix if row else None


def toll_free(
    deck: list[Rate], digits: str, origin: str | None, currency: str, instant: datetime
) -> Rate | None:
    """Find the rate of an inbound toll-free call; an unknown origin only fits any (R-404, D-58)."""
    rows = usable(deck, "inbound_toll_free", currency, instant)
    return longest(
        [row for row in rows if row.kind not in PREMIUM_KINDS and row.origin in (None, origin)],
        digits,
    )
