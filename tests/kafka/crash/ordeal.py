"""Two workers under load, supervised, while something goes wrong, a minute at a time.

What goes wrong, a subclass says (`BadNetworks`, `BadLinks`). The promise is the same: nothing is
lost, nothing is double, no worker ends but as it may. After each minute all is well for as long as
it takes to process what was fed until then, which must not be long; so a partition that stands
still is found even where the next fault would have set it going again.
"""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, ClassVar, Final

from aiokafka.errors import KafkaError

from streams.generate import LogOptions, generate
from tests.kafka.crash.table import row_of
from tests.kafka.rig.deployment import Deployment, wait_until
from tests.kafka.rig.feeding import Feeder
from tests.kafka.rig.supervised import ORDERLY, Supervised
from tests.kafka.rig.verification import Verdict, verify

WORKERS: Final = 2
CALLS_A_SECOND: Final = 25
PLAN: Final = {"chunk_records": 40, "jitter_ms": 20}
"""Small transactions, so that a fault finds one under way."""
POLL_SECONDS: Final = 0.1
ROUND_SECONDS: Final = 60.0
LONGER_MAX: Final = 3
"""Times as long as told at most, until each fault has met some traffic."""
LOAD_SECONDS: Final = 20.0
"""What is left of the log is always spread over so long at least, so that faults meet a load."""
HEAL_SECONDS: Final = 90
"""What was fed is processed so soon after the last fault (R8)."""


class Ordeal:
    """So many seconds of it; `play` them, then ask what came of it."""

    name: ClassVar[str]

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
        self._told_seconds = seconds
        self._workers: list[Supervised] = []
        self._processed = 0
        self.seconds = 0.0
        self.seed = seed
        self.exits: Counter[int] = Counter()
        self.reasons: Counter[str] = Counter()
        self.caught_up_after_seconds: list[float] = []
        self.processed_meanwhile = 0
        self.unfed: dict[str, str] = {}
        self.verdict = Verdict()

    @property
    def struck(self) -> Counter[Any]:
        """Count what each fault was done to."""
        raise NotImplementedError

    def _all_struck(self) -> bool:
        """Say whether each fault was suffered."""
        raise NotImplementedError

    def _plan(self, worker: int) -> dict[str, Any]:  # noqa: ARG002
        """Return what a worker is told."""
        return PLAN

    def _turn(self, lasted_seconds: float) -> None:
        """Go on with what goes wrong."""
        raise NotImplementedError

    def _mend(self) -> None:
        """Make all well."""
        raise NotImplementedError

    def _let_go(self) -> None:
        """End what was needed for it, if anything was."""

    def play(self) -> None:
        """Load, rounds of faults, rest of the log, verdict."""
        deployment = self._deployment
        calls = max(200, round(self._told_seconds * CALLS_A_SECOND))
        options = LogOptions(tenants=16, calls=calls, seed=self.seed, months=2)
        names = [f"worker-{number}" for number in range(WORKERS)]
        try:
            deployment.create_topics()
            self._feeder = Feeder(deployment.settings, list(generate(options)))
            self._workers = [
                Supervised(partial(deployment.start, name, **self._plan(number)))
                for number, name in enumerate(names)
            ]
            self._feeder.start(self._told_seconds)
            while not self._is_over:
                self._suffer()
                self._heal()
            for worker in self._workers:
                worker.stop()
                self.exits.update(worker.exits)
                self.reasons.update(worker.reasons)
            self.unfed = self._feeder.differences(deployment.settings)
            stores = [
                deployment.store_dir(name, partition)
                for name in names
                for partition in range(deployment.partitions)
            ]
            self.verdict = verify(deployment.settings, stores)
        finally:
            self._let_go()

    @property
    def _is_over(self) -> bool:
        """Whether it was long enough, and each fault was suffered if that is to be had."""
        most_seconds = LONGER_MAX * self._told_seconds
        return self.seconds >= (self._told_seconds if self._all_struck() else most_seconds)

    def _suffer(self) -> None:
        """Play one round of faults."""
        begun, before = time.monotonic(), self.seconds
        round_seconds = min(ROUND_SECONDS, max(self._told_seconds - before, LOAD_SECONDS))
        while (lasted := time.monotonic() - begun) < round_seconds:
            self.seconds = before + lasted
            self._turn(self.seconds)
            self._feeder.spread_over(max(self._told_seconds - self.seconds, LOAD_SECONDS))
            self._look()
            time.sleep(POLL_SECONDS)
        self.seconds = before + lasted
        self._mend()

    def _heal(self) -> None:
        """Wait until what was fed is processed; after the last round, the whole log."""
        deployment, feeder = self._deployment, self._feeder
        healed_at, ends = time.monotonic(), dict[int, int]()
        if self._is_over:
            feeder.hurry()

        def answers() -> bool:
            self._look()
            with suppress(KafkaError):  # the cluster still finds itself
                processed, found = deployment.processed(), deployment.ends()
                self.processed_meanwhile += processed - self._processed
                ends.update(found)
            return bool(ends)

        def caught_up() -> bool:
            self._look()
            with suppress(KafkaError):
                if self._is_over:
                    return feeder.is_done and deployment.is_drained()
                return deployment.has_processed(ends)
            return False

        wait_until("an answer after the last fault", answers, HEAL_SECONDS)
        left_seconds = healed_at + HEAL_SECONDS - time.monotonic()
        wait_until("what was fed processed after the last fault", caught_up, left_seconds)
        self.caught_up_after_seconds.append(time.monotonic() - healed_at)
        self._processed = deployment.processed()
        self._say(
            f"{self.seconds:.0f} s: caught up after {self.caught_up_after_seconds[-1]:.1f} s, "
            f"{self.processed_meanwhile} inputs meanwhile, {_listed(self.struck)}"
        )

    def _look(self) -> None:
        for worker in self._workers:
            worker.look()

    @property
    def wrongs(self) -> list[str]:
        """Say what is wrong, nothing if every promise held and each fault was suffered."""
        wrongs = [f"{kind} {count}" for kind, count in self.verdict.faults.items()]
        wrongs += [f"exit {code}" for code in sorted(self.exits.keys() - ORDERLY)]
        if self.unfed:
            wrongs.append(f"{len(self.unfed)} tenants' inputs not held as sent")
        if not self._all_struck():
            wrongs.append("a fault met nothing")
        return wrongs

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrongs

    def row(self, commit: str) -> str:
        """Return it in one line of Markdown."""
        calls, caught_up = self.verdict.calls, self.caught_up_after_seconds
        cells = {
            f"{self.name} s": round(self.seconds),
            "seed": self.seed,
            "commit": commit,
            "struck": _listed(self.struck),
            "ends": ", ".join(f"{count} x {code}" for code, count in sorted(self.exits.items())),
            "inputs meanwhile": self.processed_meanwhile,
            "rounds": len(self.caught_up_after_seconds),
            "caught up after s": f"{sum(caught_up) / len(caught_up):.1f}, "
            f"at most {max(caught_up):.1f}",
            "inputs": self.verdict.inputs,
            "lost": calls.lost,
            "double": calls.double,
            "verdict": "right" if self.right else f"WRONG: {', '.join(self.wrongs)}",
        }
        return row_of(cells)


def _listed(counts: Counter[Any]) -> str:
    return ", ".join(f"{what} {count}" for what, count in sorted(counts.items()))
