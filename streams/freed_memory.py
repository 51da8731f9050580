"""What the C library does with memory that was freed, set for a process that moves large buffers.

Each chunk fills buffers of megabytes and frees them at its end. By its defaults the GNU C library
then gives the top of its heap back to the system, to be handed it again, page by page and cleared,
a moment later: 8 % of a worker's time on a virtual machine.
"""

import ctypes
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
KEPT_BYTES_MAX: Final = 128 << 20
"""Free memory at the heap's top that is kept; a chunk's buffers are a few dozen megabytes."""
MAPPED_BYTES_MIN: Final = 32 << 20
"""Blocks from this size on are mapped and unmapped one by one; no buffer of a chunk is so large."""
HEAPS_MAX: Final = 2
"""The main thread's heap, and one for all others: RocksDB's threads would keep 64 MiB each."""


def keep_freed_memory() -> None:
    """Keep freed memory for the next chunk; does nothing where the C library has no such switch."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES_MAX)
        mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES_MIN)
        mallopt(_M_ARENA_MAX, HEAPS_MAX)
