"""What a run found: plain values, as they stand in the JSON file."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from streams.bench.machine import Provenance
from streams.bench.rates import LatencySummary, Rate, RateSummary

FORMAT: Final = 3
"""Version of the JSON file's form."""


@dataclass(frozen=True, slots=True)
class Live:
    """Latency under a steady feed.

    `resets` counts pools that a month's start closed meanwhile. `each_second` has p50, p99
    and the longest, in milliseconds, of the calls published in each second. `published_late_p99_ms`
    says how late the feed itself was; `waited_for_cpu` is the share of the time in which a worker's
    thread could have run and others had the CPU, summed over threads: on two workers it may pass 1.
    """

    latency: LatencySummary
    published_per_second: float
    resets: int
    published_late_p99_ms: float
    waited_for_cpu: float
    each_second: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Rows that workers without local stores read back, and how long their slowest took.

    `cpu_seconds` is what all workers used from their start on until the last partition was open.
    """

    rows: int
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class LongRun:
    """Many months in one run: events a second in each quarter of it, months' starts included.

    `call_rows` are the rows left in the calls table at the end, `call_rows_accepted` how many
    calls are of months that are still accepted, and so must be there.
    """

    tenants: int
    partitions: int
    months: int
    calls: int
    quarters: tuple[Rate, ...]
    call_rows: int
    call_rows_accepted: int
    memory_peak_bytes: int

    @property
    def last_to_first(self) -> float:
        """The rate per CPU second of the last quarter over that of the first."""
        return self.quarters[-1].per_cpu_second / self.quarters[0].per_cpu_second


@dataclass(frozen=True, slots=True)
class Ratios:
    """The worker's rate over that of each baseline; per CPU second where it says so."""

    stock_wall: float
    stock_cpu: float
    copy_wall: float
    copy_cpu: float
    copy_by_record_wall: float
    copy_by_record_cpu: float
    core_cpu: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one configuration. Parts that were not asked for are None."""

    tenants: int
    partitions: int
    processes: int
    event_bytes: float
    ledger_bytes: float
    core: RateSummary
    copy: RateSummary
    copy_by_record: RateSummary
    stock: RateSummary
    worker: RateSummary
    memory_peak_bytes: int
    live: Live | None = None
    month_start: Live | None = None
    catch_up: CatchUp | None = None

    @property
    def ratios(self) -> Ratios:
        """Compare the worker with the baselines of the same run."""
        worker, stock, copy = self.worker, self.stock, self.copy
        by_record = self.copy_by_record
        return Ratios(
            stock_wall=worker.per_second / stock.per_second,
            stock_cpu=worker.per_cpu_second / stock.per_cpu_second,
            copy_wall=worker.per_second / copy.per_second,
            copy_cpu=worker.per_cpu_second / copy.per_cpu_second,
            copy_by_record_wall=worker.per_second / by_record.per_second,
            copy_by_record_cpu=worker.per_cpu_second / by_record.per_cpu_second,
            core_cpu=worker.per_cpu_second / self.core.per_cpu_second,
        )


def to_json(
    where: Provenance,
    options: dict[str, Any],
    all_figures: list[Figures],
    long_runs: list[LongRun],
) -> dict[str, Any]:
    """Return the content of the JSON file."""
    return {
        "format": FORMAT,
        "where": asdict(where),
        "options": options,
        "configurations": [
            asdict(figures) | {"ratios": asdict(figures.ratios)} for figures in all_figures
        ],
        "long_runs": [asdict(run) | {"last_to_first": run.last_to_first} for run in long_runs],
    }
