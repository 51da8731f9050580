"""Minute pools: who shares them, how large they are, and when one closes the other.

Theory. A pool is named by region group, capability, bucket and month (R-210), a per-user bucket by
the user as well (R-215, D-67). Stored is only what calls have *used* of it, and which notices were
sent (`PoolUse`). Its *capacity* is never stored: it follows from the licences and settings of its
month and the catalogue in force (R-212, R-219), so nothing has to be kept in step. A `Pool` joins
both for one month, and is thrown away whenever anything changes that capacities follow from.

The joint cap (R-217): two buckets of one plan end together. A bucket has *ended* when minutes of it
were used and none remain; then the other one, its `twin`, is closed (D-40). Being closed is seen,
not stored, so it opens again by itself when minutes come back.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Final, Literal, cast

from mypy_extensions import mypyc_attr

from rating.calendar import month_text
from rating.catalogue import Grant
from schemas.ledger import (
    Bucket,
    PassedOver,
    PoolThresholdReached,
    PurseKind,
    Why,
)

PERCENTS: Final[tuple[tuple[Literal[80, 100], int], ...]] = ((80, 1), (100, 2))
"""Thresholds in percent (R-220, D-41) and the bit of `PoolUse.marks` that says it was posted."""
ALL_POSTED: Final = 3
NEVER: Final = sys.maxsize
"""More minutes than any pool can have."""
JOINT: Final = 4
"""Bit of `PoolUse.marks`: the plan had a joint cap, known also when its last licence is gone."""

_TWINS: Final[Mapping[str, str]] = {"domestic": "international", "international": "domestic"}


@mypyc_attr(acyclic=True)
class PoolUse:
    """What is stored of a pool: minutes used, and `marks` (posted thresholds, joint cap)."""

    __slots__ = ("marks", "used")

    def __init__(self, used: int = 0, marks: int = 0) -> None:
        self.used = used
        self.marks = marks


Uses = dict[str, PoolUse]
"""Pool key (`<region group>/<capability>/<bucket>`) to what is used of it, in one month."""


@mypyc_attr(acyclic=True)
class Twin:
    """The other bucket of a plan under a joint cap, as its pool sees it; it refers to no pool."""

    __slots__ = ("bucket", "capacity", "id", "use")

    def __init__(self, pool: "Pool") -> None:
        self.id = pool.id
        self.bucket = pool.bucket
        self.capacity = pool.capacity
        self.use = pool.use

    @property
    def ended(self) -> bool:
        """Whether the bucket holds its pool closed (D-40)."""
        return _has_ended(self.use, self.capacity)


class Pool:
    """One bucket in one month, with the capacity that follows from the state it was made from."""

    __slots__ = (
        "_passed",
        "bucket",
        "capability",
        "capacity",
        "drain_order",
        "id",
        "key",
        "month",
        "purse",
        "twin",
        "use",
        "warn_at",
    )

    def __init__(
        self,
        key: str,
        month: int,
        user_id: str | None,
        use: PoolUse,
        *,
        capacity: int = 0,
        drain_order: int = 0,
    ) -> None:
        _, self.capability, bucket = key.split("/")
        self.bucket = cast("Bucket", bucket)
        self.key = key
        self.month = month_text(month)
        self.id = pool_id(key, month, user_id)
        self.purse: PurseKind = (
            "dial_out_pool"
            if bucket == "dial_out"
            else ("user_pool" if user_id is not None else "pool")
        )
        self.capacity = capacity
        self.drain_order = drain_order
        self.use = use
        self.twin: Twin | None = None
        self.warn_at = self._next_threshold()
        self._passed: PassedOver | None = None

    @property
    def remaining(self) -> int:
        """Minutes left; never below zero when licences were taken away (R-219)."""
        left = self.capacity - self.use.used
        return max(0, left)

    @property
    def ended(self) -> bool:
        """Whether minutes were used and none are left; a pool never used has not ended (D-40)."""
        return _has_ended(self.use, self.capacity)

    @property
    def closed(self) -> bool:
        """Whether the joint cap holds it closed (R-217, D-40)."""
        return self.twin is not None and self.twin.ended

    @property
    def listed(self) -> bool:
        """Whether there is anything to tell of it (D-42, D-56)."""
        return self.capacity > 0 or self.use.used > 0

    def passed_over(self, why: Why) -> PassedOver:
        """Return why the pool gave nothing, with the minutes it had."""
        passed = self._passed
        remaining = self.capacity - self.use.used
        remaining = max(remaining, 0)
        if passed is None or passed.before != remaining or passed.why != why:
            passed = self._passed = PassedOver(self.purse, self.id, remaining, why)
        return passed

    def debit(self, minutes: int) -> None:
        """Use minutes that are there."""
        used = self.use.used + minutes
        assert minutes > 0, "a leg has minutes"  # noqa: S101  stays on
        assert used <= self.capacity, "a pool never gives more than it has"  # noqa: S101  stays on
        self.use.used = used

    def give_back(self, minutes: int) -> None:
        """Take back minutes that a corrected call had used (R-701)."""
        assert 0 < minutes <= self.use.used, "only what was used comes back"  # noqa: S101  stays on
        self.use.used -= minutes

    def thresholds(self) -> list[PoolThresholdReached]:
        """Mark and return the thresholds that are newly reached (D-41)."""
        reached: list[PoolThresholdReached] = []
        if self.use.used >= self.warn_at:
            for percent, mark in PERCENTS:
                if not self.use.marks & mark and self._reached(percent):
                    self.use.marks |= mark
                    reached.append(PoolThresholdReached(self.id, percent))
            self.warn_at = self._next_threshold()
        return reached

    def _reached(self, percent: int) -> bool:
        return self.use.used * 100 >= percent * self.capacity

    def _next_threshold(self) -> int:
        """Return the used minutes at which the next threshold is reached, `NEVER` without one."""
        if self.capacity > 0:
            for percent, mark in PERCENTS:
                if not self.use.marks & mark:
                    return -(-percent * self.capacity // 100)
        return NEVER


def _has_ended(use: PoolUse, capacity: int) -> bool:
    return use.used > 0 and use.used >= capacity


def pool_id(key: str, month: int, user_id: str | None = None) -> str:
    """Return a pool's id in the ledger (contracts section 3)."""
    end = "" if user_id is None else f"/{user_id}"
    return f"{key}/{month_text(month)}{end}"


