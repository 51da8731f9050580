"""A deployment of the engine on a test's broker: topics, settings, workers, all of its own."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from schemas.codec import decode
from streams.kafka.send import Outgoing, send_inputs
from streams.kafka.topics import create_topics, find_problems
from streams.local_broker import LocalBroker
from streams.settings import Settings, TimerMode
from tests.kafka.rig.reading import applied_positions, end_offsets
from tests.kafka.rig.small_disk import SmallDisk
from tests.kafka.rig.worker_process import COMMAND, WorkerProcess

PARTITIONS: Final = 4
SESSION_SECONDS: Final = 2
"""Short, so that a frozen worker is given up soon; the local broker allows it."""
POLL_SECONDS: Final = 0.1
RIG_COMMAND: Final = ("-m", "tests.kafka.rig.worker_main")
PLAN_VARIABLE: Final = "TOLLSTREAM_TEST_PLAN"
STRANGER: Final = b"nobody"
"""Key of an input that names no tenant; a producer has to choose one."""


class TooSlowError(AssertionError):
    """What was waited for did not come."""


def wait_until(what: str, true: Callable[[], bool], timeout_seconds: float = 90) -> None:
    """Wait until `true()`; raises TooSlowError, which names what did not come."""
    deadline = monotonic() + timeout_seconds
    while not true():
        if monotonic() > deadline:
            raise TooSlowError(f"not within {timeout_seconds:.0f} s: {what}")
        sleep(POLL_SECONDS)


def keyed(lines: Iterable[bytes]) -> Iterator[Outgoing]:
    """Give each line its tenant as the key, as every producer must."""
    for line in lines:
        tenant = decode(line).tenant
        yield Outgoing(STRANGER if tenant is None else tenant.encode(), line)


@dataclass(slots=True)
class Deployment:
    """Topics of one name on a broker, and the workers that serve them.

    `events`: the events topic where it is another deployment's. `disks`: the small disks that
    are some workers' data folders, by the worker's name. `more`: further variables of its workers.
    """

    broker: LocalBroker
    name: str
    home: Path
    timer: TimerMode = "off"
    partitions: int = PARTITIONS
    replication: int = 1
    events: str | None = None
    session_seconds: int = SESSION_SECONDS
    workers: list[WorkerProcess] = field(default_factory=list)
    disks: dict[str, SmallDisk] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The settings that the verifier and the commands use."""
        return Settings(
            brokers=(self.broker.bootstrap,),
            data_dir=self.home,
            events_topic=self.events or f"{self.name}.events",
            ledger_topic=f"{self.name}.ledger",
            dead_letter_topic=f"{self.name}.dead-letter",
            reference_topic=f"{self.name}.reference",
            app_id=self.name,
            timer=self.timer,
            partitions=self.partitions,
            replication=self.replication,
            session_timeout_seconds=self.session_seconds,
            worker_id="tester",
            web_port=0,
        )

    def environment(self, worker: str) -> dict[str, str]:
        """Return the variables of one worker with its own data directory."""
        settings = self.settings
        return {
            "TOLLSTREAM_BROKERS": settings.bootstrap,
            "TOLLSTREAM_DATA_DIR": str(self.home / worker),
            "TOLLSTREAM_EVENTS_TOPIC": settings.events_topic,
            "TOLLSTREAM_LEDGER_TOPIC": settings.ledger_topic,
            "TOLLSTREAM_DEAD_LETTER_TOPIC": settings.dead_letter_topic,
            "TOLLSTREAM_REFERENCE_TOPIC": settings.reference_topic,
            "TOLLSTREAM_APP_ID": settings.app_id,
            "TOLLSTREAM_TIMER": self.timer,
            "TOLLSTREAM_PARTITIONS": str(self.partitions),
            "TOLLSTREAM_REPLICATION": str(self.replication),
            "TOLLSTREAM_SESSION_TIMEOUT_SECONDS": str(settings.session_timeout_seconds),
            "TOLLSTREAM_WORKER_ID": worker,
            "TOLLSTREAM_WEB_PORT": "0",
            **self.more,
        }

    def data_dir(self, worker: str) -> Path:
        """Return where a worker keeps its local stores, as a test reaches it."""
        disk = self.disks.get(worker)
        return self.home / worker if disk is None else disk.seen_from_outside

    def store_dir(self, worker: str, partition: int) -> Path:
        """Return the folder of one local store."""
        return self.data_dir(worker) / self.name / f"partition-{partition}"

    def create_topics(self) -> None:
        """Make all topics and wait until the broker serves them."""
        asyncio.run(create_topics(self.settings))
        wait_until("topics", lambda: not asyncio.run(find_problems(self.settings)))

    def publish(self, lines: Iterable[bytes]) -> int:
        """Send inputs in order, broken ones too; return how many."""
        return send_inputs(self.settings, keyed(lines))

    def start(self, worker: str, **plan: Any) -> WorkerProcess:
        """Start a worker; without a plan it is the command that an operator starts."""
        environment = self.environment(worker)
        if plan:
            environment[PLAN_VARIABLE] = json.dumps(plan)
        log = self.home / "logs" / f"{len(self.workers):04d}-{worker}.log"
        disk = self.disks.get(worker)
        prefix = () if disk is None else disk.prefix
        process = WorkerProcess(environment, log, RIG_COMMAND if plan else COMMAND, prefix)
        self.workers.append(process)
        return process

    def ready_partitions(self, process: WorkerProcess) -> int:
        """Return how many partitions this worker said it serves."""
        return process.text().count(": ready at offset ")

    def wait_ready(self, process: WorkerProcess) -> None:
        """Wait until a lone worker serves all partitions."""
        self.wait_for("ready", process, lambda: self._all_ready(process))

    def _all_ready(self, process: WorkerProcess) -> bool:
        return self.ready_partitions(process) >= self.partitions

    def wait_drained(self, process: WorkerProcess, timeout_seconds: float = 90) -> None:
        """Wait until every input is committed."""
        self.wait_for("drained", process, self.is_drained, timeout_seconds)

    def wait_for(
        self,
        what: str,
        process: WorkerProcess,
        true: Callable[[], bool],
        timeout_seconds: float = 90,
    ) -> None:
        """Wait until `true()` while the worker runs; fails with its last words if it ends."""

        def done() -> bool:
            code = process.exit_code
            assert code is None, f"worker ended with {code}: {process.last_words()}"
            return true()

        wait_until(what, done, timeout_seconds)

    def is_drained(self) -> bool:
        """Say whether every input now in the events topic is committed."""
        return self.has_processed(self.ends())

    def ends(self) -> dict[int, int]:
        """Return by partition where the events topic ends now."""
        ends = asyncio.run(end_offsets(self.settings, self.settings.events_topic))
        return {partition: end for (_, partition), end in ends.items()}

    def has_processed(self, ends: Mapping[int, int]) -> bool:
        """Say whether every input before these offsets is committed."""
        positions = asyncio.run(applied_positions(self.settings))
        return all(positions[partition] >= end for partition, end in ends.items())

    def processed(self) -> int:
        """Return how many inputs are committed, over all partitions."""
        return sum(asyncio.run(applied_positions(self.settings)).values())

    def stop(self, process: WorkerProcess, timeout_seconds: float = 30) -> None:
        """Stop a worker in good order; it must leave with 0 in time."""
        process.terminate()
        code = process.wait(timeout_seconds)
        assert code == 0, f"worker ended with {code}: {process.last_words()}"

    @contextlib.contextmanager
    def worker(self, name: str = "worker", **plan: Any) -> Iterator[WorkerProcess]:
        """Run a worker for the block; one that still runs then is stopped in good order."""
        process = self.start(name, **plan)
        try:
            yield process
            if process.exit_code is None:
                self.stop(process)
        finally:
            process.end()

    def give_small_disk(self, worker: str) -> SmallDisk:
        """Put a worker's data folder on a small disk of its own; raises NoSmallDiskError."""
        self.disks[worker] = SmallDisk(self.home / worker)
        return self.disks[worker]

    def end(self) -> None:
        """End every process that was started here."""
        for process in self.workers:
            process.end()
        for disk in self.disks.values():
            disk.end()
