"""Running a worker process: log, wait for the broker, Faust, exit code.

A worker that starts while the broker is down waits for it; one that the broker refuses, or that
finds the topics missing or different from their plans, says so and stops: nothing could be read,
or no order of events could be kept.
Once it runs, a broker that goes away is waited for by the clients themselves.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Final, NoReturn

import faust
from aiokafka.errors import KafkaError

from streams.app import WorkerApp, build_app
from streams.collector import settle_collector
from streams.core_form import core_form
from streams.freed_memory import keep_freed_memory
from streams.kafka.complaints import complaints
from streams.kafka.topics import find_problems
from streams.lane.fault_points import Faults
from streams.lane.lanes import verdict
from streams.lane.stopping import ExitCode, LaneStop
from streams.leaving import Leaving
from streams.log_lines import configure_logging
from streams.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

WRONG_SETTING: Final = 2
"""Exit code of every command for a wrong setting; to start it again does not help."""
FIRST_WAIT_SECONDS: Final = 0.5
LONGEST_WAIT_SECONDS: Final = 15.0
"""Bounds of the pause between two tries to reach a broker that is down; doubled each time."""


def run_worker(settings: Settings, faults: Faults) -> NoReturn:
    """Serve until told to stop; leaves the process with the worker's exit code."""
    configure_logging()
    signal.signal(signal.SIGTERM, _leave_unserved)  # Faust has its own as soon as it serves
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        _make_folders(settings)
        loop.run_until_complete(_reached(settings, lambda: _check_topics(settings)))
        worker_app = build_app(settings, faults)
        loop.run_until_complete(_reached(settings, worker_app.references.refresh))
    except KeyboardInterrupt:
        sys.exit(0)
    except SettingsError as error:
        sys.stderr.write(f"tollstream worker does not start: {error}\n")
        sys.exit(WRONG_SETTING)
    except Exception as error:  # noqa: BLE001 - every failure has one line and a code
        code, line = verdict(error)
        sys.stderr.write(f"tollstream worker does not start: {line}\n")
        sys.exit(code)
    sys.exit(_serve(worker_app, loop))


def _leave_unserved(_number: int, _frame: FrameType | None) -> NoReturn:
    """Leave at once when told to: nothing was begun yet."""
    sys.exit(0)


def _make_folders(settings: Settings) -> None:
    """Make the data folder; raises LaneStop where the disk or its rights refuse."""
    folder = settings.data_dir / settings.app_id
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaneStop(
            ExitCode.LOCAL, f"TOLLSTREAM_DATA_DIR: {error.filename}: {error.strerror}"
        ) from error


class _LeavingWorker(faust.Worker):
    """Faust's worker, which does not take for ever to stop."""

    leaving: Leaving

    async def stop(self) -> None:
        """Stop in good order, or at least in time."""
        self.leaving.begin(in_order=not self.crashed)
        await super().stop()


def _serve(worker_app: WorkerApp, loop: asyncio.AbstractEventLoop) -> int:
    """Run Faust; return 0 after an orderly stop, 3 where Faust itself gave up."""
    settle_collector()
    keep_freed_memory()
    logger.info("rating core %s", core_form())
    worker = _LeavingWorker(worker_app.app, loop=loop, override_logging=False, quiet=True)
    worker.leaving = worker_app.leaving
    worker.spinner = None
    try:
        worker.execute_from_commandline()
    except SystemExit as left:
        if left.code:
            sys.stderr.write(
                f"tollstream worker stops (stopped): Faust ended with {worker.crash_reason!r}\n"
            )
            return ExitCode.STOPPED
    return 0


async def _check_topics(settings: Settings) -> None:
    """Raise LaneStop where the topics cannot serve."""
    if problems := await find_problems(settings):
        raise LaneStop(ExitCode.STOPPED, "; ".join(problems))


async def _reached(settings: Settings, work: Callable[[], Awaitable[None]]) -> None:
    """Do some work with the broker, again and again until it can be reached.

    Raises LaneStop where the broker answers and one of the two does not trust the other (X2).
    """
    wait_seconds = FIRST_WAIT_SECONDS
    while True:
        try:
            with complaints() as heard:
                await work()
        except (KafkaError, OSError) as error:
            if heard.is_refusal:
                raise LaneStop(ExitCode.STOPPED, heard.refusal_by(settings.bootstrap)) from error
            logger.warning(
                "waiting for %s (%s), next try in %.1f s",
                settings.bootstrap,
                type(error).__name__,
                wait_seconds,
            )
        else:
            return
        await asyncio.sleep(wait_seconds)
        wait_seconds = min(2 * wait_seconds, LONGEST_WAIT_SECONDS)
