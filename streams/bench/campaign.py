"""The order of a run: which configurations, what is measured in each."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streams.bench.call_log import LogShape
from streams.bench.jobs import Job, Kind, run_job
from streams.bench.place import (
    Place,
    begin_group_at_calls,
    delete_topics_named,
    fill,
    make_topic,
)
from streams.bench.rates import LatencySummary, Rate, RateSummary
from streams.bench.results import CatchUp, Figures, Live
from streams.bench.table import rate_line
from streams.bench.worker_run import Workers, measured_rate
from streams.kafka.topics import create_topics

WARM_UP_SHARE: Final = 0.1
"""Part of each partition's calls that is rated before measuring begins."""
END_SHARE: Final = 0.9
"""Part of each partition's calls behind which measuring ends: all partitions still have work."""
STOCK_SECONDS: Final = 20.0
"""Stock Faust rates about a thousand calls a second; more of them would say nothing new."""
CORE_CALLS_MAX: Final = 60_000
"""Calls of the core's measurement: their ledger lines are kept in memory until it ends."""
LIVE_SHARE: Final = 0.5
"""Calls of the live feed, as a share of those in the topic."""
COPIES: Final[tuple[Kind, ...]] = ("copy", "copy_by_record")
HALF: Final = 0.5
"""The load at which latency is measured, as a share of the worker's median rate."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run measures; `stock_seconds` bounds the slow baseline."""

    tenants: tuple[int, ...]
    partitions: tuple[int, ...]
    processes: tuple[int, ...]
    calls: int
    repeats: int
    seed: int
    latency: bool
    month_start: bool
    catch_up: bool
    stock_seconds: float = STOCK_SECONDS


