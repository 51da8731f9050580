"""Networks between workers and broker that fail in every way, each worker's by itself (R8, R9).

Two workers, each behind a proxy of its own, a supervisor that starts what ended, and a log that is
fed all the while. A quarter of the time a network is well; in the rest it has one of the faults, in
turn, for some seconds: shorter than a session, or several. At last all are well.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

from streams.generate import LogOptions, generate
from tests.kafka.crash.table import row_of
from tests.kafka.rig.deployment import Deployment, wait_until
from tests.kafka.rig.fault_proxy import FaultProxy, NetworkFault
from tests.kafka.rig.feeding import Feeder
from tests.kafka.rig.verification import Verdict, verify
from tests.kafka.rig.worker_process import WorkerProcess

WORKERS: Final = 2
CALLS_A_SECOND: Final = 25
FAULT_SECONDS: Final = (0.5, 6.0)
"""Sessions last two seconds here."""
QUIET_SHARE: Final = 0.25
POLL_SECONDS: Final = 0.1
LONGER_MAX: Final = 3
"""Times as long as told at most, until each fault has met some traffic."""
RESTART_SECONDS: Final = 1.0
HEAL_SECONDS: Final = 90
"""The log is finished so soon after the last fault (R8)."""
ORDERLY: Final = frozenset({0, 3, 4, -signal.SIGTERM})
"""How a worker may end: asked to, stopped by its clients, fenced by its heir, or asked to while
Python still starts it: the last ones are, if they were started again a moment before."""


class _Link:
    """One worker and its network."""

    def __init__(self, deployment: Deployment, name: str, random: Random) -> None:
        self._port = int(deployment.broker.bootstrap.rpartition(":")[2])
        self.proxy = FaultProxy(self._port, random.randrange(1 << 32))
        self.exits: list[int] = []
        self._deployment = deployment
        self._name = name
        self._random = random
        self._faults: list[NetworkFault] = []
        self._until = 0.0
        self._start_at: float | None = None
        self.worker = self._started()

    def _started(self) -> WorkerProcess:
        plan = {"through": (self._port, self.proxy.port), "chunk_records": 40, "jitter_ms": 20}
        return self._deployment.start(self._name, **plan)

    def turn(self) -> None:
        """Go on to the next fault, or none, once this one has lasted."""
        now = time.monotonic()
        if now < self._until:
            return
        self._until = now + self._random.uniform(*FAULT_SECONDS)
        if self._random.random() < QUIET_SHARE:
            self.proxy.become(None)
            return
        if not self._faults:
            self._faults = self._random.sample(list(NetworkFault), len(NetworkFault))
        self.proxy.become(self._faults.pop())

    def supervise(self) -> None:
        """Start the worker again a moment after it ended."""
        if self._start_at is None:
            code = self.worker.exit_code
            if code is not None:
                self.exits.append(code)
                self._start_at = time.monotonic() + RESTART_SECONDS
        elif time.monotonic() > self._start_at:
            self._start_at = None
            self.worker = self._started()


class BadNetworks:
    """So many seconds of faults; `play` them, then ask what came of it."""

    def __init__(
        self,
        deployment: Deployment,
        seconds: float,
        seed: int,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._deployment = deployment
        self._say = say
        self._random = Random(seed)
        self.seconds = seconds
        self.seed = seed
        self.struck: Counter[NetworkFault] = Counter()
        self.exits: Counter[int] = Counter()
        self.healed_seconds = 0.0
        self.processed_meanwhile = 0
        self.unfed: dict[str, str] = {}
        self.verdict = Verdict()

    def play(self) -> None:
        """Load, faults, rest of the log, verdict."""
        deployment = self._deployment
        calls = max(200, round(self.seconds * CALLS_A_SECOND))
        options = LogOptions(tenants=16, calls=calls, seed=self.seed, months=2)
        deployment.create_topics()
        feeder = Feeder(deployment.settings, list(generate(options)))
        links = [
            _Link(deployment, f"worker-{number}", Random(self._random.random()))
            for number in range(WORKERS)
        ]
        try:
            feeder.start(self.seconds)
            self._suffer(links)
            feeder.finish()
            self._heal(links)
        finally:
            for link in links:
                link.proxy.end()
        self.unfed = feeder.differences(deployment.settings)
        stores = [
            deployment.store_dir(f"worker-{number}", partition)
            for number in range(WORKERS)
            for partition in range(deployment.partitions)
        ]
        self.verdict = verify(deployment.settings, stores)

    def _suffer(self, links: list[_Link]) -> None:
        begun, minute = time.monotonic(), 0
        while (lasted := time.monotonic() - begun) < self.seconds or (
            not self._all_struck(links) and lasted < LONGER_MAX * self.seconds
        ):
            for link in links:
                link.turn()
                link.supervise()
            if int(lasted) // 60 > minute:
                minute += 1
                self._say(f"{minute} min: {self._deployment.processed()} inputs processed")
            time.sleep(POLL_SECONDS)
        self.seconds = lasted
        self.processed_meanwhile = self._deployment.processed()

    @staticmethod
    def _all_struck(links: list[_Link]) -> bool:
        return len(set().union(*(link.proxy.struck for link in links))) == len(NetworkFault)

    def _heal(self, links: list[_Link]) -> None:
        for link in links:
            link.proxy.become(None)
        healed_at = time.monotonic()

        def drained() -> bool:
            for link in links:
                link.supervise()
            return self._deployment.is_drained()

        wait_until("the log finished over sound networks", drained, HEAL_SECONDS)
        self.healed_seconds = time.monotonic() - healed_at
        for link in links:
            if link.worker.exit_code is None:
                link.worker.terminate()
            link.exits.append(link.worker.wait(30))
            self.struck += link.proxy.struck
            self.exits.update(link.exits)

    @property
    def right(self) -> bool:
        """Whether nothing was lost or doubled, and each fault was suffered."""
        return (
            self.verdict.right
            and not self.unfed
            and self.struck.keys() == set(NetworkFault)
            and self.exits.keys() <= ORDERLY
        )

    def row(self, commit: str) -> str:
        """Return the networks in one line of Markdown."""
        calls = self.verdict.calls
        struck = ", ".join(f"{fault} {self.struck[fault]}" for fault in NetworkFault)
        ended = ", ".join(f"{count} x {code}" for code, count in sorted(self.exits.items()))
        cells = {
            "bad networks s": round(self.seconds),
            "seed": self.seed,
            "commit": commit,
            "struck": struck,
            "ends": ended,
            "inputs meanwhile": self.processed_meanwhile,
            "finished after s": round(self.healed_seconds, 1),
            "inputs": self.verdict.inputs,
            "lost": calls.lost,
            "double": calls.double,
            "verdict": "right" if self.right else f"WRONG {dict(self.verdict.faults)}",
        }
        return row_of(cells)
