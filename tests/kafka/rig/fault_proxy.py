"""A TCP proxy between one worker and the broker that misbehaves as networks do (R8, R9)."""

import asyncio
from collections import Counter
from enum import StrEnum
from random import Random
from typing import Final

from tests.kafka.rig.relay import CLIENT, Connection, Flow, Relay, Way

DELAY_SECONDS: Final = 0.2
RESET_SHARE: Final = 0.05
"""Of the pieces that pass."""
BROKER: Final = 1


class NetworkFault(StrEnum):
    """What a network does wrong for a while."""

    DELAY = "delay"  # every piece, either way
    RESET = "reset"  # connections, in the middle of anything
    HALF_OPEN = "half_open"  # everything is swallowed, nothing is closed
    LOST_ANSWERS = "lost_answers"  # the broker does what it is asked, and nobody hears of it
    TRICKLE = "trickle"  # one byte at a time
    REFUSED = "refused"  # all connections end, none can be made


class FaultProxy(Relay):
    """Passes bytes on from a port of its own; `struck` counts what each fault was done to."""

    def __init__(self, target_port: int, seed: int) -> None:
        super().__init__()
        self.struck: Counter[NetworkFault] = Counter()
        self._random = Random(seed)
        self._fault: NetworkFault | None = None
        self.port = self.listen(target_port)

    def become(self, fault: NetworkFault | None) -> None:
        """Do this wrong from now on, or nothing; what was silent is reset."""
        self._do(self._become(fault))

    async def _become(self, fault: NetworkFault | None) -> None:
        self._fault = fault
        for connection in self._open:
            if fault is NetworkFault.REFUSED:
                self.struck[fault] += 1
                connection.reset()
            elif any(flow.silent for flow in connection.flows):
                connection.reset()

    def _refuses(self) -> bool:
        if self._fault is not NetworkFault.REFUSED:
            return False
        self.struck[NetworkFault.REFUSED] += 1
        return True

    def _way(self, peer_port: int, port: int, target_port: int) -> Way:  # noqa: ARG002
        return CLIENT, BROKER

    async def _swallows(self, flow: Flow) -> bool:
        fault = self._fault
        answers = flow.way == (BROKER, CLIENT)
        if fault is NetworkFault.HALF_OPEN or (fault is NetworkFault.LOST_ANSWERS and answers):
            self.struck[fault] += 1
            return True
        return False

    async def _deliver(self, connection: Connection, flow: Flow, data: bytes) -> None:
        fault = self._fault
        if fault is NetworkFault.RESET and self._random.random() < RESET_SHARE:
            self.struck[fault] += 1
            connection.reset()
            return
        if fault is NetworkFault.DELAY:
            self.struck[fault] += 1
            await asyncio.sleep(DELAY_SECONDS)
        if fault is NetworkFault.TRICKLE:
            self.struck[fault] += 1
            for byte in data:
                await flow.write(bytes((byte,)))
            return
        await flow.write(data)
