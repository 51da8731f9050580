"""What the operating system knows of a process: CPU seconds, waits, memory (Linux, /proc)."""

import os
from pathlib import Path
from typing import Final

MEBIBYTE: Final = 1 << 20
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_NANOSECONDS: Final = 1_000_000_000
_USER_TICKS: Final = 11
"""Place of `utime` behind the command's name in /proc/<pid>/stat; `stime` is the next."""


def cpu_seconds(process_id: int) -> float:
    """Return the CPU seconds that a process with all its threads has used, in steps of 10 ms.

    Raises ProcessLookupError where it has ended.
    """
    try:
        text = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        raise ProcessLookupError(process_id) from None
    # The name stands in brackets and may hold anything.
    fields = text.rpartition(")")[2].split()
    return (int(fields[_USER_TICKS]) + int(fields[_USER_TICKS + 1])) / _TICKS_PER_SECOND


def cpu_wait_seconds(process_id: int) -> float:
    """Return how long a process's threads could have run and got no CPU, summed over threads.

    On a machine of one's own this stays near nothing. 0 where the kernel does not count it.
    """
    waited_ns = 0
    for file in Path(f"/proc/{process_id}/task").glob("*/schedstat"):
        try:
            waited_ns += int(file.read_text(encoding="ascii").split()[1])
        except (OSError, IndexError):  # the thread has just ended
            continue
    return waited_ns / _NANOSECONDS


def memory_peak_bytes(process_id: int) -> int:
    """Return the most memory a process has had in RAM (resident set size)."""
    for line in Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name == "VmHWM":
            return int(rest.split()[0]) * 1024
    return 0
