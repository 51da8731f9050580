"""The group's leader gives out every partition, whatever it could learn of the topic.

Faust's assignor skips a topic that is not in the leader's metadata. A leader whose network failed
while it joined knows none: it would leave every worker without work, each of them well, until
metadata is read again minutes later. But how many partitions there are is no news: it can never
change (see README), and each worker compared it with the broker before it joined.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from faust.assignor import PartitionAssignor


class KnownPartitions:
    """A cluster as the assignor sees it; what is not known of the events topic is made up for."""

    def __init__(self, cluster: Any, events_topic: str, partitions: int) -> None:
        self._cluster: Final = cluster
        self._events_topic: Final = events_topic
        self._partitions: Final = partitions

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """Return the topic's partitions, None where they are unknown."""
        known: set[int] | None = self._cluster.partitions_for_topic(topic)
        if not known and topic == self._events_topic:
            return set(range(self._partitions))
        return known


def steady_assignor(events_topic: str, partitions: int) -> type[PartitionAssignor]:
    """Return Faust's sticky assignor, for a topic whose partitions are always known."""

    class SteadyAssignor(PartitionAssignor):
        """Faust's, told what its metadata may lack."""

        def assign(
            self, cluster: Any, member_metadata: Mapping[str, Any]
        ) -> MutableMapping[str, Any]:
            """Return each member's partitions."""
            known: Any = KnownPartitions(cluster, events_topic, partitions)
            return super().assign(known, dict(member_metadata))

    return SteadyAssignor
