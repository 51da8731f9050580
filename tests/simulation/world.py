"""One run: events are produced, faults strike, then everything is drained and judged."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from unittest import mock

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.topics import DELETE_RETENTION_MS
from streams.lane.fault_points import FaultPoint
from streams.lane.ports import LocalMark, Position
from streams.lane.position import unpack_position
from streams.lane.stopping import LaneStop, LocalStoreError
from streams.settings import Settings
from streams.tables.declaration import POSITION_KEY, TABLES, TENANTS
from tests.simulation.broker import SimBroker
from tests.simulation.clients import simulated_clients
from tests.simulation.faults import (
    ACTIONS,
    DELIVERY_FAULTS,
    DISK_FAULTS,
    NETWORK_FAULTS,
    POINTS,
    STORE_FAULTS,
    NetworkFaults,
    Plan,
)
from tests.simulation.local import CommittedPosition, SimDirectory
from tests.simulation.loop import OutOfStepsError, Process, SimLoop
from tests.simulation.source import Input, make_inputs
from tests.simulation.verdict import Violation, judge
from tests.simulation.worker import Parts, PlannedStep, SimWorker

APP_ID: Final = "simulated"
DRAIN_SECONDS_MAX: Final = 400.0
"""Simulated seconds in which everything must be processed once the faults have ended: several
transaction timeouts (60 s), which is the longest that anything waits."""
DAY_SECONDS: Final = 86_400.0
SETTINGS: Final = Settings(app_id=APP_ID)


@dataclass(slots=True)
class Result:
    """What a run was: its trace's hash, what struck, and what it violated (empty if nothing)."""

    seed: int
    trace_hash: str
    hits: Counter[str]
    points: Counter[FaultPoint]
    events: int
    steps: int
    violation: str = ""


class _Committed(CommittedPosition):
    """A partition's committed position in the simulated log."""

    def __init__(self, world: "World", partition: int) -> None:
        super().__init__(partition)
        self._world = world
        self._places = [TopicPartition(t.changelog(APP_ID), partition) for t in TABLES]

    def newest(self) -> Position | None:
        """Return the newest position whose transaction is decided; markers may be missing."""
        for record in reversed(self._world.broker.at(self._places[TENANTS.number]).records):
            transaction = record.transaction
            decided = transaction is None or transaction.state in {"committing", "committed"}
            if record.key == POSITION_KEY and decided and record.value is not None:
                return unpack_position(record.value)
        return None

    def check(self, mark: LocalMark) -> None:
        """Fail where the local store would be ahead of the log."""
        newest = self.newest()
        in_log = 0 if newest is None else newest.source_next
        in_store = 0 if mark.position is None else mark.position.source_next
        ends = tuple(self._world.broker.at(place).end for place in self._places)
        ahead = any(a > b for a, b in zip(mark.changelog_next, ends, strict=True))
        if in_store > in_log or ahead:
            self._world.violate(f"a local store is ahead of the log: {in_store} > {in_log}")


