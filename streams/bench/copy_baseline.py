"""No work at all: what reading the calls and writing as many bytes again costs with aiokafka.

Plain batches by an idempotent producer, no transactions, one value for all records: the least that
anything written with this client can do.
"""

import asyncio
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.bench.jobs import Job
from streams.kafka.clients import client_arguments, producer_arguments
from streams.settings import Settings

FETCH_BYTES = 1 << 20
"""As the worker fetches."""
WARM_UP_SHARE = 0.1


def measure_copy(job: Job, settings: Settings) -> dict[str, Any]:
    """Copy the calls; return calls, wall and CPU seconds after the warm-up."""
    return asyncio.run(_measure(job, settings))


async def _measure(job: Job, settings: Settings) -> dict[str, Any]:
    consumer = AIOKafkaConsumer(
        **client_arguments(settings),
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    producer = AIOKafkaProducer(**producer_arguments(settings))
    await consumer.start()
    await producer.start()
    places = [TopicPartition(settings.events_topic, n) for n in range(len(job.starts))]
    consumer.assign(places)
    for place, start in zip(places, job.starts, strict=True):
        consumer.seek(place, start)
    value, calls = b"v" * job.value_bytes, job.calls
    copied, counted_from, futures = 0, 0, []
    begun = cpu_begun = 0.0
    while copied < calls:
        for place, records in (await consumer.getmany(timeout_ms=1_000)).items():
            batch = producer.create_batch()
            for record in records:
                args = {"key": record.key, "value": value, "timestamp": record.timestamp}
                if batch.append(**args) is None:
                    futures.append(
                        await producer.send_batch(
                            batch, job.output_topic, partition=place.partition
                        )
                    )
                    batch = producer.create_batch()
                    batch.append(**args)
            futures.append(
                await producer.send_batch(batch, job.output_topic, partition=place.partition)
            )
            copied += len(records)
        if not counted_from and copied >= calls * WARM_UP_SHARE:
            counted_from, begun, cpu_begun = copied, time.perf_counter(), time.process_time()
    await asyncio.gather(*futures)
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
    return {"calls": copied - counted_from, "wall_seconds": wall, "cpu_seconds": cpu}
