"""A worker whose steps a test bends: small chunks, pauses, death at a step, planted bugs.

The worker itself is the one of `tollstream worker`; only what it is told at its fault points, the
size of its chunks and, where a bug is planted, the one function that the bug spoils are others.
"""

import asyncio
import json
import os
import signal
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import streams.lane.consumer
import streams.lane.inbox
from streams.clock import SystemClock
from streams.lane.fault_points import FaultPoint
from streams.settings import Settings
from streams.worker import run_worker
from tests.kafka.rig.compactions import fill_disk_in_a_compaction
from tests.kafka.rig.deployment import PLAN_VARIABLE
from tests.kafka.rig.small_disk import BALLAST


@dataclass(slots=True)
class Plan:
    """What happens to this worker.

    `chunk_records`: records a chunk holds at most; 0 leaves the engine's own limit.
    `jitter_ms`: each step pauses up to so long in one of three times.
    `die_at`, `die_turn`: SIGKILL when the step is reached for the n-th time.
    `freeze_at`, `freeze_turn`: SIGSTOP, likewise. `fail_at`: an OSError, as of a full disk, the
    first time.
    `clock_off_seconds`: each look at the wall clock finds it wrong by one of these.
    `through`: connections to the first port are made to the second.
    `hits`: file that gets the name of the step at which the worker died.
    `fill_disk_in_compaction`: the small disk is filled in the middle of one (`rig.compactions`),
    which `hits` is told.
    `planted`: names of bugs and mishaps of `tests.kafka.crash.planted`.
    """

    chunk_records: int = 0
    jitter_ms: int = 0
    seed: int = 0
    die_at: str | None = None
    die_turn: int = 1
    freeze_at: str | None = None
    freeze_turn: int = 1
    fail_at: str | None = None
    clock_off_seconds: tuple[float, ...] = ()
    through: tuple[int, int] | None = None
    hits: str | None = None
    fill_disk_in_compaction: bool = False
    planted: tuple[str, ...] = ()


class BentFaults:
    """Faults of a plan (see `streams.lane.fault_points.Faults`)."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._random = Random(plan.seed)
        self._turns = self._freeze_turns = 0
        self._failed = False

    async def reached(self, point: FaultPoint) -> None:
        """Pause, die, freeze or fail as planned."""
        plan = self._plan
        if plan.jitter_ms and self._random.randrange(3) == 0:
            await asyncio.sleep(self._random.random() * plan.jitter_ms / 1000)
        if point == plan.die_at:
            self._turns += 1
            if self._turns >= plan.die_turn:
                self._die(point)
        if point == plan.freeze_at:
            self._freeze_turns += 1
            if self._freeze_turns == plan.freeze_turn:
                os.kill(os.getpid(), signal.SIGSTOP)
        if point == plan.fail_at and not self._failed:
            self._failed = True
            raise OSError(28, "No space left on device", "planned")

    def _die(self, point: FaultPoint) -> None:
        if self._plan.hits is not None:
            with Path(self._plan.hits).open("a") as hits:
                hits.write(f"{point}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def spoil_clock(random: Random, off_seconds: tuple[float, ...]) -> None:
    """Let the wall clock jump about; the stop watch is the kernel's and cannot."""
    right = SystemClock.now

    def now(self: SystemClock) -> float:
        return right(self) + random.choice(off_seconds)

    SystemClock.now = now  # type: ignore[method-assign]


def reroute(port: int, through: int) -> None:
    """Make connections to one port to another one; whoever makes them does not notice."""
    right = asyncio.BaseEventLoop.create_connection

    def create_connection(
        self: Any, protocol: Any, host: Any = None, to: Any = None, **more: Any
    ) -> Any:
        return right(self, protocol, host, through if to == port else to, **more)

    asyncio.BaseEventLoop.create_connection = create_connection  # type: ignore[method-assign]


def main() -> None:
    """Bend this process as its plan says, then run the worker."""
    told: dict[str, Any] = json.loads(os.environ[PLAN_VARIABLE])
    plan = Plan(**told)
    if plan.chunk_records:
        # A test may set what is final for the engine.
        streams.lane.consumer.CHUNK_RECORDS_MAX = plan.chunk_records  # type: ignore[misc]
        streams.lane.inbox.CHUNK_RECORDS_MAX = plan.chunk_records  # type: ignore[misc]
        streams.lane.inbox.OVERLAP_RECORDS_MIN = plan.chunk_records  # type: ignore[misc]
    if plan.clock_off_seconds:
        spoil_clock(Random(plan.seed), plan.clock_off_seconds)
    if plan.through is not None:
        reroute(*plan.through)
    settings = Settings.from_environment(os.environ)
    if plan.fill_disk_in_compaction:
        assert plan.hits is not None
        fill_disk_in_a_compaction(settings.data_dir / BALLAST, Path(plan.hits))
    if plan.planted:
        import_module("tests.kafka.crash.planted").plant(plan.planted)
    run_worker(settings, BentFaults(plan))


if __name__ == "__main__":
    main()
