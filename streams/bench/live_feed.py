"""Latency: calls published at a steady rate, and when each one's ledger record is committed.

One process publishes and reads, so one clock tells both. A call's time begins just before its batch
is handed to the producer and ends when a `read_committed` consumer has its record in hand.
"""

import asyncio
import gc
import re
import time
from array import array
from collections import defaultdict
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.codec import encode_event
from streams.bench.call_log import NEXT_MONTH_AT, CallLog, LogShape
from streams.bench.jobs import Job
from streams.bench.topic_fill import partition_finder
from streams.kafka.clients import HEADERS, producer_arguments
from streams.kafka.read import committed_reader
from streams.settings import Settings

PUBLISH_EVERY_SECONDS: Final = 0.01
"""One batch per partition and time; a feed of thousands a second comes in small batches."""
WARM_UP_SHARE: Final = 0.2
READ_WAIT_MS: Final = 50
PATIENCE_SECONDS: Final = 60.0
"""How long the last records are waited for."""

_CALL = re.compile(rb'"usage_id":"7f0c9e4a-52b1-4c0e-9a57-([0-9]{12})"')
_RATED: Final = b"tollstream.call.rated.v1"
_RESET: Final = b"tollstream.pool.reset.v1"


def measure_live(job: Job, settings: Settings) -> dict[str, Any]:
    """Publish the calls; return latencies after the warm-up, the rate reached, and resets seen."""
    return asyncio.run(_Feed(job, settings).measure())


class _Feed:
    def __init__(self, job: Job, settings: Settings) -> None:
        self._job: Final = job
        self._settings: Final = settings
        self._published: Final = array("d", bytes(8 * job.calls))
        self._latencies: Final = array("d")
        self._answered = 0
        self._resets = 0
        self._events: list[tuple[int, bytes, bytes]] = self._encode()

    def _encode(self) -> list[tuple[int, bytes, bytes]]:
        """Return partition, key and value of each call."""
        job = self._job
        log = CallLog(LogShape(job.tenants, job.log_calls, job.seed))
        find = partition_finder(self._settings.partitions)
        events = []
        for number in range(job.first_call, job.first_call + job.calls):
            event = log.call(number, NEXT_MONTH_AT if job.next_month else None)
            key = event.tenant.encode()
            events.append((find(key), key, encode_event(event)))
        return events

    async def measure(self) -> dict[str, Any]:
        """Run publisher and reader side by side."""
        gc.collect()
        gc.freeze()
        producer = AIOKafkaProducer(**producer_arguments(self._settings))
        await producer.start()
        try:
            async with committed_reader(self._settings) as consumer:
                ledger = self._settings.ledger_topic
                places = [TopicPartition(ledger, n) for n in range(self._settings.partitions)]
                consumer.assign(places)
                for place, end in (await consumer.end_offsets(places)).items():
                    consumer.seek(place, end)
                reading = asyncio.create_task(self._read(consumer))
                begun = time.perf_counter()
                await self._publish(producer)
                wall = time.perf_counter() - begun
                await asyncio.wait_for(reading, PATIENCE_SECONDS)
        finally:
            await producer.stop()
        return {
            "latencies": [round(seconds, 5) for seconds in self._latencies],
            "published_per_second": self._job.calls / wall,
            "resets": self._resets,
        }

    async def _publish(self, producer: AIOKafkaProducer) -> None:
        """Publish by the clock; what a busy moment held up is sent in the next one."""
        job, headers = self._job, [*HEADERS]
        begun, sent, flying = time.perf_counter(), 0, []
        while sent < job.calls:
            due = min(job.calls, int((time.perf_counter() - begun) * job.calls_per_second) + 1)
            batches: defaultdict[int, Any] = defaultdict(producer.create_batch)
            now_ms = int(time.time() * 1_000)
            for place in range(sent, due):
                partition, key, value = self._events[place]
                batches[partition].append(key=key, value=value, timestamp=now_ms, headers=headers)
            moment = time.perf_counter()
            for place in range(sent, due):
                self._published[place] = moment
            for partition, batch in batches.items():
                flying.append(
                    await producer.send_batch(
                        batch, self._settings.events_topic, partition=partition
                    )
                )
            sent = due
            next_at = begun + sent / job.calls_per_second
            await asyncio.sleep(max(PUBLISH_EVERY_SECONDS, next_at - time.perf_counter()))
        await asyncio.gather(*flying)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        first, calls = self._job.first_call, self._job.calls
        measured_from = int(calls * WARM_UP_SHARE)
        while self._answered < calls:
            fetched = await consumer.getmany(timeout_ms=READ_WAIT_MS)
            now = time.perf_counter()
            for records in fetched.values():
                for record in records:
                    value = record.value
                    if _RATED not in value:
                        self._resets += _RESET in value
                        continue
                    found = _CALL.search(value)
                    place = -1 if found is None else int(found[1]) - first
                    if 0 <= place < calls:
                        self._answered += 1
                        if place >= measured_from:
                            self._latencies.append(now - self._published[place])
