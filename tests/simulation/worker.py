"""One simulated worker process: the production lanes, tables, rater and timer; Faust is modelled.

Modelled of Faust and of `streams.lane.consumer`: an assignment closes the old lanes and opens new
ones, the gate, the seek to each lane's own position, chunks in queues of isolated actors that are
cancelled in a rebalance, and the agent's loop. What is delivered may come again, late or with a
hole, since the lane must stand that.
"""

import asyncio
import errno
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from aiokafka import TopicPartition

from rating.references import ReferenceKind, ShippedReferences
from streams.calendar_zones import load_calendar
from streams.engine import Engine, build_engine
from streams.kafka.timer_link import KafkaTimerLink
from streams.kafka.topics import DELETE_RETENTION_MS
from streams.lane import inbox
from streams.lane.chunk_rating import EngineRater
from streams.lane.fault_points import FaultPoint
from streams.lane.lanes import Lanes, verdict
from streams.lane.limits import CHUNKS_QUEUED_MAX
from streams.lane.partition_lane import PartitionLane
from streams.lane.ports import Chunk, ChunkWrites
from streams.lane.transaction import KafkaPartitionLog
from streams.settings import Settings
from streams.tables.table_store import TableStore
from streams.timers import TICK_SECONDS, DueRules, Timer
from tests.simulation.clients import SimConsumer
from tests.simulation.local import SimRows
from tests.simulation.loop import Process, ProcessEndedError

if TYPE_CHECKING:
    from tests.simulation.world import World

# Chunks are small here: some must still be rated while the one before is committed.
inbox.OVERLAP_RECORDS_MIN = 4  # type: ignore[misc]
TOMBSTONE_AGE_SECONDS: Final = DELETE_RETENTION_MS / 1000 * 0.9
FETCH_PAUSE_SECONDS: Final = 0.005
FETCH_PAUSE_SECONDS_MAX: Final = 0.5
"""Pause between two looks for new events; grows while there are none, to save steps."""
LEAVING_SECONDS: Final = 30.0


class SimReferences:
    """References of a worker to which nothing is published."""

    def published_default(self, kind: ReferenceKind) -> str | None:
        """Return none."""
        assert kind in {"catalogue", "rates"}

    async def refresh(self) -> None:
        """Find nothing new."""

    async def load(self, kind: str, version: str) -> bool:
        """Find nothing."""
        assert kind
        assert version
        return False


_engines: list[Engine] = []


def shared_engine() -> Engine:
    """Return the engine; it holds no state, and loading it takes a second."""
    if not _engines:
        _engines.append(build_engine(ShippedReferences()))
    return _engines[0]


@dataclass(slots=True)
class SimClock:
    """A worker's clock over the world's; `skew_seconds` is how wrong it is."""

    world: "World"
    skew_seconds: float

    def now(self) -> float:
        """Return seconds since 1970 as this worker believes."""
        return self.world.now() + self.skew_seconds

    def elapsed(self) -> float:
        """Return the stop watch."""
        return self.world.loop.time()


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """Do `action` (kill, freeze, error) when `point` is reached for the `turn`-th time."""

    point: FaultPoint
    turn: int
    action: str


class SimFaults:
    """Faults of one process: notes every step, and does the planned thing at one of them."""

    def __init__(self, world: "World", process: Process, planned: PlannedStep | None) -> None:
        self._world = world
        self._process = process
        self._planned = planned
        self._count: Counter[FaultPoint] = Counter()

    def plan(self, step: PlannedStep | None) -> None:
        """Plan a step from now on, or none."""
        self._planned = step
        self._count.clear()

    async def reached(self, point: FaultPoint) -> None:
        """Note the step; kill, freeze or fail where it is the planned one; else maybe linger."""
        self._world.points[point] += 1
        self._count[point] += 1
        self._world.loop.trace(self._process.name, point)
        planned = self._planned
        if planned is not None and (point, self._count[point]) == (planned.point, planned.turn):
            self._world.loop.hits[f"{planned.action} at {point}"] += 1
            if planned.action == "error":
                raise OSError(errno.ENOSPC, "planned: No space left on device", "planned")
            if planned.action == "kill":
                self._process.end(None)
            else:
                self._world.freeze(self._process, self._world.random.choice((0.5, 5, 70)))
            await asyncio.sleep(0)
        if self._world.random.random() < 0.3:
            await asyncio.sleep(self._world.random.expovariate(200))