class World:
    """Everything of one run. `assignment` says which worker should have which partitions."""

    def __init__(
        self, plan: Plan, parts: Parts | None = None, inputs: list[Input] | None = None
    ) -> None:
        self.plan = plan
        self.parts = parts or Parts()
        self.app_id = APP_ID
        self.loop = SimLoop(plan.seed)
        self.random = Random(f"{plan.seed}/world")
        self.inputs = make_inputs(plan) if inputs is None else inputs
        self.start_time = self.inputs[-1].time + self.random.uniform(-40, 70) * DAY_SECONDS
        self.broker = SimBroker(self.loop, plan.seed, self.now)
        self.points: Counter[FaultPoint] = Counter()
        self.network_faults = self._family("network", NETWORK_FAULTS)
        self.delivery_faults = self._family("delivery", DELIVERY_FAULTS)
        self.store_faults = self._family("disk", DISK_FAULTS)
        self.restart_faults = self._family("restart", STORE_FAULTS)
        self.violations: list[str] = []
        self.directories: dict[tuple[str, int], SimDirectory] = {}
        self.backups: dict[tuple[str, int], SimDirectory] = {}
        self.workers: dict[str, SimWorker | None] = {f"w{n}": None for n in range(plan.workers)}
        self.assignment: dict[str, list[int]] = {name: [] for name in self.workers}
        self.planned: dict[str, PlannedStep] = {}
        self.produced = False
        self.draining = False
        self.drained = False
        self.drained_ends: dict[int, int] = {}
        self._days = 0.0
        self._context = Context()

    def later(self, delay: float, action: Callable[[], object]) -> None:
        """Do something from outside of all processes."""
        self.loop.call_later(delay, action, context=self._context)

    def pass_days(self, days: float) -> None:
        """Let days pass for the wall clock, not for the stop watch."""
        self.loop.hits["days_pass"] += 1
        self._days += days

    def freeze(self, process: Process, seconds: float) -> None:
        """Hold a process like SIGSTOP, and let it go on later."""
        process.freeze()
        self.later(seconds, process.thaw)

    def _family(self, name: str, rates: dict[str, float]) -> NetworkFaults:
        random = Random(f"{self.plan.seed}/{name}")
        return NetworkFaults(random, self.loop.hits, rates, self.plan.on & rates.keys())

    def now(self) -> float:
        """Return the true wall clock, seconds since 1970."""
        return self.start_time + self._days * DAY_SECONDS + self.loop.time()

    def directory(self, worker: str, partition: int) -> SimDirectory:
        """Return a worker's directory of a partition."""
        return self.directories.setdefault((worker, partition), SimDirectory())

    def committed(self, partition: int) -> CommittedPosition:
        """Return what tells how far a partition is."""
        return _Committed(self, partition)

    def violate(self, text: str) -> None:
        """Note a broken promise."""
        self.violations.append(text)

    def source(self, partition: int) -> TopicPartition:
        """Return a partition of the events topic."""
        return TopicPartition(SETTINGS.events_topic, partition)

    # The life of processes.

    def start_worker(self, name: str) -> SimWorker:
        """Start a worker on its own directories."""
        process = self.loop.process(name)
        process.on_end = lambda ended: self._ended(name, ended)
        skew = self.random.uniform(-1000, 1000) if "clock_skew" in self.plan.on else 0.0
        planned = self.planned.pop(name, None)
        worker = process.context.run(SimWorker, self, name, process, planned, skew)
        self.workers[name] = worker
        worker.start()
        self.tell(name)
        return worker

    def tell(self, name: str) -> None:
        """Let a worker learn its partitions, after a while."""
        worker = self.workers[name]
        if worker is None:
            return
        self.later(self.random.expovariate(2), lambda: self._told(name, worker))

    def _told(self, name: str, worker: SimWorker) -> None:
        if self.workers[name] is worker and worker.process.alive:
            worker.assign(list(self.assignment[name]))

    def _ended(self, name: str, process: Process) -> None:
        self.workers[name] = None
        self.loop.hits[f"exit {process.code}"] += 1
        self._check_cause(process)
        for (owner, _), directory in self.directories.items():
            if owner == name:
                torn = self.restart_faults.strikes("torn_store")
                directory.crash(self.random, power_loss=torn)
        self.later(self.random.uniform(0.1, 4), lambda: self._restart(name))

    def _check_cause(self, process: Process) -> None:
        error = process.error
        if error is None or isinstance(error, LocalStoreError | KafkaError | OSError):
            return
        if not isinstance(error, LaneStop):
            self.violate(f"{process.name} ended with {error!r}")
            return
        struck = self.loop.hits["hole"]
        gap = "are missing" in error.line or "expected the event" in error.line
        known = ("took over", "the transaction failed")
        if not any(text in error.line for text in known) and not (gap and struck):
            self.violate(f"{process.name} stopped: {error.line}")

    def _restart(self, name: str) -> None:
        if self.workers[name] is not None or self.drained:
            return
        for (owner, partition), directory in list(self.directories.items()):
            if owner == name:
                self._damage(name, partition, directory)
        self.start_worker(name)

    def _damage(self, name: str, partition: int, directory: SimDirectory) -> None:
        key, strikes = (name, partition), self.restart_faults.strikes
        if self.random.random() < 0.3:
            self.backups[key] = directory.copy()
        if strikes("wiped_store"):
            self.directories[key] = SimDirectory()
        elif strikes("foreign_store"):
            others = [d for at, d in self.directories.items() if at[1] != partition]
            if others:
                self.directories[key] = self.random.choice(others).copy()
        elif strikes("corrupt_store"):
            directory.corrupt = True
        elif strikes("old_store") and key in self.backups:
            self.directories[key] = self.backups[key].copy()

    def restart_with(self, name: str, step: PlannedStep) -> None:
        """Kill a worker, and let a step strike the one that comes after it."""
        worker = self.workers[name]
        self.planned[name] = step
        if worker is not None:
            worker.process.end(None)

    def wipe(self, name: str) -> None:
        """Delete a worker's local stores once it is down."""
        self.later(0.05, lambda: self.directories.clear() if self.workers[name] is None else None)

    def rebalance(self, *, exclusive: bool) -> None:
        """Give every partition to a worker, or to two where it need not be exclusive."""
        names = sorted(self.workers)
        self.assignment = {name: [] for name in names}
        for partition in range(self.plan.partitions):
            count = 1 if exclusive or self.random.random() < 0.5 else min(2, len(names))
            for name in self.random.sample(names, count):
                self.assignment[name].append(partition)
        for name in names:
            self.tell(name)

    # The run.

    def run(self, script: Callable[["World"], Any] | None = None) -> Result:
        """Run the plan, or a script instead of its chaos, and judge what came of it."""
        ids = Random(f"{self.plan.seed}/ids")

        def draw_id() -> uuid.UUID:
            return uuid.UUID(int=ids.getrandbits(128))

        with (
            mock.patch.object(uuid, "uuid4", draw_id),
            simulated_clients(self.broker, self.network_faults, self.parts.consumer),
        ):
            self._context = copy_context()
            try:
                self.loop.drive(self._play(script or chaos))
                self.violations += judge(self)
            except (OutOfStepsError, Violation, AssertionError) as error:
                self.violate(f"{type(error).__name__}: {error}")
            self.loop.close_tasks()
        return Result(
            self.plan.seed,
            self.loop.trace_hash,
            self.loop.hits,
            self.points,
            len(self.inputs),
            self.loop.steps,
            self.violations[0] if self.violations else "",
        )

    async def _play(self, script: Callable[["World"], Any]) -> None:
        if "slow_network" in self.plan.on:
            self.broker.slow = self.random.choice((5.0, 50.0))
        producing = asyncio.ensure_future(self._produce())
        self.rebalance(exclusive=True)
        for name in sorted(self.workers):
            self.start_worker(name)
        await script(self)
        await producing
        await self._drain()

    async def _produce(self) -> None:
        """Send the events in order; with `replay`, some are sent again later."""
        again: list[Input] = []
        pace = self.random.choice((0.001, 0.05, 0.5))
        for event in self.inputs:
            await asyncio.sleep(self.random.expovariate(1 / pace))
            self._send(event)
            if "replay" in self.plan.on and self.random.random() < 0.2:
                again.append(event)
            if again and self.random.random() < 0.2:
                self.loop.hits["replay"] += 1
                self._send(again.pop(self.random.randrange(len(again))))
        self.produced = True

    def _send(self, event: Input) -> None:
        self.broker.append(self.source(event.partition), [(event.key, event.value)])

    async def _drain(self) -> None:
        """Let every fault end and wait until everything is processed (liveness)."""
        self._end_faults()
        owned = [number for numbers in self.assignment.values() for number in numbers]
        if len(owned) > self.plan.partitions or self.random.random() < 0.5:
            self.rebalance(exclusive=True)  # else nothing may come to the help of who hangs
        deadline = self.loop.time() + DRAIN_SECONDS_MAX
        await self._until(self._is_drained, deadline, "not drained")
        self.drained = True
        partitions = range(self.plan.partitions)
        self.drained_ends = {at: self.broker.at(self.source(at)).end for at in partitions}
        for worker in list(self.workers.values()):
            if worker is not None:
                worker.terminate()
        await self._until(lambda: not any(self.workers.values()), deadline, "not closed")
        await self._until(
            lambda: not self.broker.open_transactions(), deadline, "transactions are open"
        )

    async def _until(self, done: Callable[[], bool], deadline: float, otherwise: str) -> None:
        while not done():
            await asyncio.sleep(0.5)
            if self.loop.time() > deadline:
                raise Violation(f"{otherwise} after {DRAIN_SECONDS_MAX} s")

    def _end_faults(self) -> None:
        self.draining = True
        families = (self.network_faults, self.delivery_faults, self.store_faults)
        for family in (*families, self.restart_faults):
            family.on = frozenset()
        self.broker.slow = 1.0
        self.planned.clear()
        for worker in list(self.workers.values()):
            if worker is not None:
                worker.process.kill_at_step = None
                worker.faults.plan(None)
                worker.process.thaw()

    def _is_drained(self) -> bool:
        for name, partitions in self.assignment.items():
            worker = self.workers[name]
            if worker is None or sorted(worker.lanes.by_partition) != partitions:
                return False
            for partition in partitions:
                lane = worker.lanes.by_partition[partition]
                if not lane.ready or lane.applied != self.broker.at(self.source(partition)).end:
                    return False
        return True


