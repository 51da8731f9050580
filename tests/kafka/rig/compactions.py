"""A disk that fills up while RocksDB compacts, arranged from inside the worker (S1).

The stores of a test are too small to be compacted often, and a compaction of theirs is over in
milliseconds. So here write buffers are small, two files are enough for a compaction, and it writes
slowly. A thread waits for one, takes the last byte of the disk and looks again: only where the
compaction was still under way is it noted as met, else the space is given back for the next try.
"""

import threading
import time
from pathlib import Path
from typing import Any, Final

from streams.tables import local_rows
from tests.kafka.rig.small_disk import fill

BUFFER_BYTES: Final = 32 << 10
FILES_TRIGGER: Final = 2
WRITTEN_BYTES_PER_SECOND: Final = 64 << 10
REFILL_MICROSECONDS: Final = 10_000
FAIRNESS: Final = 10
"""How often low priority comes first, one in so many; RocksDB's own default."""
LOOK_SECONDS: Final = 0.002
RUNNING: Final = "rocksdb.num-running-compactions"
ERRORS: Final = "rocksdb.background-errors"

MET: Final = "met"
FAILED: Final = "failed"
"""Words for the hits file: the disk was full inside a compaction; RocksDB itself failed at it."""


def fill_disk_in_a_compaction(ballast: Path, hits: Path) -> None:
    """Bend the stores of this process, and fill their disk in the first compaction."""
    stores: list[Any] = []
    right_options, right_open = local_rows._options, local_rows.RocksRows._open

    def options(budget: local_rows.StoreBudget) -> Any:
        made = right_options(budget)
        made.set_write_buffer_size(BUFFER_BYTES)
        made.set_level_zero_file_num_compaction_trigger(FILES_TRIGGER)
        made.set_ratelimiter(WRITTEN_BYTES_PER_SECOND, REFILL_MICROSECONDS, FAIRNESS)
        return made

    def opened(self: local_rows.RocksRows) -> None:
        right_open(self)
        stores.append(self._store)

    local_rows._options = options
    local_rows.RocksRows._open = opened  # type: ignore[method-assign]
    watch = threading.Thread(target=_watch, args=(stores, ballast, hits), daemon=True)
    watch.start()


def _watch(stores: list[Any], ballast: Path, hits: Path) -> None:
    while True:
        time.sleep(LOOK_SECONDS)
        store = next((store for store in stores if _value(store, RUNNING)), None)
        if store is None:
            continue
        fill(ballast)
        if _value(store, RUNNING):
            break
        ballast.unlink()
    _note(hits, MET)
    while not _value(store, ERRORS):
        time.sleep(LOOK_SECONDS)
    _note(hits, FAILED)


def _value(store: Any, name: str) -> int:
    """Ask a store; one that was closed meanwhile has nothing under way."""
    try:
        return int(store.property_int_value(name) or 0)
    except Exception:  # noqa: BLE001 - the library has one class for all that may be wrong
        return 0


def _note(hits: Path, word: str) -> None:
    with hits.open("a") as file:
        file.write(f"{word}\n")
