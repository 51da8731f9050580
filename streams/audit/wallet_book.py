"""Conservation of money: one tenant's balance must follow from record to record.

Balance = all lots not yet posted as forfeited, less the debt (D-10, D-24). It starts at zero and
moves only by records: `credits.added` and `credits.adjusted` up or down, credits legs down,
corrections by their difference, `credits.forfeited` down. Every record that names a balance must
name this one. A correction gives money back to lots that may be forfeited already; what goes there
lapses at once, before the new legs take anything (D-23), though its `credits.forfeited` stands
after the `call.rated`. So all records of a correction name the balance at its end.

That the balance follows from record to record is the same as: money in = spent + left + forfeited.
"""

import re
from collections.abc import Iterator
from typing import Final

from schemas.ledger import (
    CallRated,
    CreditsAdded,
    CreditsCorrected,
    CreditsForfeited,
    Leg,
    RechargeDue,
    RechargeSettled,
    WalletEmpty,
)
from schemas.money import format_money

NUMBERED: Final = re.compile(r"(?P<tenant>.+)/(?P<kind>[lr])(?P<number>[1-9][0-9]*)", re.DOTALL)
"""Ids of lots and recharges: `<tenant>/l<n>`, `<tenant>/r<n>` (D-01)."""


class WalletBook:
    """The wallet of one tenant, in 10^-8 units. Each method yields faults."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.balance = 0
        self._lots = 0
        self._recharges = 0
        self._outstanding: RechargeDue | None = None
        self._was_above_zero = False
        self._said_empty = False
        self._said_in_correction: list[int] | None = None

    def begin_event(self) -> Iterator[str]:
        """End the event before: a wallet that fell to zero must have said so (D-54)."""
        for says in self._said_in_correction or ():
            if says != self.balance:
                said, right = format_money(says), format_money(self.balance)
                yield f"the correction before says that the balance is {said}, it was {right}"
                self.balance = says
        self._said_in_correction = None
        if self._was_above_zero and self.balance <= 0 and not self._said_empty:
            yield "the balance fell to zero or below without a wallet.empty"
        self._was_above_zero = self.balance > 0
        self._said_empty = False

    def added(self, content: CreditsAdded) -> Iterator[str]:
        """Put in money of a purchase or recharge, in a lot of the next number."""
        number = self._number(content.lot_id, "l")
        if number != self._lots + 1:
            yield f"lot {content.lot_id} after {self._lots} lots of {self.tenant}"
        self._lots = number or self._lots + 1
        if content.amount <= 0:
            yield f"a lot of {format_money(content.amount)}"
        yield from self._moves(content.amount, content.balance)
        # Two events of one careless source may share an id and look like one event here.
        self._was_above_zero |= self.balance > 0

    def adjusted(self, content: CreditsCorrected) -> Iterator[str]:
        """Move money by an operator's hand; a positive amount makes the next lot (D-44)."""
        if content.amount > 0:
            self._lots += 1
        yield from self._moves(content.amount, content.balance)

    def lapsed(self, content: CreditsForfeited) -> Iterator[str]:
        """Take out what was left of a lot whose time is up (R-505)."""
        number = self._number(content.lot_id, "l")
        if number is None or number > self._lots:
            yield f"lot {content.lot_id} is forfeited but was never made"
        if content.amount <= 0:
            yield f"a forfeiture of {format_money(content.amount)}"
        yield from self._moves(-content.amount, content.balance)

    def call(self, call: CallRated, old_legs: tuple[Leg, ...]) -> Iterator[str]:
        """Give back what the corrected rating spent, then spend what this one says."""
        back = sum(leg.amount for leg in old_legs if leg.purse == "credits")
        self.balance += back
        if call.corrects is not None:
            self._said_in_correction = []
        for leg in call.legs:
            if leg.purse == "credits":
                yield from self._moves(-leg.amount, leg.remaining)

    def due(self, content: RechargeDue) -> Iterator[str]:
        """Note that a recharge is asked for, at most one at a time (R-502)."""
        number = self._number(content.recharge_id, "r")
        if number != self._recharges + 1:
            yield f"recharge {content.recharge_id} after {self._recharges} of {self.tenant}"
        self._recharges = number or self._recharges + 1
        if self._outstanding is not None:
            yield f"{content.recharge_id} is due while {self._outstanding.recharge_id} is open"
        self._outstanding = content
        yield from self._says(content.balance)

    def settled(self, content: RechargeSettled) -> Iterator[str]:
        """Note the answer to the open recharge."""
        if self._outstanding is None or self._outstanding.recharge_id != content.recharge_id:
            yield f"{content.recharge_id} is settled but was not open"
        self._outstanding = None

    def empty(self, content: WalletEmpty) -> Iterator[str]:
        """Check that it is said once, when the balance falls to zero or below (D-54)."""
        if not self._was_above_zero:
            yield "wallet.empty, but there was nothing in it before"
        if self._said_empty:
            yield "wallet.empty twice for one event"
        self._said_empty = True
        yield from self._says(content.balance)

    def _moves(self, amount: int, says: int | None) -> Iterator[str]:
        self.balance += amount
        yield from self._says(says)

    def _says(self, says: int | None) -> Iterator[str]:
        if self._said_in_correction is not None and says is not None:
            self._said_in_correction.append(says)
        elif says != self.balance:
            said = "nothing" if says is None else format_money(says)
            yield f"the balance is said to be {said}, it is {format_money(self.balance)}"
            if says is not None:
                self.balance = says  # the next fault shall be a new one

    def _number(self, name: str, kind: str) -> int | None:
        match = NUMBERED.fullmatch(name)
        if match is None or match["tenant"] != self.tenant or match["kind"] != kind:
            return None
        return int(match["number"])
