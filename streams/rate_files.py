"""Rating files: the same engine as the worker's, with files in place of topics.

One pass over the events in the order given (D-61). Every line that is not blank ends as ledger
lines or as a dead letter, in file order. No timer runs here: a reset or forfeiture is posted only
where the log holds its timer event (D-11).
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from rating.memory_store import MemoryStore
from schemas.codec import decode, encode_dead_letter
from schemas.dead_letter import DeadLetter
from streams.engine import EVENTS_AT_ONCE, Engine
from streams.line_files import InputLine

Write = Callable[[bytes], None]


@dataclass(slots=True)
class RateSummary:
    """What one run did; counts are of input lines, except `records` (ledger lines)."""

    events: int = 0
    records: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    tenants: set[str] = field(default_factory=set)

    def text(self) -> str:
        """One line for a person, dead letters by reason (D-60)."""
        refused = self.refused.total()
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.refused.most_common())
        letters = f"{refused:,} to the dead letter ({reasons})" if refused else "none refused"
        return (
            f"{self.events:,} events of {len(self.tenants):,} tenants: "
            f"{self.records:,} ledger records, {letters}"
        )


def rate_lines(
    engine: Engine,
    store: MemoryStore,
    lines: Iterable[InputLine],
    write_ledger: Write,
    write_dead_letter: Write,
) -> RateSummary:
    """Rate every line in order, hand ledger lines and dead letters to the writers.

    `store` holds the balances afterwards. Raises UnknownReference where the log activates a version
    that is nowhere found; nothing is then complete.
    """
    summary = RateSummary()
    rest = iter(lines)
    while some := list(islice(rest, EVENTS_AT_ONCE)):
        made = engine.handle_all(store, [decode(line.raw) for line in some])
        for line, handled in zip(some, made, strict=True):
            summary.events += 1
            if handled.refusal is None:
                for ledger_line in handled.lines:
                    write_ledger(ledger_line)
                summary.records += len(handled.lines)
                if handled.tenant is not None:
                    summary.tenants.add(handled.tenant)
            else:
                summary.refused[handled.refusal.reason.value] += 1
                letter = DeadLetter(handled.refusal, line.raw, line.position, received_at=None)
                write_dead_letter(encode_dead_letter(letter))
    return summary
