"""Three times as many calls as a worker can take, then half as many again (I8)."""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from streams.bench.pace import Pace
from streams.bench.process_figures import MEBIBYTE
from tests.kafka.crash.table import row_of
from tests.kafka.rig.load_run import CAPACITY_CALLS, PARTITIONS, LoadResult, LoadRun

EQUAL: Final = "ledger bytes equal"
"""What `tollstream audit replay` says last where nothing is lost, doubled or different."""
NORMAL: Final = 0.5
OVERLOAD: Final = 3.0
REACHED_MIN: Final = 0.95
"""Of the overload that was wanted, at least."""
BEFORE_SECONDS: Final = 60
AFTER_SECONDS: Final = 90
DRAIN_MARGIN: Final = 2.5
"""Times as long as the rest of the capacity needs for the backlog: a machine that does something
else for a while must not decide."""
FASTEST_CALLS_PER_SECOND: Final = 6_000.0
"""A worker with a quarter of a core takes less; so all calls of a run are in one month. Months that
pass in minutes would be measured with it: their resets and the sweeping of their calls."""
BACK_SECONDS: Final = 60
"""p99 is back to normal so soon after the backlog is gone (I8)."""
NORMAL_AGAIN: Final = 2.0
"""Normal is up to so many times what it was before: one second is noisier than a minute."""
QUIET_SECONDS: Final = 10
"""p99 is back once so many seconds in a row are normal."""
MEMORY_BYTES_MAX: Final = 1 << 30


def normal_pace(capacity: float, seconds: float) -> tuple[int, float]:
    """Return the phase of a usual load."""
    per_second = capacity * NORMAL
    return round(per_second * seconds), per_second


class Overload:
    """So many seconds of it; `play` them, then ask what came of it."""

    def __init__(
        self, bootstrap: str, home: Path, seconds: int, say: Callable[[str], None]
    ) -> None:
        self.seconds = seconds
        self.result = LoadResult()
        self.pace = Pace(())
        most = CAPACITY_CALLS + self.plan(FASTEST_CALLS_PER_SECOND).calls
        self._run = LoadRun(bootstrap, home, say, most)

    def play(self) -> None:
        """Usual load, overload, usual load until the backlog is long gone."""
        self.result = self._run.run(self.plan)

    def plan(self, capacity: float) -> Pace:
        """Return how to feed a worker of some capacity."""
        overload = capacity * OVERLOAD
        drain_seconds = self.seconds * (OVERLOAD - 1) / (1 - NORMAL) * DRAIN_MARGIN
        self.pace = Pace(
            (
                normal_pace(capacity, BEFORE_SECONDS),
                (round(overload * self.seconds), overload),
                normal_pace(capacity, drain_seconds + AFTER_SECONDS),
            )
        )
        return self.pace

    @property
    def overload_over(self) -> int:
        """The second at which usual load began again."""
        return round(self.pace.at(self.pace.ends()[1]))

    @property
    def _each_second(self) -> list[tuple[float, float, float]]:
        """Return p50, p99 and the longest, in ms, of the calls published in each second."""
        return [(p50, p99, longest) for p50, p99, longest in self.result.answer["each_second"]]

    @property
    def normal_ms(self) -> tuple[float, float]:
        """The medians of p50 and p99 under the usual load before, its first third left out."""
        seconds = self._each_second[BEFORE_SECONDS // 3 : BEFORE_SECONDS]
        return median(p50 for p50, _, _ in seconds), median(p99 for _, p99, _ in seconds)

    @property
    def drained_seconds(self) -> int | None:
        """How long after the overload calls began to be answered as soon as before it."""
        limit = self.normal_ms[0] * NORMAL_AGAIN
        after = self._each_second[self.overload_over :]
        return next((second for second, (p50, _, _) in enumerate(after) if p50 <= limit), None)

    @property
    def back_seconds(self) -> int | None:
        """How long after the backlog was gone p99 was normal, for some seconds in a row."""
        drained = self.drained_seconds
        if drained is None:
            return None
        limit, row = self.normal_ms[1] * NORMAL_AGAIN, 0
        after = self._each_second[self.overload_over + drained :]
        for second, (_, p99, _) in enumerate(after, 1):
            row = row + 1 if p99 <= limit else 0
            if row == QUIET_SECONDS:
                return second - QUIET_SECONDS
        return None

    @property
    def memory_most_bytes(self) -> int:
        """The most memory seen."""
        return max(look.memory_bytes for look in self.result.looks)

    @property
    def right(self) -> bool:
        """Whether memory stayed bounded, the backlog went, p99 came back, nobody rebalanced."""
        result, back = self.result, self.back_seconds
        wanted = result.capacity_per_second * OVERLOAD
        return (
            result.answer["phases"][1] >= REACHED_MIN * wanted
            and self.memory_most_bytes <= MEMORY_BYTES_MAX
            and back is not None
            and back <= BACK_SECONDS
            and result.opened == PARTITIONS
            and result.exit_code == 0
            and result.audit == EQUAL
        )

    def row(self, commit: str) -> str:
        """Return the overload in one line of Markdown."""
        result, drained, back = self.result, self.drained_seconds, self.back_seconds
        first = result.looks[0]
        cells = {
            "overload s": self.seconds,
            "commit": commit,
            "capacity": f"{result.capacity_per_second:.0f} calls/s",
            "fed at": " ".join(f"{rate:.0f}" for rate in result.answer["phases"]),
            "memory": f"{first.memory_bytes // MEBIBYTE} MiB, at most "
            f"{self.memory_most_bytes // MEBIBYTE}",
            "p50 / p99 before": f"{self.normal_ms[0]:.0f} / {self.normal_ms[1]:.0f} ms",
            "backlog gone after s": "never" if drained is None else drained,
            "p99 back after s": "never" if back is None else back,
            "rebalances": result.opened - PARTITIONS,
            "exit": result.exit_code,
            "calls": self.pace.calls + CAPACITY_CALLS,
            "rated again": result.audit,
            "verdict": "right" if self.right else "WRONG",
        }
        return row_of(cells)
