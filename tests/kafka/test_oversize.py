"""A record that is larger than any event may be: compressed, it passes Kafka's own limit (I6)."""

import asyncio
from pathlib import Path
from typing import Final

import pytest
from aiokafka import AIOKafkaProducer

from streams.generate import LogOptions, generate
from streams.local_broker import LocalBroker
from tests.kafka.rig.deployment import Deployment
from tests.kafka.rig.topic_damage import raise_limit
from tests.kafka.rig.verification import verify

pytestmark = pytest.mark.kafka

LOG = LogOptions(tenants=4, calls=100, seed=10, scripted=False)
MEBIBYTE: Final = 1 << 20
STOPS_SECONDS = 60


def test_what_fits_no_dead_letter_stops_the_worker_until_it_does(
    kafka: LocalBroker, tmp_path: Path
) -> None:
    """Nothing is cut short and nothing skipped; the operator raises one limit."""
    deployment = Deployment(kafka, "oversize", tmp_path, partitions=1)
    deployment.create_topics()
    lines = list(generate(LOG))
    try:
        deployment.publish(lines[:50])
        asyncio.run(send_compressed(deployment, b"[" + b"0," * (2 * MEBIBYTE) + b"0]"))
        deployment.publish(lines[50:])
        worker = deployment.start("worker")
        assert worker.wait(STOPS_SECONDS) == 3
        assert "larger max.message.bytes of oversize.dead-letter" in worker.last_words()
        raise_limit(deployment, deployment.settings.dead_letter_topic, 8 * MEBIBYTE)
        with deployment.worker() as worker:
            deployment.wait_drained(worker)
        verdict = verify(deployment.settings, [])
        assert verdict.right, verdict.text()
    finally:
        deployment.end()


async def send_compressed(deployment: Deployment, value: bytes) -> None:
    """Send one record as a client does whose own limit was raised."""
    producer = AIOKafkaProducer(
        bootstrap_servers=deployment.settings.bootstrap,
        compression_type="gzip",
        max_request_size=16 * MEBIBYTE,
        max_batch_size=16 * MEBIBYTE,
    )
    await producer.start()
    try:
        await producer.send_and_wait(
            deployment.settings.events_topic, value, key=b"contoso", partition=0
        )
    finally:
        await producer.stop()
