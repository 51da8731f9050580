"""What a run found: plain values, as they stand in the JSON file."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from streams.bench.machine import Provenance
from streams.bench.rates import LatencySummary, RateSummary

FORMAT: Final = 2
"""Version of the JSON file's form."""


@dataclass(frozen=True, slots=True)
class Live:
    """Latency under a steady feed; `resets` counts pools that a month's start closed meanwhile."""

    latency: LatencySummary
    published_per_second: float
    resets: int


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Rows that workers without local stores read back, and how long their slowest took."""

    rows: int
    seconds: float


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
    where: Provenance, options: dict[str, Any], all_figures: list[Figures]
) -> dict[str, Any]:
    """Return the content of the JSON file."""
    return {
        "format": FORMAT,
        "where": asdict(where),
        "options": options,
        "configurations": [
            asdict(figures) | {"ratios": asdict(figures.ratios)} for figures in all_figures
        ],
    }
