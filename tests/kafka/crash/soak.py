"""Half of what a worker can take, for long: nothing grows (I9)."""

from collections.abc import Callable
from pathlib import Path
from statistics import linear_regression
from typing import Final

from streams.bench.pace import Pace
from streams.bench.process_figures import MEBIBYTE
from streams.tables.local_rows import OPEN_FILES_MAX
from tests.kafka.crash.overload import EQUAL, normal_pace
from tests.kafka.crash.table import row_of
from tests.kafka.rig.load_run import CAPACITY_CALLS, PARTITIONS, LoadResult, LoadRun, Look

WARM_SHARE: Final = 1 / 3
"""Of the time, before memory is looked at: caches and write buffers fill up, sweeping begins."""
MONTH_CALLS: Final = 300_000
"""A month of some three minutes: at each start the users of all tenants are read, from the fifth
month on old calls are swept, as in years. Both are to have begun before memory is looked at."""
HOUR_SECONDS: Final = 3_600
GROWTH_MIB_PER_HOUR_MAX: Final = 1.0
"""I9."""
FILES_MORE_MAX: Final = OPEN_FILES_MAX * PARTITIONS
"""Files that the local stores may keep open."""


class Soak:
    """So many seconds of it; `play` them, then ask what came of it."""

    def __init__(
        self, bootstrap: str, home: Path, seconds: int, say: Callable[[str], None]
    ) -> None:
        self._run = LoadRun(bootstrap, home, say, MONTH_CALLS)
        self.seconds = seconds
        self.result = LoadResult()

    def play(self) -> None:
        """Feed for so long."""
        self.result = self._run.run(lambda capacity: Pace((normal_pace(capacity, self.seconds),)))

    @property
    def warm(self) -> list[Look]:
        """What was seen once caches were full."""
        looks = self.result.looks
        return looks[int(len(looks) * WARM_SHARE) :]

    @property
    def growth_mib_per_hour(self) -> float:
        """The slope of a straight line through the worker's memory."""
        warm = self.warm
        line = linear_regression([look.at for look in warm], [look.memory_bytes for look in warm])
        return line.slope * HOUR_SECONDS / MEBIBYTE

    @property
    def right(self) -> bool:
        """Whether nothing grew, nothing was lost or doubled, and nobody rebalanced."""
        result, warm = self.result, self.warm
        files, threads = ({getattr(look, name) for look in warm} for name in ("files", "threads"))
        return (
            self.growth_mib_per_hour <= GROWTH_MIB_PER_HOUR_MAX
            and max(files) - min(files) <= FILES_MORE_MAX
            and len(threads) == 1
            and result.opened == PARTITIONS
            and result.exit_code == 0
            and result.audit == EQUAL
        )

    def row(self, commit: str) -> str:
        """Return the soak in one line of Markdown."""
        result, warm = self.result, self.warm
        latency = result.answer["latency"]
        cells = {
            "soak s": self.seconds,
            "commit": commit,
            "capacity": f"{result.capacity_per_second:.0f} calls/s",
            "fed at": f"{result.answer['phases'][0]:.0f}",
            "p50 / p99": f"{latency['p50_ms']:.0f} / {latency['p99_ms']:.0f} ms",
            "memory": " to ".join(
                f"{look.memory_bytes // MEBIBYTE}" for look in (warm[0], warm[-1])
            )
            + f" MiB, {self.growth_mib_per_hour:+.1f} MiB/h",
            "files": f"{warm[0].files} to {warm[-1].files}",
            "threads": f"{warm[0].threads} to {warm[-1].threads}",
            "rebalances": result.opened - PARTITIONS,
            "exit": result.exit_code,
            "calls": result.answer["latency"]["calls"] + CAPACITY_CALLS,
            "rated again": result.audit,
            "verdict": "right" if self.right else "WRONG",
        }
        return row_of(cells)
