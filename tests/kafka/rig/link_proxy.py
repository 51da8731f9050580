"""The links between three brokers and their clients, each of which can be cut, either way (R8).

Brokers tell each other and their clients to come through this proxy (`LocalBroker(advertised=)`).
Everybody connects to the same port of a broker, so the proxy asks the operating system which
process made a connection. A cut is of a way, not of a connection: from one broker to another it
strikes the requests of the first and its answers to the other. One way alone may be cut.

What meets a cut has one of two fates, by chance. It is late: it comes through once the way is open
again, as the packets do that TCP repeats, and a request may find a world that went on without it.
Or it is lost, as with a firewall that forgets a connection: then the connection ends when it heals.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from random import Random
from typing import Final

import psutil

from streams.local_broker import BrokerStatus
from tests.kafka.rig.relay import CLIENT, Flow, Relay, Way

LATE_SHARE: Final = 0.5


class Silenced(StrEnum):
    """Whose connections fell silent, and whether the way back was cut as well."""

    BROKERS = "brokers' connections"
    BROKERS_ONE_WAY = "brokers' connections one way"
    CLIENTS = "clients' connections"
    CLIENTS_ONE_WAY = "clients' connections one way"


def owner_of(peer_port: int, port: int, process_ids: Mapping[int, int]) -> int:
    """Return which of some processes holds a connection from one port to another, else CLIENT."""
    for number, process_id in process_ids.items():
        with contextlib.suppress(psutil.Error):
            for each in psutil.Process(process_id).net_connections("tcp"):
                if each.raddr and (each.laddr.port, each.raddr.port) == (peer_port, port):
                    return number
    return CLIENT


class LinkProxy(Relay):
    """One proxy before all ports of a cluster; `struck` counts directions that fell silent.

    `look` tells what nodes there are and which processes they are now: brokers are restarted.
    `late_share`: of the directions that meet a cut, those whose bytes come late; others lose them.
    """

    def __init__(
        self, look: Callable[[], BrokerStatus], seed: int, late_share: float = LATE_SHARE
    ) -> None:
        super().__init__()
        self.struck: Counter[Silenced] = Counter()
        self._look = look
        self._random = Random(seed)
        self._late_share = late_share
        self._cut: frozenset[Way] = frozenset()
        self._changed = asyncio.Event()
        self._before: dict[int, int] = {}

    def port_before(self, port: int) -> int:
        """Return the proxy's port before a broker's, the same one each time."""
        if port not in self._before:
            self._before[port] = self.listen(port)
        return self._before[port]

    def cut(self, ways: Collection[Way]) -> None:
        """Let nothing pass on these ways; what lost bytes is reset once both of its ways are open.

        While one is cut no reset would come through: it takes both to notice that bytes are gone.
        """
        if self._cut != set(ways):
            self._do(self._become(frozenset(ways)))

    async def _become(self, cut: frozenset[Way]) -> None:
        self._cut = cut
        self._changed.set()
        self._changed = asyncio.Event()
        for connection in self._open:
            silent = any(flow.silent for flow in connection.flows)
            if silent and not any(flow.way in cut for flow in connection.flows):
                connection.reset()

    def _way(self, peer_port: int, port: int, target_port: int) -> Way:
        status = self._look()
        targets = {node.port: node.number for node in status.nodes}
        targets |= {node.controller_port: node.number for node in status.nodes}
        return owner_of(peer_port, port, status.process_ids), targets[target_port]

    async def _swallows(self, flow: Flow) -> bool:
        if flow.way not in self._cut:
            return False
        self.struck[self._kind_of(flow.way)] += 1
        if self._random.random() >= self._late_share:
            return True
        while flow.way in self._cut:
            await self._changed.wait()
        return False

    def _kind_of(self, way: Way) -> Silenced:
        both = way[::-1] in self._cut
        if CLIENT in way:
            return Silenced.CLIENTS if both else Silenced.CLIENTS_ONE_WAY
        return Silenced.BROKERS if both else Silenced.BROKERS_ONE_WAY
