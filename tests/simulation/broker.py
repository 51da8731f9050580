"""A simulated Kafka: partitions, transactions, epochs, markers, committed reads.

What is modelled is what the lane's promises rest on:

- one coordinator state per transactional id; starting a producer raises the epoch, aborts the
  open transaction and is answered only when the markers of the one before are written;
- requests carry the epoch and are refused once it is old, however late they arrive, even from a
  process that is dead by then;
- the answer to a commit comes before the markers are written; until then readers of committed
  records stop at the last stable offset;
- an open transaction is aborted after its timeout, which raises the epoch too;
- markers and compaction leave holes in the offsets.

Requests and answers travel with delays drawn from the seed. Everything here runs in the
environment's context, so the death of a client stops nothing that is on its way.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field
from random import Random

from aiokafka import TopicPartition
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

from streams.lane.limits import TRANSACTION_TIMEOUT_MS
from tests.simulation.loop import SimLoop

MARKER_RETRY_SECONDS = 0.002


class ConcurrentTransactionsError(Exception):
    """The transaction before is not finished: ask again."""


@dataclass(slots=True)
class Transaction:
    """One transaction: `state` is open, committing, committed, aborting or aborted."""

    epoch: int
    state: str = "open"
    places: set[TopicPartition] = field(default_factory=set)
    markers_due: int = 0

    @property
    def finished(self) -> bool:
        """Whether all its markers are written."""
        return self.state in {"committed", "aborted"}


@dataclass(slots=True)
class StoredRecord:
    """A record in a partition; `transaction` is None outside of any, `marker` for control."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    topic: str
    partition: int
    transaction: Transaction | None
    marker: bool = False
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class SimPartition:
    """One partition's records; offsets have holes after compaction."""

    records: list[StoredRecord] = field(default_factory=list)
    begin: int = 0
    end: int = 0
    stable_limits: dict[int, int] = field(default_factory=dict)
    """First offset of each transaction without its marker, by the transaction's identity."""

    @property
    def last_stable(self) -> int:
        """The offset up to which committed reads may go."""
        return min(self.stable_limits.values(), default=self.end)

    def committed(self) -> list[StoredRecord]:
        """Return every committed record."""
        return [
            record
            for record in self.records
            if not record.marker
            and (record.transaction is None or record.transaction.state == "committed")
        ]


@dataclass(slots=True)
class _Coordinator:
    epoch: int = -1
    transaction: Transaction | None = None
    began_at: float = 0.0