class Campaign:
    """One run on one cluster; `name` begins every topic's name, `say` gets lines of progress."""

    def __init__(
        self, plan: Plan, variables: Mapping[str, str], folder: Path, name: str, say: Say
    ) -> None:
        self._plan: Final = plan
        self._variables: Final = variables
        self._folder: Final = folder
        self._name: Final = name
        self._say: Final = say

    def run(self) -> Iterator[Figures]:
        """Measure every configuration and yield its figures; raises MeasurementError."""
        for tenants in self._plan.tenants:
            for partitions in self._plan.partitions:
                place = self._fill(tenants, partitions)
                try:
                    yield from self._measure(place)
                finally:
                    asyncio.run(delete_topics_named(place.settings(), place.name))

    def _fill(self, tenants: int, partitions: int) -> Place:
        plan = self._plan
        name = f"{self._name}-{tenants}-{partitions}"
        variables = dict(self._variables) | {
            "TOLLSTREAM_EVENTS_TOPIC": f"{name}.events",
            "TOLLSTREAM_PARTITIONS": str(partitions),
            # What falls due goes by the log's own time (D-80): the calls are of another year.
            "TOLLSTREAM_TIMER": "log",
        }
        live = int(plan.calls * LIVE_SHARE) if plan.latency else 0
        shape = LogShape(tenants, plan.calls + live, plan.seed)
        self._say(f"{tenants:,} tenants, {partitions} partitions")
        begun = time.monotonic()
        place = asyncio.run(fill(Place(name, self._folder, variables, shape, plan.calls)))
        seconds = time.monotonic() - begun
        self._say(f"  topic filled with {sum(place.ends):,} events in {seconds:.1f} s")
        return place

    def _measure(self, place: Place) -> Iterator[Figures]:
        plan, say = self._plan, self._say
        lines_file = str(place.folder / f"{place.name}.lines")
        core_job = place.job("core", calls=min(plan.calls, CORE_CALLS_MAX), lines_file=lines_file)
        answers = [run_job(core_job, place.variables) for _ in range(plan.repeats)]
        core = RateSummary.of([_rate(answer) for answer in answers])
        event_bytes, ledger_bytes = answers[0]["event_bytes"], answers[0]["ledger_bytes"]
        say(rate_line("core", core))
        copies = {kind: self._copy(kind, place, lines_file) for kind in COPIES}
        stock = self._stock(place, lines_file)
        for processes in plan.processes:
            if processes <= len(place.starts):
                yield Figures(
                    place.log.tenants,
                    len(place.starts),
                    processes,
                    event_bytes,
                    ledger_bytes,
                    core,
                    copies["copy"],
                    copies["copy_by_record"],
                    stock,
                    **self._worker(place, processes),
                )

    def _copy(self, kind: Kind, place: Place, lines_file: str) -> RateSummary:
        """Measure a copy into the topics that a worker of this name would have."""
        application = f"{place.name}-{kind}"
        asyncio.run(create_topics(place.settings(application)))
        job, variables = place.job(kind, lines_file=lines_file), place.variables_of(application)
        try:
            rates = [_rate(run_job(job, variables)) for _ in range(self._plan.repeats)]
        finally:
            asyncio.run(delete_topics_named(place.settings(), application))
        summary = RateSummary.of(rates)
        self._say(rate_line(kind.replace("_", " "), summary))
        return summary

    def _stock(self, place: Place, lines_file: str) -> RateSummary:
        output = f"{place.name}.stock"
        asyncio.run(make_topic(place.settings(), output))
        asyncio.run(begin_group_at_calls(place, f"{output}-agent"))
        seconds_max = self._plan.stock_seconds
        job = place.job(
            "stock", output_topic=output, lines_file=lines_file, seconds_max=seconds_max
        )
        summary = RateSummary.of([_rate(run_job(job, place.variables))])
        self._say(rate_line("stock", summary))
        return summary

    def _worker(self, place: Place, processes: int) -> dict[str, Any]:
        """Measure the worker; after the last repeat it goes on with what else was asked for."""
        rates: list[Rate] = []
        memory = 0
        more: dict[str, Any] = {}
        for repeat in range(self._plan.repeats):
            application = f"{place.name}-{processes}-{repeat}"
            asyncio.run(create_topics(place.settings(application)))
            folder = place.folder / application
            folder.mkdir()
            workers = Workers(place.variables_of(application), folder, processes)
            try:
                workers.start()
                workers.wait_until(place.ends)
                begins, ends = place.after(WARM_UP_SHARE), place.after(END_SHARE)
                rates.append(measured_rate(workers, begins, ends))
                self._say(rate_line(f"worker{'s' * (processes > 1)}", rates[-1]))
                memory = max(memory, workers.memory_peak_bytes())
                if repeat == self._plan.repeats - 1:
                    half = RateSummary.of(rates).per_second * HALF
                    more = self._afterwards(place, application, half)
                    memory = max(memory, workers.memory_peak_bytes())
                    if self._plan.catch_up:
                        more["catch_up"] = self._catch_up(workers)
            finally:
                workers.stop()
                shutil.rmtree(folder, ignore_errors=True)
                asyncio.run(delete_topics_named(place.settings(), application))
        return {"worker": RateSummary.of(rates), "memory_peak_bytes": memory, **more}

    def _afterwards(self, place: Place, application: str, per_second: float) -> dict[str, Any]:
        """Measure latency at a rate, in the same month and then while the next one begins."""
        found: dict[str, Any] = {}
        calls = place.log.calls - place.calls
        if self._plan.month_start:
            calls //= 2
        if calls:
            feed = {"first_call": place.calls, "calls": calls, "calls_per_second": per_second}
            found["live"] = self._live(place.job("live", **feed), place, application)
        if calls and self._plan.month_start:
            feed |= {"first_call": place.calls + calls, "next_month": True}
            found["month_start"] = self._live(place.job("live", **feed), place, application)
        return found

    def _live(self, job: Job, place: Place, application: str) -> Live:
        answer = run_job(job, place.variables_of(application))
        live = Live(
            LatencySummary.of(answer["latencies"]),
            answer["published_per_second"],
            answer["resets"],
        )
        self._say(
            f"  latency p50 {live.latency.p50_ms:,.0f} ms, p99 {live.latency.p99_ms:,.0f} ms at "
            f"{live.published_per_second:,.0f} calls/s, {live.resets:,} pools reset meanwhile"
        )
        return live

    def _catch_up(self, workers: Workers) -> CatchUp:
        """Start the workers without their local stores: the changelogs bring all rows back."""
        workers.stop()
        workers.forget()
        workers.start()
        rows, seconds = workers.wait_ready()
        self._say(f"  {rows:,} rows caught up in {seconds:.1f} s")
        return CatchUp(rows, seconds)


def _rate(answer: Mapping[str, Any]) -> Rate:
    return Rate(answer["calls"], answer["wall_seconds"], answer["cpu_seconds"])
