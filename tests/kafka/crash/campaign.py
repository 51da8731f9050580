"""One campaign of random faults on a real Kafka, and its verdict.

A log flows in at a steady pace, spread over the whole campaign. One to three workers rate it, with
small chunks and random pauses at their steps, so that most moments are inside of a transaction.
Every worker is born with a fate; when it is over, the next one is born into the same slot, mostly
with the local stores of the one before. Some find them deleted, damaged or swapped.

Then the dust settles: all stop, one ordinary worker finishes the log, another one rebuilds every
row from the changelogs alone, and everything is verified from the log.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from subprocess import TimeoutExpired
from typing import Final

from streams.generate import LogOptions, generate
from streams.lane.fault_points import FaultPoint
from streams.local_broker import LocalBroker
from tests.kafka.crash.stores import delete_store, flip_bits, swap_stores
from tests.kafka.rig.deployment import SESSION_SECONDS, Deployment
from tests.kafka.rig.due import missing_timer_events
from tests.kafka.rig.feeding import Feeder
from tests.kafka.rig.verification import Verdict, verify
from tests.kafka.rig.worker_process import WorkerProcess

CALLS_PER_KILL: Final = 300
SECONDS_PER_KILL: Final = 3.0
"""First guess of the pace; the feeder follows what really happens."""
POLL_SECONDS: Final = 0.05
CHUNK_RECORDS: Final = (15, 40, 120)
STOP_SECONDS: Final = 30
LONGEST_SECONDS: Final = 25
"""A worker whose step does not come in this time gets another end."""
DRAIN_SECONDS: Final = 300
DRAIN_STARTS: Final = 5
"""Workers that may fail to finish the log before it counts as impossible."""


class Fate(StrEnum):
    """How a worker ends."""

    AT_STEP = "at-step"
    WHILE_STARTING = "while-starting"
    WHILE_WORKING = "while-working"
    TOLD_TO_STOP = "told-to-stop"
    FROZEN = "frozen"
    FROZEN_BRIEFLY = "frozen-briefly"


FATES: Final = (
    (Fate.AT_STEP, 50),
    (Fate.WHILE_STARTING, 8),
    (Fate.WHILE_WORKING, 20),
    (Fate.TOLD_TO_STOP, 10),
    (Fate.FROZEN, 8),
    (Fate.FROZEN_BRIEFLY, 4),
)
"""Weights; `AT_STEP` first goes through all steps, then takes any."""

DAMAGES: Final = (
    (None, 80),
    (delete_store, 8),
    (swap_stores, 6),
    (flip_bits, 6),
)
"""What happens to a slot's local stores before the next worker finds them; weights."""


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
        """How often the broker dies: once in fifteen kills, at least once."""
        return max(1, self.kills // 15) if self.broker_kills is None else self.broker_kills


@dataclass(slots=True)
class Slot:
    """One worker's place: its name and directories, and who lives there now."""

    name: str
    process: WorkerProcess | None = None
    fate: Fate = Fate.WHILE_WORKING
    step: FaultPoint | None = None
    after_seconds: float = 0.0
    ready_at: float | None = None
    struck_at: float | None = None


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


class Campaign:
    """Runs one campaign on a broker of its own; `say` gets a line now and then."""

    def __init__(
        self,
        options: CampaignOptions,
        broker: LocalBroker,
        home: Path,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._options = options
        self._broker = broker
        self._say = say
        self._random = Random(options.seed)
        self._deployment = Deployment(
            broker, f"crash-{options.seed}", home, "log", replication=options.nodes
        )
        self._slots = [Slot(f"slot-{number}") for number in range(1, options.workers + 1)]
        self._result = CampaignResult(options, Verdict())
        self._kills = 0
        self._steps = list(FaultPoint)
        self._random.shuffle(self._steps)
        self._hits_file = home / "hits"
        self._late: list[str] = []

    def run(self) -> CampaignResult:
        """Run it all; processes and broker are left to the caller's `end`."""
        started = time.monotonic()
        result, deployment = self._result, self._deployment
        deployment.home.mkdir(parents=True, exist_ok=True)
        deployment.create_topics()
        feeder = Feeder(deployment.settings, self._log())
        feeder.start(self._options.kills * SECONDS_PER_KILL)
        try:
            self._storm(feeder)
            result.processed_under_fire = deployment.processed()
            self._calm()
        finally:
            feeder.finish()
        self._say(f"storm over after {time.monotonic() - started:.0f} s, finishing the log")
        stuck = self._drain()
        self._rebuild()
        result.verdict = verify(deployment.settings, self._stores())
        self._judge(feeder, stuck)
        result.seconds = time.monotonic() - started
        return result

    def end(self) -> None:
        """End every process."""
        self._deployment.end()

    def _log(self) -> list[bytes]:
        """Return the log: over a year, so that months end and credit expires all the time."""
        options = LogOptions(
            tenants=16, calls=self._options.calls_wanted, seed=self._options.seed, months=14
        )
        # Months are announced by the engine's own timer; the scripted tenants try it themselves.
        return [
            line
            for line in generate(options)
            if b"period.started" not in line or b'"subject":"show-' in line
        ]

    def _storm(self, feeder: Feeder) -> None:
        """Let every fate strike until enough workers were killed and every step was one's last."""
        options, broker_kills = self._options, 0
        began = time.monotonic()
        while self._kills < options.kills or self._steps:
            for slot in self._slots:
                self._look_after(slot)
            if self._kills >= (broker_kills + 1) * options.kills / (
                options.broker_kills_wanted + 1
            ) and (broker_kills < options.broker_kills_wanted):
                broker_kills += 1
                self._kill_broker()
            left = max(options.kills - self._kills, len(self._steps), 1)
            pace = (time.monotonic() - began) / max(1, self._kills)
            feeder.spread_over(left * pace if self._kills else left * SECONDS_PER_KILL)
            time.sleep(POLL_SECONDS)

    def _look_after(self, slot: Slot) -> None:
        process = slot.process
        if process is None:
            self._bear(slot)
        elif process.exit_code is not None:
            self._bury(slot, process)
        elif slot.struck_at is not None:
            self._wait_for_end(slot, process, time.monotonic() - slot.struck_at)
        else:
            self._strike_when_due(slot, process)

    def _bear(self, slot: Slot) -> None:
        """Start a worker with a new fate."""
        random = self._random
        slot.fate = random.choices([f for f, _ in FATES], [weight for _, weight in FATES])[0]
        slot.step = None
        slot.ready_at = slot.struck_at = None
        slot.after_seconds = random.uniform(0, 3)
        damage = random.choices([d for d, _ in DAMAGES], [weight for _, weight in DAMAGES])[0]
        if slot.fate is Fate.AT_STEP:
            taken = {other.step for other in self._slots}
            free = [step for step in self._steps if step not in taken]
            slot.step = free[0] if free else random.choice(list(FaultPoint))
            if slot.step is FaultPoint.CATCH_UP_WRITTEN:
                damage = delete_store
        if damage is not None and damage(self._deployment.data_dir(slot.name), random):
            self._result.actions[damage.__name__] += 1
        self._result.actions["start"] += 1
        slot.process = self._deployment.start(
            slot.name,
            chunk_records=random.choice(CHUNK_RECORDS),
            jitter_ms=random.choice((1, 20, 60)),
            seed=random.randrange(1 << 30),
            die_at=slot.step,
            die_turn=random.randrange(1, 4) if not self._steps else 1,
            hits=str(self._hits_file),
        )

    def _strike_when_due(self, slot: Slot, process: WorkerProcess) -> None:
        if slot.ready_at is None and self._deployment.ready_partitions(process):
            slot.ready_at = time.monotonic()
        ready_seconds = 0.0 if slot.ready_at is None else time.monotonic() - slot.ready_at
        if slot.fate is Fate.WHILE_STARTING:
            due = process.age_seconds > slot.after_seconds
        elif slot.fate is Fate.AT_STEP:
            due = process.age_seconds > LONGEST_SECONDS
            if slot.step is FaultPoint.CLOSING and ready_seconds > slot.after_seconds:
                process.terminate()
                slot.struck_at = time.monotonic()
                return
        else:
            # One without work (others have all partitions) has its turn, too.
            due = ready_seconds > slot.after_seconds or process.age_seconds > LONGEST_SECONDS
        if due:
            self._strike(slot, process)

    def _strike(self, slot: Slot, process: WorkerProcess) -> None:
        self._result.actions[slot.fate] += 1
        slot.struck_at = time.monotonic()
        if slot.fate is Fate.TOLD_TO_STOP:
            process.terminate()
        elif slot.fate is Fate.FROZEN:
            process.freeze()
            slot.after_seconds = SESSION_SECONDS + self._random.uniform(1, 3)
        elif slot.fate is Fate.FROZEN_BRIEFLY:
            process.freeze()
            slot.after_seconds = self._random.uniform(0.1, SESSION_SECONDS / 2)
        else:
            process.kill()
            self._kills += 1

    def _wait_for_end(self, slot: Slot, process: WorkerProcess, seconds: float) -> None:
        """Thaw a frozen worker when it is time; it lives on with another fate."""
        if process.frozen:
            if seconds > slot.after_seconds:
                process.thaw()
                slot.fate, slot.step = Fate.WHILE_WORKING, None
                slot.struck_at, slot.ready_at = None, time.monotonic()
                slot.after_seconds = self._random.uniform(1, 4)
        elif seconds > STOP_SECONDS:
            self._late.append(f"{process.log.name}: {process.last_words()}")
            process.kill()

    def _bury(self, slot: Slot, process: WorkerProcess) -> None:
        code = process.exit_code
        self._result.exits[str(code)] += 1
        if code not in {0, -9, -15}:
            self._result.reasons[f"exit {code}: {process.last_words()[:200]}"] += 1
            self._say(f"{process.log.name} ended with {code}: {process.last_words()[:200]}")
        if code == -9 and slot.step is not None and slot.step in self._new_hits():
            self._kills += 1
            self._result.actions[Fate.AT_STEP] += 1
            if slot.step in self._steps:
                self._steps.remove(slot.step)
                self._say(f"{self._kills} kills, steps to come: {len(self._steps)}")
        elif slot.step is not None and slot.step in self._steps:
            self._steps.append(self._steps.pop(self._steps.index(slot.step)))
        slot.process = slot.step = None

    def _new_hits(self) -> set[str]:
        hits = self._hits_file.read_text().split() if self._hits_file.exists() else []
        new = Counter(hits) - self._result.hits
        self._result.hits = Counter(hits)
        return set(new)

    def _kill_broker(self) -> None:
        node = self._random.randrange(1, self._options.nodes + 1)
        self._say(f"{self._kills} kills, now the broker")
        self._broker.kill(node)
        self._result.actions["broker-kill"] += 1
        time.sleep(self._random.uniform(0, 2))
        self._broker.start()

    def _calm(self) -> None:
        """Stop every worker in good order."""
        running = [slot.process for slot in self._slots if slot.process is not None]
        for process in running:
            process.thaw()
            process.terminate()
        for process in running:
            try:
                code = process.wait(STOP_SECONDS)
            except TimeoutExpired:
                self._late.append(f"{process.log.name}: {process.last_words()}")
                process.kill()
                continue
            self._result.exits[str(code)] += 1

    def _drain(self) -> str:
        """Let ordinary workers finish the log; return why they could not, empty if they did."""
        deployment, words = self._deployment, ""
        for _ in range(DRAIN_STARTS):
            worker = deployment.start("drain")
            try:
                deployment.wait_ready(worker)
                deployment.wait_drained(worker, DRAIN_SECONDS)
                deployment.wait_for(
                    "timer events",
                    worker,
                    lambda: not missing_timer_events(deployment.settings, None),
                )
                deployment.wait_drained(worker)
                deployment.stop(worker)
            except (AssertionError, TimeoutExpired) as error:
                words = str(error)
                self._result.reasons[words[:160]] += 1
            else:
                return ""
            finally:
                worker.end()
        return words

    def _rebuild(self) -> None:
        """Let a worker make all rows from the changelogs, in an empty directory."""
        worker = self._deployment.start("fresh")
        try:
            self._deployment.wait_ready(worker)
            self._deployment.stop(worker)
        except (AssertionError, TimeoutExpired) as error:
            self._late.append(str(error))
        finally:
            worker.end()

    def _stores(self) -> list[Path]:
        names = [slot.name for slot in self._slots] + ["drain", "fresh"]
        numbers = range(self._deployment.partitions)
        return [self._deployment.store_dir(name, number) for name in names for number in numbers]

    def _judge(self, feeder: Feeder, stuck: str) -> None:
        """Add to the verdict what only the campaign knows."""
        verdict, exits = self._result.verdict, self._result.exits
        if stuck:
            verdict.fault("stuck", stuck)
        for text in self._late:
            verdict.fault("not_stopped", text)
        for code in exits.keys() - {"0", "-9", "-15", "3", "4", "5"}:
            verdict.fault("exit", f"{exits[code]} workers ended with {code}")
        for tenant, difference in feeder.differences(self._deployment.settings).items():
            verdict.fault("input", f"{tenant}: {difference}")
        if verdict.stores_checked < 2 * self._deployment.partitions:
            verdict.fault("rebuild", f"only {verdict.stores_checked} complete local stores")
