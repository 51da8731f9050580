"""One campaign of random faults on a real Kafka, and its verdict.

A log flows in at a steady pace, spread over the whole campaign. One to three workers rate it, with
small chunks and random pauses at their steps, so that most moments are inside of a transaction.
Every worker is born with a fate; when it is over, the next one is born into the same slot, mostly
with the local stores of the one before. Some find them deleted, damaged or swapped, and one slot's
data folder is a small disk that fills up. Now and then the broker dies (with three nodes: the
leader of a partition), all brokers are away for long, or all workers are restarted in turn.

Then the dust settles: all stop, one ordinary worker finishes the log, another one rebuilds every
row from the changelogs alone, and everything is verified from the log.
"""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from subprocess import TimeoutExpired
from typing import Final

from streams.lane.fault_points import FaultPoint
from streams.local_broker import LocalBroker
from tests.kafka.crash.brokers import Brokers
from tests.kafka.crash.fates import (
    CLOCKS,
    DAMAGES,
    FATES,
    CampaignOptions,
    CampaignResult,
    Event,
    Fate,
    Slot,
)
from tests.kafka.crash.stores import delete_store
from tests.kafka.rig.deployment import SESSION_SECONDS, Deployment
from tests.kafka.rig.due import missing_timer_events
from tests.kafka.rig.feeding import Feeder
from tests.kafka.rig.rolling import STOP_SECONDS, RollingRestart
from tests.kafka.rig.small_disk import NoSmallDiskError
from tests.kafka.rig.verification import Verdict, verify
from tests.kafka.rig.worker_process import WorkerProcess

