"""The machine's clocks, behind a port so that a simulation can bring its own."""

import time


class SystemClock:
    """Clock of this machine (see `streams.lane.ports.Clock`)."""

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def elapsed(self) -> float:
        """Return seconds of a clock that never goes back."""
        return time.monotonic()
