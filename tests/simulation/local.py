"""A simulated disk with a local store per partition, and what a crash leaves of it.

The model of RocksDB: writes go to memory and, unless told otherwise, to a write-ahead log. Memory
reaches files at any time, in order. So a killed process leaves a prefix of all its writes plus the
logged ones after it; a power loss also takes a suffix of those.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from streams.lane.ports import Change, LocalMark, Position
from streams.lane.stopping import LocalStoreError
from tests.simulation.faults import NetworkFaults
from tests.simulation.loop import PROCESS, Process, ProcessEndedError


@dataclass(slots=True)
class Written:
    """One atomic write that files may not hold yet; `mark` is None for an annotation."""

    changes: list[Change]
    mark: LocalMark | None
    logged: bool


@dataclass(slots=True)
class SimDirectory:
    """What lies on disk: `filed` is in files, `journal` only in memory and maybe in the log."""

    filed: dict[bytes, bytes] = field(default_factory=dict)
    filed_mark: LocalMark | None = None
    journal: list[Written] = field(default_factory=list)
    user: Process | None = None
    corrupt: bool = False

    def copy(self) -> "SimDirectory":
        """Return a copy of its whole content, for a backup or another partition's directory."""
        filed, mark = dict(self.filed), self.filed_mark
        for written in self.journal:
            mark = _apply(filed, written, mark)
        return SimDirectory(filed, mark)

    def crash(self, random: Random, *, power_loss: bool) -> None:
        """Lose what a kill, or a power loss, takes."""
        flushed = random.randint(0, len(self.journal))
        survivors = self.journal[:flushed]
        logged = [written for written in self.journal[flushed:] if written.logged]
        if power_loss:
            logged = logged[: random.randint(0, len(logged))]
        for written in survivors + logged:
            self.filed_mark = _apply(self.filed, written, self.filed_mark)
        self.journal.clear()
        self.user = None


def _apply(
    content: dict[bytes, bytes], written: Written, mark: LocalMark | None
) -> LocalMark | None:
    for key, value in written.changes:
        if value is None:
            content.pop(key, None)
        else:
            content[key] = value
    return mark if written.mark is None else written.mark


class SimRows:
    """LocalRows over a simulated directory."""

    def __init__(
        self, directory: SimDirectory, faults: NetworkFaults, committed: "CommittedPosition"
    ) -> None:
        self.directory = directory
        self._faults = faults
        self._committed = committed
        self._content: dict[bytes, bytes] | None = None
        self._keys: list[bytes] | None = None

    def open(self) -> LocalMark | None:
        """Open the directory; a corrupt one is empty afterwards, as RocksDB's adapter makes it."""
        process = PROCESS.get()
        user = self.directory.user
        assert user is None or not user.alive, "a directory is open twice"
        self.directory.user = process
        if self.directory.corrupt:
            self.directory.corrupt = False
            self.wipe()
            return None
        whole = self.directory.copy()
        self._content, self._keys = whole.filed, None
        return whole.filed_mark

    def wipe(self) -> None:
        """Delete everything."""
        self.directory.filed.clear()
        self.directory.filed_mark = None
        self.directory.journal.clear()
        self._content, self._keys = {}, None

    def get(self, key: bytes) -> bytes | None:
        """Return a row."""
        return self._opened().get(key)

    def scan(self, start: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield a snapshot in key order."""
        content = self._opened()
        if self._keys is None:
            self._keys = sorted(content)
        keys = self._keys
        first = last = bisect_left(keys, start)
        while last < len(keys) and keys[last].startswith(prefix):
            last += 1
        yield from [(key, content[key]) for key in keys[first:last]]

    def write(self, changes: list[Change], mark: LocalMark, *, durable: bool = True) -> None:
        """Write rows and mark; never ahead of the log."""
        self._committed.check(mark)
        self._write(Written(list(changes), mark, logged=durable))

    def annotate(self, changes: list[Change]) -> None:
        """Write local entries."""
        self._write(Written(list(changes), None, logged=True))

    def _write(self, written: Written) -> None:
        content = self._opened()
        if self._faults.strikes("disk_full"):
            raise LocalStoreError("planned: No space left on device")
        killed = self._faults.strikes("killed_in_write")
        if not killed or self._faults.random.random() < 0.5:
            _apply(content, written, None)
            self._keys = None
            self.directory.journal.append(written)
        process = PROCESS.get()
        if killed and process is not None:
            process.end(None)
            raise ProcessEndedError

    def flush(self) -> None:
        """Bring everything written into files."""
        self._opened()
        for written in self.directory.journal:
            self.directory.filed_mark = _apply(
                self.directory.filed, written, self.directory.filed_mark
            )
        self.directory.journal.clear()

    def close(self) -> None:
        """Close, which files what was logged and may lose what was not."""
        if self._content is not None:
            self._content = None
            self.directory.user = None

    def _opened(self) -> dict[bytes, bytes]:
        assert self._content is not None, "the store is closed"
        return self._content


class CommittedPosition:
    """Knows how far a partition is committed; a local store must never say more."""

    def __init__(self, partition: int) -> None:
        self.partition = partition

    def newest(self) -> Position | None:
        """Return the newest committed position."""
        return None

    def check(self, mark: LocalMark) -> None:
        """Fail where a mark is ahead of the log."""