class SimBroker:
    """The cluster. `slow` scales delays; `down_until` is when requests are taken again."""

    def __init__(self, loop: SimLoop, seed: object, now: Callable[[], float]) -> None:
        self.random = Random(f"{seed}/broker")
        self.slow = 1.0
        self.down_until = 0.0
        self.partitions: dict[TopicPartition, SimPartition] = {}
        self.loop = loop
        self._now = now
        self._coordinators: dict[str, _Coordinator] = {}
        self._context = Context()

    def at(self, place: TopicPartition) -> SimPartition:
        """Return a partition, made when first asked for."""
        return self.partitions.setdefault(place, SimPartition())

    def delay_seconds(self) -> float:
        """Draw how long a request or an answer travels."""
        return self.random.expovariate(1 / 0.003) * self.slow

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do something on the broker's side; not before an outage is over."""
        when = max(self.loop.time() + delay, self.down_until)
        self.loop.call_at(when, self._arrive, action, context=self._context)

    def _arrive(self, action: Callable[[], None]) -> None:
        if self.loop.time() < self.down_until:
            self.later(self.delay_seconds(), action)
        else:
            action()

    def append(
        self,
        place: TopicPartition,
        records: list[tuple[bytes | None, bytes | None]],
        transaction: Transaction | None = None,
    ) -> int:
        """Write a batch; return the offset of its first record."""
        partition = self.at(place)
        first = partition.end
        if transaction is not None and place not in transaction.places:
            transaction.places.add(place)
            partition.stable_limits[id(transaction)] = first
        for key, value in records:
            partition.records.append(
                StoredRecord(
                    partition.end, key, value, int(self._now() * 1000), *place, transaction
                )
            )
            partition.end += 1
        self.loop.trace("append", place, first, len(records))
        return first

    # Requests of producers, at the moment at which they arrive.

    def init_producer(self, transactional_id: str) -> int:
        """Return the new epoch; ConcurrentTransactionsError while one before ends."""
        state = self._coordinators.setdefault(transactional_id, _Coordinator())
        running = state.transaction
        if running is not None and running.state == "open":
            state.epoch += 1
            self._end(state, commit=False)
        if running is not None and not running.finished:
            raise ConcurrentTransactionsError
        state.epoch += 1
        self.loop.trace("init", transactional_id, state.epoch)
        return state.epoch

    def produce(
        self,
        transactional_id: str,
        epoch: int,
        place: TopicPartition,
        records: list[tuple[bytes | None, bytes | None]],
    ) -> int:
        """Write a batch of a transaction, which begins with its first batch."""
        state = self._current(transactional_id, epoch)
        if state.transaction is not None and state.transaction.state != "open":
            if not state.transaction.finished:
                raise ConcurrentTransactionsError
            state.transaction = None
        if state.transaction is None:
            state.transaction, state.began_at = Transaction(epoch), self.loop.time()
            began = state.transaction
            self.later(TRANSACTION_TIMEOUT_MS / 1000, lambda: self._time_out(state, began))
        return self.append(place, records, state.transaction)

    def end_transaction(self, transactional_id: str, epoch: int) -> None:
        """Commit; done again for a transaction that is committed already, it changes nothing."""
        state = self._current(transactional_id, epoch)
        if state.transaction is None or state.transaction.state == "aborted":
            raise KafkaError("no transaction to commit")
        if state.transaction.state == "open":
            self._end(state, commit=True)
            self.loop.trace("commit", transactional_id, epoch)

    def _current(self, transactional_id: str, epoch: int) -> _Coordinator:
        state = self._coordinators[transactional_id]
        if epoch != state.epoch:
            self.loop.hits["refused as fenced"] += 1
            raise ProducerFenced if self.random.random() < 0.5 else InvalidProducerEpoch
        return state

    def _time_out(self, state: _Coordinator, transaction: Transaction) -> None:
        if state.transaction is transaction and transaction.state == "open":
            self.loop.hits["transaction timed out"] += 1
            state.epoch += 1
            self._end(state, commit=False)

    def _end(self, state: _Coordinator, *, commit: bool) -> None:
        transaction = state.transaction
        assert transaction is not None
        transaction.state = "committing" if commit else "aborting"
        transaction.markers_due = len(transaction.places)
        if not commit:
            self.loop.hits["transaction aborted"] += 1
        for place in sorted(transaction.places):
            self.later(self.delay_seconds(), lambda place=place: self._mark(place, transaction))
        if not transaction.places:
            transaction.state = "committed" if commit else "aborted"

    def _mark(self, place: TopicPartition, transaction: Transaction) -> None:
        partition = self.at(place)
        partition.records.append(
            StoredRecord(partition.end, None, None, 0, *place, transaction, marker=True)
        )
        partition.end += 1
        transaction.markers_due -= 1
        if not transaction.markers_due:
            # The coordinator calls it complete when all markers are written; a partition's readers
            # pass as soon as its own is there. Both wait here, which is the harder case.
            transaction.state = "committed" if transaction.state == "committing" else "aborted"
            for other in transaction.places:
                del self.at(other).stable_limits[id(transaction)]

    def open_transactions(self) -> list[str]:
        """Return the transactional ids whose last transaction is not finished."""
        return [
            name
            for name, state in self._coordinators.items()
            if state.transaction is not None and not state.transaction.finished
        ]

    def compact(self, place: TopicPartition, tombstones_before_ms: int) -> int:
        """Drop records that a later committed one of the same key replaced; return how many.

        The newest tombstone of a key goes too where it is older than `tombstones_before_ms`.
        """
        partition = self.at(place)
        newest: dict[bytes | None, int] = {}
        limit = partition.last_stable
        for record in partition.committed():
            if record.offset < limit:
                newest[record.key] = record.offset
        kept = [
            record
            for record in partition.records
            if record.offset >= limit
            or (record.marker and record.offset == partition.end - 1)
            or (
                newest.get(record.key) == record.offset
                and (record.value is not None or record.timestamp >= tombstones_before_ms)
            )
        ]
        dropped = len(partition.records) - len(kept)
        partition.records = kept
        return dropped

    def read(
        self, place: TopicPartition, start: int, most: int, *, committed_only: bool
    ) -> tuple[list[StoredRecord], int]:
        """Return visible records from `start` on and the offset after them."""
        partition = self.at(place)
        limit = partition.last_stable if committed_only else partition.end
        found: list[StoredRecord] = []
        for record in partition.records:
            if record.offset < start:
                continue
            if record.offset >= limit:
                break
            aborted = record.transaction is not None and record.transaction.state == "aborted"
            if record.marker or (committed_only and aborted):
                continue
            if len(found) == most:
                return found, found[-1].offset + 1
            found.append(record)
        return found, max(start, limit)


async def travel(broker: SimBroker) -> None:
    """Let a request travel, be taken by the broker and its answer travel back."""
    loop = asyncio.get_running_loop()
    arrived = loop.create_future()
    broker.later(broker.delay_seconds(), lambda: arrived.done() or arrived.set_result(None))
    await arrived
    await asyncio.sleep(broker.delay_seconds())
