"""Each call is charged once: what one tenant's ledger says of its calls, by `usage_id`.

A call has one `call.rated` that corrects nothing; each later one names the newest before it and
the exact difference to it (R-701, D-02). Duplicates name the first. Ids are forgotten once their
month is no longer accepted (D-17), so an id may come again, but only with a later month.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from rating.calendar import month_text, parse_month
from schemas.ledger import CallDuplicate, CallRated, Difference, Leg
from streams.audit.form import PURSE_ORDER

ACCEPTANCE_MONTHS: Final = 3
"""Months before the newest started one whose calls are accepted (R-700)."""


class KnownCall(NamedTuple):
    """The state of one call: its first and newest record, and what the newest took."""

    first_seq: int
    newest_seq: int
    period: str
    legs: tuple[Leg, ...]
    cancelled: bool


class CallBook:
    """The calls of one tenant whose month may still be accepted."""

    def __init__(self) -> None:
        self._calls: dict[str, KnownCall] = {}

    def rated(self, seq: int, call: CallRated) -> tuple[tuple[Leg, ...], list[str]]:
        """Take one rating; return the legs it replaces and the faults."""
        before = self._calls.get(call.usage_id)
        faults = list(self._first(call, before) if call.corrects is None else ())
        replaced: tuple[Leg, ...] = ()
        first_seq = seq
        if call.corrects is not None:
            if before is None:
                faults.append(f"corrects record {call.corrects}, but the call was never rated")
            else:
                replaced, first_seq = before.legs, before.first_seq
                faults.extend(_replaces(call, before))
        cancelled = call.outcome == "cancelled"
        self._calls[call.usage_id] = KnownCall(first_seq, seq, call.period, call.legs, cancelled)
        return replaced, faults

    def duplicate(self, content: CallDuplicate) -> Iterator[str]:
        """Check that a duplicate names the call's first rating."""
        known = self._calls.get(content.usage_id)
        if known is None:
            yield f"{content.usage_id} is called a duplicate but was never rated"
        elif known.first_seq != content.first_seq:
            yield f"first_seq is {content.first_seq}, the call was first rated at {known.first_seq}"

    def month_started(self, period: str) -> None:
        """Forget calls that can neither be corrected nor come again."""
        oldest = month_text(parse_month(period) - ACCEPTANCE_MONTHS)
        for usage_id in [key for key, known in self._calls.items() if known.period < oldest]:
            del self._calls[usage_id]

    def _first(self, call: CallRated, before: KnownCall | None) -> Iterator[str]:
        if before is not None and call.period <= before.period:
            yield f"{call.usage_id} is rated again, record {before.first_seq} rated it already"


def _replaces(call: CallRated, before: KnownCall) -> Iterator[str]:
    if call.corrects != before.newest_seq:
        yield f"corrects record {call.corrects}, the newest of the call is {before.newest_seq}"
    if before.cancelled:
        yield "corrects a call that was cancelled"
    expected = difference_of(before.legs, call.legs)
    if call.difference is not None and call.difference != expected:
        yield "difference is not the new legs less those of the record it corrects"


def difference_of(old: tuple[Leg, ...], new: tuple[Leg, ...]) -> tuple[Difference, ...]:
    """Return new minus old per purse and pool, without what is equal, in the contract's order."""
    minutes: defaultdict[tuple[int, str], int] = defaultdict(int)
    amounts: defaultdict[tuple[int, str], int] = defaultdict(int)
    pools: dict[tuple[int, str], Leg] = {}
    for sign, legs in ((-1, old), (1, new)):
        for leg in legs:
            key = (PURSE_ORDER.index(leg.purse), leg.pool or "")
            minutes[key] += sign * leg.minutes
            amounts[key] += sign * leg.amount
            pools[key] = leg
    return tuple(
        Difference(pools[key].purse, pools[key].pool, minutes[key], amounts[key])
        for key in sorted(pools)
        if minutes[key] or amounts[key]
    )
