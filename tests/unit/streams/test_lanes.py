"""A lane's work that ends as cancelled, though nobody cancelled it, ends the worker."""

import asyncio
import weakref
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from streams.lane.lanes import Lanes
from streams.lane.partition_lane import PartitionLane
from streams.lane.ports import Chunk
from streams.lane.stopping import ExitCode, LaneStop, failure_of


class Told(Lanes):
    """Lanes that note why the process would end."""

    def __init__(self, open_lane: Any) -> None:
        super().__init__("events", open_lane)
        self.errors: list[BaseException] = []

    def stop(self, error: BaseException) -> NoReturn:  # type: ignore[misc]
        """Note it."""
        self.errors.append(error)


def lane(opening: Any) -> Any:
    """Return what makes a lane that opens so."""

    async def close() -> None:
        pass

    return lambda _partition, _fail: SimpleNamespace(open=opening, close=close)


class Cyclic:
    """A lane that is part of a cycle, as real ones are."""

    def __init__(self) -> None:
        self.itself = self

    async def open(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


async def cancelled_by_a_client() -> None:
    """End as a task does that awaited aiokafka's `stop` at the wrong moment."""
    raise asyncio.CancelledError


async def settle() -> None:
    """Let tasks and their callbacks run."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_an_opening_that_a_client_cancelled_ends_the_worker() -> None:
    """Else the partition would stand still, and the worker look well, for ever."""
    lanes = Told(lane(cancelled_by_a_client))
    await lanes.assigned([0])
    await settle()
    (error,) = lanes.errors
    assert isinstance(error, LaneStop)
    assert ExitCode.STOPPED == error.code


@pytest.mark.asyncio
async def test_closing_cancels_an_opening_and_the_worker_goes_on() -> None:
    """A partition that was taken back while it caught up is no failure."""
    lanes = Told(lane(asyncio.Event().wait))
    await lanes.assigned([0])
    await settle()
    await lanes.close()
    await settle()
    assert [] == lanes.errors


@pytest.mark.asyncio
async def test_a_commit_that_a_client_cancelled_ends_the_worker() -> None:
    """Its calls are not acknowledged, and no chunk after it could be."""
    errors: list[BaseException] = []
    owner: Any = SimpleNamespace(_closed=False, _indexing=None, _fail=errors.append)
    task = asyncio.ensure_future(cancelled_by_a_client())
    await asyncio.wait([task])
    PartitionLane._finished(owner, task)
    (error,) = errors
    assert isinstance(error, LaneStop)


@pytest.mark.asyncio
async def test_work_that_was_done_is_no_failure() -> None:
    """And an exception is itself."""
    task = asyncio.ensure_future(asyncio.sleep(0))
    await task
    assert failure_of(task) is None
    wrong = asyncio.ensure_future(asyncio.wait_for(asyncio.sleep(1), 0))
    await asyncio.wait([wrong])
    assert isinstance(failure_of(wrong), TimeoutError)


@pytest.mark.asyncio
async def test_what_is_assigned_after_the_end_is_not_opened() -> None:
    """Faust may be in the middle of an assignment when it is told to stop."""
    lanes = Told(lane(asyncio.Event().wait))
    await lanes.finish()
    await lanes.assigned([0])
    await settle()
    assert {} == lanes.by_partition
    assert [] == lanes.errors


@pytest.mark.asyncio
async def test_the_end_waits_for_lanes_that_are_closing() -> None:
    """Faust may be taking them back when the worker is told to stop."""
    closed = asyncio.Event()
    made = SimpleNamespace(open=settle, close=closed.wait)
    lanes = Told(lambda _partition, _fail: made)
    await lanes.assigned([0])
    revoked = asyncio.ensure_future(lanes.close())
    await settle()
    finished = asyncio.ensure_future(lanes.finish())
    await settle()
    assert not finished.done()
    closed.set()
    await asyncio.wait([revoked, finished])
    assert finished.done()


@pytest.mark.asyncio
async def test_closed_lanes_leave_memory_at_once() -> None:
    """Lane and rows refer to each other, and Python looks for such cycles very seldom."""
    made: list[weakref.ref[Cyclic]] = []

    def open_lane(_partition: int, _fail: Any) -> Any:
        new = Cyclic()
        made.append(weakref.ref(new))
        return new

    lanes = Told(open_lane)
    await lanes.assigned([0, 1])
    await settle()
    await lanes.close()
    assert [None, None] == [reference() for reference in made]


@pytest.mark.parametrize(
    ("first", "offsets", "said"),
    [(12, [12], "events 10 to 11 are missing"), (10, [4, 5], "lost its newest")],
)
def test_a_source_that_is_not_where_it_was_left_stops_the_lane(
    first: int, offsets: list[int], said: str
) -> None:
    """Forwards there is a gap; backwards the log was cut, and new events stand in old places."""
    owner: Any = SimpleNamespace(partition=0, position=SimpleNamespace(source_next=10))
    chunk = Chunk(first, [SimpleNamespace(offset=offset) for offset in offsets])
    with pytest.raises(LaneStop, match=said) as stopped:
        PartitionLane._cut(owner, chunk)
    assert ExitCode.STOPPED == stopped.value.code
