"""The position as bytes: the record that ends every transaction, and the local store's mark.

Both are small JSON arrays, written by the same packing as the rows. A version number stands first
so that a later release can tell an old form from a new one.
"""

from typing import Any, Final

from schemas.codec import pack_row, unpack_row
from streams.lane.ports import LocalMark, Position
from streams.lane.stopping import ExitCode, LaneStop

POSITION_FORM: Final = 1
"""Raised when the arrays below change."""


def pack_position(position: Position) -> bytes:
    """Return the position record's value."""
    return pack_row([POSITION_FORM, position.source_next, position.newest_time_us, position.log_id])


def unpack_position(raw: bytes) -> Position:
    """Read a position record; raises LaneStop for one of a later release."""
    form, *fields = _unpack(raw)
    if form != POSITION_FORM or len(fields) != 3:  # noqa: PLR2004 - the fields of Position
        raise LaneStop(
            ExitCode.STOPPED,
            f"the changelog was written in form {form!r}, this release reads {POSITION_FORM}; "
            "run the release that wrote it",
        )
    return Position(*fields)


def pack_mark(mark: LocalMark) -> bytes:
    """Return the value of the local store's mark."""
    position = mark.position
    return pack_row(
        [
            POSITION_FORM,
            mark.partition,
            mark.app_id,
            None
            if position is None
            else [position.source_next, position.newest_time_us, position.log_id],
            list(mark.changelog_next),
            mark.written_at,
        ]
    )


def unpack_mark(raw: bytes) -> LocalMark | None:
    """Read a mark; None where it is of another form, so the store is to be rebuilt."""
    try:
        form, partition, app_id, position, changelog_next, written_at = _unpack(raw)
    except ValueError:
        return None
    if form != POSITION_FORM:
        return None
    return LocalMark(
        partition,
        app_id,
        None if position is None else Position(*position),
        tuple(changelog_next),
        written_at,
    )


def _unpack(raw: bytes) -> list[Any]:
    return unpack_row(raw)
