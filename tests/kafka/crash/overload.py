"""Three times as many calls as a worker can take, then half as many again (I8)."""

from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Final

from streams.bench.pace import Pace
from tests.kafka.crash.table import row_of
from tests.kafka.rig.load_run import CAPACITY_CALLS, MEBIBYTE, PARTITIONS, LoadResult, LoadRun

EQUAL: Final = "ledger bytes equal"
"""What `tollstream audit replay` says last where nothing is lost, doubled or different."""
NORMAL: Final = 0.5
OVERLOAD: Final = 3.0
REACHED_MIN: Final = 0.95
"""Of the overload that was wanted, at least."""
BEFORE_SECONDS: Final = 60
AFTER_SECONDS: Final = 90
BACK_SECONDS: Final = 60
"""p99 is back to normal so soon after the backlog is gone (I8)."""
NORMAL_AGAIN: Final = 2.0
"""Normal is up to so many times the p99 before: one second's p99 is noisier than a minute's."""
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
        self._run = LoadRun(bootstrap, home, say)
        self.seconds = seconds
        self.result = LoadResult()
        self.pace = Pace(())

    def play(self) -> None:
        """Usual load, overload, usual load until the backlog is long gone."""
        self.result = self._run.run(self._pace)

    def _pace(self, capacity: float) -> Pace:
        overload = capacity * OVERLOAD
        # What is left over of the capacity takes the backlog away; a third longer, to be sure.
        drain_seconds = self.seconds * (OVERLOAD - 1) / (1 - NORMAL) * 4 / 3
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
    def drained_seconds(self) -> float | None:
        """How long after the overload the worker had caught up with the feed."""
        begun_at = self.result.answer["begun_at"]
        times = [at for at, _ in self.result.committed]
        counts = list(accumulate(events for _, events in self.result.committed))
        set_up = counts[-1] - self.pace.calls
        for at, count in zip(times, counts, strict=True):
            second = at - begun_at
            # A second's worth may be under way.
            if second > self.overload_over and count - set_up >= self.pace.due(second - 1):
                return second - self.overload_over
        return None

    @property
    def normal_p99_ms(self) -> float:
        """The median of each second's p99 under the usual load before, its first third left out."""
        seconds = self.result.answer["each_second"][BEFORE_SECONDS // 3 : BEFORE_SECONDS]
        return float(sorted(p99 for _, p99, _ in seconds)[len(seconds) // 2])

    @property
    def back_seconds(self) -> float | None:
        """How long after the backlog was gone p99 was normal, for some seconds in a row."""
        drained = self.drained_seconds
        if drained is None:
            return None
        limit, row = self.normal_p99_ms * NORMAL_AGAIN, 0
        first = int(self.overload_over + drained)
        for second, (_, p99, _) in enumerate(self.result.answer["each_second"][first:], 1):
            row = row + 1 if p99 <= limit else 0
            if row == QUIET_SECONDS:
                return float(second - QUIET_SECONDS)
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
            "backlog gone after s": "never" if drained is None else round(drained),
            "p99 before": f"{self.normal_p99_ms:.0f} ms",
            "back after s": "never" if back is None else round(back),
            "rebalances": result.opened - PARTITIONS,
            "exit": result.exit_code,
            "calls": self.pace.calls + CAPACITY_CALLS,
            "rated again": result.audit,
            "verdict": "right" if self.right else "WRONG",
        }
        return row_of(cells)
