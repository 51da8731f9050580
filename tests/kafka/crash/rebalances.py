"""A storm of rebalances: workers join and leave every few seconds, never at rest (R10).

Two to eight ordinary workers, a partition for each, over a log that is there from the start, so
that the rate is theirs. Workers pause at their steps as elsewhere here, which bounds a partition's
rate and leaves the CPU to those that start: what is compared is the time that rebalances cost.
Before the storm the rate of four is measured; after it nobody may be seen to rebalance any more.
"""

import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

from streams.generate import LogOptions, generate
from tests.kafka.crash.table import row_of
from tests.kafka.rig.deployment import Deployment, wait_until
from tests.kafka.rig.supervised import ORDERLY
from tests.kafka.rig.verification import Verdict, verify
from tests.kafka.rig.worker_process import WorkerProcess

WORKERS: Final = (2, 8)
STEADY_WORKERS: Final = 4
STEADY_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = (2.0, 10.0)
"""Between two changes of the group."""
CALM_SECONDS: Final = 300.0
"""How long nobody may rebalance afterwards (R10)."""
SETTLE_SECONDS: Final = 60
STOP_SECONDS: Final = 30
SHARE_MIN: Final = 0.5
"""Of the steady rate (R10)."""
PARTITIONS: Final = WORKERS[1]
CHUNK_RECORDS: Final = 20
JITTER_MS: Final = 60
CALLS_A_SECOND: Final = 700
"""More than eight partitions take at that pace, so that work never runs out."""
POLL_SECONDS: Final = 0.2


