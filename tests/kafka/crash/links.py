"""Links between three brokers, and between them and their clients, that are cut (R8).

Every topic has three copies, two of which must be in sync. One proxy stands before all ports of
the cluster: what brokers tell each other, replication and the vote of the controllers, is cut like
what clients tell them. The feeder's producer is a client, too.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from tests.kafka.crash.cuts import LinkFault, time_line, ways_cut
from tests.kafka.crash.ordeal import LONGER_MAX, Ordeal
from tests.kafka.rig.deployment import Deployment
from tests.kafka.rig.link_proxy import LinkProxy, Silenced


class BadLinks(Ordeal):
    """Links of a cluster of three that fail; the brokers of the deployment advertise the proxy."""

    name: ClassVar[str] = "bad links"

    def __init__(
        self,
        deployment: Deployment,
        proxy: LinkProxy,
        seconds: float,
        seed: int,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(deployment, seconds, seed, say)
        self._proxy = proxy
        self._faults = time_line(self._random, LONGER_MAX * seconds)

    @property
    def struck(self) -> Counter[Any]:
        """Count faults of each kind, and directions of connections that fell silent."""
        struck = Counter[Any](fault.kind for fault in self._faults if fault.begins < self.seconds)
        struck.update(self._proxy.struck)
        return struck

    def _all_struck(self) -> bool:
        return self.struck.keys() >= {*LinkFault, *Silenced}

    def _turn(self, lasted_seconds: float) -> None:
        self._proxy.cut(ways_cut(self._faults, lasted_seconds))

    def _mend(self) -> None:
        self._proxy.cut(())
