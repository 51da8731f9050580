"""Why a worker stops: one line and an exit code for its supervisor (contracts section 4).

Nothing is repaired in a running worker. Whatever goes wrong between taking a chunk and
acknowledging it ends the process; the next one fences this one, reads the log and goes on.
"""

import asyncio
import os
import sys
from enum import IntEnum
from typing import Any, NoReturn


class ExitCode(IntEnum):
    """What the worker's exit status means."""

    STOPPED = 3
    """Stopped to stay right: a gap, a lost broker, an unknown version, our own bug."""
    FENCED = 4
    """Another worker owns the partition now; restarting is harmless."""
    LOCAL = 5
    """The local store or the disk failed; look at the disk before restarting."""


class LaneStop(Exception):  # noqa: N818 - it is an order to stop, named for what it does
    """The worker must end with `code`; `line` says why, holds no phone number and no secret."""

    def __init__(self, code: ExitCode, line: str) -> None:
        super().__init__(line)
        self.code = code
        self.line = line


class LocalStoreError(Exception):
    """The local store or its disk failed; its content is suspect until it is rebuilt."""


def end_process(code: int, line: str) -> NoReturn:
    """End the process at once with one line on stderr, even where nobody can read it any more."""
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)


def failure_of(task: asyncio.Task[Any]) -> BaseException | None:
    """Return what a task that must not be cancelled ended with; None where it did its work.

    A client that lets the cancellation of a task of its own escape ends ours as cancelled, too. It
    has not done its work then, and nobody would ever notice.
    """
    if task.cancelled():
        return LaneStop(ExitCode.STOPPED, "a client's cancelled request ended the lane's work")
    return task.exception()