class RebalanceStorm:
    """So many seconds of storm; `play` it, then ask what came of it."""

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
        self._running: dict[str, WorkerProcess] = {}
        self._leaving: dict[str, tuple[WorkerProcess, float]] = {}
        self.seconds = seconds
        self.seed = seed
        self._changes: Counter[str] = Counter()
        self.changes: Counter[str] = Counter()
        self.exits: Counter[int] = Counter()
        self.steady_per_second = 0.0
        self.storm_per_second = 0.0
        self.settled_seconds = 0.0
        self.calm_seconds = 0.0
        self.rebalances_in_calm = 0
        self.verdict = Verdict()

    def play(self) -> None:
        """Steady rate, storm, calm, rest of the log, verdict."""
        deployment = self._deployment
        calls = round((self.seconds + 2 * STEADY_SECONDS) * CALLS_A_SECOND)
        deployment.create_topics()
        deployment.publish(generate(LogOptions(64, calls, seed=self.seed, months=2)))
        names = [f"worker-{number}" for number in range(WORKERS[1])]
        for name in names[:STEADY_WORKERS]:
            self._join(name)
        self._settle()
        self.steady_per_second = self._rate_during(lambda: time.sleep(STEADY_SECONDS))
        self._say(f"steady: {self.steady_per_second:.0f} inputs a second")
        self._changes.clear()
        self.storm_per_second = self._rate_during(lambda: self._storm(names))
        self.changes = Counter(self._changes)
        assert not deployment.is_drained(), "the log is too short to measure with"
        self._say(f"storm: {self.storm_per_second:.0f} inputs a second, {dict(self.changes)}")
        self._calm()
        wait_until("the log finished", deployment.is_drained, self.seconds + SETTLE_SECONDS)
        for name in list(self._running):
            self._leave(name)
        wait_until("all left", self._all_left, STOP_SECONDS)
        stores = [deployment.store_dir(name, n) for name in names for n in range(PARTITIONS)]
        self.verdict = verify(deployment.settings, stores)

    def _rate_during(self, action: Callable[[], None]) -> float:
        begun, before = time.monotonic(), self._deployment.processed()
        action()
        return (self._deployment.processed() - before) / (time.monotonic() - begun)

    def _storm(self, names: list[str]) -> None:
        end = time.monotonic() + self.seconds
        change_at = 0.0
        while (now := time.monotonic()) < end:
            self._supervise()
            if now > change_at:
                self._change(names)
                change_at = now + self._random.uniform(*PAUSE_SECONDS)
            time.sleep(POLL_SECONDS)

    def _change(self, names: list[str]) -> None:
        """Let one join or leave; the fewer there are, the likelier one joins."""
        fewest, most = WORKERS
        absent = [name for name in names if name not in self._running | self._leaving]
        share = (len(self._running) - fewest) / (most - fewest)
        if not absent or self._random.random() < share:
            self._leave(self._random.choice(list(self._running)))
        else:
            self._join(self._random.choice(absent))

    def _join(self, name: str) -> None:
        self._changes["joined"] += 1
        self._running[name] = self._deployment.start(
            name, chunk_records=CHUNK_RECORDS, jitter_ms=JITTER_MS
        )

    def _leave(self, name: str) -> None:
        self._changes["left"] += 1
        worker = self._running.pop(name)
        worker.terminate()
        self._leaving[name] = (worker, time.monotonic())

    def _supervise(self) -> None:
        """Collect who left; start again who ended by itself, as a supervisor would."""
        for name, worker in list(self._running.items()):
            code = worker.exit_code
            if code is not None:
                self._say(f"{worker.log.name} ended with {code}: {worker.last_words()[:160]}")
                self.exits[code] += 1
                self._changes["ended by themselves"] += 1
                self._join(name)
        self._all_left()

    def _all_left(self) -> bool:
        """Collect those that were told to leave; say whether none is left."""
        for name, (worker, told_at) in list(self._leaving.items()):
            code = worker.exit_code
            if code is not None:
                self.exits[code] += 1
                del self._leaving[name]
            elif time.monotonic() - told_at > STOP_SECONDS:
                raise AssertionError(f"{worker.log.name} does not stop")
        return not self._leaving

    def _opened(self) -> int:
        """Return how often a partition was opened, by all workers that run."""
        return sum(map(self._deployment.ready_partitions, self._running.values()))

    def _settle(self) -> None:
        """Wait until all that run serve all partitions, and for a time no other change is seen."""
        begun = time.monotonic()
        seen, seen_at = self._opened(), begun

        def settled() -> bool:
            nonlocal seen, seen_at
            self._supervise()
            opened, now = self._opened(), time.monotonic()
            if opened != seen:
                seen, seen_at = opened, now
            return seen >= PARTITIONS and now - seen_at > 3 * self._deployment.session_seconds

        wait_until("the group at rest", settled, SETTLE_SECONDS)
        self.settled_seconds = seen_at - begun

    def _calm(self) -> None:
        """Change nothing any more: the group comes to rest and stays there."""
        self._settle()
        before, begun = self._opened(), time.monotonic()
        seconds = min(CALM_SECONDS, max(self.seconds, STEADY_SECONDS))
        while time.monotonic() - begun < seconds:
            self._supervise()
            time.sleep(POLL_SECONDS)
        self.calm_seconds = time.monotonic() - begun
        self.rebalances_in_calm = self._opened() - before

    @property
    def share(self) -> float:
        """The storm's rate as a share of the steady one."""
        return self.storm_per_second / self.steady_per_second

    @property
    def right(self) -> bool:
        """Whether nothing was lost or doubled, work went on, and the group came to rest."""
        return (
            self.verdict.right
            and self.share >= SHARE_MIN
            and not self.rebalances_in_calm
            and self.exits.keys() <= ORDERLY
        )

    def row(self, commit: str) -> str:
        """Return the storm in one line of Markdown."""
        calls = self.verdict.calls
        cells = {
            "rebalances s": round(self.seconds),
            "seed": self.seed,
            "commit": commit,
            "joined": self.changes["joined"],
            "left": self.changes["left"],
            "ended by themselves": self.changes["ended by themselves"],
            "ends": ", ".join(f"{count} x {code}" for code, count in sorted(self.exits.items())),
            "rate": f"{self.storm_per_second:.0f} of {self.steady_per_second:.0f} inputs/s "
            f"({self.share:.0%})",
            "at rest after s": round(self.settled_seconds, 1),
            "then rebalances": f"{self.rebalances_in_calm} in {self.calm_seconds:.0f} s",
            "inputs": self.verdict.inputs,
            "lost": calls.lost,
            "double": calls.double,
            "verdict": "right" if self.right else f"WRONG {dict(self.verdict.faults)}",
        }
        return row_of(cells)
