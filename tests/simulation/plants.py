"""Planted bugs: each breaks one guarantee of the lane, and the simulation must notice it.

Each is the production code with one thing done wrong, as a hurried change might do it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

from streams.lane.partition_lane import PartitionLane
from streams.lane.ports import ChangelogRows, Chunk, ChunkWrites, LocalMark
from streams.lane.position import pack_position
from streams.lane.stopping import ExitCode, LaneStop
from streams.lane.transaction import Batch, KafkaPartitionLog, PreparedChunk
from streams.tables.declaration import POSITION_KEY, TABLES, TENANTS
from tests.simulation.clients import Delivered, SimConsumer, SimProducer
from tests.simulation.local import SimRows
from tests.simulation.loop import PROCESS
from tests.simulation.worker import Parts

logger = logging.getLogger(__name__)


class CommitsDespiteFailedDelivery(KafkaPartitionLog):
    """Waits for deliveries but does not look at how they went."""

    async def _send(self, producer: Any, batch: Batch) -> "asyncio.Future[Any]":
        sent = await super()._send(producer, batch)

        async def settle() -> Delivered:
            try:
                delivered: Delivered = await sent
            except Exception:  # noqa: BLE001 - the planted bug
                return Delivered(0)
            return delivered

        return asyncio.ensure_future(settle())


class BlamesTheLog(PartitionLane[Any]):
    """Takes a newer owner's records for ones that the changelogs lost (found by a seed)."""

    async def _cross_check(self) -> None:
        newest = await self.log.last_ledger_line()
        if newest is not None and newest[0] is not None:
            in_row = self.tables.newest_seq(newest[0])
            if self._rater.seq_of(newest[1]) != in_row:
                raise LaneStop(ExitCode.STOPPED, "the changelogs lost records")


class StoresBeforeCommit(PartitionLane[Any]):
    """Writes the local store first and commits afterwards."""

    async def _commit(self, prepared: Any, writes: ChunkWrites, report: Any, done: Any) -> None:
        del report
        self._write_local(writes, [-1] * len(TABLES))
        await self.log.commit(prepared)
        done()


class NeverFences(KafkaPartitionLog):
    """Has a transactional id of the process, not of the partition."""

    @property
    def transactional_id(self) -> str:
        """Return a name that no other process fences."""
        process = PROCESS.get()
        return f"{super().transactional_id}-{process.name if process else ''}"


class FencesLate(KafkaPartitionLog):
    """Fences with the first chunk only, so the old owner may commit after the catch-up."""

    async def fence(self) -> None:
        """Begin to fence, and do not wait."""
        self._late = asyncio.ensure_future(self._fence_later())

    async def _fence_later(self) -> None:
        await asyncio.sleep(0.2)
        await super().fence()

    async def commit(self, prepared: PreparedChunk) -> list[int]:
        """Commit once fenced."""
        await self._late
        return await super().commit(prepared)

    def _started(self) -> Any:
        return self._producer or SimProducer()


class ChecksNoPosition(PartitionLane[Any]):
    """Rates what is delivered, whatever its offset."""

    def _cut(self, chunk: Chunk) -> list[Any]:
        return list(chunk.records)


class ChecksNoGap(PartitionLane[Any]):
    """Cuts what came again, but does not look for holes."""

    def _cut(self, chunk: Chunk) -> list[Any]:
        expected = self.position.source_next
        return [record for record in chunk.records if record.offset >= expected]


