"""What is told when pools fill up, close, open or change size (R-217, R-220, D-40, D-41, D-59).

Two ways lead here. A call or its correction touches a few pools and leaves their sizes: `Watch`
remembers how each was before its first touch. A change of licences, settings or catalogue leaves
what is used but may change any size: `compare` sees the pools of the old view and of the new one.
Both compare the state before the whole event with the state after it, so a correction that gives
back and takes again tells nothing that did not last.

Records come by kind and within a kind by pool id, in the order of contracts section 3.
"""

from collections.abc import Mapping
from typing import TypeAlias

from rating.pools import Pool
from schemas.ledger import Bucket, LedgerData, PoolChanged, PoolClosed, PoolReason, PoolReopened


class Watch:
    """The pools that one event uses or gives back to, with how they were before."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before: list[tuple[Pool, bool]] = []

    def touch(self, pool: Pool) -> None:
        """Remember a pool before it changes; only the first touch counts."""
        for known, _ in self._before:
            if known is pool:
                return
        self._before.append((pool, pool.ended))

    def records(self) -> list[LedgerData]:
        """Return what is to be told, after all changes."""
        touched = self._before
        if len(touched) > 1:
            touched.sort(key=lambda item: item[0].id)
        notices: list[LedgerData] = []
        switched: list[_Switch] = []
        for pool, ended_before in touched:
            if pool.use.used >= pool.warn_at:
                notices += pool.thresholds()
            if pool.twin is not None and pool.ended != ended_before:
                switched.append((pool.twin.id, pool.bucket, pool.ended))
        return notices + _tell(switched) if switched else notices


_Switch: TypeAlias = tuple[str, Bucket, bool]
"""A pool's id, the bucket by which it closes or opens, and whether it is closed now."""


def _tell(switched: list[_Switch]) -> list[LedgerData]:
    """Return closings, then reopenings, each by pool id."""
    switched.sort()
    closed = [PoolClosed(pool_id, by) for pool_id, by, is_closed in switched if is_closed]
    reopened = [PoolReopened(pool_id, by) for pool_id, by, is_closed in switched if not is_closed]
    return [*closed, *reopened]


def compare(
    before: Mapping[str, Pool],
    after: Mapping[str, Pool],
    told_months: frozenset[str],
    reason: PoolReason,
) -> list[LedgerData]:
    """Return what changed sizes lead to.

    `before` and `after` are pools by id of the same months, from the old and the new view;
    `pool.changed` is told of pools whose id's month is in `told_months` (D-59, D-79).
    """
    changed: list[LedgerData] = []
    thresholds: list[LedgerData] = []
    switched: list[_Switch] = []
    for pool_id in sorted(before.keys() | after.keys()):
        old, new = before.get(pool_id), after.get(pool_id)
        pool = new or old
        assert pool is not None, "the id is of one of both"  # noqa: S101  stays on
        capacity = 0 if new is None else new.capacity
        if capacity != (0 if old is None else old.capacity):
            if pool.month in told_months:
                left = max(0, capacity - pool.use.used)
                changed.append(PoolChanged(pool_id, capacity, pool.use.used, left, reason))
            if new is not None:
                thresholds += new.thresholds()  # D-41
        was_closed = old is not None and old.closed
        is_closed = new is not None and new.closed
        if was_closed != is_closed:
            twin = pool.twin or (old.twin if old is not None else None)
            assert twin is not None, "only a bucket with a twin closes"  # noqa: S101  stays on
            switched.append((pool_id, twin.bucket, is_closed))
    return [*changed, *thresholds, *_tell(switched)]
