"""One partition of Kafka as its owner uses it: fence, read, one transaction per chunk.

The transaction's rules, each of which was paid for (`streams/README.md`):

1. The transactional id names the partition, so a new owner's start ends the old owner's open
   transaction and makes its next request fail.
2. **Every delivery is awaited before the commit.** aiokafka commits a transaction one of whose
   batches has failed; the failure is only seen on that batch's own future.
3. The group's offset goes after the deliveries, never beside them (the broker answers with an
   error that costs a pause), and at most once a second.
4. The position record is the last record of the last batch, in the changelog of the tenants.
5. Any error means the outcome is unknown. There is no retry and no abort: the worker ends, and
   the next owner's fence decides the transaction.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import aiokafka.producer.sender
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    IllegalOperation,
    InvalidProducerEpoch,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFenced,
)

from streams.kafka.clients import HEADERS, producer_arguments
from streams.kafka.read import committed_reader, first_records, last_record, read_to_end
from streams.lane.fault_points import FaultPoint, Faults
from streams.lane.limits import (
    CATCH_UP_FETCH_BYTES,
    CONCURRENT_TRANSACTION_BACKOFF_SECONDS,
    GROUP_OFFSET_INTERVAL_SECONDS,
    HEAD_FETCH_BYTES,
    TRANSACTION_TIMEOUT_MS,
)
from streams.lane.ports import (
    Change,
    ChangelogRows,
    ChangelogShorterError,
    ChunkWrites,
    Clock,
)
from streams.lane.position import pack_position
from streams.lane.stopping import ExitCode, LaneStop
from streams.settings import Settings
from streams.tables.declaration import LOG_KEY, POSITION_KEY, TABLES, TENANTS

STOP_SECONDS: Final = 5.0
"""How long letting go of the producer may take; the process ends anyway."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One record batch, ready to be sent."""

    topic: str
    builder: Any
    records: int


Records: TypeAlias = Iterable[tuple[bytes | None, bytes | None]]
"""Keys and values; None as a value deletes a row."""
Headers: TypeAlias = Sequence[tuple[str, bytes]]


class BuildBatches(Protocol):
    """Packs a topic's records into as few batches as fit."""

    def __call__(self, topic: str, records: Records, headers: Headers = ()) -> list[Batch]:
        """Return the batches in order; every record carries the headers."""


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """One transaction, ready to be sent; `changelogs` holds each table's batches in order."""

    ledger: list[Batch]
    dead_letters: list[Batch]
    changelogs: list[list[Batch]]
    source_next: int


def shorten_transaction_backoff() -> None:
    """Let back-to-back transactions wait 2 ms, not 20, for the markers of the one before."""
    aiokafka.producer.sender.BACKOFF_OVERRIDE = CONCURRENT_TRANSACTION_BACKOFF_SECONDS


