"""Leaving in time: what a worker must finish once it is told to stop, and what it may leave open.

Only the lanes matter. Once they are closed, all that was rated is durable, and what is left is to
part from the other clients of Kafka: the process's end does that, too. It can take long, for a
connection over TLS is closed only when the broker has answered.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Final

from streams.lane.limits import PARTING_SECONDS, SHUTDOWN_SECONDS
from streams.lane.stopping import ExitCode

logger = logging.getLogger(__name__)


class Leaving:
    """The two limits of an orderly stop, kept by threads: no event loop that hangs overruns them.

    `leave` ends the process with an exit code, at once.
    """

    def __init__(
        self,
        shutdown_seconds: float = SHUTDOWN_SECONDS,
        parting_seconds: float = PARTING_SECONDS,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        self._shutdown_seconds: Final = shutdown_seconds
        self._parting_seconds: Final = parting_seconds
        self._leave: Final = leave
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
        sys.stderr.write(
            f"tollstream worker stops (stopped): not done {self._shutdown_seconds:g} s after the "
            "signal\n"
        )
        sys.stderr.flush()
        self._leave(ExitCode.STOPPED)

    def _part(self) -> None:
        """End in good order, with connections open."""
        logger.info("all is durable; left connections open after %g s", self._parting_seconds)
        self._leave(0)
