"""Where a command reads the input log and the ledger: files, or the topics of Kafka.

A log comes in shards: one for files, one for each partition of the topics. All events and records
of a tenant are in one shard, in order, so whatever is done tenant by tenant can be done shard by
shard with little memory. A shard can be read any number of times.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from schemas.dead_letter import FilePosition, LogPosition
from streams.line_files import STANDARD, FilesError, check_readable, read_files


class LogEvent(NamedTuple):
    """One input as it lies in the log, not decoded; `key` is None in a file."""

    raw: bytes
    key: bytes | None
    position: FilePosition | LogPosition
    received_at: datetime | None


class LogLine(NamedTuple):
    """One ledger record's canonical bytes."""

    line: bytes
    position: FilePosition | LogPosition


class Shard(Protocol):
    """A part of the log that holds whole tenants."""

    def events(self) -> Iterator[LogEvent]:
        """Yield the inputs in order."""

    def ledger(self) -> Iterator[LogLine]:
        """Yield the ledger records in order."""


class LogSource(Protocol):
    """The whole log."""

    def shards(self) -> Sequence[Shard]:
        """Return all parts."""

    def shard_of(self, tenant: str) -> Shard:
        """Return the part that holds a tenant."""


class FileLog:
    """Files as a log of one shard. Raises FilesError where a file cannot be read."""

    def __init__(
        self,
        *,
        events: Sequence[str] = (),
        ledgers: Sequence[str] = (),
    ) -> None:
        names = [*events, *ledgers]
        if STANDARD in names:
            raise FilesError("standard input cannot be used here, it can be read only once")
        for name in names:
            if Path(name).is_fifo():
                raise FilesError(f"{name} is a pipe, which can be read only once")
        check_readable(names)
        self._events = events
        self._ledgers = ledgers

    def shards(self) -> Sequence[Shard]:
        """Return the one shard that all files make."""
        return [self]

    def shard_of(self, tenant: str) -> Shard:  # noqa: ARG002 - one shard holds every tenant
        """Return the one shard."""
        return self

    def events(self) -> Iterator[LogEvent]:
        """Yield the lines of the event files in the order given (D-61)."""
        for line in read_files(self._events):
            yield LogEvent(line.raw, None, line.position, None)

    def ledger(self) -> Iterator[LogLine]:
        """Yield the lines of the ledger files in the order given."""
        for line in read_files(self._ledgers):
            yield LogLine(line.raw, line.position)


def place_text(position: FilePosition | LogPosition) -> str:
    """Name a position for a person: `ledger.jsonl line 3`, `topic[partition] offset 7`."""
    if isinstance(position, FilePosition):
        return f"{position.file} line {position.line}"
    return f"{position.topic}[{position.partition}] offset {position.offset}"
