"""A worker under a supervisor that starts it again a moment after it ended."""

import signal
import time
from collections.abc import Callable
from typing import Final

from tests.kafka.rig.worker_process import WorkerProcess

RESTART_SECONDS: Final = 1.0
STOP_SECONDS: Final = 30
ORDERLY: Final = frozenset({0, 3, 4, -signal.SIGTERM})
"""How a worker may end: asked to, stopped by its clients, fenced by its heir, or asked to while
Python still starts it: the last ones are, if they were started again a moment before."""


class Supervised:
    """One worker after the other; `exits` holds how they ended, `reasons` why those unasked did."""

    def __init__(self, start: Callable[[], WorkerProcess]) -> None:
        self.exits: list[int] = []
        self.reasons: list[str] = []
        self._start = start
        self._start_at: float | None = None
        self._worker = start()

    def look(self) -> None:
        """Note an end, or start the next one when its time has come."""
        if self._start_at is None:
            code = self._worker.exit_code
            if code is not None:
                self.exits.append(code)
                self.reasons.append(self._worker.last_words())
                self._start_at = time.monotonic() + RESTART_SECONDS
        elif time.monotonic() > self._start_at:
            self._start_at = None
            self._worker = self._start()

    def stop(self) -> None:
        """Ask the one that runs to finish, and wait for it."""
        if self._start_at is not None:
            return
        if self._worker.exit_code is None:
            self._worker.terminate()
        self.exits.append(self._worker.wait(STOP_SECONDS))
