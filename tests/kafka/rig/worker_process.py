"""One worker process of a test: started, signalled and ended by its process id."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

COMMAND: Final = ("-c", "from streams.cli import main; main()", "worker")
"""What an operator starts: `tollstream worker`."""
LAST_LINE: Final = "tollstream worker stops"


class WorkerProcess:
    """A started worker; `log` holds all that it wrote; `prefix` goes before its command."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        command: tuple[str, ...] = COMMAND,
        prefix: tuple[str, ...] = (),
    ) -> None:
        self.log = log
        self.frozen = False
        self.started_at = time.monotonic()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [*prefix, sys.executable, *command],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def exit_code(self) -> int | None:
        """Return the exit code, negative for a signal, None while the process runs."""
        return self._popen.poll()

    @property
    def age_seconds(self) -> float:
        """Return how long ago it was started."""
        return time.monotonic() - self.started_at

    @property
    def memory_bytes(self) -> int:
        """Return its resident memory, 0 once it is gone."""
        try:
            pages = Path(f"/proc/{self._popen.pid}/statm").read_text().split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        """End it as a power cut does and collect it."""
        self._popen.kill()
        self._popen.wait()

    def terminate(self) -> None:
        """Ask it to finish."""
        self._popen.send_signal(signal.SIGTERM)

    def freeze(self) -> None:
        """Let it stand still without its knowing."""
        self._popen.send_signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        """Let it go on where it stood still."""
        self._popen.send_signal(signal.SIGCONT)
        self.frozen = False

    def stands_still(self) -> bool:
        """Say whether the process is frozen, by whomever."""
        try:
            stat = Path(f"/proc/{self._popen.pid}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] == "T"

    def wait(self, timeout_seconds: float) -> int:
        """Wait for the end; raises subprocess.TimeoutExpired."""
        return self._popen.wait(timeout_seconds)

    def end(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self.exit_code is None:
            self.kill()

    def text(self) -> str:
        """Return what it wrote so far."""
        return self.log.read_text(errors="replace")

    def last_words(self) -> str:
        """Return the line that says why it stopped, else its last line."""
        lines = self.text().splitlines() or [""]
        return next((line for line in reversed(lines) if LAST_LINE in line), lines[-1])