SECONDS_PER_KILL: Final = 3.0
"""First guess of the pace; the feeder follows what really happens."""
POLL_SECONDS: Final = 0.05
CHUNK_RECORDS: Final = (15, 40, 120)
STEPS_FIRST: Final = 3
"""How much likelier a death at a step is until each was one's last."""
NEW_FATES: Final = 0.3
"""How many lives get a fate that was nobody's yet, as long as there is one."""
LONGEST_SECONDS: Final = 15
"""A worker whose step does not come in this time gets another end."""
UNNOTICED_SECONDS: Final = 8
"""A worker that writes nothing for so long does not notice that its disk is full."""
DRAIN_SECONDS: Final = 300
DRAIN_STARTS: Final = 5
"""Workers that may fail to finish the log before it counts as impossible."""


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
        self._events = options.events()
        self._brokers = Brokers(self._deployment, self._random)
        self._hits_file = home / "hits"
        self._late: list[str] = []

    def run(self) -> CampaignResult:
        """Run it all; processes and broker are left to the caller's `end`."""
        started = time.monotonic()
        result, deployment = self._result, self._deployment
        deployment.home.mkdir(parents=True, exist_ok=True)
        deployment.create_topics()
        try:
            self._slots[0].disk = deployment.give_small_disk(self._slots[0].name)
        except NoSmallDiskError as refused:
            result.no_small_disk = str(refused)
        feeder = Feeder(deployment.settings, self._options.log())
        feeder.start(self._options.kills * SECONDS_PER_KILL)
        try:
            self._storm(feeder)
            result.processed_under_fire = deployment.processed()
            result.processed_without_leader = self._brokers.processed_without_leader
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

    def _storm(self, feeder: Feeder) -> None:
        """Go on until enough workers were killed and everything that can happen did."""
        options = self._options
        began = time.monotonic()
        while self._kills < options.kills or self._something_is_missing():
            for slot in self._slots:
                self._look_after(slot)
            self._brokers.bring_back_when_due()
            due = self._events and self._kills >= self._events[0][0]
            if due and not self._brokers.are_down:
                self._befall(self._events.pop(0)[1])
            left = max(options.kills - self._kills, len(self._steps), 1)
            pace = (time.monotonic() - began) / max(1, self._kills)
            feeder.spread_over(left * pace if self._kills else left * SECONDS_PER_KILL)
            time.sleep(POLL_SECONDS)

    def _something_is_missing(self) -> bool:
        """Say whether a step, a fate or an event is still to come, or brokers to come back."""
        fates = set(Fate) if self._slots[0].disk is not None else set(Fate) - {Fate.DISK_FULL}
        new = any(not self._result.actions[fate] for fate in fates)
        return new or bool(self._steps or self._events) or self._brokers.are_down

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
        fates = dict(FATES)
        if slot.disk is None:
            del fates[Fate.DISK_FULL]
        if self._steps:
            fates[Fate.AT_STEP] *= STEPS_FIRST
        new = [fate for fate in fates if not self._result.actions[fate]]
        if new and random.random() < NEW_FATES:
            slot.fate = random.choice(new)
        else:
            slot.fate = random.choices([*fates], [*fates.values()])[0]
        slot.step = None
        slot.ready_at = slot.struck_at = None
        slot.after_seconds = random.uniform(0, 3)
        damage = random.choices([d for d, _ in DAMAGES], [weight for _, weight in DAMAGES])[0]
        if slot.disk is not None and slot.disk.full:
            self._start_on_full_disk(slot)
        if slot.fate in {Fate.AT_STEP, Fate.FROZEN_AT_STEP, Fate.FAILS_AT_STEP}:
            slot.step = self._next_step(slot.fate)
            if slot.step is FaultPoint.CATCH_UP_WRITTEN:
                damage = delete_store
        if slot.disk is not None and slot.disk.full:
            damage = None  # to delete stores would give it space, and it is to start without
        if damage is not None and damage(self._deployment.data_dir(slot.name), random):
            self._result.actions[damage.__name__] += 1
        self._result.actions["start"] += 1
        bends = {Fate.AT_STEP: "die_at", Fate.FROZEN_AT_STEP: "freeze_at"}
        bend = {} if slot.step is None else {bends.get(slot.fate, "fail_at"): slot.step}
        slot.process = self._deployment.start(
            slot.name,
            chunk_records=random.choice(CHUNK_RECORDS),
            jitter_ms=random.choice((1, 20, 60)),
            seed=random.randrange(1 << 30),
            die_turn=random.randrange(1, 4) if not self._steps else 1,
            hits=str(self._hits_file),
            clock_off_seconds=random.choice(CLOCKS),
            **bend,
        )

    def _start_on_full_disk(self, slot: Slot) -> None:
        """Let one worker find the disk full, or give its space back."""
        assert slot.disk is not None
        if slot.starts_on_full_disk or self._random.random() < 0.5:
            slot.disk.free()
            slot.starts_on_full_disk = 0
            return
        slot.starts_on_full_disk += 1
        slot.fate, slot.struck_at = Fate.DISK_FULL, time.monotonic()
        self._result.actions["start on a full disk"] += 1

    def _next_step(self, fate: Fate) -> FaultPoint:
        """Return a step: for deaths one that was nobody's last yet, as long as there is one."""
        taken = {other.step for other in self._slots}
        free = [step for step in self._steps if step not in taken]
        if fate is Fate.AT_STEP and free:
            return free[0]
        return self._random.choice(list(FaultPoint))

    def _strike_when_due(self, slot: Slot, process: WorkerProcess) -> None:
        if slot.ready_at is None and self._deployment.ready_partitions(process):
            slot.ready_at = time.monotonic()
        ready_seconds = 0.0 if slot.ready_at is None else time.monotonic() - slot.ready_at
        if slot.fate is Fate.WHILE_STARTING:
            due = process.age_seconds > slot.after_seconds
        elif slot.step is not None:
            if slot.fate is Fate.FROZEN_AT_STEP and process.stands_still():
                self._strike(slot, process)
                return
            due = process.age_seconds > LONGEST_SECONDS
            if slot.step is FaultPoint.CLOSING and ready_seconds > slot.after_seconds:
                process.terminate()
                slot.struck_at = time.monotonic()
                return
        else:
            # One without work (others have all partitions) has its turn, too.
            due = ready_seconds > slot.after_seconds or process.age_seconds > LONGEST_SECONDS
        if due:
            slot.fate = Fate.WHILE_WORKING if slot.step is not None else slot.fate
            self._strike(slot, process)

    def _strike(self, slot: Slot, process: WorkerProcess) -> None:
        self._result.actions[slot.fate] += 1
        slot.struck_at = time.monotonic()
        if slot.fate is Fate.TOLD_TO_STOP:
            process.terminate()
        elif slot.fate in {Fate.FROZEN, Fate.FROZEN_AT_STEP}:
            process.freeze()
            slot.after_seconds = SESSION_SECONDS + self._random.uniform(1, 3)
        elif slot.fate is Fate.FROZEN_BRIEFLY:
            process.freeze()
            slot.after_seconds = self._random.uniform(0.1, SESSION_SECONDS / 2)
        elif slot.fate is Fate.DISK_FULL:
            assert slot.disk is not None
            slot.disk.fill()
        else:
            process.kill()
            self._kills += 1

    def _wait_for_end(self, slot: Slot, process: WorkerProcess, seconds: float) -> None:
        """Thaw a frozen worker when it is time; it lives on with another fate."""
        if slot.fate is Fate.FROZEN_AT_STEP and not process.frozen and process.stands_still():
            self._strike(slot, process)  # at its last step, on its way out
        elif process.frozen:
            if seconds > slot.after_seconds:
                process.thaw()
                slot.fate, slot.step = Fate.WHILE_WORKING, None
                slot.struck_at, slot.ready_at = None, time.monotonic()
                slot.after_seconds = self._random.uniform(1, 4)
        elif slot.fate is Fate.DISK_FULL:
            if seconds > UNNOTICED_SECONDS:
                self._result.actions["full disk not noticed"] += 1
                slot.fate = Fate.WHILE_WORKING
                self._strike(slot, process)
        elif seconds > STOP_SECONDS:
            self._late.append(f"{process.log.name}: {process.last_words()}")
            process.kill()

    def _bury(self, slot: Slot, process: WorkerProcess) -> None:
        code = process.exit_code
        self._result.exits[str(code)] += 1
        if code not in {0, -9, -15}:
            self._result.reasons[f"exit {code}: {process.last_words()[:200]}"] += 1
            self._say(f"{process.log.name} ended with {code}: {process.last_words()[:200]}")
        if slot.fate is Fate.FAILS_AT_STEP and code == 5:
            self._result.actions[slot.fate] += 1
        if code == -9 and slot.step is not None and slot.step in self._new_hits():
            self._kills += 1
            self._result.actions[Fate.AT_STEP] += 1
            if slot.step in self._steps:
                self._steps.remove(slot.step)
                self._say(f"{self._kills} kills, steps to come: {len(self._steps)}")
            elif self._kills % 10 == 0:
                self._say(f"{self._kills} kills")
        elif slot.step is not None and slot.step in self._steps:
            self._steps.append(self._steps.pop(self._steps.index(slot.step)))
        slot.process = slot.step = None

    def _new_hits(self) -> set[str]:
        hits = self._hits_file.read_text().split() if self._hits_file.exists() else []
        new = Counter(hits) - self._result.hits
        self._result.hits = Counter(hits)
        return set(new)

    def _befall(self, event: Event) -> None:
        """Let something happen to all workers at once."""
        self._say(f"{self._kills} kills, now a {event}")
        self._result.actions[event] += 1
        if event is Event.ROLLING_RESTART:
            self._roll()
            return
        self._brokers.strike(event)

    def _roll(self) -> None:
        """End whoever lives in the slots, start ordinary workers, restart each of them in turn."""
        for slot in self._slots:
            if slot.process is not None and slot.process.exit_code is None:
                slot.process.thaw()
                slot.process.kill()
            if slot.disk is not None:
                slot.disk.free()
            slot.process = slot.step = slot.struck_at = None
            slot.fate, slot.starts_on_full_disk = Fate.WHILE_WORKING, 0
        rolling = RollingRestart(self._deployment, [slot.name for slot in self._slots])
        try:
            rolling.start()
            rolling.roll()
        except AssertionError as error:
            self._late.append(f"rolling restart: {error}")
        for words in rolling.restarts:
            self._result.reasons[f"while rolling: {words[:200]}"] += 1
        longest = max(self._result.longest_stop_seconds, rolling.longest_stop_seconds)
        self._result.longest_stop_seconds = longest
        for slot in self._slots:
            slot.process = rolling.workers[slot.name]
            slot.ready_at, slot.after_seconds = time.monotonic(), self._random.uniform(0, 3)

    def _calm(self) -> None:
        """Stop every worker in good order."""
        for slot in self._slots:
            if slot.disk is not None:
                slot.disk.free()
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
                    DRAIN_SECONDS,
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
