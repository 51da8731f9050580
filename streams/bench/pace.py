"""How fast a feed publishes: one rate after the other, each for so many calls."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Phases of (calls, calls a second), in order."""

    phases: tuple[tuple[int, float], ...]

    @property
    def calls(self) -> int:
        """Calls of all phases."""
        return sum(calls for calls, _ in self.phases)

    @property
    def seconds(self) -> float:
        """How long all phases take."""
        return self.at(self.calls)

    def due(self, seconds: float) -> int:
        """Return how many calls are to be published within so many seconds, the first one at 0."""
        before, left = 0, seconds
        for calls, per_second in self.phases:
            if left * per_second < calls:
                return before + int(left * per_second) + 1
            before, left = before + calls, left - calls / per_second
        return before

    def at(self, place: int) -> float:
        """Return the second at which a call is due; the one behind the last ends the feed."""
        begun, left = 0.0, place
        for calls, per_second in self.phases:
            if left < calls:
                return begun + left / per_second
            begun, left = begun + calls / per_second, left - calls
        return begun

    def ends(self) -> list[int]:
        """Return the place behind each phase's last call."""
        return [sum(calls for calls, _ in self.phases[: n + 1]) for n in range(len(self.phases))]
