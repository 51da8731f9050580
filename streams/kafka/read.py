"""Reading topics and partitions to their end, committed records only.

The end is asked once, at the start. A partition is read when the consumer's *position* is there;
records are never counted, because the markers of transactions take offsets too and aborted
records are not handed out.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.kafka.clients import client_arguments
from streams.kafka.topics import describe_topics
from streams.settings import Settings

POLL_MS: Final = 200
"""How long one fetch may wait at the end of a partition."""
TAIL_OFFSETS: Final = 64
"""How far before its end a partition is first searched for its newest record; doubled after each
search in vain. A transaction ends with one marker, so the first search nearly always finds it."""

TOPIC_TRIES: Final = 10
TOPIC_PAUSE_SECONDS: Final = 0.1
"""A topic made a moment ago may not be known to every broker yet; a second is plenty."""


class TopicUnknownError(Exception):
    """The topic does not exist; the message is one line for the operator."""


@asynccontextmanager
async def committed_reader(
    settings: Settings, *, fetch_bytes: int = 1 << 20
) -> AsyncIterator[AIOKafkaConsumer]:
    """Open a consumer of committed records that belongs to no group; the caller assigns it."""
    consumer = AIOKafkaConsumer(
        **client_arguments(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=fetch_bytes,
        fetch_max_wait_ms=POLL_MS,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await stop_consumer(consumer)


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer, whatever its fetches are doing.

    aiokafka's `stop` cancels a fetch that failed and waits before its next try, and lets *that*
    cancellation out to its caller, its connections still open. Nobody cancelled the caller, and a
    task that ends as cancelled is missed by nobody: its lane would never open.
    """
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        await consumer._client.close()  # noqa: SLF001 - see PRIVATE_NAMES
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise  # the caller was cancelled as well


async def topic_partitions(settings: Settings, topic: str) -> list[TopicPartition]:
    """Return the topic's partitions in order; raises TopicUnknownError where it does not exist."""
    found = (await describe_topics(settings, [topic])).get(topic)
    if found is None:
        raise TopicUnknownError(f"topic {topic} does not exist; run `tollstream topics create`")
    return [TopicPartition(topic, number) for number in range(found.partitions)]


async def wait_for_topic(settings: Settings, topic: str) -> None:
    """Return once the topic is known; raises TopicUnknownError soon where it does not exist.

    Clients that write or read wait 40 s for such a topic, and then do not name it.
    """
    for _ in range(TOPIC_TRIES):
        try:
            await topic_partitions(settings, topic)
        except TopicUnknownError:
            await asyncio.sleep(TOPIC_PAUSE_SECONDS)
        else:
            return
    await topic_partitions(settings, topic)


async def read_to_end(
    consumer: AIOKafkaConsumer, starts: Mapping[TopicPartition, int | None]
) -> AsyncIterator[tuple[TopicPartition, list[ConsumerRecord], int]]:
    """Yield the committed records of several partitions, each from its start (None: its oldest).

    Yields (partition, records in order, the offset after them) until every partition is read to
    the end that it had at the call. An empty list tells that only markers were passed.
    """
    partitions = list(starts)
    consumer.assign(partitions)
    ends = await consumer.end_offsets(partitions)
    begins = await consumer.beginning_offsets(partitions)
    at = {}
    for partition, start in starts.items():
        at[partition] = max(start or 0, begins[partition])
        consumer.seek(partition, at[partition])
    unread = [partition for partition in partitions if at[partition] < ends[partition]]
    while unread:
        fetched = await consumer.getmany(*unread, timeout_ms=POLL_MS)
        for partition in list(unread):
            records = fetched.get(partition, [])
            position = await consumer.position(partition)
            if records or position != at[partition]:
                at[partition] = position
                yield partition, records, position
            if position >= ends[partition]:
                unread.remove(partition)


async def read_topic(settings: Settings, topic: str) -> AsyncIterator[ConsumerRecord]:
    """Yield every committed record of a topic, in order within each partition.

    Raises TopicUnknownError where it does not exist.
    """
    partitions = await topic_partitions(settings, topic)
    async with committed_reader(settings) as consumer:
        async for _, records, _ in read_to_end(consumer, dict.fromkeys(partitions)):
            for record in records:
                yield record


async def last_record(
    consumer: AIOKafkaConsumer, partition: TopicPartition
) -> ConsumerRecord | None:
    """Return the partition's newest committed record, None where it has none.

    Newest is meant as of the call: what another writer adds meanwhile may arrive in part, in the
    middle of a transaction.
    """
    begin = (await consumer.beginning_offsets([partition]))[partition]
    end = (await consumer.end_offsets([partition]))[partition]
    back = TAIL_OFFSETS
    while begin < end:
        start = max(begin, end - back)
        newest = None
        async for _, records, _ in read_to_end(consumer, {partition: start}):
            newest = next((late for late in reversed(records) if late.offset < end), newest)
        if newest is not None or start == begin:
            return newest
        back *= 2
    return None


async def first_records(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, ConsumerRecord]:
    """Return the oldest committed record of each partition that has one."""
    consumer.assign(partitions)
    begins = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    for partition in partitions:
        consumer.seek(partition, begins[partition])
    found: dict[TopicPartition, ConsumerRecord] = {}
    unread = [partition for partition in partitions if begins[partition] < ends[partition]]
    while unread:
        fetched = await consumer.getmany(*unread, timeout_ms=POLL_MS)
        for partition in list(unread):
            if records := fetched.get(partition):
                found[partition] = records[0]
            if partition in found or await consumer.position(partition) >= ends[partition]:
                unread.remove(partition)
    return found
