"""A worker under a load that goes by a plan, watched all the while: what I8 and I9 measure.

The calls are those of `tollstream bench`, the feed tells when each one's ledger record was there.
The worker gets part of a CPU only (`throttle`), so that feed, broker and worker have room on two
cores; its capacity is measured in the same state, on calls that are there already. What is fed goes
on behind them in time. A month has `month_calls`: with more of them months pass, so pools are reset
and calls of old months swept, as in years.
"""

import asyncio
import contextlib
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from streams.bench.call_log import LogShape
from streams.bench.jobs import child_environment, run_job
from streams.bench.pace import Pace
from streams.bench.place import Place, fill
from streams.bench.worker_run import Workers, measured_rate
from streams.kafka.topics import create_topics
from streams.own_program import own_program
from tests.kafka.rig.throttle import throttled

TENANTS: Final = 1_000
PARTITIONS: Final = 4
CAPACITY_CALLS: Final = 400_000
"""Enough for some fifteen of the largest chunks a partition; ten are needed to measure by."""
CPU_SHARE: Final = 0.25
LOOK_SECONDS: Final = 1.0
EVENTS: Final = "load.events"


@dataclass(frozen=True, slots=True)
class Look:
    """What a worker had at a moment (seconds since 1970)."""

    at: float
    memory_bytes: int
    files: int
    threads: int


@dataclass(slots=True)
class LoadResult:
    """What a run found.

    `answer` is the feed's (see `streams.bench.live_feed`), `opened` how often a partition was
    opened, `audit` the last line of `tollstream audit replay`, which rates the log again.
    """

    capacity_per_second: float = 0.0
    answer: dict[str, Any] = field(default_factory=dict)
    looks: list[Look] = field(default_factory=list)
    opened: int = 0
    exit_code: int | None = None
    audit: str = ""


class LoadRun:
    """One worker on one broker; `run` it with a function from its capacity to a pace."""

    def __init__(
        self,
        bootstrap: str,
        home: Path,
        say: Callable[[str], None],
        month_calls: int = CAPACITY_CALLS,
    ) -> None:
        variables = {
            "TOLLSTREAM_BROKERS": bootstrap,
            "TOLLSTREAM_EVENTS_TOPIC": EVENTS,
            "TOLLSTREAM_PARTITIONS": str(PARTITIONS),
            "TOLLSTREAM_TIMER": "log",
        }
        shape = LogShape(TENANTS, month_calls)
        self._place = Place("load", home, variables, shape, CAPACITY_CALLS)
        self._variables = self._place.variables_of("load")
        self._workers = Workers(self._variables, home, 1)
        self._say = say
        self._result = LoadResult()

    def run(self, pace_of: Callable[[float], Pace]) -> LoadResult:
        """Measure the capacity, feed by the pace, stop the worker, rate everything again."""
        self._place.folder.mkdir(parents=True, exist_ok=True)
        place = self._place = asyncio.run(fill(self._place))
        asyncio.run(create_topics(place.settings("load")))
        self._workers.start()
        try:
            worker = self._workers.running[0]
            with throttled(worker.process.pid, CPU_SHARE):
                self._workers.wait_until(place.ends)
                capacity = measured_rate(self._workers, place.after(0.2), place.after(0.9))
                self._result.capacity_per_second = capacity.per_second
                self._say(f"capacity: {capacity.per_second:.0f} calls a second")
                with self._watched():
                    self._result.answer = self._feed(pace_of(capacity.per_second))
            worker.look()
            self._result.opened = len(worker.ready)
        finally:
            processes = [worker.process for worker in self._workers.running]
            self._workers.stop()
        self._result.exit_code = processes[0].returncode
        self._result.audit = rated_again(self._variables)
        return self._result

    def _feed(self, pace: Pace) -> dict[str, Any]:
        job = self._place.job(
            "live", first_call=self._place.calls, calls=pace.calls, pace=pace.phases
        )
        return run_job(job, self._variables)

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Look at the worker every second while the block lasts."""
        over = threading.Event()
        process_id = self._workers.running[0].process.pid

        def watch() -> None:
            while not over.wait(LOOK_SECONDS):
                self._result.looks.append(look_at(process_id))

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def look_at(process_id: int) -> Look:
    """Return what a running process has now."""
    process = psutil.Process(process_id)
    return Look(time.time(), process.memory_info().rss, process.num_fds(), process.num_threads())


def rated_again(variables: Mapping[str, str]) -> str:
    """Return the last line of `tollstream audit replay`, with what went wrong if it did."""
    done = subprocess.run(
        own_program("streams.cli", "audit", "replay", "--from", "kafka"),
        env=child_environment(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (done.stdout + (done.stderr if done.returncode else "")).strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
