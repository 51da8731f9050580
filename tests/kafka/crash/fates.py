"""What may happen to workers, their stores and the brokers in a campaign, and what is counted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Final

from streams.generate import LogOptions, generate
from streams.lane.fault_points import FaultPoint
from tests.kafka.crash.stores import delete_store, flip_bits, swap_stores
from tests.kafka.rig.small_disk import SmallDisk
from tests.kafka.rig.verification import Verdict
from tests.kafka.rig.worker_process import WorkerProcess

CALLS_PER_KILL: Final = 300


class Fate(StrEnum):
    """How a worker ends."""

    AT_STEP = "at-step"
    WHILE_STARTING = "while-starting"
    WHILE_WORKING = "while-working"
    TOLD_TO_STOP = "told-to-stop"
    FROZEN = "frozen"
    FROZEN_BRIEFLY = "frozen-briefly"
    FROZEN_AT_STEP = "frozen-at-step"
    FAILS_AT_STEP = "fails-at-step"
    DISK_FULL = "disk-full"


FATES: Final = (
    (Fate.AT_STEP, 50),
    (Fate.WHILE_STARTING, 8),
    (Fate.WHILE_WORKING, 20),
    (Fate.TOLD_TO_STOP, 8),
    (Fate.FROZEN, 5),
    (Fate.FROZEN_BRIEFLY, 2),
    (Fate.FROZEN_AT_STEP, 3),
    (Fate.FAILS_AT_STEP, 2),
    (Fate.DISK_FULL, 12),
)
"""Weights; `AT_STEP` first goes through all steps, then takes any. `DISK_FULL` is for the one slot
whose data folder is a small disk."""

KILLED: Final = (Fate.WHILE_STARTING, Fate.WHILE_WORKING)
"""Ended from outside by kill -9 at some moment."""

DAMAGES: Final[tuple[tuple[Callable[[Path, Random], bool] | None, int], ...]] = (
    (None, 80),
    (delete_store, 8),
    (swap_stores, 6),
    (flip_bits, 6),
)
"""What happens to a slot's local stores before the next worker finds them; weights."""


CLOCKS: Final[tuple[tuple[float, ...], ...]] = ((), (), (), (-86_400,), (-3_600, 0, 3_000))
"""How wrong a worker's wall clock is: mostly right, a day behind, or jumping about. Kafka takes
nothing dated more than an hour ahead."""


class Event(StrEnum):
    """What happens to all workers at once."""

    BROKER_KILL = "broker-kill"
    OUTAGE = "outage"
    ROLLING_RESTART = "rolling-restart"


@dataclass(frozen=True, slots=True)
class CampaignOptions:
    """A seed gives the same fates in the same order; when they strike is up to the machine."""

    kills: int
    seed: int
    workers: int = 3
    nodes: int = 1
    calls: int | None = None
    broker_kills: int | None = None

    @property
    def calls_wanted(self) -> int:
        """Calls of the log."""
        return self.kills * CALLS_PER_KILL if self.calls is None else self.calls

    @property
    def broker_kills_wanted(self) -> int:
        """How often a broker dies: once in fifteen kills, at least once."""
        return max(1, self.kills // 15) if self.broker_kills is None else self.broker_kills

    def log(self) -> list[bytes]:
        """Return the log: over a year, so that months end and credit expires all the time."""
        options = LogOptions(tenants=16, calls=self.calls_wanted, seed=self.seed, months=14)
        # Months are announced by the engine's own timer; the scripted tenants try it themselves.
        return [
            line
            for line in generate(options)
            if b"period.started" not in line or b'"subject":"show-' in line
        ]

    def events(self) -> list[tuple[float, Event]]:
        """Return after how many kills what happens to all: spread evenly, each kind by itself.

        All brokers are away for long once in a hundred kills, and the workers are restarted one
        after the other once in fifty; each at least once.
        """
        counts = {
            Event.BROKER_KILL: self.broker_kills_wanted,
            Event.OUTAGE: max(1, self.kills // 100),
            Event.ROLLING_RESTART: max(1, self.kills // 50),
        }
        return sorted(
            (number * self.kills / (count + 1), event)
            for event, count in counts.items()
            for number in range(1, count + 1)
        )


@dataclass(slots=True)
class Slot:
    """One worker's place: its name and directories, and who lives there now."""

    name: str
    disk: SmallDisk | None = None
    process: WorkerProcess | None = None
    fate: Fate = Fate.WHILE_WORKING
    step: FaultPoint | None = None
    after_seconds: float = 0.0
    ready_at: float | None = None
    struck_at: float | None = None
    starts_on_full_disk: int = 0


@dataclass(slots=True)
class CampaignResult:
    """What happened and what the verdict is."""

    options: CampaignOptions
    verdict: Verdict
    actions: Counter[str] = field(default_factory=Counter)
    exits: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    processed_under_fire: int = 0
    processed_without_leader: int = 0
    longest_stop_seconds: float = 0.0
    no_small_disk: str = ""

    @property
    def faults(self) -> Counter[str]:
        """What the verdict found, by kind."""
        return self.verdict.faults
