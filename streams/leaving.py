"""Leaving in time: what a worker must finish once it is told to stop, and what it may leave open.

Only the lanes matter. Once they are closed, all that was rated is durable, and what is left is to
part from the other clients of Kafka: the process's end does that, too. It can take long, for a
connection over TLS is closed only when the broker has answered.
"""

import threading
from collections.abc import Callable
from typing import Final

from streams.lane.limits import PARTING_SECONDS, SHUTDOWN_SECONDS
from streams.lane.stopping import ExitCode, end_process


class Leaving:
    """The two limits of an orderly stop, kept by threads: once begun, no loop that hangs matters.

    `end` ends the process with an exit code and one line, at once.
    """

    def __init__(
        self,
        shutdown_seconds: float = SHUTDOWN_SECONDS,
        parting_seconds: float = PARTING_SECONDS,
        end: Callable[[int, str], object] = end_process,
    ) -> None:
        self._shutdown_seconds: Final = shutdown_seconds
        self._parting_seconds: Final = parting_seconds
        self._end: Final = end
        self._limit: threading.Timer | None = None
        self._in_order = False

    def begin(self, *, in_order: bool) -> None:
        """Be told that the worker stops, in good order or not; the first time counts."""
        if self._limit is None:
            self._in_order = in_order
            self._limit = self._after(self._shutdown_seconds, self._give_up)

    def lanes_closed(self) -> None:
        """Be told that everything is durable."""
        if self._limit is not None and self._in_order:
            self._limit.cancel()
            self._limit = self._after(self._parting_seconds, self._part)

    def _after(self, seconds: float, act: Callable[[], None]) -> threading.Timer:
        limit = threading.Timer(seconds, act)
        limit.daemon = True
        limit.start()
        return limit

    def _give_up(self) -> None:
        """End as it is: what is not committed never happened."""
        seconds = self._shutdown_seconds
        self._end(
            ExitCode.STOPPED,
            f"tollstream worker stops (stopped): not done {seconds:g} s after the signal",
        )

    def _part(self) -> None:
        """End in good order, with connections open."""
        self._end(
            0,
            f"tollstream worker leaves: all is durable, connections still open after "
            f"{self._parting_seconds:g} s",
        )
