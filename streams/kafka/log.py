"""The topics of Kafka as a log that is read to its end: events and ledger, partition by partition.

Only committed records are read, up to the end that each partition had when reading began. The
commands that use this are plain functions, so each partition is read through an event loop of its
own that runs only while a batch is fetched.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    RequestTimedOutError,
)
from aiokafka.partitioner import DefaultPartitioner

from schemas.dead_letter import LogPosition
from streams.kafka.complaints import complaints
from streams.kafka.read import TopicUnknownError, committed_reader, read_to_end, topic_partitions
from streams.log_source import LogEvent, LogLine, Shard
from streams.settings import Settings

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNREACHED: Final = (KafkaConnectionError, KafkaTimeoutError, RequestTimedOutError)


class KafkaUnreadableError(Exception):
    """Kafka did not answer, or a topic is missing; the message is one line for the operator."""


class KafkaLog:
    """The events topic and the ledger topic, which have the same partitions."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        with readable(settings):
            events = asyncio.run(topic_partitions(settings, settings.events_topic))
            ledger = asyncio.run(topic_partitions(settings, settings.ledger_topic))
        if len(events) != len(ledger):
            raise KafkaUnreadableError(
                f"{settings.events_topic} has {len(events)} partitions and "
                f"{settings.ledger_topic} {len(ledger)}; run `tollstream topics check`"
            )
        self._partitions = len(events)

    def shards(self) -> Sequence[Shard]:
        """Return one shard for each partition."""
        return [_Partition(self._settings, number) for number in range(self._partitions)]

    def shard_of(self, tenant: str) -> Shard:
        """Return the partition that the tenant's key falls into."""
        numbers = list(range(self._partitions))
        number = DefaultPartitioner()(tenant.encode(), numbers, numbers)
        return _Partition(self._settings, number)


class _Partition:
    def __init__(self, settings: Settings, number: int) -> None:
        self._settings = settings
        self._number = number

    def events(self) -> Iterator[LogEvent]:
        """Yield the inputs of the partition."""
        topic = self._settings.events_topic
        for record in read_records(self._settings, topic, [self._number]):
            received_at = EPOCH + timedelta(milliseconds=record.timestamp)
            yield LogEvent(record.value or b"", record.key, _position(record), received_at)

    def ledger(self) -> Iterator[LogLine]:
        """Yield the ledger records of the partition."""
        topic = self._settings.ledger_topic
        for record in read_records(self._settings, topic, [self._number]):
            yield LogLine(record.value or b"", _position(record))


def read_records(
    settings: Settings, topic: str, partitions: Sequence[int] | None = None
) -> Iterator[ConsumerRecord]:
    """Yield the committed records of a topic, in order within each partition.

    `partitions` None: all of them. Raises KafkaUnreadableError.
    """
    batches = _batches(settings, topic, partitions)

    async def fetch() -> list[ConsumerRecord] | None:
        return await anext(batches, None)

    with readable(settings), asyncio.Runner() as runner:
        try:
            while (batch := runner.run(fetch())) is not None:
                yield from batch
        finally:
            runner.run(_close(batches))


async def _batches(
    settings: Settings, topic: str, partitions: Sequence[int] | None
) -> AsyncIterator[list[ConsumerRecord]]:
    known = await topic_partitions(settings, topic)
    wanted = known if partitions is None else [TopicPartition(topic, n) for n in partitions]
    async with committed_reader(settings) as consumer:
        async for _, records, _ in read_to_end(consumer, dict.fromkeys(wanted)):
            yield records


async def _close(batches: AsyncIterator[list[ConsumerRecord]]) -> None:
    close = getattr(batches, "aclose", None)
    if close is not None:
        await close()


@contextmanager
def readable(settings: Settings) -> Iterator[None]:
    """Turn what a Kafka client raises into one line that says what to look at."""
    with complaints() as heard:
        try:
            yield
        except TopicUnknownError as error:
            raise KafkaUnreadableError(str(error)) from error
        except _UNREACHED as error:
            if heard.is_refusal:
                raise KafkaUnreadableError(heard.refusal_by(settings.bootstrap)) from error
            reason = str(heard.newest or "") or type(error).__name__
            raise KafkaUnreadableError(
                f"Kafka at {settings.bootstrap} does not answer ({reason}); is it running, and "
                "are TOLLSTREAM_BROKERS and TOLLSTREAM_SECURITY_PROTOCOL right?"
            ) from error
        except KafkaError as error:
            raise KafkaUnreadableError(f"Kafka at {settings.bootstrap} refuses: {error}") from error


def _position(record: ConsumerRecord) -> LogPosition:
    return LogPosition(record.topic, record.partition, record.offset)
