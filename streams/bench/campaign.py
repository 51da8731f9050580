"""The order of a run: which configurations, what is measured in each."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rating.acceptance import ACCEPTANCE_MONTHS
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
from streams.bench.results import CatchUp, Figures, Live, LongRun
from streams.bench.table import rate_line
from streams.bench.worker_run import Workers, measured_rate, rates_by_part
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
LIVE_WARM_UP_SHARE: Final = 0.2
MANY_TENANTS: Final = 100_000
"""From so many tenants on, setting them up takes most of a run's time."""
LONG_TENANTS_MAX: Final = 10_000
"""Tenants in many months, at most: with a million the months' starts would be nearly all events."""
QUARTERS: Final = 4
MONTH_START_SECONDS_MAX: Final = 900.0
"""Longest feed while a month begins; a million tenants are announced in 500 s at the usual pace."""
MONTH_START_MARGIN: Final = 1.1
HALF: Final = 0.5
"""The load at which latency is measured, as a share of the worker's median rate."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run measures.

    `stock_seconds` bounds the slow baseline, `repeats_of_many` counts for many tenants instead of
    `repeats`. With more than one of `months` the calls are rated spread over them, too.
    """

    tenants: tuple[int, ...]
    partitions: tuple[int, ...]
    processes: tuple[int, ...]
    calls: int
    repeats: int
    seed: int
    latency: bool
    month_start: bool
    catch_up: bool
    repeats_of_many: int = 1
    months: int = 1
    stock_seconds: float = STOCK_SECONDS

    def repeats_of(self, tenants: int) -> int:
        """Return how often a number of tenants is measured: setting many up takes minutes."""
        return self.repeats if tenants < MANY_TENANTS else self.repeats_of_many


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
                yield from self._measure(tenants, partitions)

    def run_long(self) -> Iterator[LongRun]:
        """Measure many months where they were asked for; raises MeasurementError."""
        for tenants in self._plan.tenants:
            if self._plan.months > 1 and tenants <= LONG_TENANTS_MAX:
                yield self._long(tenants, self._plan.partitions[-1])

    def _fill(self, tenants: int, partitions: int, name: str, months: int = 1) -> Place:
        """Fill an events topic; `name` tells it from the others of this run."""
        plan = self._plan
        name = f"{self._name}-{tenants}-{partitions}-{name}"
        variables = dict(self._variables) | {
            "TOLLSTREAM_EVENTS_TOPIC": f"{name}.events",
            "TOLLSTREAM_PARTITIONS": str(partitions),
            # What falls due goes by the log's own time (D-80): the calls are of another year. Many
            # months hold their timer events already.
            "TOLLSTREAM_TIMER": "log" if months == 1 else "off",
        }
        live = int(plan.calls * LIVE_SHARE) if plan.latency and months == 1 else 0
        shape = LogShape(tenants, plan.calls + live, plan.seed)
        begun = time.monotonic()
        place = Place(name, self._folder, variables, shape, plan.calls)
        place = asyncio.run(fill(place, months))
        seconds = time.monotonic() - begun
        self._say(f"  topic filled with {sum(place.ends):,} events in {seconds:.1f} s")
        return place

    def _measure(self, tenants: int, partitions: int) -> Iterator[Figures]:
        """Measure the baselines, then the worker with each number of processes.

        A live feed adds to its topic, so the next number of processes gets the same topic anew.
        """
        self._say(f"{tenants:,} tenants, {partitions} partitions")
        counts = [count for count in self._plan.processes if count <= partitions]
        place: Place | None = None
        baselines: dict[str, Any] = {}
        try:
            for processes in counts:
                if place is None:
                    place = self._fill(tenants, partitions, str(processes))
                baselines = baselines or self._baselines(place)
                worker = self._worker(place, processes)
                yield Figures(tenants, partitions, processes, **baselines, **worker)
                if self._plan.latency:
                    self._delete(place)
                    place = None
        finally:
            if place is not None:
                self._delete(place)

    def _delete(self, place: Place) -> None:
        asyncio.run(delete_topics_named(place.settings(), place.name))

    def _baselines(self, place: Place) -> dict[str, Any]:
        """Measure what the worker is compared with, in the same topic."""
        plan = self._plan
        lines_file = str(place.folder / f"{place.name}.lines")
        job = place.job("core", calls=min(plan.calls, CORE_CALLS_MAX), lines_file=lines_file)
        answers = [run_job(job, place.variables) for _ in range(plan.repeats_of(place.log.tenants))]
        core = RateSummary.of([_rate(answer) for answer in answers])
        self._say(rate_line("core", core))
        return {
            "event_bytes": answers[0]["event_bytes"],
            "ledger_bytes": answers[0]["ledger_bytes"],
            "core": core,
            "copy": self._copy("copy", place, lines_file),
            "copy_by_record": self._copy("copy_by_record", place, lines_file),
            "stock": self._stock(place, lines_file),
        }

    def _copy(self, kind: Kind, place: Place, lines_file: str) -> RateSummary:
        """Measure a copy into the topics that a worker of this name would have."""
        application = f"{place.name}-{kind}"
        asyncio.run(create_topics(place.settings(application)))
        job, variables = place.job(kind, lines_file=lines_file), place.variables_of(application)
        try:
            repeats = self._plan.repeats_of(place.log.tenants)
            rates = [_rate(run_job(job, variables)) for _ in range(repeats)]
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
        repeats = self._plan.repeats_of(place.log.tenants)
        for repeat in range(repeats):
            application = f"{place.name}-{processes}-{repeat}"
            with self._workers(place, application, processes) as workers:
                workers.wait_until(place.ends)
                begins, ends = place.after(WARM_UP_SHARE), place.after(END_SHARE)
                rates.append(measured_rate(workers, begins, ends))
                self._say(rate_line(f"worker{'s' * (processes > 1)}", rates[-1]))
                memory = max(memory, workers.memory_peak_bytes())
                if repeat == repeats - 1:
                    half = RateSummary.of(rates).per_second * HALF
                    more = self._afterwards(place, application, workers, half)
                    memory = max(memory, workers.memory_peak_bytes())
                    if self._plan.catch_up:
                        more["catch_up"] = self._catch_up(workers)
        return {"worker": RateSummary.of(rates), "memory_peak_bytes": memory, **more}

    @contextmanager
    def _workers(self, place: Place, application: str, count: int) -> Iterator[Workers]:
        """Start workers with topics and a folder of their own; all is removed at the end."""
        asyncio.run(create_topics(place.settings(application)))
        folder = place.folder / application
        folder.mkdir()
        workers = Workers(place.variables_of(application), folder, count)
        try:
            workers.start()
            yield workers
        finally:
            workers.stop()
            shutil.rmtree(folder, ignore_errors=True)
            asyncio.run(delete_topics_named(place.settings(), application))

    def _afterwards(
        self, place: Place, application: str, workers: Workers, per_second: float
    ) -> dict[str, Any]:
        """Measure latency at a rate, in the same month and then while the next one begins."""
        found: dict[str, Any] = {}
        calls = place.log.calls - place.calls
        if calls:
            feed = live_feed(place.calls, calls, per_second)
            found["live"] = self._live(place.job("live", **feed), place, application, workers)
        if calls and self._plan.month_start:
            seconds = month_start_seconds(place, calls / per_second)
            feed = live_feed(place.log.calls, int(seconds * per_second), per_second)
            job = place.job("live", **feed, next_month=True)
            found["month_start"] = self._live(job, place, application, workers)
        return found

    def _live(self, job: Job, place: Place, application: str, workers: Workers) -> Live:
        waited, begun = workers.cpu_wait_seconds(), time.monotonic()
        answer = run_job(job, place.variables_of(application))
        waited = (workers.cpu_wait_seconds() - waited) / (time.monotonic() - begun)
        live = Live(
            LatencySummary(**answer["latency"]),
            answer["published_per_second"],
            answer["resets"],
            answer["published_late_p99_ms"],
            waited,
            tuple((p50, p99, longest) for p50, p99, longest in answer["each_second"]),
        )
        self._say(
            f"  latency p50 {live.latency.p50_ms:,.0f} ms, p99 {live.latency.p99_ms:,.0f} ms at "
            f"{live.published_per_second:,.0f} calls/s, {live.resets:,} pools reset meanwhile, "
            f"worker waited for a CPU {waited:.0%} of the time"
        )
        return live

    def _catch_up(self, workers: Workers) -> CatchUp:
        """Start the workers without their local stores: the changelogs bring all rows back."""
        workers.stop()
        workers.forget()
        workers.start()
        rows, seconds = workers.wait_ready()
        used = workers.cpu_seconds()
        self._say(f"  {rows:,} rows caught up in {seconds:.1f} s, {used:.1f} CPU seconds")
        return CatchUp(rows, seconds, used)

    def _long(self, tenants: int, partitions: int) -> LongRun:
        """Rate calls of many months and compare the quarters of the run."""
        plan = self._plan
        months, calls = plan.months, plan.calls
        self._say(f"{tenants:,} tenants, {partitions} partitions, {months} months")
        place = self._fill(tenants, partitions, "long", months)
        try:
            with self._workers(place, f"{place.name}-1", 1) as workers:
                workers.wait_until(place.ends)
                events = sum(place.ends) - sum(place.starts)
                quarters = rates_by_part(workers, sum(place.starts), events, QUARTERS)
                memory = workers.memory_peak_bytes()
                # Each call's row was put once; what else changed there was swept.
                call_rows = 2 * calls - sum(chunk.call_rows for chunk in workers.chunks())
        finally:
            self._delete(place)
        accepted = calls - calls * max(0, months - 1 - ACCEPTANCE_MONTHS) // months
        run = LongRun(
            tenants, partitions, months, calls, tuple(quarters), call_rows, accepted, memory
        )
        for number, quarter in enumerate(quarters, 1):
            self._say(rate_line(f"quarter {number}", quarter, "events"))
        self._say(f"  {call_rows:,} rows of calls left, {accepted:,} calls still accepted")
        return run


def month_start_seconds(place: Place, at_least: float) -> float:
    """Return how long calls must flow until the timer has announced the month to all tenants."""
    announced = place.log.tenants / place.settings().timer_events_per_second
    wanted = max(at_least, announced * MONTH_START_MARGIN)
    return max(at_least, min(wanted, MONTH_START_SECONDS_MAX))


def live_feed(first_call: int, calls: int, per_second: float) -> dict[str, Any]:
    """Return what a job of a live feed at one rate is told."""
    return {
        "first_call": first_call,
        "calls": calls,
        "pace": ((calls, per_second),),
        "warm_up_calls": int(calls * LIVE_WARM_UP_SHARE),
    }


def _rate(answer: Mapping[str, Any]) -> Rate:
    return Rate(answer["calls"], answer["wall_seconds"], answer["cpu_seconds"])
