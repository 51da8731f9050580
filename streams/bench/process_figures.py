"""What the operating system knows of a process: CPU seconds and memory (Linux, /proc)."""

import os
from pathlib import Path
from typing import Final

MEBIBYTE: Final = 1 << 20
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
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


def memory_peak_bytes(process_id: int) -> int:
    """Return the most memory a process has had in RAM (resident set size)."""
    for line in Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name == "VmHWM":
            return int(rest.split()[0]) * 1024
    return 0
