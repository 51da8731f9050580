"""The lane of one partition: the order of steps that makes every call count exactly once.

Opening
  1 fence          nobody else can commit for this partition any more
  2 catch up       the local store becomes the committed state (`recovery`)
  3 cross-check    the newest ledger record and dead letter belong to the state that was read
  4 gate           the source is read from the committed position, records flow

A chunk (what has come by the time it can be taken, see `inbox`)
  a cut            a hole in the offsets stops; what is already rated is cut off
  b rate           pure CPU on decoded rows; changed rows are packed once; batches are built
  c wait           for the commit of the chunk before: transactions of a partition are serial
  d commit         ledger, dead letters, rows and position as one Kafka transaction
  e local write    rows and mark as one atomic write, only now: never ahead of the log
  f acknowledge    which only lets Faust count the chunk as done

b overlaps d and e of the chunk before. d is the only commit point: a crash before it leaves
nothing, a crash after it leaves all of it, and step 2 of the next owner finds out which. Nothing
is repaired in a running worker: every exception goes to `fail`, which ends the process.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from streams.lane.fault_points import FaultPoint, Faults
from streams.lane.inbox import Inbox
from streams.lane.ports import (
    Change,
    Chunk,
    ChunkWrites,
    Clock,
    LocalMark,
    LocalRows,
    PartitionLog,
    Position,
    SourceRecord,
)
from streams.lane.position import unpack_position
from streams.lane.recovery import RESTORE, catch_up
from streams.lane.stopping import ExitCode, LaneStop, failure_of
from streams.tables.declaration import TABLES
from streams.tables.due_index import DueIndex

logger = logging.getLogger(__name__)

PreparedT = TypeVar("PreparedT")


class RatedChunk(Protocol):
    """What rating a chunk made."""

    ledger: list[tuple[bytes | None, bytes]]
    dead_letters: list[tuple[bytes | None, bytes]]
    newest_time_us: int | None
    refused: dict[str, int]
    rated_calls: int


@dataclass(slots=True)
class ChunkReport:
    """What is told about a committed chunk; `refused` counts dead letters by reason code."""

    events: int
    rated_calls: int
    refused: dict[str, int]
    rate_seconds: float
    commit_seconds: float = 0.0


class LaneWitness(Protocol):
    """Is told what a lane did, for metrics and the log."""

    def opened(self, lane: "PartitionLane[Any]", seconds: float) -> None:
        """Be told that the gate opened, and how long it took."""

    def committed(
        self, lane: "PartitionLane[Any]", writes: ChunkWrites, report: ChunkReport
    ) -> None:
        """Be told that a chunk is durable."""


class LaneTables(Protocol):
    """The rows as the rating core changes them, and their packed changes."""

    @property
    def due(self) -> DueIndex:
        """Which tenants have a timer event coming."""

    def take_changes(self, source_next: int) -> tuple[tuple[list[Change], ...], list[Change]]:
        """End a chunk: return its packed changes, one list per table, and local entries."""

    def index_caught_up(self, table: int, rows: list[Change], next_offset: int) -> list[Change]:
        """Return the local entries of rows that a catch-up read."""

    async def complete_indexes(self) -> None:
        """Make local entries that a rebuilt store lacks; calls may flow meanwhile."""

    def written(self) -> None:
        """Be told that the oldest changes taken are in the local store."""

    def newest_seq(self, tenant: bytes) -> int:
        """Return the tenant's newest ledger sequence number, 0 for an unknown tenant."""


class ChunkRater(Protocol):
    """Rates records on the tables; never raises for bad data."""

    async def rate(self, tables: Any, records: list[SourceRecord], partition: int) -> RatedChunk:
        """Rate in order, letting other work run in between."""

    def seq_of(self, ledger_line: bytes) -> int:
        """Return the sequence number of a ledger line."""

    def offset_of(self, dead_letter: bytes) -> int:
        """Return the source offset of the refused input, -1 where it is of another topic."""


