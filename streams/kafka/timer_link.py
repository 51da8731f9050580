"""What the timer needs of Kafka: where the source partitions end, and a way to send events."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError

from streams.kafka.clients import HEADERS, client_arguments, producer_arguments
from streams.settings import Settings


class KafkaTimerLink:
    """One consumer without a group and one idempotent producer, opened when first needed.

    A worker that is told to stop closes it whatever the timer is doing. What the clients say to
    that is a KafkaError like any other outage, never a reason to stop with an error.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self._producer: AIOKafkaProducer | None = None
        self._closed_times = 0

    async def source_ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return the end offset of each source partition, asked now."""
        places = [TopicPartition(self._settings.events_topic, number) for number in partitions]
        with self._open():
            consumer = self._consumer
            if consumer is None:
                # Kept before it starts, so that `close` also ends one that found no broker.
                consumer = self._consumer = AIOKafkaConsumer(**client_arguments(self._settings))
                await self._start(consumer)
            ends = await consumer.end_offsets(places)
        return {place.partition: end for place, end in ends.items()}

    async def send(self, events: Sequence[tuple[int, bytes, bytes]]) -> None:
        """Send (partition, key, value) to the events topic in order; returns when all are safe."""
        with self._open():
            producer = self._producer
            if producer is None:
                producer = self._producer = AIOKafkaProducer(**producer_arguments(self._settings))
                await self._start(producer)
            deliveries = [
                await producer.send(
                    self._settings.events_topic,
                    value,
                    key=key,
                    partition=partition,
                    headers=[*HEADERS],
                )
                for partition, key, value in events
            ]
            await asyncio.gather(*deliveries)

    async def _start(self, client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
        """Connect; raises KafkaConnectionError where it was closed meanwhile."""
        await client.start()
        if client not in {self._consumer, self._producer}:
            await client.stop()
            raise KafkaConnectionError("closed while it was opened")

    @contextlib.contextmanager
    def _open(self) -> Iterator[None]:
        """Turn whatever a client raises once it was closed under its user into a KafkaError."""
        closed_times = self._closed_times
        try:
            yield
        except Exception as error:
            if closed_times == self._closed_times:
                raise
            raise KafkaConnectionError("closed meanwhile") from error

    async def close(self) -> None:
        """Let go of both; never raises."""
        self._closed_times += 1
        consumer, self._consumer = self._consumer, None
        producer, self._producer = self._producer, None
        for client in (consumer, producer):
            if client is not None:
                with contextlib.suppress(Exception):
                    await client.stop()
