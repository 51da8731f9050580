"""The reference topic for commands: what it holds, and storing another file in it."""

import asyncio

from schemas.timers import ReferenceKind
from streams.kafka.log import KafkaUnreadableError, readable
from streams.kafka.read import wait_for_topic
from streams.kafka.reference_topic import (
    DamagedReferenceError,
    PublishedReferences,
    publish_reference,
)
from streams.settings import Settings


def read_published(settings: Settings) -> PublishedReferences:
    """Return all that was published; raises KafkaUnreadableError."""
    published = PublishedReferences()
    with readable(settings):
        try:
            asyncio.run(_read_further(published, settings))
        except DamagedReferenceError as error:
            raise KafkaUnreadableError(str(error)) from error
    return published


def publish_file(settings: Settings, kind: ReferenceKind, raw: bytes, *, default: bool) -> str:
    """Store a checked file in the topic and return its version; raises KafkaUnreadableError."""
    with readable(settings):
        return asyncio.run(_publish(settings, kind, raw, default=default))


async def _read_further(published: PublishedReferences, settings: Settings) -> None:
    await wait_for_topic(settings, settings.reference_topic)
    await published.read_further(settings)


async def _publish(settings: Settings, kind: ReferenceKind, raw: bytes, *, default: bool) -> str:
    await wait_for_topic(settings, settings.reference_topic)
    return await publish_reference(settings, kind, raw, default=default)
