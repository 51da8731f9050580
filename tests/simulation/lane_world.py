"""A simulated partition: a log with transactions and fencing, a disk, crashes at any step.

Everything is driven by one seeded random source, and nothing waits for real time, so a seed gives
the same run every time. The log keeps what Kafka keeps: offsets with holes (markers, aborted
records), an owner's epoch, records that are committed or not. The disk keeps what a disk keeps:
what was written, or any earlier state of it after a power loss.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

from streams.lane.fault_points import FaultPoint
from streams.lane.ports import (
    Change,
    ChangelogRows,
    ChangelogShorterError,
    ChunkWrites,
    LocalMark,
)
from streams.lane.position import pack_mark, pack_position, unpack_mark
from streams.lane.stopping import ExitCode, LaneStop, LocalStoreError
from streams.tables.declaration import LOG_KEY, POSITION_KEY, TABLES, TENANTS

_MARK = b"\x00mark"


class Crash(BaseException):
    """The process is gone at this step; nothing may catch it."""


@dataclass(frozen=True, slots=True)
class Input:
    """One record of the source."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 1_700_000_000_000
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Topic:
    """One partition of a topic: (offset, key, value) of committed records; `end` counts all."""

    records: list[tuple[int, bytes | None, bytes | None]] = field(default_factory=list)
    end: int = 0


@dataclass(slots=True)
class World:
    """What outlives a worker: the topics and who owns them."""

    source: list[Input]
    epoch: int = 0
    ledger: Topic = field(default_factory=Topic)
    dead_letters: Topic = field(default_factory=Topic)
    changelogs: list[Topic] = field(default_factory=lambda: [Topic() for _ in TABLES])
    aborted: int = 0
    open_by: int | None = None
    open_records: list[tuple[Topic, int, bytes | None, bytes | None]] = field(default_factory=list)

    def end_transaction(self, *, commit: bool) -> None:
        """Write the markers; an aborted record keeps its offset and is never read."""
        touched: list[Topic] = []
        for topic, offset, key, value in self.open_records:
            if commit:
                topic.records.append((offset, key, value))
            else:
                self.aborted += 1
            if topic not in touched:
                touched.append(topic)
        for topic in touched:
            topic.end += 1
        self.open_records, self.open_by = [], None


class Steps:
    """Faults of one worker's life: it crashes, freezes or yields at random steps."""

    def __init__(self, dice: random.Random, crash_chance: float, hit: set[FaultPoint]) -> None:
        self.frozen: asyncio.Event | None = None
        self._dice = dice
        self._crash_chance = crash_chance
        self._hit = hit

    async def reached(self, point: FaultPoint) -> None:
        """Let others run, wait while frozen, maybe die."""
        self._hit.add(point)
        for _ in range(self._dice.randrange(3)):
            await asyncio.sleep(0)
        if self.frozen is not None:
            await self.frozen.wait()
        if self._dice.random() < self._crash_chance:
            raise Crash(point)


class Ticks:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def now(self) -> float:
        """Return the wall clock."""
        return self.seconds

    def elapsed(self) -> float:
        """Return the stop watch."""
        return self.seconds


