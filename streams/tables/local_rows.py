"""One partition's local copy of the rows, in RocksDB.

Written only after the transaction that holds the same rows is committed, rows and mark in one
atomic batch, so whatever survives a crash is a prefix of the log and says itself how long it is.
The write-ahead log is not synced: a power loss takes a suffix, which catch-up reads again.
Catch-up writes without write-ahead log and flushes at its end.

A store that reports corruption is never used again: a file beside it condemns it, and the next
start wipes it. Every error leaves here as LocalStoreError.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import rocksdict

from streams.lane.limits import BLOCK_CACHE_BYTES, WRITE_BUFFER_BYTES
from streams.lane.ports import Change, LocalMark
from streams.lane.position import pack_mark, unpack_mark
from streams.lane.stopping import LocalStoreError
from streams.tables.declaration import RESERVED

MARK_KEY: Final = RESERVED + b"mark"
FILTER_BITS_PER_KEY: Final = 10
"""A look-up of a call that was never seen (the usual case) reads no file in 99 of 100 cases."""
MEMORY_FILTER_SHARE: Final = 0.02
"""Part of a write buffer that filters misses in it, as the files' filters do: a call's look-up goes
from 2 µs to 0.6. At 250 B a row that is 40 bits a key, 1.3 MB for each buffer of 64 MB."""
METADATA_PIECE_BYTES: Final = 4 << 10
"""Size of the pieces in which a file's index and filter are read: as large as a block of rows."""
OPEN_FILES_MAX: Final = 64
"""Files one store keeps open; 8 partitions stay well below the usual limit of 1,024."""

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class StoreBudget:
    """The memory that all local stores of a process share."""

    buffers: Any
    cache: Any

    @classmethod
    def standard(cls) -> "StoreBudget":
        """Return the budget of `limits`, made once per process."""
        return cls(
            rocksdict.WriteBufferManager(WRITE_BUFFER_BYTES, allow_stall=False),
            rocksdict.Cache(BLOCK_CACHE_BYTES),
        )


