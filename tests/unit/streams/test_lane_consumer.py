"""Chunks in turns, and the private names that an upgrade may take away."""

import importlib
import inspect
from types import SimpleNamespace

from faust.types import TP

from streams.lane.consumer import PRIVATE_NAMES, chunk_message, in_turns
from streams.lane.ports import Chunk

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
