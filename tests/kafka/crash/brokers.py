"""What a campaign does to its brokers: one killed, a leader killed, all of them away for long."""

import time
from random import Random
from typing import Final

from tests.kafka.crash.fates import Event
from tests.kafka.rig.deployment import Deployment
from tests.kafka.rig.reading import leader_of

NODE_DOWN_SECONDS: Final = (0.0, 2.0)
LEADER_DOWN_SECONDS: Final = (5.0, 12.0)
"""With three nodes the line goes on without the dead one; it is given time to."""
OUTAGE_SECONDS: Final = (10.0, 20.0)
"""Several sessions of the group, and longer than any one retry of a client."""


class Brokers:
    """The brokers of one deployment; `processed_without_leader` counts inputs."""

    def __init__(self, deployment: Deployment, random: Random) -> None:
        self.processed_without_leader = 0
        self._deployment = deployment
        self._random = random
        self._back_at: float | None = None
        self._processed_before: int | None = None

    @property
    def are_down(self) -> bool:
        """Whether a node is dead now."""
        return self._back_at is not None

    def strike(self, event: Event) -> None:
        """Kill one or all; they come back by `bring_back_when_due`."""
        deployment = self._deployment
        node, down_seconds = None, OUTAGE_SECONDS
        if event is Event.BROKER_KILL and deployment.replication == 1:
            down_seconds = NODE_DOWN_SECONDS
        elif event is Event.BROKER_KILL:
            settings, down_seconds = deployment.settings, LEADER_DOWN_SECONDS
            partition = self._random.randrange(settings.partitions)
            node = leader_of(settings, settings.events_topic, partition)
            self._processed_before = deployment.processed()
        deployment.broker.kill(node)
        self._back_at = time.monotonic() + self._random.uniform(*down_seconds)

    def bring_back_when_due(self) -> None:
        """Start dead nodes once their time has come; count what was rated without them."""
        if self._back_at is None or time.monotonic() < self._back_at:
            return
        if self._processed_before is not None:
            self.processed_without_leader += self._deployment.processed() - self._processed_before
        self._back_at = self._processed_before = None
        self._deployment.broker.start()
