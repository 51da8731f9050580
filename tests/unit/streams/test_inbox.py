"""Chunks wait for a lane at work and reach it as few: in order, whole, within the limits."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from streams.lane import inbox
from streams.lane.inbox import Inbox
from streams.lane.limits import CHUNK_RECORDS_MAX, FETCH_BYTES_MAX, OVERLAP_RECORDS_MIN
from streams.lane.ports import Chunk

pytestmark = pytest.mark.asyncio
INTERVAL_SECONDS = 0.5
BROKEN = 666
"""Offset at which the lane fails."""


@dataclass(frozen=True)
class Record:
    """A record of the events topic."""

    offset: int
    value: bytes | None = b"event"
    key: bytes | None = b"tenant"
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test but its own waits for the next chunk's time."""
    monkeypatch.setattr(inbox, "CHUNK_INTERVAL_SECONDS", 0.0)


class Lane:
    """Notes what it is given; works only while `open` is set."""

    def __init__(self) -> None:
        self.given: list[tuple[int, list[int]]] = []
        self.given_at: list[float] = []
        self.done: list[str] = []
        self.failures: list[BaseException] = []
        self.drains = 0
        self.open = asyncio.Event()
        self.open.set()
        self.inbox = Inbox(self.process, self.drain, self.failures.append)

    async def process(self, chunk: Chunk, done: Callable[[], None]) -> None:
        """Do as told: work, wait or fail."""
        self.given.append((chunk.first, [record.offset for record in chunk.records]))
        self.given_at.append(asyncio.get_running_loop().time())
        await self.open.wait()
        if chunk.first == BROKEN:
            raise RuntimeError("broken")
        done()

    async def drain(self) -> None:
        """Wait for the commit in progress."""
        self.drains += 1
        await asyncio.sleep(0)

    async def offer(self, first: int, count: int, name: str = "", value: bytes = b"event") -> None:
        """Bring a chunk."""
        chunk = Chunk(first, [Record(first + step, value) for step in range(count)])
        await asyncio.wait_for(self.inbox.offer(chunk, lambda: self.done.append(name)), 5)

    async def rest(self) -> None:
        """Let everything go on as far as it can."""
        for _ in range(50):
            await asyncio.sleep(0)


async def test_a_lane_without_work_gets_a_chunk_at_once() -> None:
    """As it came."""
    lane = Lane()
    await lane.offer(7, 3, "a")
    await lane.rest()
    assert [(7, [7, 8, 9])] == lane.given
    assert ["a"] == lane.done


async def test_what_comes_while_a_lane_works_is_one_chunk() -> None:
    """All of it is done when that one is."""
    lane = Lane()
    lane.open.clear()
    for first, name in ((0, "a"), (2, "b"), (4, "c"), (6, "d")):
        await lane.offer(first, 2, name)
        await lane.rest()
    assert [(0, [0, 1])] == lane.given
    assert [] == lane.done
    lane.open.set()
    await lane.rest()
    assert [(0, [0, 1]), (2, [2, 3, 4, 5, 6, 7])] == lane.given
    assert ["a", "b", "c", "d"] == lane.done


@pytest.mark.parametrize("first", [1, 4, 9])
async def test_a_hole_or_a_redelivery_is_not_joined(first: int) -> None:
    """The lane itself must see where each fetch began."""
    lane = Lane()
    lane.open.clear()
    await lane.offer(0, 1)
    await lane.rest()
    await lane.offer(1, 2)
    await lane.offer(first, 2)
    lane.open.set()
    await lane.rest()
    assert [(0, [0]), (1, [1, 2]), (first, [first, first + 1])] == lane.given


