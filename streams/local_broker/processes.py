"""Start a server in the background, know it again later, signal it.

A process id alone says nothing: after a crash or a reboot it may belong to anybody. A process is
ours if its command line holds a text that no other process has, here the path of the node's
`server.properties`. A process that has ended but was not yet waited for (a zombie) is gone.
"""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.02
"""Time between two looks at a process that is about to end: unnoticed by a person."""

ENDED_STATES: Final = frozenset({"Z", "X"})
"""Of /proc/<pid>/stat: zombie and dead."""


def spawn(arguments: Sequence[str], output: Path) -> int:
    """Start a program in a session of its own and return its process id.

    It reads nothing, appends what it prints to `output`, and outlives the caller; Ctrl-C in the
    caller's terminal does not reach it.
    """
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        # Not subprocess.Popen: its objects complain when their process outlives them, which is
        # what is wanted here.
        return os.posix_spawn(
            arguments[0],
            list(arguments),
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, descriptor, 1),
                (os.POSIX_SPAWN_DUP2, descriptor, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(descriptor)


def is_ours(process_id: int, mark: str) -> bool:
    """Say whether a process is there that has, or while it is ending had, `mark` as an argument.

    A dying process loses its command line before it closes its sockets, so an empty command line
    still counts until nothing but the exit status is left: only then is its port free again.
    """
    _reap(process_id)
    folder = Path(f"/proc/{process_id}")
    try:
        arguments = (folder / "cmdline").read_bytes().split(b"\0")
        if any(arguments):
            return os.fsencode(mark) in arguments
        # The state is the first field after the name, which stands in parentheses.
        state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        threads = len(list((folder / "task").iterdir()))
    except OSError:
        return False
    return not (state in ENDED_STATES and threads == 1)


def send(process_id: int, mark: str, what: signal.Signals) -> bool:
    """Send a signal to a process of ours; False where it is gone."""
    if not is_ours(process_id, mark):
        return False
    try:
        os.kill(process_id, what)
    except ProcessLookupError:
        return False
    return True


def wait_gone(process_id: int, mark: str, timeout_seconds: float) -> bool:
    """Wait until a process has ended; False where it is still there after the time."""
    deadline = time.monotonic() + timeout_seconds
    while is_ours(process_id, mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _reap(process_id: int) -> None:
    """Collect the exit status if the process was our child; else nothing happens."""
    try:
        os.waitpid(process_id, os.WNOHANG)
    except ChildProcessError:
        return
