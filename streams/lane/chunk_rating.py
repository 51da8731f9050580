"""Step b of a chunk: raw records through the engine into ledger lines and dead letters.

Bad input is a dead letter beside the ledger lines, whole, with its position and reason. The one
thing that interrupts a chunk is a reference version that is not at hand: then everything the chunk
did to the rows is dropped, the version is looked for, and the chunk is rated again from its start.
"""

import asyncio
from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from rating.instants import EPOCH, to_micros
from rating.references import UnknownReference
from rating.store import Store
from schemas.calls import CallEnded
from schemas.codec import decode, decode_dead_letter, decode_record, encode_dead_letter
from schemas.dead_letter import DeadLetter, LogPosition, Refusal
from schemas.envelope import Event
from schemas.tenants import TenantConfigured
from schemas.timers import PeriodStarted, ReferenceActivated
from streams.engine import Engine
from streams.lane.limits import SLICE_RECORDS
from streams.lane.ports import SourceRecord
from streams.lane.stopping import ExitCode, LaneStop

READS_ALL_USERS: Final = (PeriodStarted, ReferenceActivated, TenantConfigured)
"""Events for which `rating` asks for all users of a tenant (`Store.subscribers`)."""
_CALL_RATED: Final = b'"type":"tollstream.call.rated.v1"}'


class ReferenceLoader(Protocol):
    """Brings reference versions at hand."""

    async def load(self, kind: str, version: str) -> bool:
        """Look for a version; say whether it is at hand now."""


class ChunkTables(Store):
    """The rows as the rating core sees them, which can forget a chunk half done."""

    @abstractmethod
    def forget(self) -> None:
        """Drop what was changed since the changes were last taken."""


@dataclass(slots=True)
class RatedEvents:
    """What a chunk became. `refused` counts dead letters by reason code."""

    ledger: list[tuple[bytes | None, bytes]] = field(default_factory=list)
    dead_letters: list[tuple[bytes | None, bytes]] = field(default_factory=list)
    newest_time_us: int | None = None
    refused: dict[str, int] = field(default_factory=dict)
    rated_calls: int = 0


class EngineRater:
    """ChunkRater with the engine (see `streams.lane.partition_lane.ChunkRater`)."""

    def __init__(self, engine: Engine, references: ReferenceLoader, topic: str) -> None:
        self._engine = engine
        self._references = references
        self._topic = topic

    async def rate(
        self, tables: ChunkTables, records: list[SourceRecord], partition: int
    ) -> RatedEvents:
        """Rate the records in order, a slice at a time."""
        missing: set[str] = set()
        while True:
            try:
                return await self._rate_all(tables, records, partition)
            except UnknownReference as unknown:
                tables.forget()
                known = unknown.version not in missing and await self._references.load(
                    unknown.kind, unknown.version
                )
                if not known:
                    raise LaneStop(
                        ExitCode.STOPPED,
                        f"partition {partition}: {unknown.kind} {unknown.version} is neither "
                        "shipped nor in the reference topic; publish it with "
                        "`tollstream reference publish`",
                    ) from None
                missing.add(unknown.version)

    async def _rate_all(
        self, tables: ChunkTables, records: list[SourceRecord], partition: int
    ) -> RatedEvents:
        rated = RatedEvents()
        for begin in range(0, len(records), SLICE_RECORDS):
            some = records[begin : begin + SLICE_RECORDS]
            events = [decode(record.value or b"", record.key) for record in some]
            first = 0
            for last in self._cuts(events, rated):
                if begin or first:
                    await asyncio.sleep(0)
                self._rate_some(tables, some[first:last], events[first:last], partition, rated)
                first = last
        return rated

    def _cuts(self, events: list[Event | Refusal], rated: RatedEvents) -> list[int]:
        """Return where other work may run: behind each event that takes long, and at the end.

        Notes the newest time of the events, too.
        """
        newest = EPOCH
        cuts: list[int] = []
        for place, event in enumerate(events):
            if isinstance(event, Refusal):
                continue
            newest = max(newest, event.time)
            if not isinstance(event.data, CallEnded) and isinstance(event.data, READS_ALL_USERS):
                cuts.append(place + 1)
        if not cuts or cuts[-1] < len(events):
            cuts.append(len(events))
        rated.newest_time_us = max(rated.newest_time_us or 0, to_micros(newest))
        return cuts

    def _rate_some(
        self,
        tables: ChunkTables,
        records: list[SourceRecord],
        events: list[Event | Refusal],
        partition: int,
        rated: RatedEvents,
    ) -> None:
        calls = 0
        add_line = rated.ledger.append
        for record, handled in zip(records, self._engine.handle_all(tables, events), strict=True):
            key = record.key
            for line in handled.lines:
                add_line((key, line))
                # The type stands last in canonical bytes.
                calls += line.endswith(_CALL_RATED)
            if handled.refusal is not None:
                self._refuse(rated, record, handled.refusal, partition)
        rated.rated_calls += calls

    def _refuse(
        self, rated: RatedEvents, record: SourceRecord, refusal: Refusal, partition: int
    ) -> None:
        position = LogPosition(self._topic, partition, record.offset)
        letter = DeadLetter(refusal, record.value or b"", position, _instant(record.timestamp))
        rated.dead_letters.append((record.key, encode_dead_letter(letter)))
        rated.refused[refusal.reason] = rated.refused.get(refusal.reason, 0) + 1

    def seq_of(self, ledger_line: bytes) -> int:
        """Return the sequence number of a ledger line."""
        return decode_record(ledger_line).record.seq

    def offset_of(self, dead_letter: bytes) -> int:
        """Return the source offset of the refused input, -1 where it is of another topic."""
        position = decode_dead_letter(dead_letter).position
        if not isinstance(position, LogPosition) or position.topic != self._topic:
            return -1
        return position.offset


def _instant(timestamp_ms: int) -> datetime | None:
    """Return a record's timestamp as an instant, None where the producer wrote nonsense."""
    try:
        return datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None
