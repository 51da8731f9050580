"""A whole cluster away for long (R7): workers wait, a supervisor at most starts some again.

An ordinary worker under load, its broker killed, nothing but a supervisor that starts what ended,
waiting longer each time, as systemd or Kubernetes do. Then the broker comes back.
"""

import time
from collections.abc import Callable
from typing import Final

from streams.generate import LogOptions, generate
from tests.kafka.crash.table import row_of
from tests.kafka.rig.deployment import Deployment
from tests.kafka.rig.verification import Verdict, verify
from tests.kafka.rig.worker_process import WorkerProcess

LOG: Final = LogOptions(tenants=16, calls=1_500, seed=71, months=2)
CHUNK_RECORDS: Final = 40
POLL_SECONDS: Final = 0.2
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0
BACK_SECONDS: Final = 60
"""A worker serves again so soon after the cluster does (R6)."""
DRAIN_SECONDS: Final = 180
STARTS_A_MINUTE_MAX: Final = 4
"""More than that would be a crash loop."""
MEMORY_GROWTH_MAX: Final = 1.5
"""Times the memory before, at most (R7)."""


class Outage:
    """One outage of `seconds`; `play` it, then ask what came of it."""

    def __init__(
        self, deployment: Deployment, seconds: float, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self._deployment = deployment
        self._say = say
        self.seconds = seconds
        self.exits: list[int] = []
        self.memory_before_bytes = 0
        self.memory_most_bytes = 0
        self.back_seconds = 0.0
        self.processed_before = 0
        self.verdict = Verdict()
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._start_at: float | None = None

    def play(self) -> None:
        """Load, outage, return, rest of the log, verdict."""
        deployment, lines = self._deployment, list(generate(LOG))
        deployment.create_topics()
        worker = deployment.start("worker", chunk_records=CHUNK_RECORDS, jitter_ms=20)
        deployment.publish(lines[: len(lines) // 3])
        deployment.wait_drained(worker)
        self.memory_before_bytes = worker.memory_bytes
        before = deployment.processed()
        deployment.publish(lines[len(lines) // 3 :])
        deployment.wait_for("load", worker, lambda: deployment.processed() > before)
        deployment.broker.kill()
        self._say(f"no broker for {self.seconds:.0f} s")
        worker = self._supervise(worker, lambda: False, self.seconds)
        deployment.broker.start()
        self.processed_before = deployment.processed()
        back_at = time.monotonic()
        worker = self._supervise(worker, self._goes_on, BACK_SECONDS)
        self.back_seconds = time.monotonic() - back_at
        worker = self._supervise(worker, deployment.is_drained, DRAIN_SECONDS)
        worker.terminate()
        self.exits.append(worker.wait(30))
        stores = [deployment.store_dir("worker", n) for n in range(deployment.partitions)]
        self.verdict = verify(deployment.settings, stores)

    def _goes_on(self) -> bool:
        return self._deployment.processed() > self.processed_before

    def _supervise(
        self, worker: WorkerProcess, done: Callable[[], bool], seconds: float
    ) -> WorkerProcess:
        """Start the worker again whenever it ends, until `done` or for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not done():
            self.memory_most_bytes = max(self.memory_most_bytes, worker.memory_bytes)
            code = worker.exit_code
            if code is not None and self._start_at is None:
                self._say(f"{worker.log.name} ended with {code}: {worker.last_words()[:200]}")
                self.exits.append(code)
                self._start_at = time.monotonic() + self._pause_seconds
                self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
            if self._start_at is not None and time.monotonic() > self._start_at:
                self._start_at = None
                worker = self._deployment.start("worker")
            time.sleep(POLL_SECONDS)
        return worker

    @property
    def growth(self) -> float:
        """Most memory in the outage and after, as a multiple of that before."""
        return self.memory_most_bytes / self.memory_before_bytes

    @property
    def right(self) -> bool:
        """Whether nothing was lost or doubled, and the worker behaved."""
        restarts_max = 1 + STARTS_A_MINUTE_MAX * self.seconds / 60
        return (
            self.verdict.right
            and self.exits[-1] == 0
            and len(self.exits) - 1 <= restarts_max
            and self.growth <= MEMORY_GROWTH_MAX
            and self.back_seconds < BACK_SECONDS
        )

    def row(self, commit: str) -> str:
        """Return the outage in one line of Markdown."""
        calls = self.verdict.calls
        cells = {
            "outage s": round(self.seconds),
            "commit": commit,
            "exits": " ".join(map(str, self.exits)),
            "memory": f"{self.memory_before_bytes >> 20} MiB x {self.growth:.2f}",
            "goes on after s": round(self.back_seconds, 1),
            "inputs": self.verdict.inputs,
            "lost": calls.lost,
            "double": calls.double,
            "verdict": "right" if self.right else f"WRONG {dict(self.verdict.faults)}",
        }
        return row_of(cells)
