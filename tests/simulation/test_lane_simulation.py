"""The lane's logic under loss, replay, crashes, power loss and zombies, seed by seed (R3).

Safety first: crashes at any step, the disk kept, lost, torn or foreign. Then liveness: a calm
worker finishes. Then the ledger and the rows must be those of rating the log from zero.
`TOLLSTREAM_SIMULATION_SEEDS=50000` runs a campaign; a failing seed is named by the test's id.
"""

import asyncio
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.codec import pack_row
from schemas.dead_letter import Refusal
from streams.engine import Engine, build_engine
from streams.generate import LogOptions, generate
from streams.lane.chunk_rating import EngineRater
from streams.lane.fault_points import FaultPoint
from streams.lane.partition_lane import ChunkReport, PartitionLane
from streams.lane.ports import Chunk, ChunkWrites
from streams.lane.recovery import RESTORE
from streams.lane.stopping import ExitCode, LaneStop
from streams.tables.declaration import RESERVED, SUBSCRIBERS, TABLES, Table
from streams.tables.table_store import TableStore
from tests.simulation.lane_world import (
    Crash,
    Input,
    SimulatedDisk,
    SimulatedLog,
    Steps,
    Ticks,
    Topic,
    World,
)

SEEDS = int(os.environ.get("TOLLSTREAM_SIMULATION_SEEDS", "25"))
EVENTS = 260
LIVES = 12
IN_A_LANE = frozenset(FaultPoint) - {FaultPoint.GROUP_OFFSET_SENT, FaultPoint.TIMER_SENT}
"""The points that are not Kafka's or the timer's own."""


class Witness:
    """Hears what the lane did; the simulation looks at the world itself."""

    def opened(self, lane: PartitionLane[Any], seconds: float) -> None:
        """Do nothing."""

    def committed(self, lane: PartitionLane[Any], writes: ChunkWrites, report: ChunkReport) -> None:
        """Do nothing."""


class Life:
    """One worker process: a lane, and what ended it."""

    def __init__(
        self, world: World, disk: SimulatedDisk, steps: Steps, engine: Engine, **log: bool
    ) -> None:
        self.ended: BaseException | None = None
        self.disk = disk
        tables = TableStore(disk, cache_bytes=1 << 16, due_of=lambda _: None, basis=lambda: b"-")
        self.lane = PartitionLane(
            0,
            app_id="sim",
            log=SimulatedLog(world, steps, **log),
            rows=disk,
            tables=tables,
            rater=EngineRater(engine, NoReferences(), "events"),
            clock=Ticks(),
            faults=steps,
            tombstone_age_seconds=1e9,
            fail=self.fail,
            witness=Witness(),
        )

    def fail(self, error: BaseException) -> None:
        """Note the first error; the process is gone then."""
        self.ended = self.ended or error

    async def serve(self, world: World, dice: random.Random, *, chunks: int | None) -> None:
        """Open and rate some chunks, or all there is; raises what ended the process."""
        await self.lane.open()
        rated = 0
        while self.ended is None and (chunks is None or rated < chunks):
            first = self.lane.next_offset
            if dice.random() < 0.2:
                first = max(0, first - dice.randrange(30))  # redelivery after a seek
            records = world.source[first : first + dice.randrange(1, 40)]
            if not records:
                break
            await self.lane.process(Chunk(first, records), lambda: None)
            rated += 1
        if self.ended is None:
            await self.lane.drain()
        if self.ended is not None:
            raise self.ended


