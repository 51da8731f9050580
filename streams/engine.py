"""Raw bytes in, ledger lines or a refusal out: the one path that every caller takes.

The worker's lane, `rate`, `audit replay`, `quote`, `balance`, the demo and the simulator differ in
where bytes come from and where lines go. What happens between stands only here: decode, apply,
seal. So a ledger made from a file and one made through Kafka can be compared byte for byte.

An engine holds no state of any tenant; everything that is remembered lives in the store it is
handed. It may be shared by stores and partitions, and is called from one thread.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from mypy_extensions import mypyc_attr

from rating.apply import RULES, Rater, References
from rating.ledger_chain import seal
from rating.store import Store
from schemas.codec import decode
from schemas.dead_letter import Refusal
from schemas.envelope import Event
from schemas.ledger import LedgerRecord
from streams.calendar_zones import load_calendar
from streams.numbering_metadata import load_numbering


@mypyc_attr(acyclic=True)
class Handled:
    """What one input became: sealed ledger lines without newline (maybe none), or a refusal.

    `tenant` is None only where the input is so broken that it names none.
    """

    __slots__ = ("lines", "refusal", "tenant")

    def __init__(self, tenant: str | None, lines: Sequence[bytes], refusal: Refusal | None) -> None:
        self.tenant: Final = tenant
        self.lines: Final = lines
        self.refusal: Final = refusal


EVENTS_AT_ONCE: Final = 50
"""How many events of a file are handled together: more are no faster, and may be 1 MiB each."""


class Versions(NamedTuple):
    """What is fixed per release and stands in every ruleset (D-81)."""

    rules: int
    numbering: str
    calendar: str


def carried_versions() -> Versions:
    """Return the versions that this release rates with."""
    return Versions(RULES, load_numbering().version, load_calendar().version)


class Engine:
    """Turns input events into sealed ledger lines, in the order they are handed in."""

    def __init__(self, rater: Rater) -> None:
        self.rater = rater

    def handle(self, store: Store, raw: bytes, key: bytes | None = None) -> Handled:
        """Decode one input and apply it; `key` is its Kafka key, None for a line of a file.

        Bad input never raises, it is a refusal that changed nothing. Raises UnknownReference
        where the event needs a catalogue or deck found nowhere: the caller must stop (D-79).
        """
        event = decode(raw, key)
        if isinstance(event, Refusal):
            return Handled(event.tenant, (), event)
        return self.handle_event(store, event)

    def handle_event(self, store: Store, event: Event) -> Handled:
        """As `handle`, for an event that is decoded already."""
        return _sealed(store, event, self.rater.apply(store, event))

    def handle_all(self, store: Store, events: Sequence[Event | Refusal]) -> list[Handled]:
        """As `handle_event` for each in turn, some dozens that were decoded; a refusal stays one.

        All are applied, then all are sealed, which is a tenth faster: each step's code fills the
        processor's nearest cache and is fetched once for all of them. Nothing that is applied looks
        at the hash that sealing moves on, so the lines are the same. Raises UnknownReference; the
        store then has events whose lines were never made, and must be dropped.
        """
        apply = self.rater.apply
        applied = [event if isinstance(event, Refusal) else apply(store, event) for event in events]
        return [_sealed(store, event, made) for event, made in zip(events, applied, strict=True)]


def _sealed(store: Store, event: Event | Refusal, made: list[LedgerRecord] | Refusal) -> Handled:
    """Return what an event became; `made` is what applying it gave."""
    if isinstance(made, Refusal):
        return Handled(event.tenant, (), made)
    return Handled(event.tenant, seal(store, made) if made else (), None)


def build_engine(references: References) -> Engine:
    """Return an engine with this release's rules, numbering and calendar over `references`."""
    rater = Rater(references=references, numbering=load_numbering(), calendar=load_calendar())
    return Engine(rater)
