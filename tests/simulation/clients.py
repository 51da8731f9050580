"""aiokafka's producer and consumer as the lane uses them, over the simulated broker.

The production code makes them itself (`KafkaPartitionLog`, `committed_reader`, `KafkaTimerLink`);
`simulated_clients` puts these in their place, so the transaction's real order of steps runs. They
share aiokafka's trap: a transaction one of whose batches failed can still be committed.
"""

import asyncio
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from unittest import mock

from aiokafka import TopicPartition
from aiokafka.errors import (
    IllegalOperation,
    InvalidProducerEpoch,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    ProducerFenced,
)

from tests.simulation.broker import ConcurrentTransactionsError, SimBroker, StoredRecord
from tests.simulation.faults import NetworkFaults

BATCH_RECORDS_MAX = 6
"""So small that a chunk often needs several batches for a topic."""
READ_RECORDS_MAX = 9

BROKER: ContextVar[SimBroker] = ContextVar("BROKER")
NETWORK: ContextVar[NetworkFaults] = ContextVar("NETWORK")


class SimBatch:
    """A batch builder."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes | None, bytes | None]] = []

    def append(
        self, *, key: bytes | None, value: bytes | None, timestamp: int, headers: object
    ) -> object | None:
        """Take a record; None when full."""
        assert timestamp >= 0
        assert isinstance(headers, list)
        if len(self.records) >= BATCH_RECORDS_MAX:
            return None
        self.records.append((key, value))
        return self

    def record_count(self) -> int:
        """Return how many records it holds."""
        return len(self.records)


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where a batch was written."""

    offset: int


class SimProducer:
    """AIOKafkaProducer, transactional or not."""

    def __init__(self, *, transactional_id: str | None = None, **_: Any) -> None:
        self._id = transactional_id
        self._broker, self._network = BROKER.get(), NETWORK.get()
        self._epoch = -1
        self._fatal = False
        self._in_transaction = False
        self._unanswered: list[asyncio.Future[Any]] = []
        self._queues: dict[TopicPartition, deque[Any]] = {}
        self._senders: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Get the epoch, waiting for the transaction before."""
        if self._network.strikes("start_fails"):
            raise KafkaConnectionError("planned: start")
        while self._id is not None:
            await self._request()
            try:
                self._epoch = self._broker.init_producer(self._id)
            except ConcurrentTransactionsError:
                await asyncio.sleep(self._broker.delay_seconds())
                continue
            await self._answer()
            return

    async def _request(self) -> None:
        arrived = asyncio.get_running_loop().create_future()
        self._broker.later(
            self._broker.delay_seconds(), lambda: arrived.done() or arrived.set_result(None)
        )
        await arrived

    async def _answer(self) -> None:
        await asyncio.sleep(self._broker.delay_seconds())

    def create_batch(self) -> SimBatch:
        """Return an empty batch."""
        return SimBatch()

    async def begin_transaction(self) -> None:
        """Begin, which tells the broker nothing yet."""
        if self._fatal or self._in_transaction:
            raise IllegalOperation("cannot begin")
        self._in_transaction = True

    async def send_batch(
        self, batch: SimBatch, topic: str, *, partition: int
    ) -> "asyncio.Future[Delivered]":
        """Queue a batch; the future tells its delivery."""
        if self._fatal or (self._id is not None and not self._in_transaction):
            raise IllegalOperation("not in a transaction")
        await asyncio.sleep(0)
        return self._queue(TopicPartition(topic, partition), batch.records)

    async def send(
        self, topic: str, value: bytes, *, key: bytes, partition: int, headers: object
    ) -> "asyncio.Future[Delivered]":
        """Queue one record."""
        assert headers
        return self._queue(TopicPartition(topic, partition), [(key, value)])

    def _queue(self, place: TopicPartition, records: list[Any]) -> "asyncio.Future[Delivered]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Delivered] = loop.create_future()
        self._unanswered.append(future)
        waiting = self._queues.get(place)
        if waiting is None:
            self._queues[place] = deque([(records, future)])
            self._senders.append(loop.create_task(self._deliver(place)))
        else:
            waiting.append((records, future))
        return future

    async def _deliver(self, place: TopicPartition) -> None:
        """Send a partition's batches one after the other."""
        queue = self._queues[place]
        while queue:
            records, future = queue.popleft()
            outcome: Delivered | Exception
            try:
                outcome = await self._deliver_one(place, records)
            except (ProducerFenced, InvalidProducerEpoch) as error:
                self._fatal = True
                outcome = error
            except KafkaTimeoutError as error:
                outcome = error
            if future.done():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        del self._queues[place]

    async def _deliver_one(self, place: TopicPartition, records: list[Any]) -> Delivered:
        if self._network.strikes("delivery_fails"):
            await self._request()
            raise KafkaTimeoutError("planned: delivery")
        while True:
            # The append happens on the broker's side: it does not need this process to live on.
            arrived = asyncio.get_running_loop().create_future()

            def take(arrived: "asyncio.Future[Any]" = arrived) -> None:
                outcome: object
                try:
                    if self._id is None:
                        outcome = self._broker.append(place, records)
                    else:
                        outcome = self._broker.produce(self._id, self._epoch, place, records)
                except (ProducerFenced, InvalidProducerEpoch, ConcurrentTransactionsError) as error:
                    outcome = error
                if not arrived.done():
                    arrived.set_result(outcome)

            self._broker.later(self._broker.delay_seconds(), take)
            outcome = await arrived
            await self._answer()
            if isinstance(outcome, ConcurrentTransactionsError):
                continue
            if isinstance(outcome, Exception):
                raise outcome
            if self._network.strikes("ack_lost"):
                raise KafkaTimeoutError("planned: written, but the answer is lost")
            return Delivered(outcome)

    async def send_offsets_to_transaction(self, offsets: dict[Any, int], group: str) -> None:
        """Add the group's offsets; only their delay and failure matter here."""
        assert offsets
        assert group
        if self._fatal or not self._in_transaction:
            raise IllegalOperation("not in a transaction")
        await self._request()
        if self._network.strikes("group_offset_fails"):
            raise KafkaTimeoutError("planned: group offset")
        await self._answer()

    async def commit_transaction(self) -> None:
        """Commit; also one of whose batches failed, as aiokafka does."""
        if self._fatal or self._id is None:
            raise IllegalOperation("cannot commit")
        pending = [future for future in self._unanswered if not future.done()]
        if pending:
            await asyncio.wait(pending)
        self._unanswered.clear()
        if self._fatal:
            raise ProducerFenced
        if self._network.strikes("commit_lost"):
            await self._request()
            raise KafkaTimeoutError("planned: commit request lost")
        outcome = await self._end_transaction(self._network.late_seconds("commit_late"))
        if outcome is not None:
            self._fatal = True
            raise outcome
        if self._network.strikes("commit_answer_lost"):
            raise KafkaTimeoutError("planned: committed, but the answer is lost")
        self._in_transaction = False

    async def _end_transaction(self, late_seconds: float) -> Exception | None:
        """Ask to commit; a request that is late arrives after the client has given up."""
        arrived = asyncio.get_running_loop().create_future()

        def take() -> None:
            outcome: Exception | None = None
            try:
                assert self._id is not None
                self._broker.end_transaction(self._id, self._epoch)
            except KafkaError as error:
                outcome = error
            if not arrived.done():
                arrived.set_result(outcome)

        self._broker.later(self._broker.delay_seconds() + late_seconds, take)
        if late_seconds:
            raise KafkaTimeoutError("planned: no answer, the request is still on its way")
        outcome: Exception | None = await arrived
        await self._answer()
        return outcome

    async def stop(self) -> None:
        """Let go, without a word to the broker."""
        self._fatal = True


