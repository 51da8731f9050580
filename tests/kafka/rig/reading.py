"""Reading topics for the verdict, with nothing of the engine but the form of a position."""

import asyncio
from collections.abc import Iterable
from typing import Literal

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.kafka.topics import topic_plans
from streams.lane.position import unpack_position
from streams.settings import Settings
from streams.tables.declaration import POSITION_KEY, TENANTS

Isolation = Literal["read_committed", "read_uncommitted"]
TAIL_OFFSETS = 400
"""Where the newest position record is looked for first; a campaign's transactions are small."""


def consumer_of(settings: Settings, isolation: Isolation) -> AIOKafkaConsumer:
    """Return a consumer outside of any group."""
    return AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap,
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )


Place = tuple[str, int]
"""Topic and partition."""


def places_of(settings: Settings, topics: Iterable[str]) -> list[TopicPartition]:
    """Return all partitions of some of the deployment's topics."""
    return [TopicPartition(topic, n) for topic in topics for n in range(settings.partitions)]


async def end_offsets(
    settings: Settings, *topics: str, isolation: Isolation = "read_uncommitted"
) -> dict[Place, int]:
    """Return each partition's end; committed readers see it before an open transaction."""
    consumer = consumer_of(settings, isolation)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(places_of(settings, topics))
    finally:
        await consumer.stop()
    return {(place.topic, place.partition): offset for place, offset in ends.items()}


async def read_all(
    settings: Settings,
    *topics: str,
    isolation: Isolation = "read_committed",
    back: int | None = None,
) -> dict[Place, list[ConsumerRecord]]:
    """Return every record of some topics; `back`: only from so many offsets before the ends."""
    consumer = consumer_of(settings, isolation)
    await consumer.start()
    try:
        places = places_of(settings, topics)
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        begins = await consumer.beginning_offsets(places)
        for place in places:
            start = begins[place] if back is None else max(begins[place], ends[place] - back)
            consumer.seek(place, start)
        found: dict[Place, list[ConsumerRecord]] = {(p.topic, p.partition): [] for p in places}
        unread = [place for place in places if begins[place] < ends[place]]
        while unread:
            for place, records in (await consumer.getmany(*unread, timeout_ms=200)).items():
                found[place.topic, place.partition] += records
            unread = [place for place in unread if await consumer.position(place) < ends[place]]
    finally:
        await consumer.stop()
    return found


def applied_position(settings: Settings, partition: int) -> int:
    """Return one partition's next input that is not committed yet."""
    return asyncio.run(applied_positions(settings))[partition]


async def applied_positions(settings: Settings) -> dict[int, int]:
    """Return by partition the next input that is not committed yet."""
    topic = TENANTS.changelog(settings.app_id)
    tails = await read_all(settings, topic, back=TAIL_OFFSETS)
    positions: dict[int, int] = {}
    for (_, partition), records in tails.items():
        newest = [record for record in records if record.key == POSITION_KEY]
        positions[partition] = unpack_position(newest[-1].value).source_next if newest else 0
    return positions


def folded(records: Iterable[ConsumerRecord]) -> dict[bytes, bytes]:
    """Return what a compacted topic says: each key's newest value, deleted ones left out."""
    rows: dict[bytes, bytes] = {}
    for record in records:
        if record.value is None:
            rows.pop(record.key, None)
        else:
            rows[record.key] = record.value
    return rows


def leader_of(settings: Settings, topic: str, partition: int) -> int:
    """Return the number of the node that leads a partition, -1 where none does."""
    return asyncio.run(_leader_of(settings, topic, partition))


def copies_in_sync(settings: Settings) -> int:
    """Return how many copies the partition with the fewest has in sync, over all topics."""
    return asyncio.run(_copies_in_sync(settings))


async def _copies_in_sync(settings: Settings) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics([plan.name for plan in topic_plans(settings)])
    finally:
        await admin.close()
    return min(len(each["isr"]) for topic in described for each in topic["partitions"])


def group_members(settings: Settings) -> tuple[bool, dict[str, str]]:
    """Return whether the group of workers is at rest, and the member id of each by its name."""
    return asyncio.run(_group_members(settings))


async def _group_members(settings: Settings) -> tuple[bool, dict[str, str]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        (response,) = await admin.describe_consumer_groups([settings.app_id])
    except KafkaError:  # no coordinator yet
        return False, {}
    finally:
        await admin.close()
    _, _, state, _, _, members, *_ = response.groups[0]
    named = f"{settings.app_id}-"
    found = {client.removeprefix(named): member for member, client, *_ in members}
    return state == "Stable", found


async def _leader_of(settings: Settings, topic: str, partition: int) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    found = next(each for each in described["partitions"] if each["partition"] == partition)
    return int(found["leader"])