class PartitionLane(Generic[PreparedT]):
    """One partition's owner, from assignment to revocation. Used from one event loop only."""

    def __init__(
        self,
        partition: int,
        *,
        app_id: str,
        log: PartitionLog[PreparedT],
        rows: LocalRows,
        tables: LaneTables,
        rater: ChunkRater,
        clock: Clock,
        faults: Faults,
        tombstone_age_seconds: float,
        fail: Callable[[BaseException], None],
        witness: LaneWitness,
    ) -> None:
        self.partition = partition
        self.app_id = app_id
        self.log = log
        self.rows = rows
        self.tables = tables
        self.ready = False
        self.rows_caught_up = 0
        self._rater = rater
        self._clock = clock
        self._faults = faults
        self._tombstone_age_seconds = tombstone_age_seconds
        self._fail = fail
        self._witness = witness
        self._mark: LocalMark | None = None
        self._position: Position | None = None  # of the newest chunk rated, committed or not
        self._committing: asyncio.Task[None] | None = None
        self._working = asyncio.Lock()
        self._indexing: asyncio.Task[None] | None = None
        self._closed = False
        self._inbox = Inbox(self.process, self.drain, fail)

    @property
    def position(self) -> Position:
        """Where the newest rated chunk ends, whether it is committed yet or not."""
        if self._position is None:
            raise LaneStop(ExitCode.STOPPED, f"partition {self.partition} is not open yet")
        return self._position

    @property
    def next_offset(self) -> int:
        """The source offset at which records must flow on."""
        return self.position.source_next

    @property
    def due(self) -> DueIndex:
        """Which of the partition's tenants have a timer event coming."""
        return self.tables.due

    @property
    def newest_time_us(self) -> int | None:
        """The newest envelope time consumed, in µs since 1970."""
        return None if self._position is None else self._position.newest_time_us

    @property
    def applied(self) -> int:
        """Return the next source offset after what is committed and in the local store."""
        if self._mark is None or self._mark.position is None:
            return 0
        return self._mark.position.source_next

    async def open(self) -> None:
        """Take steps 1 to 4; raises LaneStop or LocalStoreError where it cannot be served."""
        started = self._clock.elapsed()
        await self.log.fence()
        await self._faults.reached(FaultPoint.FENCED)
        caught_up = await catch_up(
            self.log,
            self.rows,
            partition=self.partition,
            app_id=self.app_id,
            tombstone_age_seconds=self._tombstone_age_seconds,
            index=self.tables.index_caught_up,
            clock=self._clock,
            faults=self._faults,
        )
        self._mark, self._position = caught_up.mark, caught_up.position
        self.rows_caught_up = caught_up.rows_read
        await self._cross_check()
        await self._faults.reached(FaultPoint.CAUGHT_UP)
        if self._closed:
            return
        self.ready = True
        logger.info(
            "partition %d: ready at offset %d after %.2f s, %d rows caught up",
            self.partition,
            self.next_offset,
            self._clock.elapsed() - started,
            caught_up.rows_read,
        )
        self._witness.opened(self, self._clock.elapsed() - started)
        self._indexing = asyncio.ensure_future(self.tables.complete_indexes())
        self._indexing.add_done_callback(self._finished)
        await self._faults.reached(FaultPoint.GATE_OPENED)

    async def _cross_check(self) -> None:
        """Compare the newest outputs with row and position: none of the logs may have lost any."""
        lost = await self._lost_records()
        if not lost:
            return
        raw = await self.log.last_position()
        if raw is not None and unpack_position(raw) != self._position:
            # The log moved on after our fence: a newer owner fenced us while we caught up.
            raise LaneStop(
                ExitCode.FENCED,
                f"partition {self.partition}: another worker took over during the catch-up",
            )
        raise LaneStop(ExitCode.STOPPED, f"partition {self.partition}: {lost}. {RESTORE}")

    async def _lost_records(self) -> str:
        """Say which log lost records, empty where none did."""
        newest = await self.log.last_ledger_line()
        if newest is not None and newest[0] is not None:
            tenant = newest[0].decode()
            in_ledger, in_row = self._rater.seq_of(newest[1]), self.tables.newest_seq(newest[0])
            if in_ledger != in_row:
                lost = "changelogs" if in_ledger > in_row else "ledger"
                return (
                    f"the ledger ends with {tenant}/{in_ledger}, the row of {tenant} with "
                    f"{in_row}: the {lost} lost records"
                )
        letter = await self.log.last_dead_letter()
        if letter is not None and self._rater.offset_of(letter) >= self.next_offset:
            return (
                f"the newest dead letter is of event {self._rater.offset_of(letter)}, the next "
                f"event is {self.next_offset}: the changelogs lost records"
            )
        return ""

    async def offer(self, chunk: Chunk, done: Callable[[], None]) -> None:
        """Take a chunk over, to be processed with what else has come; wait while that is much."""
        await self._inbox.offer(chunk, done)

    async def process(self, chunk: Chunk, done: Callable[[], None]) -> None:
        """Take steps a to c and start the rest; `done` is called after step e."""
        async with self._working:
            if not self.ready:
                return
            await self._faults.reached(FaultPoint.CHUNK_TAKEN)
            records = self._cut(chunk)
            if not records:
                await self.drain()
                done()
                return
            started = self._clock.elapsed()
            rated = await self._rater.rate(self.tables, records, self.partition)
            await self._faults.reached(FaultPoint.CHUNK_RATED)
            writes = self._writes(rated, records[-1].offset + 1)
            prepared = self.log.prepare(writes)
            await self._faults.reached(FaultPoint.BATCHES_BUILT)
            report = ChunkReport(
                len(records), rated.rated_calls, rated.refused, self._clock.elapsed() - started
            )
            await self.drain()
            self._position = writes.position
            self._committing = asyncio.ensure_future(self._commit(prepared, writes, report, done))
            self._committing.add_done_callback(self._finished)

    def _cut(self, chunk: Chunk) -> list[SourceRecord]:
        """Return the records not rated yet; raises LaneStop where one is missing."""
        expected = self.position.source_next
        if chunk.first > expected:
            raise LaneStop(
                ExitCode.STOPPED,
                f"partition {self.partition}: events {expected} to {chunk.first - 1} are missing",
            )
        if chunk.records and chunk.records[0].offset < chunk.first:
            raise LaneStop(
                ExitCode.STOPPED,
                f"partition {self.partition}: asked for the event at offset {chunk.first}, got "
                f"{chunk.records[0].offset}: the events topic lost its newest events. {RESTORE}",
            )
        records = [record for record in chunk.records if record.offset >= expected]
        for record in records:
            if record.offset != expected:
                raise LaneStop(
                    ExitCode.STOPPED,
                    f"partition {self.partition}: expected the event at offset {expected}, got "
                    f"{record.offset}; the events topic must not be compacted or transactional",
                )
            expected += 1
        return records

    def _writes(self, rated: RatedChunk, source_next: int) -> ChunkWrites:
        before = self.position
        times = [t for t in (before.newest_time_us, rated.newest_time_us) if t is not None]
        position = Position(source_next, max(times, default=None), before.log_id)
        changes, local = self.tables.take_changes(source_next)
        assert len(changes) == len(TABLES)  # noqa: S101 - assertions before a write stay on
        begins = before.source_next == 0
        return ChunkWrites(position, rated.ledger, rated.dead_letters, changes, local, begins)

    async def _commit(
        self,
        prepared: PreparedT,
        writes: ChunkWrites,
        report: ChunkReport,
        done: Callable[[], None],
    ) -> None:
        """Take steps d to f."""
        started = self._clock.elapsed()
        following = await self.log.commit(prepared)
        await self._faults.reached(FaultPoint.COMMITTED)
        self._write_local(writes, following)
        await self._faults.reached(FaultPoint.LOCAL_WRITTEN)
        done()
        report.commit_seconds = self._clock.elapsed() - started
        self._witness.committed(self, writes, report)
        await self._faults.reached(FaultPoint.ACKNOWLEDGED)

    def _write_local(self, writes: ChunkWrites, following: list[int]) -> None:
        mark = self._mark
        assert mark is not None  # noqa: S101 - set by open; assertions before a write stay on
        changelog_next = tuple(map(self._moved_on, mark.changelog_next, following))
        changes = [
            (table.prefix + key, value)
            for table, rows in zip(TABLES, writes.rows, strict=True)
            for key, value in rows
        ]
        changes += writes.local
        self._mark = LocalMark(
            self.partition, self.app_id, writes.position, changelog_next, self._clock.now()
        )
        self.rows.write(changes, self._mark)
        self.tables.written()

    def _moved_on(self, before: int, following: int) -> int:
        """Return where a changelog goes on; one that went back was made anew under our feet."""
        if following < 0:
            return before
        if following <= before:
            raise LaneStop(
                ExitCode.STOPPED,
                f"partition {self.partition}: a changelog went back from offset {before} to "
                f"{following}: it was made anew. {RESTORE}",
            )
        return following

    def _finished(self, task: asyncio.Task[None]) -> None:
        if self._closed and task is self._indexing:
            return  # `close` cancelled it
        error = failure_of(task)
        if error is not None:
            self._fail(error)

    async def drain(self) -> None:
        """Wait for the commit in progress, if any."""
        if self._committing is not None:
            await asyncio.shield(self._committing)

    async def close(self) -> None:
        """Finish the commit in progress, then let go of everything."""
        self._closed, self.ready = True, False
        self._inbox.close()
        if self._indexing is not None:
            self._indexing.cancel()
            await asyncio.wait([self._indexing])
        async with self._working:
            if self._committing is not None:
                await asyncio.wait([self._committing])
        await self._faults.reached(FaultPoint.CLOSING)
        await self.log.close()
        self.rows.close()