class RocksRows:
    """LocalRows over one RocksDB directory (see `streams.lane.ports.LocalRows`)."""

    def __init__(self, directory: Path, budget: StoreBudget) -> None:
        self.directory = directory
        self._condemned = directory.with_name(directory.name + ".condemned")
        self._budget = budget
        self._store: Any = None
        self._unlogged = rocksdict.WriteOptions()
        # A property of the class, although the library's types call it a method.
        setattr(self._unlogged, "disable_wal", True)  # noqa: B010

    def open(self) -> LocalMark | None:
        """Open or create the store; a condemned or unreadable one is wiped first."""
        try:
            self.directory.parent.mkdir(parents=True, exist_ok=True)
            if self._condemned.exists():
                self._delete()
            self._check_access()
            raw = self._open_or_rebuild()
        except OSError as error:
            raise LocalStoreError(f"{self.directory}: {error.strerror or error}") from error
        if raw is None:
            return None
        mark = unpack_mark(raw)
        if mark is None:
            self.wipe()
        return mark

    def wipe(self) -> None:
        """Delete everything and open an empty store."""
        self.close()
        try:
            self._delete()
        except OSError as error:
            raise LocalStoreError(f"{self.directory}: {error.strerror or error}") from error
        self._guarded(self._open)

    def get(self, key: bytes) -> bytes | None:
        """Return the packed row, None where there is none."""
        try:
            row: bytes | None = self._store.get(key)
        except Exception as error:
            raise self._failed(error) from error
        return row

    def scan(self, start: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield keys and values in key order from `start` while keys begin with `prefix`."""
        try:
            cursor = self._store.iter()
            cursor.seek(start)
            while cursor.valid():
                key: bytes = cursor.key()
                if not key.startswith(prefix):
                    return
                yield key, cursor.value()
                cursor.next()
            # A damaged block ends an iteration like the end of the store would: ask which it was.
            cursor.status()
        except GeneratorExit:
            raise
        except Exception as error:
            raise self._failed(error) from error

    def write(self, changes: list[Change], mark: LocalMark, *, durable: bool = True) -> None:
        """Write rows and mark as one atomic batch."""
        batch = _batch(changes)
        batch.put(MARK_KEY, pack_mark(mark))
        if durable:
            self._guarded(lambda: self._store.write(batch))
        else:
            self._guarded(lambda: self._store.write(batch, self._unlogged))

    def annotate(self, changes: list[Change]) -> None:
        """Write keys of the local store alone."""
        batch = _batch(changes)
        self._guarded(lambda: self._store.write(batch))

    def flush(self) -> None:
        """Write what is in memory to files."""
        self._guarded(self._store.flush)

    def close(self) -> None:
        """Close the store; closing twice is harmless."""
        store, self._store = self._store, None
        if store is not None:
            self._guarded(store.close)

    def _open_or_rebuild(self) -> bytes | None:
        """Open the store and return its mark; one that cannot be opened is no copy of anything."""
        try:
            self._open()
            mark: bytes | None = self._store.get(MARK_KEY)
        except Exception as error:
            if _is_disk(error):
                raise LocalStoreError(f"{self.directory}: {error}") from error
            with contextlib.suppress(LocalStoreError):
                self.close()
            self._delete()
            self._guarded(self._open)
            return None
        return mark

    def _open(self) -> None:
        self._store = rocksdict.Rdict(str(self.directory), _options(self._budget))

    def _check_access(self) -> None:
        """Tell wrong permissions from corruption: the first is the operator's to mend."""
        for path in (self.directory.parent, self.directory):
            if path.exists() and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
                raise LocalStoreError(f"{path}: no permission to read and write")

    def _delete(self) -> None:
        if self.directory.exists():
            shutil.rmtree(self.directory)
        self._condemned.unlink(missing_ok=True)

    def _guarded(self, action: Callable[[], ResultT]) -> ResultT:
        """Run one call; what RocksDB reports becomes LocalStoreError."""
        try:
            return action()
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> LocalStoreError:
        """Return the error to raise; content that RocksDB finds damaged is never used again.

        Use after closing is our own fault and says nothing of the content.
        """
        if self._store is not None and not _is_disk(error):
            self._condemn()
        return LocalStoreError(f"{self.directory}: {error}")

    def _condemn(self) -> None:
        try:
            self._condemned.touch()
        except OSError:
            # The disk refuses even that; the store will then be judged by its checksums again.
            return


def _batch(changes: list[Change]) -> Any:
    batch = rocksdict.WriteBatch(raw_mode=True)
    put, delete = batch.put, batch.delete
    for key, value in changes:
        if value is None:
            delete(key)
        else:
            put(key, value)
    return batch


def _is_disk(error: Exception) -> bool:
    """Say whether the disk refused (full, no permission, locked), not the store's content."""
    text = str(error)
    return any(
        sign in text
        for sign in (
            "No space left",
            "Permission denied",
            "lock hold by",
            "While lock file",
            "Read-only",
            "Too many open",
        )
    )


def _files(budget: StoreBudget) -> Any:
    """Return how RocksDB lays out its files and what of them it caches."""
    table = rocksdict.BlockBasedOptions()
    table.set_block_cache(budget.cache)
    table.set_bloom_filter(FILTER_BITS_PER_KEY, block_based=False)
    table.set_cache_index_and_filter_blocks(True)
    table.set_pin_l0_filter_and_index_blocks_in_cache(True)
    # In small pieces: the index of a file is half a megabyte, and with more rows than the cache
    # holds each look-up would read and check all of it (`tests.benchmarks.rows`).
    table.set_index_type(rocksdict.BlockBasedIndexType.two_level_index_search())
    table.set_partition_filters(True)
    table.set_metadata_block_size(METADATA_PIECE_BYTES)
    table.set_pin_top_level_index_and_filter(True)
    return table


def _options(budget: StoreBudget) -> Any:
    """Return RocksDB's options: checksums verified, one memory budget, filters for misses."""
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    # Rows are small and read one by one: to unpack a block costs more than all else of a look-up.
    options.set_compression_type(rocksdict.DBCompressionType.none())
    options.set_paranoid_checks(True)
    options.set_write_buffer_manager(budget.buffers)
    options.set_block_based_table_factory(_files(budget))
    options.set_memtable_whole_key_filtering(True)
    options.set_memtable_prefix_bloom_ratio(MEMORY_FILTER_SHARE)
    options.set_max_open_files(OPEN_FILES_MAX)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    options.set_wal_recovery_mode(rocksdict.DBRecoveryMode.point_in_time())
    return options
