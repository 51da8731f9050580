"""Latency: calls published at a steady rate, and when each one's ledger record is committed.

One process publishes and reads, so one clock tells both. A call's time begins just before its batch
is handed to the producer and ends when a `read_committed` consumer has its record in hand.

A feed that cannot keep its own rate measures another load than it says, so how late calls were
published, against the rate, is told beside the latencies. What is told of each second shows
whether a high percentile comes from all of the time or from one pause.
"""

import asyncio
import gc
import re
import time
from array import array
from collections import defaultdict, deque
from dataclasses import asdict
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.codec import encode_event
from streams.bench.call_log import NEXT_MONTH_AT, CallLog, LogShape
from streams.bench.jobs import Job, MeasurementError
from streams.bench.pace import Pace
from streams.bench.rates import MILLISECONDS, LatencySummary, percentile
from streams.bench.topic_fill import partition_finder
from streams.kafka.clients import HEADERS, producer_arguments
from streams.kafka.read import committed_reader
from streams.settings import Settings

PUBLISH_EVERY_SECONDS: Final = 0.01
"""One batch per partition and time; a feed of thousands a second comes in small batches."""
AHEAD_MAX: Final = 500_000
"""Calls that are made before the feed begins, 400 MB: their making would take the worker's CPU on a
machine that both share. A longer feed makes the rest as it goes."""
TURN_CALLS_MAX: Final = 1_000
"""Calls published at once after a pause: 0.6 MB, which fit one batch whatever their partition."""
READ_WAIT_MS: Final = 50
PATIENCE_SECONDS: Final = 120.0
"""Longest time without any answer. A worker that falls behind is waited for: what it needed to
catch up is in the latencies."""

_CALL = re.compile(rb'"usage_id":"7f0c9e4a-52b1-4c0e-9a57-([0-9]{12})"')
_RATED: Final = b"tollstream.call.rated.v1"
_RESET: Final = b"tollstream.pool.reset.v1"


def measure_live(job: Job, settings: Settings) -> dict[str, Any]:
    """Publish the calls; return latencies after the warm-up, the rates reached, and resets seen."""
    return asyncio.run(LiveFeed(job, settings).measure())


class LiveFeed:
    """Publisher and reader of one feed; its arrays hold 8 bytes of each a call."""

    def __init__(self, job: Job, settings: Settings) -> None:
        self._job: Final = job
        self._settings: Final = settings
        self._log: Final = CallLog(LogShape(job.tenants, job.log_calls, job.seed))
        self._pace: Final = Pace(job.pace)
        self._find: Final = partition_finder(settings.partitions)
        self._published: Final = array("d", bytes(8 * job.calls))
        self._answered: Final = array("d", bytes(8 * job.calls))
        self._ahead: list[tuple[int, bytes, bytes]] = []
        self._answers = 0
        self._resets = 0

    async def measure(self) -> dict[str, Any]:
        """Run publisher and reader side by side."""
        self._ahead = [self._made(place) for place in range(min(self._job.calls, AHEAD_MAX))]
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
                await self._publish(producer, begun)
                wall = time.perf_counter() - begun
                await reading
        finally:
            await producer.stop()
        rates = {"published_per_second": self._job.calls / wall, "phases": self._phases(begun)}
        return self._answer(begun) | rates

    def _phases(self, begun: float) -> list[float]:
        """Return the calls a second that each phase reached."""
        rates, first, first_at = [], 0, begun
        for end in self._pace.ends():
            last_at = self._published[end - 1]
            rates.append((end - first) / max(last_at - first_at, PUBLISH_EVERY_SECONDS))
            first, first_at = end, last_at
        return rates

    def _answer(self, begun: float) -> dict[str, Any]:
        published, answered, pace = self._published, self._answered, self._pace
        measured = range(self._job.warm_up_calls, self._job.calls)
        latencies = [answered[place] - published[place] for place in measured]
        late = sorted(published[place] - begun - pace.at(place) for place in measured)
        seconds: defaultdict[int, list[float]] = defaultdict(list)
        for place, latency in zip(measured, latencies, strict=True):
            seconds[int(published[place] - begun)].append(latency)
        return {
            "latency": asdict(LatencySummary.of(latencies)),
            "published_late_p99_ms": percentile(late, 99) * MILLISECONDS,
            "each_second": [
                [round(percentile(sorted(found), part) * MILLISECONDS) for part in (50, 99, 100)]
                for _, found in sorted(seconds.items())
            ],
            "resets": self._resets,
        }

    async def _publish(self, producer: AIOKafkaProducer, begun: float) -> None:
        """Publish by the clock; what a busy moment held up is sent in the next ones."""
        pace, sent, flying = self._pace, 0, deque[Any]()
        while sent < self._job.calls:
            due = min(pace.due(time.perf_counter() - begun), sent + TURN_CALLS_MAX)
            batches = self._batches(producer, range(sent, due))
            moment = time.perf_counter()
            for place in range(sent, due):
                self._published[place] = moment
            for partition, batch in batches.items():
                flying.append(
                    await producer.send_batch(
                        batch, self._settings.events_topic, partition=partition
                    )
                )
            while flying and flying[0].done():
                flying.popleft().result()
            sent = due
            next_at = begun + pace.at(sent)
            late = time.perf_counter() - next_at > PUBLISH_EVERY_SECONDS
            await asyncio.sleep(
                0 if late else max(PUBLISH_EVERY_SECONDS, next_at - time.perf_counter())
            )
        await asyncio.gather(*flying)

    def _batches(self, producer: AIOKafkaProducer, places: range) -> dict[int, Any]:
        """Return one batch per partition with the calls at some places of the feed."""
        headers, now_ms, ahead = [*HEADERS], int(time.time() * MILLISECONDS), self._ahead
        batches: defaultdict[int, Any] = defaultdict(producer.create_batch)
        for place in places:
            partition, key, value = ahead[place] if place < len(ahead) else self._made(place)
            taken = batches[partition].append(
                key=key, value=value, timestamp=now_ms, headers=headers
            )
            assert taken is not None  # noqa: S101 - a call that is not sent would be waited for
        return batches

    def _made(self, place: int) -> tuple[int, bytes, bytes]:
        """Return the partition, the key and the bytes of the call at a place of the feed."""
        job = self._job
        event = self._log.call(job.first_call + place, NEXT_MONTH_AT if job.next_month else None)
        key = event.tenant.encode()
        return self._find(key), key, encode_event(event)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        first, calls = self._job.first_call, self._job.calls
        answered_at = time.perf_counter()
        while self._answers < calls:
            fetched = await consumer.getmany(timeout_ms=READ_WAIT_MS)
            now = time.perf_counter()
            if fetched:
                answered_at = now
            elif now - answered_at > PATIENCE_SECONDS:
                raise MeasurementError(
                    f"{calls - self._answers:,} calls got no answer; the last ledger record came "
                    f"{PATIENCE_SECONDS:.0f} s ago"
                )
            for records in fetched.values():
                for record in records:
                    value = record.value
                    if _RATED not in value:
                        self._resets += _RESET in value
                        continue
                    found = _CALL.search(value)
                    place = -1 if found is None else int(found[1]) - first
                    if 0 <= place < calls:
                        if self._answered[place]:
                            raise MeasurementError(f"call {first + place} was answered twice")
                        self._answers += 1
                        self._answered[place] = now
