"""Catch-up: from a local copy of unknown age to exactly the committed state.

The log is the truth, the local store a copy of a prefix of it. After fencing nobody else writes,
so the log's end stands still; its newest position record says where the source goes on. The copy
may be used only if it is surely a prefix of *this* log:

- it was made by this app, for this partition (directories get swapped);
- the log's incarnation is the one that the copy follows (topics get recreated);
- the copy is nowhere ahead of the log (brokers lose data);
- it is younger than the tombstones: an older one might have missed a deletion (D-84).

Else it is wiped and rebuilt from the changelogs' beginning, which is never wrong, only slower.
Whatever the copy says about the source position is not used: that comes from the log alone.

One thing a rebuild cannot mend is a log that lost its own end. Then the ledger knows more than
the rows, and rating on would charge calls twice. So the newest ledger record of the partition is
compared with its tenant's row, and the worker refuses to go on if they differ.
"""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from streams.lane.fault_points import FaultPoint, Faults
from streams.lane.ports import (
    Change,
    ChangelogShorterError,
    Clock,
    LocalMark,
    LocalRows,
    PartitionLog,
    Position,
)
from streams.lane.position import unpack_position
from streams.lane.stopping import ExitCode, LaneStop
from streams.tables.declaration import RESERVED, TABLES

logger = logging.getLogger(__name__)

RowIndexer = Callable[[int, list[Change], int], list[Change]]
"""Returns local entries for a table's rows, read up to an offset of its changelog."""

_FROM_THE_START: Final = (0,) * len(TABLES)


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Where a partition stands when its gate may open."""

    mark: LocalMark
    position: Position
    rows_read: int


async def catch_up(
    log: PartitionLog[Any],
    rows: LocalRows,
    *,
    partition: int,
    app_id: str,
    tombstone_age_seconds: float,
    index: RowIndexer,
    clock: Clock,
    faults: Faults,
) -> CaughtUp:
    """Bring the local store to the committed end; the log must be fenced before.

    Rows added to a usable store get their local entries from `index` on the way; a rebuild leaves
    those to the background, where they delay no call.

    Raises LaneStop where no store could be right, LocalStoreError where the disk fails.
    """
    mark = rows.open()
    await faults.reached(FaultPoint.STORE_OPENED)
    raw = await log.last_position()
    position = Position(0, None, uuid.uuid4().hex) if raw is None else unpack_position(raw)
    reason = _why_unusable(
        mark,
        None if raw is None else position,
        (partition, app_id),
        clock.now() - tombstone_age_seconds,
    )
    if mark is not None and reason:
        logger.warning("partition %d: local store is rebuilt: %s", partition, reason)
        rows.wipe()
    entries = None if mark is None or reason else index
    if mark is None or reason:
        mark = LocalMark(partition, app_id, None, _FROM_THE_START, clock.now())
    mark = replace(mark, position=position)
    try:
        mark, rows_read = await _read(log, rows, mark, index=entries, clock=clock, faults=faults)
    except ChangelogShorterError as error:
        logger.warning("partition %d: local store is rebuilt: %s", partition, error)
        rows.wipe()
        mark = replace(mark, changelog_next=_FROM_THE_START)
        mark, rows_read = await _read(log, rows, mark, index=None, clock=clock, faults=faults)
    await _check_source(log, position, partition)
    return CaughtUp(mark, position, rows_read)


def _why_unusable(
    mark: LocalMark | None,
    position: Position | None,
    owner: tuple[int, str],
    oldest_written_at: float,
) -> str:
    """Say why the local store is no prefix of the log, empty where it is one (or is new)."""
    if mark is None:
        return ""
    if (mark.partition, mark.app_id) != owner:
        return f"it belongs to partition {mark.partition} of {mark.app_id}"
    if len(mark.changelog_next) != len(TABLES):
        return "it has other tables"
    if mark.position is None:
        return "it was never complete"
    if position is None:
        return "the changelogs are empty"
    if mark.position.log_id != position.log_id:
        return "the changelogs were recreated"
    if mark.position.source_next > position.source_next:
        return "it is ahead of the log"
    if mark.written_at < oldest_written_at:
        return "it is older than the changelogs' tombstones"  # D-84
    return ""


async def _read(
    log: PartitionLog[Any],
    rows: LocalRows,
    mark: LocalMark,
    *,
    index: RowIndexer | None,
    clock: Clock,
    faults: Faults,
) -> tuple[LocalMark, int]:
    """Copy the changelogs' rest into the local store; return the new mark and the row count."""
    following = list(mark.changelog_next)
    count = 0
    async for part in log.read_changelogs(mark.changelog_next):
        prefix = TABLES[part.table].prefix
        found = [(key, value) for key, value in part.rows if not key.startswith(RESERVED)]
        changes = [(prefix + key, value) for key, value in found]
        count += len(changes)
        if index is not None:
            changes += index(part.table, found, part.next_offset)
        following[part.table] = part.next_offset
        mark = replace(mark, changelog_next=tuple(following), written_at=clock.now())
        rows.write(changes, mark, durable=False)
        await faults.reached(FaultPoint.CATCH_UP_WRITTEN)
    if count:
        rows.flush()
    return mark, count


async def _check_source(log: PartitionLog[Any], position: Position, partition: int) -> None:
    """Stop where the next event is gone or cannot be there yet."""
    begin, end = await log.source_range()
    if not begin <= position.source_next <= end:
        raise LaneStop(
            ExitCode.STOPPED,
            f"partition {partition}: the next event is at offset {position.source_next}, but the "
            f"events topic holds {begin} to {end}; restore the topic, nothing is skipped",
        )
