"""What the timer needs of Kafka: where the source partitions end, and a way to send events."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.kafka.clients import HEADERS, client_arguments, producer_arguments
from streams.settings import Settings


class KafkaTimerLink:
    """One consumer without a group and one idempotent producer, opened when first needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self._producer: AIOKafkaProducer | None = None

    async def source_ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return the end offset of each source partition, asked now."""
        if self._consumer is None:
            # Kept before it starts, so that `close` also ends one that found no broker.
            self._consumer = AIOKafkaConsumer(**client_arguments(self._settings))
            await self._consumer.start()
        places = [TopicPartition(self._settings.events_topic, number) for number in partitions]
        ends = await self._consumer.end_offsets(places)
        return {place.partition: end for place, end in ends.items()}

    async def send(self, events: Sequence[tuple[int, bytes, bytes]]) -> None:
        """Send (partition, key, value) to the events topic in order; returns when all are safe."""
        if self._producer is None:
            self._producer = AIOKafkaProducer(**producer_arguments(self._settings))
            await self._producer.start()
        deliveries = [
            await self._producer.send(
                self._settings.events_topic,
                value,
                key=key,
                partition=partition,
                headers=[*HEADERS],
            )
            for partition, key, value in events
        ]
        await asyncio.gather(*deliveries)

    async def close(self) -> None:
        """Let go of both; never raises."""
        consumer, self._consumer = self._consumer, None
        producer, self._producer = self._producer, None
        for client in (consumer, producer):
            if client is not None:
                with contextlib.suppress(Exception):
                    await client.stop()
