"""Which faults a run has, how often they strike, and how often they did."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Final

from streams.lane.fault_points import FaultPoint

NETWORK_FAULTS: Final = {
    "start_fails": 0.05,
    "delivery_fails": 0.03,
    "ack_lost": 0.02,
    "group_offset_fails": 0.1,
    "commit_lost": 0.05,
    "commit_answer_lost": 0.1,
    "commit_late": 0.05,
    "read_fails": 0.02,
}
"""Faults of requests, with the share of the requests that they strike where they are on."""

DELIVERY_FAULTS: Final = {"redelivery": 0.1, "hole": 0.03, "late_chunk": 0.1}
"""Faults of the way from the fetch to the lane, with the share of chunks that they strike."""

STORE_FAULTS: Final = {
    "torn_store": 0.7,
    "wiped_store": 0.2,
    "foreign_store": 0.4,
    "corrupt_store": 0.2,
    "old_store": 0.2,
}
"""What may happen to a local store while its process is down, with its share of restarts."""

DISK_FAULTS: Final = {"disk_full": 0.02, "killed_in_write": 0.02}
"""What may happen in a local write."""

ACTIONS: Final = {
    "kill": 4,
    "kill_at_step": 4,
    "kill_at_point": 4,
    "error_at_point": 2,
    "freeze": 4,
    "freeze_at_point": 3,
    "terminate": 2,
    "rebalance": 4,
    "outage": 2,
    "compaction": 3,
    "days_pass": 1,
    "quiet": 4,
}
"""What the director does next, as weights."""

SWITCHES: Final = ("overlap", "slow_network", "clock_skew", "replay")
"""Conditions that last for a whole run."""

EVERYTHING: Final = (
    *NETWORK_FAULTS,
    *DELIVERY_FAULTS,
    *STORE_FAULTS,
    *DISK_FAULTS,
    *ACTIONS,
    *SWITCHES,
)


@dataclass(slots=True)
class NetworkFaults:
    """Strikes of one family of faults; `on` are the faults of this run, empty in the drain."""

    random: Random
    hits: Counter[str]
    rates: dict[str, float]
    on: frozenset[str] = frozenset()
    count: int = 0

    def strikes(self, fault: str) -> bool:
        """Say whether a fault strikes now."""
        if fault not in self.on or self.random.random() >= self.rates[fault]:
            return False
        self.hits[fault] += 1
        return True

    def late_seconds(self, fault: str) -> float:
        """Return how late a request arrives, 0 where the fault does not strike."""
        return self.random.uniform(0.1, 20.0) if self.strikes(fault) else 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What one seed is about; everything else is drawn while it runs."""

    seed: int
    on: frozenset[str] = field(default_factory=frozenset)
    partitions: int = 2
    workers: int = 2
    actions: int = 8
    events: int = 50
    months: int = 2
    timer: str = "off"
    chunk_records_max: int = 6
    joins: bool = True
    """Whether lanes get what has come meanwhile as one chunk, or each fetch by itself, as idle ones
    do."""


def plan_of(seed: int) -> Plan:
    """Return a seed's plan: about half of the faults, so that some runs lack what hides others."""
    random = Random(f"{seed}/plan")
    share = random.choice((0.15, 0.5, 0.5, 0.8))
    return Plan(
        seed,
        frozenset(fault for fault in EVERYTHING if random.random() < share),
        partitions=random.choice((1, 2, 3)),
        workers=random.choice((1, 2, 2, 3)),
        actions=random.randint(2, 14),
        events=random.randint(20, 60),
        months=random.choice((1, 2, 2, 6)),
        timer=random.choice(("off", "off", "clock", "log")),
        chunk_records_max=random.choice((1, 3, 8, 30)),
        joins=random.choice((True, False)),
    )


POINTS: Final = tuple(FaultPoint)
