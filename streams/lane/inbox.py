"""Chunks that come while a lane is at work, put together: fewer and larger transactions.

A fetch brings what has come since the one before: at a moderate load some dozens of events. A
transaction takes as long for a few events as for a thousand, and a partition has one at a time. So
chunks that were taken one by one would wait for each other's transactions, most of the time, on an
idle CPU. Here a lane gets all that has come by the time it can take it; while that is little, its
chunks begin no closer than `CHUNK_INTERVAL_SECONDS`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from streams.lane.limits import (
    CHUNK_INTERVAL_SECONDS,
    CHUNK_RECORDS_MAX,
    FETCH_BYTES_MAX,
    OVERLAP_RECORDS_MIN,
)
from streams.lane.ports import Chunk, SourceRecord
from streams.lane.stopping import failure_of

Done = Callable[[], None]


def _bytes_of(record: SourceRecord) -> int:
    """Return what a record holds; its headers, too, which may be as long as a value."""
    held = len(record.value or b"") + len(record.key or b"")
    for _, value in record.headers:
        held += len(value or b"")
    return held


class Inbox:
    """Hands chunks to `process` in order, joined as far as the limits of one chunk allow.

    `drain` waits for the commit in progress; what fails goes to `fail`.
    """

    def __init__(
        self,
        process: Callable[[Chunk, Done], Awaitable[None]],
        drain: Callable[[], Awaitable[None]],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._process: Final = process
        self._drain: Final = drain
        self._fail: Final = fail
        self._waiting: Final[deque[tuple[Chunk, Done, int]]] = deque()
        self._records = 0
        self._bytes = 0
        self._room: Final = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._closed = False
        self._due_at = 0.0

    async def offer(self, chunk: Chunk, done: Done) -> None:
        """Take a chunk over; return once there is room for another one.

        `done` is called when the chunk is durable, or dropped because the lane was closed.
        """
        if self._closed:
            done()
            return
        size_bytes = sum(map(_bytes_of, chunk.records))
        self._waiting.append((chunk, done, size_bytes))
        self._records += len(chunk.records)
        self._bytes += size_bytes
        if self._serving is None:
            self._serving = asyncio.ensure_future(self._serve())
            self._serving.add_done_callback(self._finished)
        while self._records >= CHUNK_RECORDS_MAX or self._bytes >= FETCH_BYTES_MAX:
            self._room.clear()
            await self._room.wait()

    def close(self) -> None:
        """Drop what is waiting: whoever owns the partition next fetches it again."""
        self._closed = True
        while self._waiting:
            self._taken()[1]()

    async def _serve(self) -> None:
        now = asyncio.get_running_loop().time
        while self._waiting:
            if self._records < OVERLAP_RECORDS_MIN:
                await self._drain()
                await asyncio.sleep(self._due_at - now())
            if self._waiting:
                self._due_at = now() + CHUNK_INTERVAL_SECONDS
                await self._process(*self._joined())
        self._serving = None

    def _joined(self) -> tuple[Chunk, Done]:
        """Return the longest run of chunks without a hole that is still one chunk."""
        chunk, done, size_bytes = self._taken()
        records: list[SourceRecord] = [*chunk.records]
        dones = [done]
        while self._waiting:
            following, _, more_bytes = self._waiting[0]
            if (
                following.first != records[-1].offset + 1
                or len(records) + len(following.records) > CHUNK_RECORDS_MAX
                or size_bytes + more_bytes > FETCH_BYTES_MAX
            ):
                break
            size_bytes += more_bytes
            records += following.records
            dones.append(self._taken()[1])

        def all_done() -> None:
            for each in dones:
                each()

        return Chunk(chunk.first, records), all_done

    def _taken(self) -> tuple[Chunk, Done, int]:
        chunk, done, size_bytes = self._waiting.popleft()
        self._records -= len(chunk.records)
        self._bytes -= size_bytes
        self._room.set()
        return chunk, done, size_bytes

    def _finished(self, task: asyncio.Task[None]) -> None:
        error = failure_of(task)
        if error is not None:
            self._fail(error)
