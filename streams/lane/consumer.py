"""Chunks instead of messages: the one place that reaches into Faust's and aiokafka's insides.

Stock Faust hands every record through five asyncio tasks (140 µs). Here the transport's consumer
hands the agent one message per (partition, fetched chunk), whose value is the list of records.
Everything around it stays stock: group membership, assignment, agents, flow control, shutdown.

Three things are replaced besides:

- **Position.** Stock Faust seeks to the group's committed offsets. Here a partition is sought to
  its lane's own position, once its lane is ready, and no record flows before (the gate).
- **Acknowledgement.** An acknowledged chunk only leaves the set that a rebalance waits for; there
  are no offsets for Faust to commit, they are in the lane's transaction.
- **Live-lock detection** by commits, which would complain for ever.

`PRIVATE_NAMES` lists what is used but not promised by its makers; a test fails when one is gone.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Final, Protocol

import faust.transport.drivers.aiokafka as driver
from aiokafka.consumer import fetcher
from faust.serializers.codecs import Codec
from faust.types import TP, ConsumerMessage
from faust.types.tuples import ack_lock
from mode.utils.futures import notify

from streams.lane.limits import CHUNK_RECORDS_MAX
from streams.lane.ports import Chunk
from streams.lane.stopping import ExitCode, LaneStop, failure_of

PRIVATE_NAMES: Final = {
    "faust.transport.drivers.aiokafka.Consumer": (
        "_wait_next_records",
        "_getmany",
        "_get_active_partitions",
        "getmany",
        "perform_seek",
        "seek_wait",
        "verify_event_path",
        "can_resume_flow",
    ),
    "faust.transport.drivers.aiokafka.Transport": ("Consumer",),
    "faust.types.tuples": ("ack_lock", "ConsumerMessage"),
    "faust.serializers.codecs.Codec": ("_loads",),
    "faust.app.base.App": ("consumer_generation_id", "rebalancing"),
    "mode.utils.futures": ("notify",),
    "aiokafka.producer.sender": ("BACKOFF_OVERRIDE",),
    "aiokafka.consumer.fetcher.PartitionRecords": ("_consumer_record",),
    "aiokafka.AIOKafkaConsumer": ("_client", "_coordinator"),
    "aiokafka.consumer.group_coordinator.GroupCoordinator": (
        "_closing",
        "_coordination_task",
        "_pending_exception",
    ),
}
"""Where the name lives, and the names; those set in a constructor are proven by the Kafka tests."""

GATE_POLL_SECONDS: Final = 0.02
"""How often a closed gate is looked at while no partition may flow."""
FETCH_WAIT_SECONDS: Final = 1.0
CATCH_UP_FETCH_WAIT_SECONDS: Final = 0.1
"""Wait of one fetch while some partition is still catching up: its gate opens soon."""


class GatedLane(Protocol):
    """What the consumer needs to know of a lane."""

    ready: bool

    @property
    def next_offset(self) -> int:
        """The source offset at which records must flow on."""


class Gates(Protocol):
    """The lanes of this worker's partitions, by partition number."""

    events_topic: str

    def lane_of(self, partition: int) -> GatedLane | None:
        """Return the partition's lane, None while it is not this worker's."""

    def all_ready(self) -> bool:
        """Say whether every lane's gate is open."""

    def stop(self, error: BaseException) -> None:
        """End the process."""


class WholeChunk(Codec):
    """Hands the list of records through where Faust would decode one value."""

    def _loads(self, s: Any) -> Any:
        return s

    def loads(self, s: Any) -> Any:
        """Return what came."""
        return s

    def dumps(self, s: Any) -> Any:
        """Return what came."""
        return s


class ChunkMessage(ConsumerMessage):
    """One Faust message whose value is a Chunk."""

    def on_final_ack(self, consumer: Any) -> bool:
        """Leave the set a rebalance waits for; nothing is noted for a commit."""
        with ack_lock:
            if self.acked:
                return False
            self.acked = True
            consumer._unacked_messages.discard(self)  # noqa: SLF001 - see PRIVATE_NAMES
            notify(consumer._waiting_for_ack)  # noqa: SLF001 - see PRIVATE_NAMES
            return True


