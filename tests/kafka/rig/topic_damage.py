"""What happens to topics: records deleted, topics deleted and made again, compaction."""

import asyncio
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.admin.records_to_delete import RecordsToDelete

from streams.kafka.topics import topic_plans
from tests.kafka.rig.deployment import Deployment, wait_until
from tests.kafka.rig.reading import end_offsets

EAGER: Final = {
    "segment.ms": "500",
    "min.cleanable.dirty.ratio": "0.001",
    "min.compaction.lag.ms": "0",
}


def cut(deployment: Deployment, topic: str) -> None:
    """Delete the older half of a topic's records (Kafka's DeleteRecords)."""
    asyncio.run(_delete_records(deployment, topic, share=2))


def empty(deployment: Deployment, topic: str) -> None:
    """Delete every record; the offsets go on where they were."""
    asyncio.run(_delete_records(deployment, topic, share=1))


def make_anew(deployment: Deployment, *topics: str) -> None:
    """Delete topics and make them again as they were made at first: empty, from offset 0."""
    asyncio.run(_delete_topics(deployment, topics))
    wait_until("topics gone", lambda: not asyncio.run(_existing(deployment, topics)))
    deployment.create_topics()


def compact_soon(deployment: Deployment, topic: str) -> None:
    """Let the broker's cleaner have closed segments within seconds, and clean whatever it can."""
    asyncio.run(_alter(deployment, topic, EAGER))


def raise_limit(deployment: Deployment, topic: str, bytes_max: int) -> None:
    """Let a topic take larger batches, as an operator does."""
    asyncio.run(_alter(deployment, topic, {"max.message.bytes": str(bytes_max)}))


async def _alter(deployment: Deployment, topic: str, changes: dict[str, str]) -> None:
    plan = next(plan for plan in topic_plans(deployment.settings) if plan.name == topic)
    settings = plan.settings | changes
    admin = AIOKafkaAdminClient(bootstrap_servers=deployment.settings.bootstrap)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])
    finally:
        await admin.close()


async def _delete_records(deployment: Deployment, topic: str, share: int) -> None:
    """Kafka refuses it on a compacted topic, so the policy is another one for the moment."""
    ends = await end_offsets(deployment.settings, topic)
    before = {
        TopicPartition(*place): RecordsToDelete(max(1, end // share))
        for place, end in ends.items()
        if end
    }
    await _alter(deployment, topic, {"cleanup.policy": "delete"})
    admin = AIOKafkaAdminClient(bootstrap_servers=deployment.settings.bootstrap)
    await admin.start()
    try:
        await admin.delete_records(before)
    finally:
        await admin.close()
    await _alter(deployment, topic, {})


async def _delete_topics(deployment: Deployment, topics: tuple[str, ...]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=deployment.settings.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics(list(topics))
    finally:
        await admin.close()


async def _existing(deployment: Deployment, topics: tuple[str, ...]) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=deployment.settings.bootstrap)
    await admin.start()
    try:
        return set(await admin.list_topics()) & set(topics)
    finally:
        await admin.close()
