"""Leaders of a three-node cluster killed one after the other under load, at last its majority (R6).

Every topic has three copies, two of which must be in sync. One ordinary worker, no supervisor: it
goes on by itself whenever the cluster does.
"""

import time
from collections.abc import Callable
from typing import Final

from streams.generate import LogOptions, generate
from tests.kafka.crash.table import row_of
from tests.kafka.rig.deployment import Deployment, wait_until
from tests.kafka.rig.feeding import Feeder
from tests.kafka.rig.reading import applied_position, copies_in_sync, leader_of
from tests.kafka.rig.verification import Verdict, verify
from tests.kafka.rig.worker_process import WorkerProcess

CALLS_PER_KILL: Final = 600
SECONDS_PER_KILL: Final = 12
RESUME_SECONDS: Final = 60
"""The partition of a dead leader goes on so soon (R6)."""
MAJORITY_AWAY_SECONDS: Final = 8
NODES: Final = 3
DRAIN_SECONDS: Final = 120


class LeaderKills:
    """So many kills; `play` them, then ask what came of it."""

    def __init__(
        self, deployment: Deployment, kills: int, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self._deployment = deployment
        self._say = say
        self.kills = kills
        self.resumed_after_seconds: list[float] = []
        self.exit_code: int | None = None
        self.verdict = Verdict()

    def play(self) -> None:
        """Load, kills, rest of the log, verdict."""
        deployment = self._deployment
        options = LogOptions(tenants=16, calls=CALLS_PER_KILL * self.kills, seed=81, months=2)
        deployment.create_topics()
        feeder = Feeder(deployment.settings, list(generate(options)))
        worker = deployment.start("worker")
        deployment.wait_ready(worker)
        feeder.start(SECONDS_PER_KILL * self.kills)
        try:
            for number in range(self.kills):
                self._kill_leader(worker, number % deployment.partitions)
            self._take_majority()
        finally:
            feeder.finish()
        deployment.wait_drained(worker, DRAIN_SECONDS)
        worker.terminate()
        self.exit_code = worker.wait(30)
        stores = [deployment.store_dir("worker", n) for n in range(deployment.partitions)]
        self.verdict = verify(deployment.settings, stores)

    def _kill_leader(self, worker: WorkerProcess, partition: int) -> None:
        """Kill who leads a partition, wait until the partition goes on without, bring it back."""
        deployment = self._deployment
        settings, broker = deployment.settings, deployment.broker
        leader = leader_of(settings, settings.events_topic, partition)
        broker.kill(leader)
        killed_at, before = time.monotonic(), applied_position(settings, partition)
        deployment.wait_for(
            "progress without its leader",
            worker,
            lambda: applied_position(settings, partition) > before,
            RESUME_SECONDS,
        )
        self.resumed_after_seconds.append(time.monotonic() - killed_at)
        self._say(f"node {leader}: goes on after {self.resumed_after_seconds[-1]:.1f} s")
        self._bring_back()

    def _take_majority(self) -> None:
        """Kill two of three: nothing can be acknowledged until one of them is back."""
        for node in (1, 2):
            self._deployment.broker.kill(node)
        time.sleep(MAJORITY_AWAY_SECONDS)
        self._bring_back()

    def _bring_back(self) -> None:
        settings = self._deployment.settings
        self._deployment.broker.start()
        wait_until("all copies in sync", lambda: copies_in_sync(settings) == NODES)

    @property
    def right(self) -> bool:
        """Whether nothing was lost or doubled, and the worker never ended by itself."""
        return self.verdict.right and self.exit_code == 0

    def row(self, commit: str) -> str:
        """Return the kills in one line of Markdown."""
        calls = self.verdict.calls
        resumed = sorted(self.resumed_after_seconds)
        cells = {
            "leader kills": len(resumed),
            "commit": commit,
            "majority lost": 1,
            "goes on after s": f"{resumed[len(resumed) // 2]:.1f}, at most {resumed[-1]:.1f}",
            "worker's exit": self.exit_code,
            "inputs": self.verdict.inputs,
            "lost": calls.lost,
            "double": calls.double,
            "verdict": "right" if self.right else f"WRONG {dict(self.verdict.faults)}",
        }
        return row_of(cells)