class KafkaPartitionLog:
    """PartitionLog on Kafka (see `streams.lane.ports.PartitionLog`)."""

    def __init__(self, settings: Settings, partition: int, clock: Clock, faults: Faults) -> None:
        self._settings = settings
        self._partition = partition
        self._clock = clock
        self._faults = faults
        self._producer: AIOKafkaProducer | None = None
        self._changelogs = [table.changelog(settings.app_id) for table in TABLES]
        self._group_offset_at = -GROUP_OFFSET_INTERVAL_SECONDS

    @property
    def transactional_id(self) -> str:
        """Name of this partition's only writer."""
        return f"{self._settings.app_id}-{self._partition}"

    async def fence(self) -> None:
        """Start the transactional producer; the old owner's open transaction ends here."""
        self._producer = AIOKafkaProducer(
            **producer_arguments(self._settings),
            transactional_id=self.transactional_id,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
        )
        await self._producer.start()

    async def last_position(self) -> bytes | None:
        """Return the newest position record's value."""
        async with committed_reader(self._settings) as consumer:
            record = await last_record(consumer, self._at(self._changelogs[TENANTS.number]))
        if record is None:
            return None
        if record.key != POSITION_KEY or record.value is None:
            raise LaneStop(
                ExitCode.STOPPED,
                f"{record.topic}/{record.partition} does not end with a position record; "
                "something else writes to it",
            )
        return bytes(record.value)

    async def last_ledger_line(self) -> tuple[bytes | None, bytes] | None:
        """Return the newest ledger record of the partition."""
        async with committed_reader(self._settings) as consumer:
            record = await last_record(consumer, self._at(self._settings.ledger_topic))
        return None if record is None else (record.key, record.value or b"")

    async def last_dead_letter(self) -> bytes | None:
        """Return the newest dead letter of the partition."""
        async with committed_reader(self._settings) as consumer:
            record = await last_record(consumer, self._at(self._settings.dead_letter_topic))
        return None if record is None else bytes(record.value or b"")

    async def changelog_heads(self) -> list[Change | None]:
        """Return the oldest record of each changelog."""
        places = [self._at(topic) for topic in self._changelogs]
        async with committed_reader(self._settings, fetch_bytes=HEAD_FETCH_BYTES) as consumer:
            found = await first_records(consumer, places)
        records = [found.get(place) for place in places]
        return [None if record is None else (record.key, record.value) for record in records]

    async def source_range(self) -> tuple[int, int]:
        """Return begin and end of the source partition."""
        source = self._at(self._settings.events_topic)
        async with committed_reader(self._settings) as consumer:
            begin = (await consumer.beginning_offsets([source]))[source]
            end = (await consumer.end_offsets([source]))[source]
        return begin, end

    async def read_changelogs(self, starts: Sequence[int]) -> AsyncIterator[ChangelogRows]:
        """Yield the committed rows from `starts` on, all changelogs side by side."""
        places = [self._at(topic) for topic in self._changelogs]
        numbers = {place: number for number, place in enumerate(places)}
        reader = committed_reader(self._settings, fetch_bytes=CATCH_UP_FETCH_BYTES)
        async with reader as consumer:
            ends = await consumer.end_offsets(places)
            for place, start in zip(places, starts, strict=True):
                if start > ends[place]:
                    raise ChangelogShorterError(
                        f"{place.topic} ends at {ends[place]}, the local copy at {start}"
                    )
            wanted = dict(zip(places, starts, strict=True))
            async for place, records, following in read_to_end(consumer, wanted):
                rows = [(record.key, record.value) for record in records]
                yield ChangelogRows(numbers[place], rows, following)

    def prepare(self, writes: ChunkWrites) -> PreparedChunk:
        """Build all batches of a transaction."""
        now_ms = int(self._clock.now() * 1000)
        build = self._batch_builder(now_ms)
        changelogs = []
        for topic, table, rows in zip(self._changelogs, TABLES, writes.rows, strict=True):
            records: Records = rows
            if writes.begins:
                records = [(LOG_KEY, writes.position.log_id.encode()), *records]
            if table is TENANTS:
                records = [*records, (POSITION_KEY, pack_position(writes.position))]
            changelogs.append(build(topic, records))
        return PreparedChunk(
            ledger=build(self._settings.ledger_topic, writes.ledger, HEADERS),
            dead_letters=build(self._settings.dead_letter_topic, writes.dead_letters),
            changelogs=changelogs,
            source_next=writes.position.source_next,
        )

    async def commit(self, prepared: PreparedChunk) -> list[int]:
        """Send everything, await every delivery, then commit."""
        try:
            return await self._commit(prepared)
        except (ProducerFenced, InvalidProducerEpoch, IllegalOperation) as error:
            # A fence also shows as IllegalOperation when the sender task met it first.
            raise LaneStop(
                ExitCode.FENCED,
                f"partition {self._partition}: another worker took over ({type(error).__name__})",
            ) from error
        except MessageSizeTooLargeError as error:
            raise LaneStop(
                ExitCode.STOPPED,
                f"partition {self._partition}: a record is larger than its topic takes; an input "
                f"that was compressed may need a larger max.message.bytes of "
                f"{self._settings.dead_letter_topic}",
            ) from error
        except KafkaError as error:
            raise LaneStop(
                ExitCode.STOPPED,
                f"partition {self._partition}: the transaction failed ({error!r})",
            ) from error

    async def _commit(self, prepared: PreparedChunk) -> list[int]:
        producer = self._started()
        reached = self._faults.reached
        await producer.begin_transaction()
        await reached(FaultPoint.TRANSACTION_BEGUN)
        ledger = [await self._send(producer, batch) for batch in prepared.ledger]
        await reached(FaultPoint.LEDGER_SENT)
        letters = [await self._send(producer, batch) for batch in prepared.dead_letters]
        await reached(FaultPoint.DEAD_LETTERS_SENT)
        changes = [
            [await self._send(producer, batch) for batch in batches]
            for batches in reversed(prepared.changelogs)
        ]
        changes.reverse()
        await reached(FaultPoint.CHANGELOGS_SENT)
        await asyncio.gather(*ledger, *letters, *(sent for table in changes for sent in table))
        await reached(FaultPoint.DELIVERED)
        await self._send_group_offset(producer, prepared.source_next)
        await producer.commit_transaction()
        return [
            sent[-1].result().offset + batches[-1].records if sent else -1
            for sent, batches in zip(changes, prepared.changelogs, strict=True)
        ]

    async def _send_group_offset(self, producer: AIOKafkaProducer, source_next: int) -> None:
        """Tell lag displays how far the partition is, at most once a second."""
        now = self._clock.elapsed()
        if now - self._group_offset_at < GROUP_OFFSET_INTERVAL_SECONDS:
            return
        self._group_offset_at = now
        offsets = {self._at(self._settings.events_topic): source_next}
        await producer.send_offsets_to_transaction(offsets, self._settings.app_id)
        await self._faults.reached(FaultPoint.GROUP_OFFSET_SENT)

    async def _send(self, producer: AIOKafkaProducer, batch: Batch) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = await producer.send_batch(
            batch.builder, batch.topic, partition=self._partition
        )
        return future

    def _batch_builder(self, now_ms: int) -> BuildBatches:
        """Return a function that packs a topic's records into as few batches as fit."""
        create = self._started().create_batch

        def build(topic: str, records: Records, headers: Headers = ()) -> list[Batch]:
            batches: list[Batch] = []
            heads = [*headers]
            builder = create()
            append = builder.append
            for key, value in records:
                if append(key=key, value=value, timestamp=now_ms, headers=heads) is not None:
                    continue
                batches.append(Batch(topic, builder, builder.record_count()))
                builder = create()
                append = builder.append
                # An empty batch takes one record of any size.
                if append(key=key, value=value, timestamp=now_ms, headers=heads) is None:
                    raise LaneStop(ExitCode.STOPPED, f"{topic}: a record fits no batch")
            if builder.record_count():
                batches.append(Batch(topic, builder, builder.record_count()))
            return batches

        return build

    async def close(self) -> None:
        """Let go of the producer; what is uncommitted stays so."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.stop(), STOP_SECONDS)

    def _at(self, topic: str) -> TopicPartition:
        return TopicPartition(topic, self._partition)

    def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise LaneStop(ExitCode.STOPPED, f"partition {self._partition} is not fenced yet")
        return self._producer
