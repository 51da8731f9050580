"""A worker that gets only part of a CPU, as one in a container with a quota does.

It is stopped and let go on ten times a second (SIGSTOP, SIGCONT), which needs no control groups and
no rights. So on two cores there is room for a load that is several times what it can take.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Final

PERIOD_SECONDS: Final = 0.1
"""As long as the period of Linux's CPU quotas."""


@contextlib.contextmanager
def throttled(process_id: int, share: float) -> Iterator[None]:
    """Let a process run for a share of the time while the block lasts."""
    over = threading.Event()
    thread = threading.Thread(target=_throttle, args=(process_id, share, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _throttle(process_id: int, share: float, over: threading.Event) -> None:
    with contextlib.suppress(ProcessLookupError):
        try:
            while not over.is_set():
                os.kill(process_id, signal.SIGSTOP)
                time.sleep(PERIOD_SECONDS * (1 - share))
                os.kill(process_id, signal.SIGCONT)
                time.sleep(PERIOD_SECONDS * share)
        finally:
            os.kill(process_id, signal.SIGCONT)