class ChunkConsumer(driver.Consumer):
    """Faust's consumer with chunks, gates and the lanes' own positions."""

    gates: Gates
    _sought: dict[int, GatedLane]
    _seek_epoch: int = 0

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Skip the detector for the events topic: its partitions never commit through Faust."""
        if tp.topic != self.gates.events_topic:
            super().verify_event_path(now, tp)

    async def perform_seek(self) -> None:
        """Seek nothing yet: every lane is sought to its own position before its records flow.

        Faust would ask for the group's offsets, and give up for good when that takes too long.
        """
        self._forget_positions()

    def _forget_positions(self) -> None:
        self._seek_epoch += 1
        self._sought = {}
        self._delivered: dict[int, int] = {}

    async def _wait_next_records(
        self,
        timeout: float,  # noqa: ARG002, ASYNC109 - Faust's interface
    ) -> tuple[Any, set[TP]]:
        if not self.flow_active:
            # Not the event's own wait: this one also ends when the service stops.
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]
        if not hasattr(self, "_sought"):
            self._forget_positions()
        epoch = self._seek_epoch
        self._fetched_in = epoch, self.app.consumer_generation_id
        active: set[TP] = set()
        for tp in list(self._get_active_partitions()):
            lane = self._flowing(tp)
            if lane is None:
                continue
            if self._sought.get(tp.partition) is not lane:
                offset = lane.next_offset
                await self.seek_wait({tp: offset})
                if self._seek_epoch != epoch or self._flowing(tp) is not lane:
                    return {}, set()
                self._sought[tp.partition] = lane
                self._delivered[tp.partition] = offset
            active.add(tp)
        if not active:
            await self.sleep(GATE_POLL_SECONDS)
            return {}, active
        wait = FETCH_WAIT_SECONDS if self.gates.all_ready() else CATCH_UP_FETCH_WAIT_SECONDS
        return await self._getmany(active_partitions=active, timeout=wait), active

    def _flowing(self, tp: TP) -> GatedLane | None:
        """Return the lane of a partition whose records may flow now."""
        if self.app.rebalancing or tp.topic != self.gates.events_topic:
            return None
        lane = self.gates.lane_of(tp.partition)
        return lane if lane is not None and lane.ready else None

    async def getmany(
        self,
        timeout: float,  # noqa: ASYNC109 - Faust's interface
    ) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Fetch once and yield one message per chunk, in turns over the partitions."""
        records, active = await self._wait_next_records(timeout)
        if not records:
            return
        # Those of before the fetch: a rebalance during it has made the records stale.
        epoch, generation = self._fetched_in
        flowing = {tp: batch for tp, batch in records.items() if tp in active}
        for tp, part in in_turns(flowing, CHUNK_RECORDS_MAX):
            stale = (
                self.should_stop
                or not self.flow_active
                or epoch != self._seek_epoch
                or generation != self.app.consumer_generation_id
            )
            if stale:
                # A rebalance began: these records are fetched again by whoever owns them then.
                return
            first = self._delivered[tp.partition]
            self._delivered[tp.partition] = part[-1].offset + 1
            self._read_offset[tp] = None  # keeps the drain loop's own bookkeeping out of it
            yield tp, chunk_message(tp, Chunk(first, part), generation)


def raise_group_failure(app: Any) -> None:
    """Raise LaneStop where the consumer is out of its group for good.

    aiokafka keeps such an error for a caller that Faust never is, and waits for it: the worker
    would stand beside its group for ever, with no partition and nothing to complain about.
    """
    # The consumer runs in a thread of its own; what is looked at here changes once.
    coordinator = getattr(app.consumer._thread._consumer, "_coordinator", None)  # noqa: SLF001
    if coordinator is None or coordinator._closing.done():  # noqa: SLF001
        return
    error = coordinator._pending_exception  # noqa: SLF001
    if error is None and coordinator._coordination_task.done():  # noqa: SLF001
        error = failure_of(coordinator._coordination_task)  # noqa: SLF001
    if error is not None:
        # Its text may hold anything; the name says what Kafka answered.
        line = f"the consumer group is lost ({type(error).__name__})"
        raise LaneStop(ExitCode.STOPPED, line) from error


def hand_out_plain_records(topics: frozenset[str]) -> None:
    """Let aiokafka hand out its own decoded records of these topics, not a dataclass copy of each.

    The copy costs 2.5 µs a record; offset, key, value and timestamp are on the original, too.
    """
    wrapped = fetcher.PartitionRecords._consumer_record  # noqa: SLF001 - see PRIVATE_NAMES
    copy: Callable[[Any, Any, Any], Any] = getattr(wrapped, "wrapped", wrapped)

    def plain(self: Any, tp: Any, record: Any) -> Any:
        return record if tp.topic in topics else copy(self, tp, record)

    plain.wrapped = copy  # type: ignore[attr-defined]  # so that a second call replaces the first
    fetcher.PartitionRecords._consumer_record = plain  # noqa: SLF001 - see PRIVATE_NAMES


def in_turns(
    records: Mapping[TP, list[Any]], chunk_records_max: int
) -> Iterator[tuple[TP, list[Any]]]:
    """Cut each partition's records into chunks and yield them in turns, so that none starves."""
    begin = 0
    waiting = {tp: batch for tp, batch in records.items() if batch}
    while waiting:
        for tp, batch in list(waiting.items()):
            yield tp, batch[begin : begin + chunk_records_max]
            if begin + chunk_records_max >= len(batch):
                del waiting[tp]
        begin += chunk_records_max


def chunk_message(tp: TP, chunk: Chunk, generation: int) -> ChunkMessage:
    """Return the Faust message that carries a chunk."""
    last = chunk.records[-1]
    # Faust says that a value is bytes; `WholeChunk` hands it through whatever it is.
    make: Callable[..., ChunkMessage] = ChunkMessage
    return make(
        tp.topic,
        tp.partition,
        last.offset,
        last.timestamp / 1000.0,
        0,
        (),
        None,
        chunk,
        None,
        0,
        0,
        tp,
        generation_id=generation,
    )


def chunk_transport(app: Any, gates: Gates) -> Any:
    """Return a Faust transport whose consumer delivers chunks through `gates`."""

    class GatedConsumer(ChunkConsumer):
        """The consumer of this worker's lanes."""

    class ChunkTransport(driver.Transport):
        """Faust's Kafka transport with that consumer."""

        Consumer = GatedConsumer

    GatedConsumer.gates = gates
    return ChunkTransport(app.conf.broker_consumer, app)