class SimulatedLog:
    """PartitionLog over a World (see `streams.lane.ports.PartitionLog`)."""

    def __init__(self, world: World, steps: Steps, *, early_commit: bool = False) -> None:
        self._world = world
        self._steps = steps
        self._epoch = -1
        self._early_commit = early_commit  # planted bug: what was sent counts at once

    async def fence(self) -> None:
        """Take the partition over; the old owner's open transaction is aborted."""
        await asyncio.sleep(0)
        self._world.epoch += 1
        self._epoch = self._world.epoch
        if self._world.open_by is not None:
            self._world.end_transaction(commit=False)

    async def last_position(self) -> bytes | None:
        """Return the newest position record's value."""
        await asyncio.sleep(0)
        records = self._world.changelogs[TENANTS.number].records
        return records[-1][2] if records else None

    async def last_ledger_line(self) -> tuple[bytes | None, bytes] | None:
        """Return the newest ledger record."""
        await asyncio.sleep(0)
        records = self._world.ledger.records
        return (records[-1][1], records[-1][2] or b"") if records else None

    async def last_dead_letter(self) -> bytes | None:
        """Return the newest dead letter."""
        await asyncio.sleep(0)
        records = self._world.dead_letters.records
        return records[-1][2] if records else None

    async def changelog_heads(self) -> list[Change | None]:
        """Return the oldest record of each changelog."""
        await asyncio.sleep(0)
        heads: list[Change | None] = []
        for topic in self._world.changelogs:
            first = topic.records[0] if topic.records else None
            heads.append(None if first is None else (first[1] or b"", first[2]))
        return heads

    async def source_range(self) -> tuple[int, int]:
        """Return begin and end of the source."""
        await asyncio.sleep(0)
        return 0, len(self._world.source)

    async def read_changelogs(self, starts: Sequence[int]) -> AsyncIterator[ChangelogRows]:
        """Yield the committed rows in small pieces."""
        topics = self._world.changelogs
        for topic, start in zip(topics, starts, strict=True):
            if start > topic.end:
                raise ChangelogShorterError(f"ends at {topic.end}, the local copy at {start}")
        for number, (topic, start) in enumerate(zip(topics, starts, strict=True)):
            todo = [record for record in topic.records if record[0] >= start]
            for at in range(0, len(todo), 7):
                piece = todo[at : at + 7]
                rows = [(key or b"", value) for _, key, value in piece]
                yield ChangelogRows(number, rows, piece[-1][0] + 1)
                await asyncio.sleep(0)
            if start < topic.end:
                yield ChangelogRows(number, [], topic.end)

    def prepare(self, writes: ChunkWrites) -> ChunkWrites:
        """Nothing to build."""
        return writes

    async def commit(self, prepared: ChunkWrites) -> list[int]:
        """Write one transaction record by record; refused once the partition has a new owner."""
        world = self._world
        self._owned()
        world.open_by = self._epoch
        await self._steps.reached(FaultPoint.TRANSACTION_BEGUN)
        await self._append(world.ledger, prepared.ledger, FaultPoint.LEDGER_SENT)
        await self._append(world.dead_letters, prepared.dead_letters, FaultPoint.DEAD_LETTERS_SENT)
        following = [-1] * len(TABLES)
        for table, rows in sorted(zip(TABLES, prepared.rows, strict=True), key=_tenants_last):
            records: list[Change] = list(rows)
            if prepared.begins:
                records.insert(0, (LOG_KEY, prepared.position.log_id.encode()))
            if table is TENANTS:
                records.append((POSITION_KEY, pack_position(prepared.position)))
            topic = world.changelogs[table.number]
            await self._append(topic, records, FaultPoint.CHANGELOGS_SENT)
            if records:
                following[table.number] = topic.end
        await self._steps.reached(FaultPoint.DELIVERED)
        self._owned()
        world.end_transaction(commit=True)
        return following

    async def _append(
        self, topic: Topic, records: Sequence[tuple[bytes | None, bytes | None]], point: FaultPoint
    ) -> None:
        for key, value in records:
            self._owned()
            if self._early_commit:
                topic.records.append((topic.end, key, value))
            else:
                self._world.open_records.append((topic, topic.end, key, value))
            topic.end += 1
        await self._steps.reached(point)

    def _owned(self) -> None:
        if self._epoch != self._world.epoch:
            raise LaneStop(ExitCode.FENCED, "another worker took over")

    async def close(self) -> None:
        """Nothing to let go of."""


def _tenants_last(item: tuple[object, object]) -> bool:
    return item[0] is TENANTS


class SimulatedDisk:
    """LocalRows in memory; `history` is what earlier states a power loss may bring back."""

    def __init__(self) -> None:
        self.content: dict[bytes, bytes] = {}
        self.history: list[dict[bytes, bytes]] = [{}]
        self.full = False
        self._open = False

    def open(self) -> LocalMark | None:
        """Open; return the mark."""
        self._open = True
        raw = self.content.get(_MARK)
        return None if raw is None else unpack_mark(raw)

    def wipe(self) -> None:
        """Delete everything."""
        self.content = {}

    def get(self, key: bytes) -> bytes | None:
        """Return a row."""
        self._check()
        return self.content.get(key)

    def scan(self, start: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield rows in key order."""
        self._check()
        wanted = [key for key in self.content if key.startswith(prefix) and key >= start]
        for key in sorted(wanted):
            yield key, self.content[key]

    def write(self, changes: list[Change], mark: LocalMark, *, durable: bool = True) -> None:
        """Write rows and mark at once."""
        del durable
        self.annotate([*changes, (_MARK, pack_mark(mark))])

    def annotate(self, changes: list[Change]) -> None:
        """Write keys at once."""
        self._check()
        if self.full:
            raise LocalStoreError("No space left on device")
        for key, value in changes:
            if value is None:
                self.content.pop(key, None)
            else:
                self.content[key] = value
        self.history = [*self.history[-19:], dict(self.content)]

    def flush(self) -> None:
        """Everything is durable already."""

    def close(self) -> None:
        """Close."""
        self._open = False

    def lose_power(self, dice: random.Random) -> None:
        """Fall back to an earlier state, as an unsynced write-ahead log may."""
        self.content = dict(dice.choice(self.history))

    def _check(self) -> None:
        if not self._open:
            raise LocalStoreError("the store is closed")