async def test_a_chunk_keeps_to_its_limit_of_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole fetches are joined, none is cut."""
    monkeypatch.setattr(inbox, "CHUNK_RECORDS_MAX", 5)
    lane = Lane()
    lane.open.clear()
    await lane.offer(0, 1)
    await lane.rest()
    await lane.offer(1, 2)
    await lane.offer(3, 2)
    last = asyncio.ensure_future(lane.offer(5, 2))
    lane.open.set()
    await lane.rest()
    await last
    assert [(0, [0]), (1, [1, 2, 3, 4]), (5, [5, 6])] == lane.given


async def test_a_chunk_keeps_to_its_limit_of_bytes() -> None:
    """A fetch is bounded in bytes, and so is what is made of several."""
    lane = Lane()
    lane.open.clear()
    large = bytes(FETCH_BYTES_MAX // 3 + 1)
    await lane.offer(0, 1)
    await lane.rest()
    await lane.offer(1, 1, value=large)
    await lane.offer(2, 1, value=large)
    last = asyncio.ensure_future(lane.offer(3, 1, value=large))
    lane.open.set()
    await lane.rest()
    await last
    assert [(0, [0]), (1, [1, 2]), (3, [3])] == lane.given


LARGE = bytes(FETCH_BYTES_MAX)


@pytest.mark.parametrize(
    ("count", "more", "much"),
    [
        (CHUNK_RECORDS_MAX, {}, True),
        (1, {"value": LARGE}, True),
        (1, {"key": LARGE}, True),
        (1, {"headers": (("trace", LARGE),)}, True),
        (1, {"value": None, "key": None}, False),
    ],
    ids=["records", "value", "key", "headers", "nothing"],
)
async def test_who_brings_much_waits_for_room(count: int, more: dict[str, Any], much: bool) -> None:
    """Else a backlog would pile up in memory; a little does not wait."""
    lane = Lane()
    lane.open.clear()
    await lane.offer(0, 1)
    await lane.rest()
    chunk = Chunk(1, [Record(1 + step, **more) for step in range(count)])
    offered = asyncio.ensure_future(lane.inbox.offer(chunk, lambda: None))
    await lane.rest()
    assert offered.done() is not much
    lane.open.set()
    await lane.rest()
    assert offered.done()


async def test_a_little_waits_for_the_commit_before() -> None:
    """Much is rated while that goes on."""
    lane = Lane()
    await lane.offer(0, 1)
    await lane.rest()
    assert 1 == lane.drains
    await lane.offer(1, OVERLAP_RECORDS_MIN)
    await lane.rest()
    assert 1 == lane.drains
    assert 2 == len(lane.given)


async def test_a_little_is_taken_so_often_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes until then is one chunk; much does not wait."""
    monkeypatch.setattr(inbox, "CHUNK_INTERVAL_SECONDS", INTERVAL_SECONDS)
    lane = Lane()
    await lane.offer(0, 1)
    await lane.rest()
    await lane.offer(1, 1)
    await lane.offer(2, 1)
    await asyncio.sleep(1.5 * INTERVAL_SECONDS)
    await lane.offer(3, OVERLAP_RECORDS_MIN)
    await lane.rest()
    assert [0, 1, 3] == [first for first, _ in lane.given]
    first, second, third = lane.given_at
    assert second - first > 0.9 * INTERVAL_SECONDS > third - second


async def test_closing_does_not_wait_for_the_next_chunks_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It drops what waits for it."""
    monkeypatch.setattr(inbox, "CHUNK_INTERVAL_SECONDS", INTERVAL_SECONDS)
    lane = Lane()
    await lane.offer(0, 1, "a")
    await lane.rest()
    await lane.offer(1, 1, "b")
    lane.inbox.close()
    assert ["a", "b"] == lane.done
    await asyncio.sleep(2 * INTERVAL_SECONDS)
    assert [(0, [0])] == lane.given


async def test_a_failure_is_told_once() -> None:
    """Whoever is told ends the worker."""
    lane = Lane()
    await lane.offer(BROKEN, 1, "a")
    await lane.rest()
    assert ["broken"] == [str(error) for error in lane.failures]
    assert [] == lane.done


async def test_closing_drops_what_waits() -> None:
    """A rebalance must not wait for it; who comes later is sent away."""
    lane = Lane()
    lane.open.clear()
    await lane.offer(0, 1, "a")
    await lane.rest()
    await lane.offer(1, 1, "b")
    lane.inbox.close()
    assert ["b"] == lane.done
    await lane.offer(2, 1, "c")
    lane.open.set()
    await lane.rest()
    assert ["b", "c", "a"] == lane.done
    assert [(0, [0])] == lane.given


async def test_closing_lets_go_of_who_waits_for_room() -> None:
    """Faust's actor must end."""
    lane = Lane()
    lane.open.clear()
    await lane.offer(0, 1)
    await lane.rest()
    offered = asyncio.ensure_future(lane.offer(1, CHUNK_RECORDS_MAX))
    await lane.rest()
    assert not offered.done()
    lane.inbox.close()
    await lane.rest()
    assert offered.done()