class SimConsumer:
    """AIOKafkaConsumer without a group."""

    def __init__(self, *, isolation_level: str = "read_uncommitted", **_: Any) -> None:
        self._committed_only = isolation_level == "read_committed"
        self._broker, self._network = BROKER.get(), NETWORK.get()
        self._positions: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Connect."""
        await self._travel()

    async def stop(self) -> None:
        """Let go; never waits, so that a killed process leaves nothing behind."""

    def assign(self, places: Iterable[TopicPartition]) -> None:
        """Name what is read."""
        self._positions = dict.fromkeys(places, 0)

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Say where reading goes on."""
        self._positions[place] = offset

    async def position(self, place: TopicPartition) -> int:
        """Return where reading goes on."""
        return self._positions[place]

    async def beginning_offsets(self, places: Iterable[TopicPartition]) -> dict[Any, int]:
        """Return the oldest offsets."""
        await self._travel()
        return {place: self._broker.at(place).begin for place in places}

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[Any, int]:
        """Return the ends for this isolation level."""
        await self._travel()
        found = {place: self._broker.at(place) for place in places}
        return {
            place: partition.last_stable if self._committed_only else partition.end
            for place, partition in found.items()
        }

    async def getmany(
        self, *places: TopicPartition, timeout_ms: int
    ) -> dict[TopicPartition, list[StoredRecord]]:
        """Return some records of some of the partitions, maybe none."""
        assert timeout_ms
        await self._travel()
        fetched = {}
        for place in places:
            if self._broker.random.random() < 0.3 and len(places) > 1:
                continue
            most = self._broker.random.randint(1, READ_RECORDS_MAX)
            records, following = self._broker.read(
                place, self._positions[place], most, committed_only=self._committed_only
            )
            self._positions[place] = following
            if records:
                fetched[place] = records
        return fetched

    async def _travel(self) -> None:
        arrived = asyncio.get_running_loop().create_future()
        self._broker.later(
            self._broker.delay_seconds(), lambda: arrived.done() or arrived.set_result(None)
        )
        await arrived
        if self._network.strikes("read_fails"):
            raise KafkaConnectionError("planned: read")
        await asyncio.sleep(self._broker.delay_seconds())


@contextmanager
def simulated_clients(
    broker: SimBroker, network: NetworkFaults, consumer: type[SimConsumer] = SimConsumer
) -> Generator[None, None, None]:
    """Let the production code make simulated clients of this broker."""
    tokens = BROKER.set(broker), NETWORK.set(network)
    with (
        mock.patch("streams.lane.transaction.AIOKafkaProducer", SimProducer),
        mock.patch("streams.kafka.read.AIOKafkaConsumer", consumer),
        mock.patch("streams.kafka.timer_link.AIOKafkaProducer", SimProducer),
        mock.patch("streams.kafka.timer_link.AIOKafkaConsumer", consumer),
    ):
        yield
    BROKER.reset(tokens[0])
    NETWORK.reset(tokens[1])
