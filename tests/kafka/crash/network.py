"""Networks between workers and broker that fail in every way, each worker's by itself (R8, R9).

Two workers, each behind a proxy of its own. A quarter of the time a network is well; in the rest it
has one of the faults, in turn, for some seconds: shorter than a session, or several.
"""

from collections import Counter
from functools import cached_property
from random import Random
from typing import Any, ClassVar, Final

from tests.kafka.crash.ordeal import PLAN, WORKERS, Ordeal
from tests.kafka.rig.fault_proxy import FaultProxy, NetworkFault

FAULT_SECONDS: Final = (0.5, 6.0)
"""Sessions last two seconds here."""
QUIET_SHARE: Final = 0.25


class _Network:
    """The network of one worker."""

    def __init__(self, broker_port: int, random: Random) -> None:
        self.proxy = FaultProxy(broker_port, random.randrange(1 << 32))
        self._random = random
        self._faults: list[NetworkFault] = []
        self._until_seconds = 0.0

    def turn(self, lasted_seconds: float) -> None:
        """Go on to the next fault, or none, once this one has lasted."""
        if lasted_seconds < self._until_seconds:
            return
        self._until_seconds = lasted_seconds + self._random.uniform(*FAULT_SECONDS)
        if self._random.random() < QUIET_SHARE:
            self.proxy.become(None)
            return
        if not self._faults:
            self._faults = self._random.sample(list(NetworkFault), len(NetworkFault))
        self.proxy.become(self._faults.pop())


class BadNetworks(Ordeal):
    """Bad networks between a broker and its workers."""

    name: ClassVar[str] = "bad networks"

    @cached_property
    def _networks(self) -> list[_Network]:
        return [_Network(self._port, Random(self._random.random())) for _ in range(WORKERS)]

    @property
    def _port(self) -> int:
        return int(self._deployment.broker.bootstrap.rpartition(":")[2])

    @property
    def struck(self) -> Counter[NetworkFault]:
        """Count what each fault was done to."""
        return sum((network.proxy.struck for network in self._networks), Counter())

    def _all_struck(self) -> bool:
        return self.struck.keys() == set(NetworkFault)

    def _plan(self, worker: int) -> dict[str, Any]:
        return PLAN | {"through": (self._port, self._networks[worker].proxy.port)}

    def _turn(self, lasted_seconds: float) -> None:
        for network in self._networks:
            network.turn(lasted_seconds)

    def _mend(self) -> None:
        for network in self._networks:
            network.proxy.become(None)

    def _let_go(self) -> None:
        for network in self._networks:
            network.proxy.end()
