"""Reading a topic while the broker goes away."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import TopicPartition

import streams.kafka.clients
from streams.kafka.read import committed_reader
from streams.kafka.topics import create_topics
from streams.local_broker import LocalBroker
from streams.settings import Settings

pytestmark = pytest.mark.kafka

LONG_BACKOFF_MS = 60_000
"""A fetch that failed still waits for its next try when the consumer is stopped."""
FETCH = "_proc_fetch_request"
"""aiokafka's name for one."""


@pytest.mark.asyncio
async def test_a_reader_that_lost_its_broker_stops_like_any_other(
    make_broker: Callable[[int], LocalBroker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client cancels the fetch that waits, and its caller with it; the caller must not end."""
    broker = make_broker(1)
    settings = Settings(brokers=(broker.bootstrap,), data_dir=tmp_path, partitions=1)
    await create_topics(settings)
    monkeypatch.setattr(streams.kafka.clients, "RETRY_BACKOFF_MS", LONG_BACKOFF_MS)
    begun = time.monotonic()
    async with committed_reader(settings) as consumer:
        place = TopicPartition(settings.events_topic, 0)
        consumer.assign([place])
        consumer.seek(place, 0)
        await consumer.getmany(timeout_ms=500)
        broker.kill()
        await consumer.getmany(timeout_ms=2_000)
        fetches = [task for task in asyncio.all_tasks() if FETCH in repr(task)]
        assert fetches, "none waits"
    assert time.monotonic() - begun < LONG_BACKOFF_MS / 1000
    left = [task for task in fetches if not task.done()]
    assert left == []
    assert not consumer._client._conns
