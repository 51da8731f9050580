"""The prepaid wallet: lots, first in first out, each with its expiry, and a debt beside them.

Theory. Money comes in as *lots* (a purchase, a recharge, a positive adjustment). A lot is usable
until 12 calendar months after it was bought (R-505, D-46). Calls and negative adjustments take from
the oldest usable lots first (R-506, D-45). Two sums must be kept apart:

* the *balance* is all lots whose forfeiture is not yet posted, minus the debt (D-10); it is what
  the ledger shows and what the recharge trigger and `wallet.empty` go by;
* the *spendable* sum at an instant counts only the lots that have not expired then (D-09). A call
  is bought from it, so no charge ever waits for a timer.

Only under `allow_negative` can a charge exceed the spendable sum; the excess is a *debt*, which the
next lot pays before anything else (D-24). The debt is no lot: it has no age and never expires.

What a charge took is remembered as a `Taking`, so that a correction can give every part back to
where it came from (D-23, D-91). A lot leaves the wallet when its forfeiture is posted; until then
it keeps its place even when it is empty, because a correction may refill it.
"""

from datetime import datetime
from typing import Final

from mypy_extensions import mypyc_attr

from rating.calendar import add_year


@mypyc_attr(acyclic=True)
class Lot:
    """One lot. `number` is n of `<tenant>/l<n>`; money in 10^-8 units; times are aware UTC."""

    __slots__ = ("bought_at", "expires_at", "number", "remaining")

    def __init__(self, number: int, remaining: int, bought_at: datetime) -> None:
        self.number = number
        self.remaining = remaining
        self.bought_at = bought_at
        self.expires_at = add_year(bought_at)  # R-506, D-46


@mypyc_attr(acyclic=True)
class Taking:
    """What one charge took: parts of lots as (number, amount) in order, and debt made."""

    __slots__ = ("debt", "lots")

    def __init__(self, lots: tuple[tuple[int, int], ...], debt: int) -> None:
        self.lots = lots
        self.debt = debt


NOTHING_TAKEN: Final = Taking((), 0)


class Wallet:
    """The lots and the debt of one tenant.

    `lots` are in FIFO order; `balance` always equals their sum minus `debt`; `lots_made` counts
    all lots ever made; `newest` is (bought_at, number) of the last one in FIFO order, kept after
    that lot is gone (D-91).
    """

    __slots__ = ("_first_expiry", "_first_full", "balance", "debt", "lots", "lots_made", "newest")

    def __init__(self) -> None:
        self.lots: list[Lot] = []
        self.debt = 0
        self.balance = 0
        self.lots_made = 0
        self.newest: tuple[datetime, int] | None = None
        self._first_expiry: datetime | None = None  # of all lots; None: no lots
        self._first_full = 0  # no lot before this place has money left

    def restore(self, lots: list[Lot], debt: int) -> None:
        """Set what was stored; the sums follow from it."""
        self.lots = lots
        self.debt = debt
        self.balance = sum(lot.remaining for lot in lots) - debt
        self._lots_changed()

    def _lots_changed(self) -> None:
        self._first_full = 0
        self._first_expiry = min((lot.expires_at for lot in self.lots), default=None)

    def spendable(self, at: datetime) -> int:
        """Return what a charge of that instant can take; zero or negative: nothing (D-09)."""
        if self._first_expiry is None or at < self._first_expiry:
            return self.balance
        return sum(lot.remaining for lot in self.lots if at < lot.expires_at) - self.debt

    def take(self, amount: int, at: datetime) -> Taking:
        """Take an amount from the lots usable at an instant, oldest first; the rest is debt."""
        assert amount >= 0, "takings are not negative"  # noqa: S101  stays on
        lots = self.lots
        left = amount
        taken: list[tuple[int, int]] = []
        place = self._first_full
        while left and place < len(lots):
            lot = lots[place]
            if lot.remaining and at < lot.expires_at:
                part = min(left, lot.remaining)
                lot.remaining -= part
                left -= part
                taken.append((lot.number, part))
            if not lot.remaining and place == self._first_full:
                self._first_full = place + 1
            place += 1
        self.debt += left
        self.balance -= amount
        return Taking(tuple(taken), left)

    def add_lot(self, amount: int, bought_at: datetime) -> Lot:
        """Make a lot; the debt is paid from it first (D-24)."""
        assert amount > 0, "a lot holds money"  # noqa: S101  stays on
        self.lots_made += 1
        paid = min(amount, self.debt)
        self.debt -= paid
        lot = Lot(self.lots_made, amount - paid, bought_at)
        place = len(self.lots)
        while place and self.lots[place - 1].bought_at > bought_at:  # D-45: ties by log order
            place -= 1
        self.lots.insert(place, lot)
        if self.newest is None or self.newest[0] <= bought_at:
            self.newest = (bought_at, lot.number)
        self.balance += amount
        self._lots_changed()
        return lot

    def find(self, number: int) -> Lot | None:
        """Return a lot whose forfeiture is not yet posted."""
        for lot in self.lots:
            if lot.number == number:
                return lot
        return None

    def forfeit(self, lot: Lot) -> int:
        """Take an expired lot out of the wallet; return what was left in it."""
        self.lots.remove(lot)
        self.balance -= lot.remaining
        self._lots_changed()
        return lot.remaining

    def give_back(self, taking: Taking) -> tuple[tuple[int, int], ...]:
        """Return every part to where it came from.

        Parts that have no place any more are forfeited at once; they are returned as (lot number,
        amount), for `credits.forfeited`.
        """
        homeless: list[tuple[int, int]] = []
        for number, part in taking.lots:
            self._refill(number, part, homeless)  # D-23
        if taking.debt:  # D-91
            paid = min(taking.debt, self.debt)
            self.debt -= paid
            self.balance += paid
            rest = taking.debt - paid
            if rest:
                assert self.newest is not None, "a debt was made, so there was a lot"  # noqa: S101  stays on
                number = self.lots[-1].number if self.lots else self.newest[1]
                self._refill(number, rest, homeless)
        self._first_full = 0
        return tuple(homeless)

    def _refill(self, number: int, part: int, homeless: list[tuple[int, int]]) -> None:
        lot = self.find(number)
        if lot is None:
            homeless.append((number, part))
        else:
            lot.remaining += part
            self.balance += part
