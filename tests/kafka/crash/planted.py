"""Bugs that a verdict must notice, and the mishaps that bring them to light.

Each bug takes away one guarantee of the lane, in one function of the worker's own process. Without
its mishap most of them would do no harm for years, which is why the mishaps are planted, too: the
same mishap without the bug must leave everything right.
"""

import asyncio
import itertools
import uuid
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any, Final

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

import streams.lane.transaction
from rating.apply import Rater
from schemas.calls import CallEnded
from streams.lane.partition_lane import PartitionLane
from streams.lane.transaction import KafkaPartitionLog, PreparedChunk
from streams.tables.declaration import POSITION_KEY, TABLES, TENANTS

STEP_RECORDS: Final = 40
"""How far the source is read from the wrong place."""
STUMBLE_AT: Final = 60
"""The call at which rating fails once."""


def commit_before_delivery() -> None:
    """Commit although a batch was refused: aiokafka lets one do it."""

    async def wait_for_all(*futures: Any) -> list[Any]:
        return await asyncio.gather(*futures, return_exceptions=True)

    names = {name: getattr(asyncio, name) for name in dir(asyncio)}
    spoiled: Any = SimpleNamespace(**names | {"gather": wait_for_all})
    streams.lane.transaction.asyncio = spoiled  # type: ignore[misc]


def local_before_commit() -> None:
    """Write the rows into the local store before the transaction that holds them is committed."""
    right = PartitionLane._commit

    async def commit(self: Any, prepared: Any, writes: Any, *rest: Any) -> None:
        changes = [
            (table.prefix + key, value)
            for table, rows in zip(TABLES, writes.rows, strict=True)
            for key, value in rows
        ]
        self.rows.write(changes, self._mark)
        await right(self, prepared, writes, *rest)

    _put(PartitionLane, "_commit", commit)


def no_fence() -> None:
    """Give each process transactional ids of its own, so that no new owner ends an old one."""
    own = uuid.uuid4().hex
    _put(
        KafkaPartitionLog,
        "transactional_id",
        property(lambda self: f"{self._settings.app_id}-{self._partition}-{own}"),
    )


def no_position_check() -> None:
    """Rate whatever is delivered, in whatever place it stands."""
    _put(PartitionLane, "_cut", lambda _self, chunk: list(chunk.records))


def swallowed_exception() -> None:
    """Go on after an event whose rating failed, as stock Faust does."""
    right = Rater.apply

    def apply(self: Rater, store: Any, event: Any) -> Any:
        try:
            return right(self, store, event)
        except RuntimeError:
            return []

    _put(Rater, "apply", apply)


def position_outside_transaction() -> None:
    """Commit the position by itself, before the transaction of what it stands for."""
    right = KafkaPartitionLog._commit

    async def commit(self: Any, prepared: PreparedChunk) -> list[int]:
        producer = self._started()
        last = prepared.changelogs[TENANTS.number][-1]
        await producer.begin_transaction()
        sent = await producer.send(
            last.topic,
            self.positions.pop(0),
            key=POSITION_KEY,
            partition=self._partition,
        )
        await sent
        await producer.commit_transaction()
        return await right(self, prepared)

    prepare = KafkaPartitionLog.prepare

    def note(self: Any, writes: Any) -> PreparedChunk:
        if not hasattr(self, "positions"):
            self.positions = []
        self.positions.append(streams.lane.transaction.pack_position(writes.position))
        return prepare(self, writes)

    _put(KafkaPartitionLog, "_commit", commit)
    _put(KafkaPartitionLog, "prepare", note)


def redelivery() -> None:
    """Read the source from before the position, as Faust does from an old group offset."""
    _put(
        PartitionLane,
        "next_offset",
        property(lambda self: max(0, self.position.source_next - STEP_RECORDS)),
    )


def hole() -> None:
    """Read the source from behind the position, as after a reset of the offset."""
    _put(
        PartitionLane,
        "next_offset",
        property(lambda self: self.position.source_next + STEP_RECORDS),
    )


def stumble() -> None:
    """Fail once in the middle of rating a chunk, as for want of memory."""
    right, calls = Rater.apply, itertools.count(1)

    def apply(self: Rater, store: Any, event: Any) -> Any:
        if isinstance(event.data, CallEnded) and next(calls) == STUMBLE_AT:
            raise RuntimeError("planned")
        return right(self, store, event)

    _put(Rater, "apply", apply)


def stuck_connections() -> None:
    """Never be done with closing the group's connections, as when a broker does not answer."""

    async def wait(_self: Any) -> None:
        await asyncio.get_running_loop().create_future()

    _put(AIOKafkaConsumerThread, "on_thread_stop", wait)


PLANTS: Final[dict[str, Callable[[], None]]] = {
    plant.__name__.replace("_", "-"): plant
    for plant in (
        redelivery,
        hole,
        stumble,
        stuck_connections,
        commit_before_delivery,
        local_before_commit,
        no_fence,
        no_position_check,
        swallowed_exception,
        position_outside_transaction,
    )
}
"""Mishaps first: a bug that hides an error must stand around what makes it."""


def plant(names: Iterable[str]) -> None:
    """Plant bugs and mishaps by name, in the order of `PLANTS`."""
    wanted = set(names)
    for name, put in PLANTS.items():
        if name in wanted:
            put()
    assert wanted <= PLANTS.keys()


def _put(owner: type, name: str, value: Any) -> None:
    """Replace an attribute that must be there: a renamed one would plant nothing."""
    assert hasattr(owner, name), f"{owner.__name__} has no {name} any more"
    setattr(owner, name, value)
