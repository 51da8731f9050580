"""Which ledger records are worth telling, and the sentence for each.

One of each kind is kept: the first that a random tenant had, else the first of a scripted one. The
table gives the order in which they are told.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.ledger import (
    CallRated,
    CreditsForfeited,
    LedgerRecord,
    PoolClosed,
    PoolReset,
    PoolThresholdReached,
    RechargeDue,
    RechargeSettled,
)
from streams.explain.call_text import headline, minutes_text, money_text

SCRIPTED: Final = ("show-", "demo-")
"""How the names of the scripted tenants begin; the others' events are random."""

USD: Final = "USD"
"""The currency of every sample tenant; records about credits do not repeat it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of moment: its heading, whether a record's content is one, and its sentence."""

    heading: str
    fits: Callable[[Any], bool]
    tell: Callable[[Any], str]


KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        "exhaustion",
        lambda content: isinstance(content, PoolThresholdReached) and content.percent == 100,  # noqa: PLR2004 - percent
        lambda content: f"the minutes of {content.pool} are used up",
    ),
    Kind(
        "joint cap",
        lambda content: isinstance(content, PoolClosed),
        lambda content: f"{content.pool} closed, because the {content.by} minutes ended",
    ),
    Kind(
        "cut off",
        lambda content: isinstance(content, CallRated) and content.outcome == "truncated",
        lambda content: f"call {content.usage_id} was {headline(content)}",
    ),
    Kind(
        "correction",
        lambda content: (
            isinstance(content, CallRated)
            and content.corrects is not None
            and content.outcome != "cancelled"
        ),
        lambda content: (
            f"call {content.usage_id}, record {content.corrects}, "
            f"was rated anew: {headline(content)}"
        ),
    ),
    Kind(
        "recharge",
        lambda content: isinstance(content, RechargeDue),
        lambda content: (
            f"credits fell to {money_text(content.balance, content.currency)}, "
            f"{money_text(content.amount, content.currency)} are asked for"
        ),
    ),
    Kind(
        "its answer",
        lambda content: isinstance(content, RechargeSettled),
        lambda content: f"recharge {content.recharge_id} {content.outcome}",
    ),
    Kind(
        "forfeiture",
        lambda content: isinstance(content, CreditsForfeited),
        lambda content: (
            f"{money_text(content.amount, USD)} of lot {content.lot_id} expired after a year"
        ),
    ),
    Kind(
        "reset",
        lambda content: isinstance(content, PoolReset) and content.discarded > 0,
        lambda content: (
            f"the month ended: {minutes_text(content.discarded)} of {content.pool} are gone, "
            f"{content.next_pool} begins with {minutes_text(content.next_capacity)}"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class SplitCall:
    """A call to be explained: whose it is, its id, whether it is of a scripted tenant."""

    tenant: str
    usage_id: str
    scripted: bool


@dataclass(slots=True)
class Moments:
    """The records kept so far, and the call that will be explained."""

    found: dict[str, LedgerRecord] = field(default_factory=dict)
    split_call: SplitCall | None = None

    def add(self, record: LedgerRecord) -> None:
        """Keep the record if it is the first of its kind, or the first of a random tenant."""
        for kind in KINDS:
            if kind.fits(record.data):
                kept = self.found.get(kind.heading)
                if kept is None or _is_scripted(kept) > _is_scripted(record):
                    self.found[kind.heading] = record
        content = record.data
        if isinstance(content, CallRated) and _is_telling(content):
            told = self.split_call
            if told is None or (told.scripted and not _is_scripted(record)):
                self.split_call = SplitCall(record.tenant, content.usage_id, _is_scripted(record))

    def lines(self) -> list[tuple[str, str, str]]:
        """Return (heading, ledger record, sentence) of what was found, in the table's order."""
        return [
            (kind.heading, f"{record.tenant}/{record.seq}", kind.tell(record.data))
            for kind in KINDS
            if (record := self.found.get(kind.heading)) is not None
        ]


def _is_scripted(record: LedgerRecord) -> bool:
    return record.tenant.startswith(SCRIPTED)


def _is_telling(call: CallRated) -> bool:
    """Say whether a call shows most of the rules: two purses paid for it and others did not."""
    return len({leg.purse for leg in call.legs}) > 1 and bool(call.passed_over)
