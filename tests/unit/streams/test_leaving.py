"""How a worker leaves: in order where it can, in time whatever hangs."""

import queue
import time
from collections.abc import Callable

import pytest

from streams.leaving import Leaving

SOON_SECONDS = 0.05
NEVER_SECONDS = 3_600.0
ENOUGH_SECONDS = 20
Steps = list[Callable[[Leaving], None]]


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
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its exit code says whether all was durable, and one line why where it was not."""
    codes: queue.Queue[int] = queue.Queue()
    leaving = Leaving(shutdown_seconds, parting_seconds, codes.put)
    for step in steps:
        step(leaving)
    assert codes.get(timeout=ENOUGH_SECONDS) == code
    assert ("not done" in capsys.readouterr().err) == (code != 0)


def test_lanes_that_close_without_an_order_to_stop_end_nothing() -> None:
    """Faust's signal alone, as of a start that failed, leaves the exit to whoever began it."""
    codes: queue.Queue[int] = queue.Queue()
    Leaving(SOON_SECONDS, SOON_SECONDS, codes.put).lanes_closed()
    time.sleep(4 * SOON_SECONDS)
    assert codes.empty()


def test_closed_lanes_lift_the_first_limit() -> None:
    """Nobody gives up a worker that only parts from its connections."""
    codes: queue.Queue[int] = queue.Queue()
    leaving = Leaving(SOON_SECONDS, NEVER_SECONDS, codes.put)
    told(leaving)
    leaving.lanes_closed()
    time.sleep(4 * SOON_SECONDS)
    assert codes.empty()
