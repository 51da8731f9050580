"""Chunks in turns, and the private names that an upgrade may take away."""

import asyncio
import importlib
import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError
from faust.types import TP

from streams.lane.consumer import (
    PRIVATE_NAMES,
    ChunkConsumer,
    chunk_message,
    in_turns,
    raise_group_failure,
)
from streams.lane.ports import Chunk
from streams.lane.stopping import ExitCode, LaneStop

A, B = TP("events", 0), TP("events", 1)


def test_partitions_take_turns() -> None:
    """A partition with many records does not hold up one with few."""
    turns = list(in_turns({A: list(range(5)), B: [7]}, 2))
    assert [(A, [0, 1]), (B, [7]), (A, [2, 3]), (A, [4])] == turns


def test_an_empty_fetch_makes_no_chunk() -> None:
    """No records, no message."""
    assert [] == list(in_turns({A: []}, 2))


def test_a_chunk_message_acknowledges_without_offsets() -> None:
    """Acknowledging leaves the waiting set once, and tells whoever waits."""
    record = SimpleNamespace(offset=9, timestamp=1000)
    message = chunk_message(A, Chunk(9, [record]), generation=4)
    consumer = SimpleNamespace(_unacked_messages={message}, _waiting_for_ack=None)
    assert (9, 4) == (message.offset, message.generation_id)
    assert message.on_final_ack(consumer)
    assert not message.on_final_ack(consumer)
    assert set() == consumer._unacked_messages


class OneFetch(ChunkConsumer):
    """A consumer of one ready lane, without Faust; `during_fetch` happens while it waits."""

    app = SimpleNamespace(rebalancing=False, consumer_generation_id=1)
    flow_active = True
    should_stop = False

    def __init__(self, during_fetch: Any = lambda _: None) -> None:
        self._during_fetch = during_fetch
        self._read_offset: dict[TP, None] = {}
        lane = SimpleNamespace(ready=True, next_offset=9)
        self.gates = SimpleNamespace(
            events_topic="events", lane_of=lambda _: lane, all_ready=lambda: True
        )

    def _get_active_partitions(self) -> set[TP]:
        return {A}

    async def seek_wait(self, partitions: dict[TP, int]) -> None:
        """Be where it should be."""
        assert {A: 9} == partitions

    async def _getmany(self, **_: Any) -> dict[TP, list[Any]]:
        self._during_fetch(self)
        return {A: [SimpleNamespace(offset=9, timestamp=1000)]}


async def fetched(consumer: OneFetch) -> list[int]:
    """Return the first offsets of the chunks of one fetch."""
    return [message.value.first async for _, message in consumer.getmany(1.0)]


@pytest.mark.asyncio
async def test_a_fetch_makes_a_chunk_that_says_where_it_begins() -> None:
    """The lane can tell a hole from the beginning."""
    assert [9] == await fetched(OneFetch())


@pytest.mark.asyncio
async def test_a_rebalance_during_a_fetch_drops_what_it_brings() -> None:
    """The records belong to positions that are no longer known; they come again."""
    assert [] == await fetched(OneFetch(lambda consumer: consumer._forget_positions()))


@pytest.mark.asyncio
async def test_a_new_generation_during_a_fetch_drops_what_it_brings() -> None:
    """Whoever owns the partition then fetches the records again."""

    def join_anew(consumer: OneFetch) -> None:
        consumer.app = SimpleNamespace(rebalancing=False, consumer_generation_id=2)

    assert [] == await fetched(OneFetch(join_anew))


def test_every_private_name_still_exists() -> None:
    """An upgrade of Faust, mode or aiokafka that drops one fails here first."""
    missing = [
        f"{place}.{name}"
        for place, names in PRIVATE_NAMES.items()
        for name in names
        if not has_name(place, name)
    ]
    assert missing == []


def has_name(place: str, name: str) -> bool:
    """Say whether a module or class has a name, as an attribute or in its source."""
    try:
        owner: object = importlib.import_module(place)
    except ImportError:
        module, _, attribute = place.rpartition(".")
        owner = getattr(importlib.import_module(module), attribute)
    if hasattr(owner, name):
        return True
    classes = inspect.getmro(owner) if inspect.isclass(owner) else ()
    return any(f"self.{name}" in inspect.getsource(cls) for cls in classes if cls is not object)


@pytest.mark.asyncio
async def test_a_consumer_that_lost_its_group_stops_the_worker() -> None:
    """Aiokafka waits for somebody to ask, Faust never does; nobody else would notice."""
    ended = asyncio.ensure_future(asyncio.sleep(0))
    failed = asyncio.ensure_future(fail())
    at_work = asyncio.ensure_future(asyncio.sleep(3600))
    await asyncio.wait([ended, failed])
    for coordinator in (
        membership(at_work, KafkaError("who?")),
        membership(failed),
        membership(at_work, GroupAuthorizationFailedError("a")),
    ):
        with pytest.raises(LaneStop, match="consumer group is lost") as stopped:
            raise_group_failure(coordinator)
        assert ExitCode.STOPPED == stopped.value.code
    raise_group_failure(membership(at_work))
    raise_group_failure(membership(ended))
    raise_group_failure(membership(failed, closing=True))
    raise_group_failure(SimpleNamespace(consumer=SimpleNamespace(_thread=NOT_STARTED)))
    at_work.cancel()


NOT_STARTED = SimpleNamespace(_consumer=None)


async def fail() -> None:
    """End as an assert in a rebalance listener does."""
    raise AssertionError


def membership(
    task: "asyncio.Future[None]", error: Exception | None = None, *, closing: bool = False
) -> Any:
    """Return an app whose consumer's membership is so."""
    closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if closing:
        closed.set_result(None)
    coordinator = SimpleNamespace(
        _closing=closed, _pending_exception=error, _coordination_task=task
    )
    consumer = SimpleNamespace(_coordinator=coordinator)
    return SimpleNamespace(consumer=SimpleNamespace(_thread=SimpleNamespace(_consumer=consumer)))
