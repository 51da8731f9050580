"""A group's leader that knows nothing of the topic gives out its partitions all the same."""

from typing import Any

import faust
import pytest
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata

from streams.lane.assignor import steady_assignor

TOPIC = "tollstream.events"
PARTITIONS = 4


def given_out(members: list[str], topic: str) -> dict[str, list[int]]:
    """Return the partitions of the topic that each member gets of a leader without metadata."""
    assignor = steady_assignor(TOPIC, PARTITIONS)
    joined = {}
    for member in members:
        url = f"http://{member}:1"
        app: Any = faust.App("test", PartitionAssignor=assignor, canonical_url=url)
        joined[member] = ConsumerProtocolMemberMetadata(2, [topic], app.assignor._metadata.dumps())
    given = app.assignor.assign(ClusterMetadata(), joined)
    return {
        member: [part for name, parts in assigned.assignment for part in parts if name == topic]
        for member, assigned in given.items()
    }


@pytest.mark.parametrize("members", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_every_partition_has_an_owner(members: list[str]) -> None:
    """None is left over and none is given twice."""
    given = given_out(members, TOPIC)
    assert list(range(PARTITIONS)) == sorted(part for parts in given.values() for part in parts)
    assert all(given.values())


def test_nothing_is_made_up_for_another_topic() -> None:
    """Only the events topic has partitions that are known beforehand."""
    assert {"a": []} == given_out(["a"], "another")