class NoReferences:
    """No version beside the shipped ones."""

    async def load(self, kind: str, version: str) -> bool:
        """Find nothing."""
        del kind, version
        return False


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Return the engine, which holds no state."""
    return build_engine(ShippedReferences())


@pytest.fixture(scope="module")
def log() -> list[bytes]:
    """Return one generated log; every run takes a piece of it."""
    return list(generate(LogOptions(tenants=6, calls=1200, seed=7)))


def rated_from_zero(engine: Engine, source: list[Input]) -> tuple[list[bytes], int, MemoryStore]:
    """Return the ledger lines, the number of refusals and the rows of rating a log at once."""
    store, lines, refused = MemoryStore(), [], 0
    for record in source:
        handled = engine.handle(store, record.value or b"", record.key)
        lines += handled.lines
        refused += isinstance(handled.refusal, Refusal)
    return lines, refused, store


def source_of(log: list[bytes], dice: random.Random) -> list[Input]:
    """Return a piece of the log with some garbage and some events twice."""
    inputs: list[bytes] = list(log[:40])
    start = dice.randrange(40, max(41, len(log) - EVENTS))
    for raw in log[start : start + EVENTS - 40]:
        inputs.append(raw)
        if dice.random() < 0.05:
            inputs.append(raw)
        if dice.random() < 0.03:
            inputs.append(dice.randbytes(dice.randrange(20)))
    return [Input(offset, None, raw) for offset, raw in enumerate(inputs)]


async def run_world(
    engine: Engine, log: list[bytes], seed: int, hit: set[FaultPoint], **planted: bool
) -> World:
    """Run one seed: some lives that end badly, zombies among them, then one that finishes."""
    dice = random.Random(seed)
    world = World(source_of(log, dice))
    disk = SimulatedDisk()
    for _ in range(dice.randrange(1, LIVES)):
        steps = Steps(dice, dice.choice([0.0, 0.005, 0.02, 0.08]), hit)
        life = Life(world, disk, steps, engine, **planted)
        task = asyncio.ensure_future(life.serve(world, dice, chunks=dice.randrange(1, 9)))
        if dice.random() < 0.3:
            disk = await become_zombie(
                world, life, task, steps, engine=engine, dice=dice, hit=hit, planted=planted
            )
            continue
        await ended(task)
        if life.ended is None and dice.random() < 0.5:
            await ended(asyncio.ensure_future(life.lane.close()))
        disk = damaged(disk, dice)
    calm = Life(world, disk, Steps(dice, 0.0, hit), engine, **planted)
    await calm.serve(world, dice, chunks=None)
    await calm.lane.close()
    return world


async def become_zombie(
    world: World,
    life: Life,
    task: "asyncio.Task[None]",
    steps: Steps,
    *,
    engine: Engine,
    dice: random.Random,
    hit: set[FaultPoint],
    planted: dict[str, bool],
) -> SimulatedDisk:
    """Freeze a worker, let another take over with a disk of its own, then thaw the first."""
    for _ in range(dice.randrange(200)):
        await asyncio.sleep(0)
    steps.frozen = asyncio.Event()
    other = Life(world, SimulatedDisk(), Steps(dice, 0.01, hit), engine, **planted)
    await ended(asyncio.ensure_future(other.serve(world, dice, chunks=3)))
    steps.frozen.set()
    await ended(task)
    if isinstance(life.ended, LaneStop):
        assert life.ended.code is ExitCode.FENCED
    return damaged(dice.choice([life.disk, other.disk]), dice)


async def ended(task: "asyncio.Task[None]") -> None:
    """Wait for a process to end by itself or by a crash."""
    try:
        await task
    except (Crash, LaneStop):
        return


def damaged(disk: SimulatedDisk, dice: random.Random) -> SimulatedDisk:
    """Return the disk as the next worker finds it: the same, empty, or of a moment before."""
    fate = dice.random()
    if fate < 0.15:
        return SimulatedDisk()
    if fate < 0.4:
        disk.lose_power(dice)
    # A dead process may still hold the old object: the next one has its own.
    found = SimulatedDisk()
    found.content = dict(disk.content)
    found.history = list(disk.history[-20:]) or [{}]
    return found


def folded(world: World) -> list[dict[bytes, bytes]]:
    """Return the rows of each table as its changelog tells them, the position left out."""
    tables: list[dict[bytes, bytes]] = []
    for topic in world.changelogs:
        rows: dict[bytes, bytes] = {}
        for _, key, value in topic.records:
            if value is None:
                rows.pop(key or b"", None)
            elif not (key or b"").startswith(RESERVED):
                rows[key or b""] = value
        tables.append(rows)
    return tables


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_event_counts_once_whatever_happens(
    engine: Engine, log: list[bytes], seed: int
) -> None:
    """The ledger equals rating the log from zero, and so do the rows in the changelogs."""
    world = asyncio.run(run_world(engine, log, seed, set()))
    lines, refused, store = rated_from_zero(engine, world.source)
    assert lines == [value for _, _, value in world.ledger.records]
    assert refused == len(world.dead_letters.records)
    tenants = folded(world)[0]
    assert sorted(tenants) == sorted({line_tenant(line) for line in lines})
    for tenant, packed in tenants.items():
        row = store.get_tenant(tenant.decode())
        assert row is not None
        assert packed == pack_row(row.pack())
    assert len(TABLES) == len(world.changelogs)


def test_every_step_was_a_crash_site(engine: Engine, log: list[bytes]) -> None:
    """The seeds together pass every fault point of a lane."""
    hit: set[FaultPoint] = set()
    for seed in range(12):
        asyncio.run(run_world(engine, log, 1000 + seed, hit))
    assert sorted(IN_A_LANE) == sorted(hit)


def test_a_seed_gives_the_same_run(engine: Engine, log: list[bytes]) -> None:
    """Two runs of one seed leave the same world, aborted records included."""
    first = asyncio.run(run_world(engine, log, 3, set()))
    again = asyncio.run(run_world(engine, log, 3, set()))
    assert first.ledger == again.ledger
    assert (first.aborted, first.epoch) == (again.aborted, again.epoch)


def test_planted_bug_commit_before_delivery_is_caught(engine: Engine, log: list[bytes]) -> None:
    """A log that counts records as soon as they are sent doubles or loses some within a few seeds.

    The worker may also notice by itself and refuse to go on, which is as good.
    """
    assert any(is_wrong(engine, log, seed) for seed in range(10))


def is_wrong(engine: Engine, log: list[bytes], seed: int) -> bool:
    """Say whether a run with the planted bug shows it: rows that fit nothing may raise anything."""
    try:
        world = asyncio.run(run_world(engine, log, seed, set(), early_commit=True))
    except Exception:  # noqa: BLE001 - see the docstring
        return True
    lines, _, _ = rated_from_zero(engine, world.source)
    return lines != [value for _, _, value in world.ledger.records]


def line_tenant(line: bytes) -> bytes:
    """Return the tenant of a ledger line by its id, `<tenant>/<seq>`."""
    return line.split(b'"id":"', 1)[1].split(b"/", 1)[0]


LOSSES: dict[str, Callable[[Topic], None]] = {
    "cut": lambda topic: topic.records.pop(0),
    "emptied": lambda topic: topic.records.clear(),
    "made anew": lambda topic: topic.__init__(),  # type: ignore[misc]
}


@pytest.mark.parametrize("disk", ["whole copy", "no copy"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_changelog_that_lost_records_is_refused(
    engine: Engine, log: list[bytes], table: Table, loss: str, disk: str
) -> None:
    """A part of the rows is never taken for all of them, whatever else is at hand."""

    async def script() -> LaneStop:
        world, kept = await rated_world(engine, log)
        LOSSES[loss](world.changelogs[table.number])
        again = Life(world, kept if disk == "whole copy" else SimulatedDisk(), quiet(), engine)
        with pytest.raises(LaneStop) as stopped:
            await again.lane.open()
        return stopped.value

    stop = asyncio.run(script())
    assert ExitCode.STOPPED is stop.code
    assert RESTORE in stop.line


def test_a_changelog_that_lost_its_end_is_refused_where_a_copy_tells(
    engine: Engine, log: list[bytes]
) -> None:
    """A copy of the same position cannot have more than the log had."""

    async def script() -> LaneStop:
        world, kept = await rated_world(engine, log)
        topic = world.changelogs[SUBSCRIBERS.number]
        topic.end = topic.records.pop()[0]
        with pytest.raises(LaneStop) as stopped:
            await Life(world, kept, quiet(), engine).lane.open()
        return stopped.value

    stop = asyncio.run(script())
    assert "it lost records" in stop.line


def test_a_changelog_made_anew_under_a_running_lane_stops_it(
    engine: Engine, log: list[bytes]
) -> None:
    """What was committed went into a topic that lacks everything before."""

    async def script() -> BaseException:
        world, kept = await rated_world(engine, log, chunks=3)
        life = Life(world, kept, quiet(), engine)
        await life.lane.open()
        for topic in world.changelogs:
            topic.__init__()  # type: ignore[misc]
        records = world.source[life.lane.next_offset :][:5]
        await life.lane.process(Chunk(records[0].offset, records), lambda: None)
        with pytest.raises(LaneStop) as stopped:
            await life.lane.drain()
        return stopped.value

    assert "went back" in str(asyncio.run(script()))


async def rated_world(
    engine: Engine, log: list[bytes], chunks: int | None = None
) -> tuple[World, SimulatedDisk]:
    """Return a world whose log one calm worker rated, or some chunks of it, and its disk."""
    dice = random.Random(1)
    world, disk = World(source_of(log, dice)), SimulatedDisk()
    life = Life(world, disk, quiet(), engine)
    await life.serve(world, dice, chunks=chunks)
    await life.lane.close()
    return world, disk


def quiet() -> Steps:
    """Return steps at which nothing happens."""
    return Steps(random.Random(1), 0.0, set())
