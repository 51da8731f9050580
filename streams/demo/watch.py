"""Reading the ledger and the dead letters while the worker writes them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.codec import decode, decode_dead_letter, decode_record
from schemas.ledger import CallDuplicate, CallRated, LedgerRecord
from streams.demo.moments import Moments
from streams.demo.sample_log import is_about_call
from streams.kafka.read import committed_reader, read_to_end, topic_partitions
from streams.settings import Settings

QUIET_SECONDS: Final = 1.0
"""Silence after the last call in which the timer's events for it come out, too."""

STUCK_SECONDS: Final = 120.0
"""Longest silence before everything was answered: a worker starts in 3 s, on a machine that is
busy with other things in 30."""

POLL_SECONDS: Final = 0.05
"""Pause between two looks at the ends of the topics."""

CHUNKS_MIN: Final = 4
"""Chunks that must have been seen before a rate is told; fewer are no measurement."""


class StuckError(Exception):
    """The worker wrote nothing for too long."""


@dataclass(slots=True)
class Seen:
    """What was read so far. Times are of the monotonic clock, in seconds."""

    records: int = 0
    calls: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    charged: Counter[str] = field(default_factory=Counter)
    calls_of: Counter[str] = field(default_factory=Counter)
    refused_calls: int = 0
    letters: Counter[str] = field(default_factory=Counter)
    moments: Moments = field(default_factory=Moments)
    calls_by_chunk_ms: Counter[int] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        """Inputs about calls that came out again: rated, found to be duplicates, or refused."""
        return self.calls + self.outcomes["duplicate"] + self.refused_calls

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

    def watch(self, calls: int, look: Callable[[], None]) -> None:
        """Read until so many calls are answered and all is quiet; `look` is called meanwhile.

        Raises what `look` raises, and StuckError.
        """
        asyncio.run(self._watch(calls, look))

    async def _watch(self, calls: int, look: Callable[[], None]) -> None:
        settings, seen = self._settings, self._seen
        topics = (settings.ledger_topic, settings.dead_letter_topic)
        for topic in topics:
            if topic not in self._starts:
                partitions = await topic_partitions(settings, topic)
                self._starts[topic] = dict.fromkeys(partitions)
        changed = time.monotonic()
        async with committed_reader(settings) as consumer:
            while True:
                before = seen.records + seen.letters.total()
                for topic in topics:
                    starts = self._starts[topic]
                    async for partition, records, position in read_to_end(consumer, starts):
                        starts[partition] = position
                        self._take(topic, records)
                        look()
                now = time.monotonic()
                if seen.records + seen.letters.total() > before:
                    changed = now
                if seen.answered >= calls and now - changed > QUIET_SECONDS:
                    return
                if now - changed > STUCK_SECONDS:
                    raise StuckError(
                        f"{seen.answered:,} of {calls:,} calls answered, "
                        f"and nothing more in {STUCK_SECONDS:.0f} s"
                    )
                look()
                await asyncio.sleep(POLL_SECONDS)

    def _take(self, topic: str, records: Sequence[Any]) -> None:
        for record in records:
            if topic == self._settings.dead_letter_topic:
                letter = decode_dead_letter(record.value)
                self._seen.letters[letter.refusal.reason.value] += 1
                self._seen.refused_calls += is_about_call(decode(letter.raw))
            else:
                content, _ = decode_record(record.value)
                self._seen.add(content, record.timestamp)
