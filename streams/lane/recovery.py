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

One thing a rebuild cannot mend is a log that lost records itself: rating on would charge calls
twice. The worker refuses to go on instead, and each loss shows in its own way:

- a changelog that was cut or made anew no longer begins with the log's id, which the first
  transaction wrote into each of them;
- one that lost its end is shorter than a local copy of no later position;
- where all of them lost their end, the ledger or the dead letters know more than the rows, so
  their newest records are compared with row and position (`PartitionLane._cross_check`).
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
from streams.tables.declaration import LOG_KEY, RESERVED, TABLES, TENANTS

logger = logging.getLogger(__name__)

RowIndexer = Callable[[int, list[Change], int], list[Change]]
"""Returns local entries for a table's rows, read up to an offset of its changelog."""

RESTORE: Final = (
    "Restore the topic, or start anew with a new TOLLSTREAM_APP_ID, ledger topic and dead-letter "
    "topic: the events topic holds all that is needed"
)
"""What an operator can do about a log that lost records."""

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
    await _check_heads(log, raw, position.log_id, partition)
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
        # The copy's position is no later than the log's, so the log once was as long as the copy.
        raise LaneStop(
            ExitCode.STOPPED, f"partition {partition}: {error}: it lost records. {RESTORE}"
        ) from error
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


async def _check_heads(
    log: PartitionLog[Any], raw: bytes | None, log_id: str, partition: int
) -> None:
    """Stop where a changelog does not begin with the log's id, or holds rows of no position."""
    wanted = None if raw is None else (LOG_KEY, log_id.encode())
    heads = await log.changelog_heads()
    wrong = [table.name for table, head in zip(TABLES, heads, strict=True) if head != wanted]
    if not wrong:
        return
    if await log.last_position() != raw:
        raise LaneStop(
            ExitCode.FENCED, f"partition {partition}: another worker took over during the catch-up"
        )
    lost = (
        f"the changelog of {TENANTS.name} holds no position, but that of {', '.join(wrong)} rows"
        if raw is None
        else f"the changelog of {', '.join(wrong)} does not begin as it was begun"
    )
    raise LaneStop(
        ExitCode.STOPPED, f"partition {partition}: {lost}: it was cut or made anew. {RESTORE}"
    )


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
    # Also where nothing was read: what an interrupted catch-up wrote is in no write-ahead log, and
    # the first chunk's mark, which is, must not outlive it.
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
