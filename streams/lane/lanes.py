"""All lanes of a worker: opened when Faust assigns partitions, closed when it takes them back.

A lane opens in a task of its own, beside the group's protocol, so catching up never delays a
rebalance, and partitions become ready independently of each other. Any failure of any lane ends
the process at once (`stop`): what is not committed never happened.
"""

import asyncio
import errno
import gc
import logging
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, NoReturn

from streams.lane.partition_lane import PartitionLane
from streams.lane.stopping import (
    ExitCode,
    LaneStop,
    LocalStoreError,
    end_process,
    failure_of,
)

logger = logging.getLogger(__name__)

_DISK_ERRORS: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.ENOTDIR, errno.EEXIST}
)


class Lanes:
    """The lanes by partition number; what the consumer asks whether records may flow."""

    def __init__(
        self,
        events_topic: str,
        open_lane: Callable[[int, Callable[[BaseException], None]], PartitionLane[Any]],
    ) -> None:
        self.events_topic = events_topic
        self.by_partition: dict[int, PartitionLane[Any]] = {}
        self._open_lane = open_lane
        self._opening: dict[int, asyncio.Task[None]] = {}
        self._closing = asyncio.Lock()
        self._over = False

    def lane_of(self, partition: int) -> PartitionLane[Any] | None:
        """Return the partition's lane, None while it is not this worker's."""
        return self.by_partition.get(partition)

    def all_ready(self) -> bool:
        """Say whether every lane's gate is open."""
        return all(lane.ready for lane in self.by_partition.values())

    async def assigned(self, partitions: Iterable[int]) -> None:
        """Open a lane for each partition, in the background."""
        await self.close()
        if self._over:
            return
        for partition in sorted(partitions):
            lane = self._open_lane(partition, self.stop)
            self.by_partition[partition] = lane
            task = asyncio.ensure_future(lane.open())
            task.add_done_callback(partial(self._opened, partition))
            self._opening[partition] = task

    async def close(self) -> None:
        """Close every lane: the commit in progress is finished, nothing new is begun."""
        async with self._closing:  # an order to stop may come while Faust takes lanes back
            lanes, self.by_partition = list(self.by_partition.values()), {}
            opening, self._opening = list(self._opening.values()), {}
            for task in opening:
                task.cancel()
            if opening:
                await asyncio.wait(opening)
            if lanes:
                await asyncio.gather(*(lane.close() for lane in lanes))
                lanes.clear()
                gc.collect()  # lanes make cycles, and their caches are most of a worker's memory

    async def finish(self) -> None:
        """Close every lane for good: what Faust still assigns is not opened."""
        self._over = True
        await self.close()

    def _opened(self, partition: int, task: asyncio.Task[None]) -> None:
        if self._opening.get(partition) is not task:
            return  # `close` took it away, and cancelled it
        error = failure_of(task)
        if error is not None:
            self.stop(error)

    def stop(self, error: BaseException) -> NoReturn:
        """End the process with one line and the cause's exit code."""
        code, line = verdict(error)
        end_process(code, f"tollstream worker stops ({code.name.lower()}): {line}")


def verdict(error: BaseException) -> tuple[ExitCode, str]:
    """Return the exit code and the one line for an error.

    The text of an unexpected exception is not shown, it might hold a phone number; where it was
    raised is.
    """
    if isinstance(error, LaneStop):
        return error.code, error.line
    if isinstance(error, LocalStoreError):
        return ExitCode.LOCAL, str(error)
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return ExitCode.LOCAL, f"{error.filename or 'disk'}: {error.strerror}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return ExitCode.STOPPED, f"{type(error).__name__}{place}"
