"""No work at all: what it costs to read the calls and write as many bytes again.

Two ways of it, because they differ by half and both are asked for:

- `copy` is the least that anything in Python can do here and still commit as the worker does. It
  fetches as the worker does (same sizes, records without aiokafka's own copy of each), and writes
  with the worker's own code: one transaction per partition and chunk with whole batches, every
  delivery awaited before the commit, the position as a last record, the group's offset once a
  second; the next chunk is read and packed while the one before commits.
- `copy_by_record` is what a program that copies usually looks like: it fetches the same way and
  hands record after record to an idempotent producer (`acks=all`), without transactions.

Neither decodes a call or looks at it. For each call both write what the core wrote for a call of
this log: real ledger lines, each call's own number of records, keyed by the call's tenant, with
the header that ledger records carry, so bytes, records and what a compression finds in them are
those of the ledger. Topics and producers have the worker's settings, compression included. What
neither writes are the changed rows, which are the worker's own idea.
"""

import asyncio
import gc
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.bench.jobs import Job
from streams.clock import SystemClock
from streams.kafka.clients import HEADERS, client_arguments, producer_arguments
from streams.lane.consumer import hand_out_plain_records
from streams.lane.fault_points import NoFaults
from streams.lane.limits import FETCH_BYTES_MAX
from streams.lane.ports import ChunkWrites, Position
from streams.lane.transaction import KafkaPartitionLog, shorten_transaction_backoff
from streams.settings import Settings
from streams.tables.declaration import TABLES

WARM_UP_SHARE: Final = 0.1

Lines = list[tuple[bytes | None, bytes]]
"""Keys and values of ledger records."""


class Writer(Protocol):
    """Writes what was copied."""

    async def start(self) -> None:
        """Connect."""

    async def write(self, partition: int, lines: Lines, source_next: int) -> None:
        """Write the lines of a chunk that ends before a source offset; may return before it is."""

    async def finish(self) -> None:
        """Wait until all is written and acknowledged."""


def measure_copy(job: Job, settings: Settings) -> dict[str, Any]:
    """Copy the calls in transactions; return calls, wall and CPU seconds after the warm-up."""
    shorten_transaction_backoff()
    return asyncio.run(_measure(job, settings, Transactions(settings)))


def measure_copy_by_record(job: Job, settings: Settings) -> dict[str, Any]:
    """Copy the calls one by one; return calls, wall and CPU seconds after the warm-up."""
    return asyncio.run(_measure(job, settings, SingleRecords(settings)))


class Transactions:
    """One transaction per chunk, in the worker's own way."""

    def __init__(self, settings: Settings) -> None:
        self._logs: Final = [
            KafkaPartitionLog(settings, number, SystemClock(), NoFaults())
            for number in range(settings.partitions)
        ]
        self._committing: Final[dict[int, asyncio.Future[Any]]] = {}

    async def start(self) -> None:
        """Start one producer per partition."""
        for log in self._logs:
            await log.fence()

    async def write(self, partition: int, lines: Lines, source_next: int) -> None:
        """Build the batches, wait for the commit before, begin this one."""
        log = self._logs[partition]
        no_rows: tuple[list[Any], ...] = tuple([] for _ in TABLES)
        prepared = log.prepare(ChunkWrites(Position(source_next, None, ""), lines, [], no_rows))
        if partition in self._committing:
            await self._committing[partition]
        self._committing[partition] = asyncio.ensure_future(log.commit(prepared))

    async def finish(self) -> None:
        """Wait for the last commits."""
        await asyncio.gather(*self._committing.values())


class SingleRecords:
    """One producer, one `send` for each record."""

    def __init__(self, settings: Settings) -> None:
        self._topic: Final = settings.ledger_topic
        self._arguments: Final = producer_arguments(settings)
        self._producer: AIOKafkaProducer | None = None
        self._headers: Final = [*HEADERS]

    async def start(self) -> None:
        """Start the producer."""
        self._producer = AIOKafkaProducer(**self._arguments)
        await self._producer.start()

    async def write(self, partition: int, lines: Lines, source_next: int) -> None:
        """Send the records; the producer makes batches of what waits."""
        del source_next
        assert self._producer is not None  # noqa: S101 - set by start
        send, topic, headers = self._producer.send, self._topic, self._headers
        for key, value in lines:
            await send(topic, value, key=key, partition=partition, headers=headers)

    async def finish(self) -> None:
        """Wait for all deliveries."""
        assert self._producer is not None  # noqa: S101 - set by start
        await self._producer.flush()


async def _measure(job: Job, settings: Settings, writer: Writer) -> dict[str, Any]:
    hand_out_plain_records(frozenset({settings.events_topic}))
    samples = read_lines(job.lines_file)
    consumer = AIOKafkaConsumer(
        **client_arguments(settings),
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES_MAX,
    )
    await consumer.start()
    await writer.start()
    places = [TopicPartition(settings.events_topic, n) for n in range(len(job.starts))]
    consumer.assign(places)
    for place, start in zip(places, job.starts, strict=True):
        consumer.seek(place, start)
    # As the worker does: nothing here makes cycles.
    gc.collect()
    gc.freeze()
    gc.disable()
    copied, counted_from = 0, 0
    begun = cpu_begun = 0.0
    while copied < job.calls:
        for place, records in (await consumer.getmany(timeout_ms=1_000)).items():
            lines = ledger_lines(records, samples)
            await writer.write(place.partition, lines, records[-1].offset + 1)
            copied += len(records)
        if not counted_from and copied >= job.calls * WARM_UP_SHARE:
            counted_from, begun, cpu_begun = copied, time.perf_counter(), time.process_time()
    await writer.finish()
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
    return {"calls": copied - counted_from, "wall_seconds": wall, "cpu_seconds": cpu}


def read_lines(file: str) -> list[list[bytes]]:
    """Return the ledger lines of each call that the core wrote down as a sample."""
    with Path(file).open("rb") as lines:
        return [[line.encode() for line in json.loads(text)] for text in lines]


def ledger_lines(records: Sequence[Any], samples: Sequence[list[bytes]]) -> Lines:
    """Return as many ledger lines as some calls have, keyed by each call's tenant."""
    count = len(samples)
    return [(record.key, line) for record in records for line in samples[record.offset % count]]