class SimLanes(Lanes):
    """The production's lanes, whose stop ends a simulated process."""

    process: Process

    def stop(self, error: BaseException) -> NoReturn:
        """End the process with the production's verdict."""
        if isinstance(error, ProcessEndedError):
            raise error
        code, _ = verdict(error)
        self.process.end(int(code), error)
        raise ProcessEndedError


class Witness:
    """Notes what lanes tell."""

    def opened(self, lane: PartitionLane[Any], seconds: float) -> None:
        """Expect a lane that is open."""
        assert lane.ready
        assert seconds >= 0

    def committed(self, lane: PartitionLane[Any], writes: ChunkWrites, report: object) -> None:
        """Expect a lane whose local store has the chunk."""
        assert lane.applied == writes.position.source_next
        assert report


LogMaker = Callable[..., KafkaPartitionLog]
LaneMaker = Callable[..., PartitionLane[Any]]
RowsMaker = Callable[..., SimRows]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker is made of; planted bugs replace one of them."""

    log: LogMaker = KafkaPartitionLog
    lane: LaneMaker = PartitionLane
    rows: RowsMaker = SimRows
    consumer: type[SimConsumer] = SimConsumer
    swallow: bool = False
    """Whether the worker lives on after a lane failed."""


class SimWorker:
    """The inside of one process."""

    def __init__(
        self,
        world: "World",
        name: str,
        process: Process,
        planned: PlannedStep | None,
        skew_seconds: float,
    ) -> None:
        self.world = world
        self.name = name
        self.process = process
        self.faults = SimFaults(world, process, planned)
        self._settings = Settings(
            app_id=world.app_id,
            worker_id=name,
            partitions=world.plan.partitions,
            timer=world.plan.timer,
        )
        self._clock = SimClock(world, skew_seconds)
        self._references = SimReferences()
        self._rules = DueRules(self._settings, load_calendar(), self._references)
        self.lanes = SimLanes(self._settings.events_topic, self._open_lane)
        self.lanes.process = process
        self._generation = 0
        self._rebalancing = asyncio.Lock()
        self._queues: dict[int, asyncio.Queue[tuple[int, Chunk]]] = {}
        self._actors: list[asyncio.Task[None]] = []
        self._leaving = False

    def start(self) -> None:
        """Begin to serve."""
        self.process.run(self._guarded(self._fetch))
        if self.world.plan.timer != "off":
            self.process.run(self._guarded(self._tick))

    def assign(self, partitions: list[int]) -> None:
        """Be told the partitions, when this process gets to it."""
        self.process.run(self._guarded(self._follow, partitions))

    def terminate(self) -> None:
        """Leave in order, like on SIGTERM."""
        self.process.run(self._guarded(self._leave))

    async def _guarded(self, work: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        try:
            await work(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker stops
            self._stop(error)

    def _stop(self, error: BaseException) -> None:
        if self.world.parts.swallow and not isinstance(error, ProcessEndedError):
            return
        self.lanes.stop(error)

    def _open_lane(
        self, partition: int, fail: Callable[[BaseException], None]
    ) -> PartitionLane[Any]:
        world = self.world
        rows = world.parts.rows(
            world.directory(self.name, partition), world.store_faults, world.committed(partition)
        )
        return world.parts.lane(
            partition,
            app_id=world.app_id,
            log=world.parts.log(self._settings, partition, self._clock, self.faults),
            rows=rows,
            tables=TableStore(
                rows, cache_bytes=1 << 16, due_of=self._rules.due_us, basis=self._rules.basis
            ),
            rater=EngineRater(shared_engine(), self._references, self._settings.events_topic),
            clock=self._clock,
            faults=self.faults,
            tombstone_age_seconds=TOMBSTONE_AGE_SECONDS,
            fail=self._stop if world.parts.swallow else fail,
            witness=Witness(),
        )

    async def _follow(self, partitions: list[int]) -> None:
        async with self._rebalancing:
            if self._leaving:
                return
            self._generation += 1
            early = self.world.random.random() < 0.5
            if early:
                self._cancel_actors()
            await self.lanes.close()
            self._cancel_actors()
            await asyncio.sleep(self.world.random.expovariate(50))
            await self.lanes.assigned(partitions)
            self._queues = {number: asyncio.Queue(CHUNKS_QUEUED_MAX) for number in partitions}
            self._actors = [
                asyncio.ensure_future(self._guarded(self._rate, number, queue))
                for number, queue in self._queues.items()
            ]

    def _cancel_actors(self) -> None:
        actors, self._actors, self._queues = self._actors, [], {}
        for actor in actors:
            actor.cancel()

    async def _leave(self) -> None:
        self._leaving = True
        async with self._rebalancing:
            self._generation += 1
            await asyncio.wait_for(self.lanes.close(), LEAVING_SECONDS)
        self.process.end(0)

    async def _rate(self, partition: int, queue: "asyncio.Queue[tuple[int, Chunk]]") -> None:
        """Do as the agent does (`streams.agent`)."""
        while True:
            generation, chunk = await queue.get()
            lane = self.lanes.lane_of(partition)
            if lane is None or generation != self._generation or not lane.ready:
                continue
            take = lane.offer if self.world.plan.joins else lane.process
            await take(chunk, lambda: None)

    async def _fetch(self) -> None:
        """Do as `ChunkConsumer` does: gates, seeks, chunks."""
        sought: dict[int, Any] = {}
        delivered: dict[int, int] = {}
        pause_seconds = FETCH_PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause_seconds * self.world.random.uniform(0.5, 1.5))
            pause_seconds = min(2 * pause_seconds, FETCH_PAUSE_SECONDS_MAX)
            for partition, queue in list(self._queues.items()):
                lane, generation = self.lanes.lane_of(partition), self._generation
                if lane is None or not lane.ready or queue.full():
                    continue
                if sought.get(partition) is not lane:
                    sought[partition], delivered[partition] = lane, lane.next_offset
                chunk = await self._fetch_chunk(partition, delivered[partition])
                if chunk is None or (generation, queue) != (
                    self._generation,
                    self._queues.get(partition),
                ):
                    continue
                delivered[partition] = chunk.records[-1].offset + 1
                pause_seconds = FETCH_PAUSE_SECONDS
                await queue.put((generation, chunk))

    async def _fetch_chunk(self, partition: int, start: int) -> Chunk | None:
        world = self.world
        faults = world.delivery_faults
        place = TopicPartition(self._settings.events_topic, partition)
        if start >= world.broker.at(place).end:
            return None
        first = start
        if faults.strikes("redelivery"):
            start = first = max(0, start - world.random.randint(1, 10))
        if faults.strikes("late_chunk"):
            await asyncio.sleep(world.random.uniform(0, 2))
        await asyncio.sleep(world.broker.delay_seconds())
        most = world.random.randint(1, world.plan.chunk_records_max)
        records, _ = world.broker.read(place, start, most, committed_only=True)
        if len(records) > 1 and faults.strikes("hole"):
            del records[world.random.randrange(len(records) - 1)]
        return Chunk(first, records) if records else None

    async def _tick(self) -> None:
        timer = Timer(
            self._settings,
            rules=self._rules,
            defaults=self._references,
            link=KafkaTimerLink(self._settings),
            clock=self._clock,
            faults=self.faults,
        )
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if not self.world.draining:
                await timer.tick(list(self.lanes.by_partition.values()))
