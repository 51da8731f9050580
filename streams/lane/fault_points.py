"""The steps of a lane at which a test may kill, freeze or fail the worker.

One enum of all of them, so that a test can prove that each was hit (R2). In production nobody
sets `TOLLSTREAM_FAULT` and a step costs one comparison with None.
"""

import asyncio
import os
import re
import signal
from enum import StrEnum
from typing import Final, Protocol


class FaultPoint(StrEnum):
    """Every step in the order in which a partition passes them; each names what was just done."""

    FENCED = "fenced"
    STORE_OPENED = "store-opened"
    CATCH_UP_WRITTEN = "catch-up-written"
    CAUGHT_UP = "caught-up"
    GATE_OPENED = "gate-opened"
    CHUNK_TAKEN = "chunk-taken"
    CHUNK_RATED = "chunk-rated"
    BATCHES_BUILT = "batches-built"
    TRANSACTION_BEGUN = "transaction-begun"
    LEDGER_SENT = "ledger-sent"
    DEAD_LETTERS_SENT = "dead-letters-sent"
    CHANGELOGS_SENT = "changelogs-sent"
    DELIVERED = "delivered"
    GROUP_OFFSET_SENT = "group-offset-sent"
    COMMITTED = "committed"
    LOCAL_WRITTEN = "local-written"
    ACKNOWLEDGED = "acknowledged"
    TIMER_SENT = "timer-sent"
    CLOSING = "closing"


class Faults(Protocol):
    """What the lane tells at each step; a test's implementation may not come back."""

    async def reached(self, point: FaultPoint) -> None:
        """Be told that `point` was reached."""


class NoFaults:
    """Production: nothing happens at any step."""

    async def reached(self, point: FaultPoint) -> None:
        """Do nothing."""


VARIABLE: Final = "TOLLSTREAM_FAULT"

_SPELLING = re.compile(r"([a-z-]+)@([0-9]{1,9})=(kill|freeze|error|pause:([0-9]{1,6}))", re.ASCII)


class PlannedFault:
    """Test seam: does one thing when a point is reached for the n-th time.

    Spelled `<point>@<n>=kill|freeze|error|pause:<milliseconds>`, n from 1; 0 means every time.
    `kill` is SIGKILL, `freeze` SIGSTOP, `error` raises OSError as a full disk would.
    """

    def __init__(self, text: str) -> None:
        match = _SPELLING.fullmatch(text)
        if match is None:
            raise ValueError(f"{VARIABLE}={text!r}: <point>@<n>=kill|freeze|error|pause:<ms>")
        self.point = FaultPoint(match.group(1))
        self._turn = int(match.group(2))
        self._action = match.group(3).partition(":")[0]
        self._pause_seconds = int(match.group(4) or 0) / 1000
        self._count = 0

    async def reached(self, point: FaultPoint) -> None:
        """Do the planned thing if its turn has come."""
        if point is not self.point:
            return
        self._count += 1
        if self._turn not in {0, self._count}:
            return
        if self._action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self._action == "freeze":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif self._action == "error":
            raise OSError(28, "No space left on device (planned fault)")
        else:
            await asyncio.sleep(self._pause_seconds)


def faults_from(text: str | None) -> Faults:
    """Return the planned fault that the environment names, or none; ValueError if misspelled."""
    return PlannedFault(text) if text else NoFaults()