async def chaos(world: World) -> None:
    """Do the plan's actions, one after the other."""
    weights = {action: weight for action, weight in ACTIONS.items() if action in world.plan.on}
    actions = list(weights) or ["quiet"]
    for _ in range(world.plan.actions):
        await asyncio.sleep(world.random.expovariate(1))
        action = world.random.choices(actions, list(weights.values()) or [1])[0]
        world.loop.trace("action", action)
        act(world, action)


def act(world: World, action: str) -> None:
    """Do one action."""
    random = world.random
    name = random.choice(sorted(world.workers))
    worker = world.workers[name]
    if action in {"kill_at_point", "error_at_point", "freeze_at_point"}:
        step = PlannedStep(random.choice(POINTS), random.randint(1, 3), action.partition("_")[0])
        if worker is None or random.random() < 0.5:
            world.planned[name] = step
        else:
            worker.faults.plan(step)
    elif action == "rebalance":
        world.rebalance(exclusive="overlap" not in world.plan.on)
    elif action == "outage":
        world.loop.hits["outage"] += 1
        world.broker.down_until = world.loop.time() + random.choice((1, 10, 100))
    elif action == "compaction":
        _compact(world)
    elif action == "days_pass":
        world.pass_days(random.uniform(0.1, 3))
    elif worker is not None:
        _strike(world, worker, action)


def _strike(world: World, worker: SimWorker, action: str) -> None:
    process = worker.process
    if action == "kill":
        world.loop.hits["kill"] += 1
        process.end(None)
    elif action == "kill_at_step":
        process.kill_at_step = process.steps + world.random.randint(1, 150)
    elif action == "terminate":
        world.loop.hits["terminate"] += 1
        worker.terminate()
    elif action == "freeze":
        world.loop.hits["freeze"] += 1
        world.freeze(process, world.random.choice((0.5, 5, 70)))


def _compact(world: World) -> None:
    world.loop.hits["compaction"] += 1
    before_ms = int(world.now() * 1000) - DELETE_RETENTION_MS
    for table in TABLES:
        for partition in range(world.plan.partitions):
            world.broker.compact(TopicPartition(table.changelog(APP_ID), partition), before_ms)
