"""How a worker leaves: in order where it can, in time whatever hangs."""

import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from streams.leaving import Leaving

SOON_SECONDS = 0.05
NEVER_SECONDS = 3_600.0
ENOUGH_SECONDS = 20
Steps = list[Callable[[Leaving], None]]


class Ends:
    """Takes what would end the process."""

    def __init__(self) -> None:
        self._told: queue.Queue[tuple[int, str]] = queue.Queue()

    def put(self, code: int, line: str) -> None:
        """Be told."""
        self._told.put((code, line))

    def first(self) -> tuple[int, str]:
        """Return the exit code and the line, once they are there."""
        return self._told.get(timeout=ENOUGH_SECONDS)

    def none_yet(self) -> bool:
        """Say whether nothing ended it for several limits."""
        time.sleep(4 * SOON_SECONDS)
        return self._told.empty()


def told(leaving: Leaving) -> None:
    """Let it be told to stop."""
    leaving.begin(in_order=True)


def crashed(leaving: Leaving) -> None:
    """Let it stop because Faust crashed."""
    leaving.begin(in_order=False)


@pytest.mark.parametrize(
    ("steps", "shutdown_seconds", "parting_seconds", "code"),
    [
        ([told], SOON_SECONDS, NEVER_SECONDS, 3),
        ([told, Leaving.lanes_closed], NEVER_SECONDS, SOON_SECONDS, 0),
        ([crashed, told, Leaving.lanes_closed], SOON_SECONDS, NEVER_SECONDS, 3),
    ],
    ids=["lanes hang", "connections hang", "crashed"],
)
def test_a_worker_leaves_in_time(
    steps: Steps,
    shutdown_seconds: float,
    parting_seconds: float,
    code: int,
) -> None:
    """Its exit code says whether all was durable, and one line why it did not leave by itself."""
    ends = Ends()
    leaving = Leaving(shutdown_seconds, parting_seconds, ends.put)
    for step in steps:
        step(leaving)
    found, line = ends.first()
    assert found == code
    assert ("stops (stopped): not done" if code else "leaves: all is durable") in line


def test_lanes_that_close_without_an_order_to_stop_end_nothing() -> None:
    """Faust's signal alone, as of a start that failed, leaves the exit to whoever began it."""
    ends = Ends()
    Leaving(SOON_SECONDS, SOON_SECONDS, ends.put).lanes_closed()
    assert ends.none_yet()


def test_closed_lanes_lift_the_first_limit() -> None:
    """Nobody gives up a worker that only parts from its connections."""
    ends = Ends()
    leaving = Leaving(SOON_SECONDS, NEVER_SECONDS, ends.put)
    told(leaving)
    leaving.lanes_closed()
    assert ends.none_yet()


def test_a_process_ends_though_nobody_reads_what_it_says() -> None:
    """The reader of its log has died: the line is lost, the exit code is not."""
    reading, writing = os.pipe()
    os.close(reading)
    script = "from streams.lane.stopping import end_process; end_process(4, 'fenced')"
    ended = subprocess.run(
        [sys.executable, "-c", script], stderr=writing, timeout=ENOUGH_SECONDS, check=False
    )
    os.close(writing)
    assert ended.returncode == 4
