"""Writing what is measured into a topic: whole batches, keyed as every producer would key them."""

from array import array
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from streams.kafka.clients import HEADERS, producer_arguments
from streams.settings import Settings

BATCH_RECORDS_MAX: Final = 1_000
"""Records of a batch; 0.6 MB of calls, near what a busy producer sends."""
IN_FLIGHT_MAX: Final = 8
"""Batches sent and not yet acknowledged."""


def partition_finder(partitions: int) -> Callable[[bytes], int]:
    """Return a function that says which partition a key falls into; it remembers each key."""
    numbers, choose = list(range(partitions)), DefaultPartitioner()
    known: dict[bytes, int] = {}

    def find(key: bytes) -> int:
        found = known.get(key)
        if found is None:
            found = known[key] = choose(key, numbers, numbers)
        return found

    return find


class TopicFiller:
    """Sends records to the events topic; `counts` says how many each partition got."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer) -> None:
        self.counts: Final = array("Q", bytes(8 * settings.partitions))
        self._topic: Final = settings.events_topic
        self._producer: Final = producer
        self._find: Final = partition_finder(settings.partitions)
        self._open: Final[dict[int, Any]] = {}
        self._flying: Final[deque[Any]] = deque()

    @staticmethod
    def producer(settings: Settings) -> AIOKafkaProducer:
        """Return a producer to be started and handed in."""
        return AIOKafkaProducer(**producer_arguments(settings))

    async def send(self, records: Iterable[tuple[bytes, bytes]], timestamp_ms: int) -> None:
        """Send key and value of each record, in order within a partition, and wait for all."""
        headers = [*HEADERS]
        for key, value in records:
            partition = self._find(key)
            batch = self._open.get(partition)
            if batch is None:
                batch = self._open[partition] = self._producer.create_batch()
            if batch.append(key=key, value=value, timestamp=timestamp_ms, headers=headers) is None:
                await self._send(partition)
                batch = self._open[partition] = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=timestamp_ms, headers=headers)
            self.counts[partition] += 1
            if batch.record_count() >= BATCH_RECORDS_MAX:
                await self._send(partition)
        for partition in list(self._open):
            await self._send(partition)
        while self._flying:
            await self._flying.popleft()

    async def _send(self, partition: int) -> None:
        batch = self._open.pop(partition)
        if len(self._flying) >= IN_FLIGHT_MAX:
            await self._flying.popleft()
        sent = await self._producer.send_batch(batch, self._topic, partition=partition)
        self._flying.append(sent)
