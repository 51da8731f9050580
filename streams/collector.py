"""Python's collector of reference cycles, set for a process that keeps many rows.

Rows, records and batches make no cycles, so looking for some in each of the hundred thousand
objects that a worker or a long file keeps is a fifth of all work, for nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

COLLECTION_THRESHOLDS: Final = (1_000, 50_000, 100)
"""Allocations before Python looks for cycles among the newest objects, while they are still in the
processor's cache, and rounds before it looks at older ones again. With the standard 700 and 10 it
would look at every cached object several times a second."""


def settle_collector() -> None:
    """Leave alone what was loaded so far, which lives as long as the process, and look seldom.

    For the worker: what serves its network makes cycles now and then.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)


@contextmanager
def without_collector() -> Iterator[None]:
    """Look for no cycles at all: for commands over files, where the engine alone is at work.

    A test rates good and hostile input and finds none afterwards.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