class PositionOutsideTheTransaction(KafkaPartitionLog):
    """Commits the position in a transaction of its own, after the chunk's."""

    def prepare(self, writes: ChunkWrites) -> Any:
        """Prepare two transactions."""
        prepared = super().prepare(writes)
        batches = prepared.changelogs[TENANTS.number]
        batches[-1].builder.records.pop()
        kept = [
            Batch(batch.topic, batch.builder, batch.builder.record_count())
            for batch in batches
            if batch.builder.record_count()
        ]
        prepared.changelogs[TENANTS.number] = kept
        builder = self._started().create_batch()
        builder.append(key=POSITION_KEY, value=pack_position(writes.position), timestamp=0)
        changelogs: list[list[Batch]] = [[] for _ in TABLES]
        changelogs[TENANTS.number] = [Batch(self._changelogs[TENANTS.number], builder, 1)]
        return prepared, PreparedChunk([], [], changelogs, prepared.source_next)

    async def commit(self, prepared: Any) -> list[int]:
        """Commit one after the other."""
        chunk, position = prepared
        first = await super().commit(chunk)
        second = await super().commit(position)
        return [max(pair) for pair in zip(first, second, strict=True)]

    async def last_position(self) -> bytes | None:
        """Return the newest position wherever it stands."""
        newest = None
        async for rows in self.read_changelogs((0,) * len(TABLES)):
            for key, value in rows.rows:
                newest = value if key == POSITION_KEY else newest
        return newest


class SkipsTheMiddleOfChangelogs(KafkaPartitionLog):
    """Loses a part of the catch-up, as counting records instead of comparing positions would."""

    async def read_changelogs(self, starts: Sequence[int]) -> AsyncIterator[ChangelogRows]:
        """Yield all parts but the third."""
        count = 0
        async for part in super().read_changelogs(starts):
            count += 1
            if count != 3:
                yield part


class ReadsUncommitted(SimConsumer):
    """Reads what may still be aborted."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**(arguments | {"isolation_level": "read_uncommitted"}))


class ForgetsToFlush(SimRows):
    """Leaves the unlogged writes of a catch-up in memory."""

    def flush(self) -> None:
        """Do nothing."""
        self._opened()


class TrustsAnyStore(SimRows):
    """Takes any directory for its own."""

    def open(self) -> LocalMark | None:
        """Return a mark that looks right."""
        mark = super().open()
        newest = self._committed.newest()
        if mark is None or newest is None:
            return mark
        partition = self._committed.partition
        return LocalMark(partition, mark.app_id, newest, mark.changelog_next, float("inf"))


class SwallowsFailedCommits(PartitionLane[Any]):
    """Notes that a commit failed and goes on."""

    async def _commit(self, prepared: Any, writes: ChunkWrites, report: Any, done: Any) -> None:
        del report
        following = [-1] * len(TABLES)
        try:
            following = await self.log.commit(prepared)
        except Exception as error:  # noqa: BLE001 - the planted bug
            logger.warning("commit failed: %s", type(error).__name__)
        self._write_local(writes, following)
        done()


PLANTS: Final[dict[str, Callable[[], Parts]]] = {
    "commit though a delivery failed": lambda: Parts(log=CommitsDespiteFailedDelivery),
    "local store before commit": lambda: Parts(lane=StoresBeforeCommit),
    "no fence": lambda: Parts(log=NeverFences),
    "fence after the catch-up": lambda: Parts(log=FencesLate),
    "no position check": lambda: Parts(lane=ChecksNoPosition),
    "no gap check": lambda: Parts(lane=ChecksNoGap),
    "swallowed exception of a commit": lambda: Parts(lane=SwallowsFailedCommits),
    "swallowed exception of a worker": lambda: Parts(swallow=True),
    "position outside the transaction": lambda: Parts(log=PositionOutsideTheTransaction),
    "catch-up with a gap": lambda: Parts(log=SkipsTheMiddleOfChangelogs),
    "catch-up of uncommitted rows": lambda: Parts(consumer=ReadsUncommitted),
    "catch-up not flushed": lambda: Parts(rows=ForgetsToFlush),
    "takeover taken for a lost log": lambda: Parts(lane=BlamesTheLog),
    "foreign store trusted": lambda: Parts(rows=TrustsAnyStore),
}
"""Name of a planted bug to a worker that has it."""
