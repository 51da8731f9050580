"""Reading the ledger and the dead letters while the worker writes them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.codec import decode_dead_letter, decode_record
from schemas.ledger import CallDuplicate, CallRated, LedgerRecord
from streams.demo.moments import Moments
from streams.kafka.read import committed_reader, read_to_end, topic_partitions
from streams.settings import Settings

QUIET_SECONDS: Final = 1.5
"""Silence after which the worker counts as done for now; whether it was is for the replay to say,
and if not the demo watches on."""

FIRST_RECORD_SECONDS: Final = 120.0
"""Longest wait for the first record: a worker starts in 3 s, on a machine that is busy with other
things in 30."""

CHUNKS_MIN: Final = 4
"""Chunks that must have been seen before a rate is told; fewer are no measurement."""


class NothingRatedError(Exception):
    """The worker wrote nothing for too long."""


@dataclass(slots=True)
class Seen:
    """What was read so far. Times are of the monotonic clock, in seconds."""

    records: int = 0
    calls: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    charged: Counter[str] = field(default_factory=Counter)
    calls_of: Counter[str] = field(default_factory=Counter)
    letters: Counter[str] = field(default_factory=Counter)
    moments: Moments = field(default_factory=Moments)
    calls_by_chunk_ms: Counter[int] = field(default_factory=Counter)

    @property
    def calls_per_second(self) -> float | None:
        """Calls rated a second, None while too little was seen to say.

        The worker stamps all records of a chunk with the moment it was rated. The calls of the
        first chunk do not count, as nobody outside knows when its rating began.
        """
        moments = self.calls_by_chunk_ms
        if len(moments) < CHUNKS_MIN:
            return None
        first, last = min(moments), max(moments)
        return 1000 * (moments.total() - moments[first]) / (last - first)

    def add(self, record: LedgerRecord, chunk_ms: int) -> None:
        """Count a ledger record that was stamped at `chunk_ms`."""
        self.records += 1
        content = record.data
        if isinstance(content, CallRated):
            self.calls += 1
            self.calls_by_chunk_ms[chunk_ms] += 1
            self.outcomes[content.outcome] += 1
            self.calls_of[record.tenant] += 1
            moved = content.difference
            # A correction repeats the whole rating; what it moved stands in the difference.
            units = content.charge if moved is None else sum(row.amount for row in moved)
            self.charged[content.currency] += units
        elif isinstance(content, CallDuplicate):
            self.outcomes["duplicate"] += 1
        self.moments.add(record)


class Watcher:
    """Reads ledger and dead letters further each time it is asked, each record once."""

    def __init__(self, settings: Settings, seen: Seen) -> None:
        self._settings = settings
        self._seen = seen
        self._starts: dict[str, dict[object, int | None]] = {}

    def watch(self, look: Callable[[], None], quiet_seconds: float = QUIET_SECONDS) -> None:
        """Read until nothing comes for a while; `look` is called a few times a second.

        Raises what `look` raises, and NothingRatedError.
        """
        asyncio.run(self._watch(look, quiet_seconds))

    async def _watch(self, look: Callable[[], None], quiet_seconds: float) -> None:
        settings = self._settings
        topics = (settings.ledger_topic, settings.dead_letter_topic)
        for topic in topics:
            if topic not in self._starts:
                partitions = await topic_partitions(settings, topic)
                self._starts[topic] = dict.fromkeys(partitions)
        begun = changed = time.monotonic()
        async with committed_reader(settings) as consumer:
            while True:
                before = self._seen.records + self._seen.letters.total()
                for topic in topics:
                    starts = self._starts[topic]
                    async for partition, records, position in read_to_end(consumer, starts):
                        starts[partition] = position
                        self._take(topic, records)
                        look()
                now = time.monotonic()
                if self._seen.records + self._seen.letters.total() > before:
                    changed = now
                if self._seen.records and now - changed > quiet_seconds:
                    return
                if not self._seen.records and now - begun > FIRST_RECORD_SECONDS:
                    raise NothingRatedError(f"nothing was rated in {FIRST_RECORD_SECONDS:.0f} s")
                look()
                await asyncio.sleep(0.05)

    def _take(self, topic: str, records: Sequence[Any]) -> None:
        for record in records:
            if topic == self._settings.dead_letter_topic:
                refusal = decode_dead_letter(record.value).refusal
                self._seen.letters[refusal.reason.value] += 1
            else:
                content, _ = decode_record(record.value)
                self._seen.add(content, record.timestamp)
