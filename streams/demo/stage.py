"""What the demo runs on: folder, Kafka, topics and worker, and their orderly end."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from streams.kafka.log import readable
from streams.kafka.topics import create_topics, delete_topics
from streams.local_broker import LocalBroker
from streams.own_program import own_program
from streams.settings import Settings

PREFIX: Final = "TOLLSTREAM_"
ACCESS: Final = ("TOLLSTREAM_SECURITY_", "TOLLSTREAM_SASL_", "TOLLSTREAM_TLS_")
"""Settings that a cluster of the user's may need to let us in; no others are taken over."""

PARTITIONS: Final = 4
"""Enough to show tenants spread over partitions; each costs the worker a producer."""

WORKER_STOP_SECONDS: Final = 30
"""A worker leaves within 20 s of SIGTERM (its own bound); then it is killed, which it survives."""

Handler = Callable[[int, FrameType | None], None] | signal.Handlers

MakeBroker = Callable[[Path], LocalBroker]


class WorkerDiedError(Exception):
    """The worker ended by itself; the text is its last line."""


@dataclass(slots=True)
class Stage:
    """The running parts. `variables` are the `TOLLSTREAM_` settings of worker and commands."""

    folder: Path
    variables: dict[str, str]
    settings: Settings
    broker: LocalBroker | None
    worker: subprocess.Popen[bytes] | None = None

    @property
    def worker_log(self) -> Path:
        """What the worker wrote."""
        return self.folder / "worker.log"

    def make_topics(self) -> int:
        """Make all topics and return how many; raises KafkaUnreadableError."""
        with readable(self.settings):
            return len(asyncio.run(create_topics(self.settings)))

    def start_worker(self) -> int:
        """Start `tollstream worker` and return its process id."""
        with self.worker_log.open("ab") as log:
            self.worker = subprocess.Popen(  # noqa: S603 - our own command line
                own_program("streams.cli", "worker"),
                env=_without_settings() | self.variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal is for the demo, which then stops the worker in order.
                start_new_session=True,
            )
        return self.worker.pid

    def check_worker(self) -> None:
        """Raise WorkerDiedError where the worker is gone."""
        if self.worker is not None and self.worker.poll() is not None:
            lines = self.worker_log.read_text("utf-8", "replace").splitlines() or ["no word"]
            raise WorkerDiedError(f"exit code {self.worker.returncode}: {lines[-1]}")

    def stop(self) -> None:
        """Stop worker and broker, remove topics from a cluster that is not ours, and the folder."""
        if self.worker is not None:
            self.worker.terminate()
            try:
                self.worker.wait(WORKER_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.worker.kill()
                self.worker.wait()
        if self.broker is not None:
            self.broker.stop(clean=True)
        else:
            with readable(self.settings):
                asyncio.run(delete_topics(self.settings))
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def set_stage(brokers: str | None, make_broker: MakeBroker, *, keep: bool) -> Iterator[Stage]:
    """Start Kafka, or use the one at `brokers`, and yield the stage; afterwards all is stopped.

    `keep` leaves everything running, but only after a demo that went well. Raises BrokerError
    and SettingsError.
    """
    folder = Path(tempfile.mkdtemp(prefix="tollstream-demo-"))
    name = f"tollstream-demo-{secrets.token_hex(4)}"
    variables = _variables(name, folder, brokers)
    done = False
    stage: Stage | None = None
    broker: LocalBroker | None = None
    with stopped_by_signals():
        try:
            if brokers is None:
                broker = make_broker(folder / "kafka")
                broker.start()
                variables["TOLLSTREAM_BROKERS"] = broker.bootstrap
            stage = Stage(folder, variables, Settings.from_environment(variables), broker)
            yield stage
            done = True
        finally:
            if not (done and keep):
                with _undisturbed():
                    if stage is not None:
                        stage.stop()
                    elif broker is not None:
                        broker.stop(clean=True)
                    shutil.rmtree(folder, ignore_errors=True)


def _variables(name: str, folder: Path, brokers: str | None) -> dict[str, str]:
    variables = {
        "TOLLSTREAM_APP_ID": name,
        "TOLLSTREAM_WORKER_ID": "demo",
        "TOLLSTREAM_EVENTS_TOPIC": f"{name}.events",
        "TOLLSTREAM_LEDGER_TOPIC": f"{name}.ledger",
        "TOLLSTREAM_DEAD_LETTER_TOPIC": f"{name}.dead-letter",
        "TOLLSTREAM_REFERENCE_TOPIC": f"{name}.reference",
        "TOLLSTREAM_PARTITIONS": str(PARTITIONS),
        "TOLLSTREAM_DATA_DIR": str(folder / "worker"),
        # The sample log is of another year: what is due goes by the log's time (D-80).
        "TOLLSTREAM_TIMER": "log",
        "TOLLSTREAM_WEB_PORT": "0",
    }
    if brokers is not None:
        access = {name: text for name, text in os.environ.items() if name.startswith(ACCESS)}
        variables |= {"TOLLSTREAM_BROKERS": brokers, **access}
    return variables


def _without_settings() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let a request to end, or a closed terminal, end the demo as Ctrl-C does: in good order."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handlers({signal.SIGTERM: interrupt, signal.SIGHUP: interrupt}):
        yield


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Finish cleaning up, whoever is impatient; it takes seconds."""
    ignored = dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN)
    with _handlers(ignored):
        yield


@contextlib.contextmanager
def _handlers(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
