"""What a partition's lane needs from outside: a log, a local store, a clock.

The lane's logic (`partition_lane`) sees only these. Kafka and RocksDB stand behind them in
production, dictionaries in the simulation; both pass the same contract tests.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

Change = tuple[bytes, bytes | None]
"""A row's key and its new packed value; None deletes it."""


class SourceRecord(Protocol):
    """One record of the events topic. `timestamp` is in milliseconds since 1970."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def key(self) -> bytes | None:
        """The tenant, by contract."""

    @property
    def value(self) -> bytes | None:
        """The event's bytes; None is a tombstone, which is refused like any other bad input."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """What else the producer said; nothing here goes by it."""

    @property
    def timestamp(self) -> int:
        """When the producer or the broker stamped it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records of one partition in offset order; `first` is the fetch position before them."""

    first: int
    records: Sequence[SourceRecord]


@dataclass(frozen=True, slots=True)
class Position:
    """How far a partition is: the next source offset to rate.

    `newest_time_us` is the newest envelope time consumed, in µs since 1970 (D-80, mode `log`);
    `log_id` names the incarnation of the changelogs, so that a recreated one is noticed.
    """

    source_next: int
    newest_time_us: int | None
    log_id: str


@dataclass(slots=True)
class ChunkWrites:
    """All that one chunk writes, to be made durable as one atomic unit.

    `ledger` and `dead_letters` are (key, value), `rows` one list of changes for each table;
    `begins` tells the first chunk of all: each changelog then begins with the log's id.
    """

    position: Position
    ledger: list[tuple[bytes | None, bytes]] = field(default_factory=list)
    dead_letters: list[tuple[bytes | None, bytes]] = field(default_factory=list)
    rows: tuple[list[Change], ...] = ()
    local: list[Change] = field(default_factory=list)
    """Keys for the local store alone."""
    begins: bool = False


@dataclass(frozen=True, slots=True)
class ChangelogRows:
    """Some committed rows of one table's changelog; `next_offset` is where reading goes on."""

    table: int
    rows: list[Change]
    next_offset: int


class ChangelogShorterError(Exception):
    """The log ends before where reading should start: it lost records or was recreated."""


PreparedT = TypeVar("PreparedT")


class PartitionLog(Protocol, Generic[PreparedT]):
    """One partition of Kafka as its owner sees it. Reads see committed records only."""

    async def fence(self) -> None:
        """Become the only writer: end the old owner's open transaction, refuse its next one."""

    async def last_position(self) -> bytes | None:
        """Return the newest position record's value, None where nothing was ever committed."""

    async def last_ledger_line(self) -> tuple[bytes | None, bytes] | None:
        """Return key and value of the partition's newest ledger record, None where it has none."""

    async def last_dead_letter(self) -> bytes | None:
        """Return the partition's newest dead letter, None where it has none."""

    async def changelog_heads(self) -> list[Change | None]:
        """Return the oldest record of each table's changelog, None where it holds none."""

    async def source_range(self) -> tuple[int, int]:
        """Return the oldest offset still kept of the source partition, and its end."""

    def read_changelogs(self, starts: Sequence[int]) -> AsyncIterator[ChangelogRows]:
        """Yield what was committed from `starts` (one offset per table) up to the end.

        Raises ChangelogShorterError where a start lies behind the end.
        """

    def prepare(self, writes: ChunkWrites) -> PreparedT:
        """Build the batches; pure CPU, may run while the transaction before commits."""

    async def commit(self, prepared: PreparedT) -> list[int]:
        """Write and commit one transaction; return the next offset of each table's changelog.

        Tables without a change keep -1. Raises LaneStop where it is not certain that it is done.
        """

    async def close(self) -> None:
        """Let go of connections; never raises, never commits."""


@dataclass(frozen=True, slots=True)
class LocalMark:
    """What the local store is a copy of: written with the rows, so always true of them."""

    partition: int
    app_id: str
    position: Position | None
    changelog_next: tuple[int, ...]
    written_at: float


class LocalRows(Protocol):
    """One partition's local copy of the rows. Every error is a LocalStoreError."""

    def open(self) -> LocalMark | None:
        """Open or create; return the mark, None where the store is new."""

    def wipe(self) -> None:
        """Delete everything; the store is open and empty afterwards."""

    def get(self, key: bytes) -> bytes | None:
        """Return the packed row, None where there is none."""

    def scan(self, start: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield keys and values in key order from `start` while keys begin with `prefix`."""

    def write(self, changes: list[Change], mark: LocalMark, *, durable: bool = True) -> None:
        """Write rows and mark as one atomic step. Not `durable`: only after `flush`."""

    def annotate(self, changes: list[Change]) -> None:
        """Write keys of the local store alone, which are in no changelog and move no mark."""

    def flush(self) -> None:
        """Make everything written durable."""

    def close(self) -> None:
        """Close; closing twice is harmless."""


class Clock(Protocol):
    """Wall clock and stop watch of the worker; never seen by the rating core."""

    def now(self) -> float:
        """Return seconds since 1970."""

    def elapsed(self) -> float:
        """Return seconds of a clock that never goes back."""