class _Size:
    """The capacity of a pool while licences are counted."""

    __slots__ = ("drain_order", "joint", "minutes")

    def __init__(self) -> None:
        self.minutes = 0
        self.joint = False
        self.drain_order = 0


def _sizes(grants: Iterable[tuple[Grant, int]]) -> dict[str, _Size]:
    sizes: dict[str, _Size] = {}
    for grant, count in grants:
        for key, minutes in grant.shares:
            size = sizes.get(key)
            if size is None:
                size = sizes[key] = _Size()
            size.minutes += minutes * count
            size.joint = grant.joint_cap
            size.drain_order = grant.drain_order
    return sizes


def build_pools(
    grants: Iterable[tuple[Grant, int]], uses: Uses, month: int, user_id: str | None = None
) -> dict[str, Pool]:
    """Return the pools of one month by key.

    `grants` are what assigned licences give, with how many of each; `uses` what was used, which
    gets an entry for every pool. Pools without licences but with used minutes are there as well,
    and the other bucket of those under a joint cap.
    """
    pools: dict[str, Pool] = {}
    for key, size in _sizes(grants).items():
        use = uses.get(key)
        if use is None:
            use = uses[key] = PoolUse()
        use.marks = use.marks | JOINT if size.joint else use.marks & ~JOINT
        pools[key] = Pool(
            key, month, user_id, use, capacity=size.minutes, drain_order=size.drain_order
        )
    for key, use in uses.items():
        if use.used and key not in pools:
            pools[key] = Pool(key, month, user_id, use)
    for key, pool in list(pools.items()):
        twin = _TWINS.get(pool.bucket)
        if twin is not None and pool.use.marks & JOINT:
            twin_key = f"{key.rpartition('/')[0]}/{twin}"
            other = pools.get(twin_key)
            if other is None:
                # Its licences are gone and it was never used, and still it closes (D-40).
                other = pools[twin_key] = Pool(twin_key, month, user_id, PoolUse(marks=JOINT))
                other.twin = Twin(pool)
            pool.twin = Twin(other)
    return pools
