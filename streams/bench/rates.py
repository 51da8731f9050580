"""The arithmetic of measuring: rates, medians, percentiles, moments between samples."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MILLISECONDS = 1_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls rated in some seconds of wall time and CPU time."""

    calls: int
    wall_seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Calls a second of wall time."""
        return self.calls / self.wall_seconds

    @property
    def per_cpu_second(self) -> float:
        """Calls a second of the measured processes' CPU time."""
        return self.calls / self.cpu_seconds


@dataclass(frozen=True, slots=True)
class RateSummary:
    """Medians over repeats, and each repeat."""

    per_second: float
    per_cpu_second: float
    repeats: tuple[Rate, ...]

    @classmethod
    def of(cls, repeats: Sequence[Rate]) -> "RateSummary":
        """Summarise one or more repeats."""
        return cls(
            median(rate.per_second for rate in repeats),
            median(rate.per_cpu_second for rate in repeats),
            tuple(repeats),
        )


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """Percentiles in milliseconds of `calls` latencies."""

    calls: int
    p50_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "LatencySummary":
        """Summarise one or more latencies, in seconds and any order."""
        ordered = sorted(seconds)

        def at(percent: int) -> float:
            return percentile(ordered, percent) * MILLISECONDS

        return cls(len(ordered), at(50), at(99), at(100))


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest value that `percent` of the ordered values do not exceed."""
    if not ordered:
        raise ValueError("there is no percentile of nothing")
    place = -(-percent * len(ordered) // 100)
    return ordered[max(place, 1) - 1]


def value_at(samples: Sequence[tuple[float, float]], moment: float) -> float:
    """Return a growing quantity at a moment, from samples (moment, value) in order of time.

    Straight lines between samples; before the first and after the last, theirs.
    """
    place = bisect_left(samples, (moment,))
    if place == 0:
        return samples[0][1]
    if place == len(samples):
        return samples[-1][1]
    (before, low), (after, high) = samples[place - 1], samples[place]
    return low + (high - low) * (moment - before) / (after - before)
