"""Conservation of minutes: what one tenant's ledger says of its pools must add up at every record.

`used` of a pool is known exactly from its first minute on: legs add to it, the difference of a
correction gives back. So whatever a record says of `used`, and `remaining` with it, is checked
strictly.

The capacity is known where a record names or implies it: `pool.changed`, `pool.reset` (its own and
the next month's), and every leg, because a pool that paid had `used + remaining` minutes. Between
two such records it may move in silence, but only in one way: an event of an *earlier* month changes
the later months too and is posted for its own month alone (D-08, D-59). Such a move is expected
after a `pool.changed` of an earlier month. Without one it is still possible (an event that changed
nothing in its own month), so it is a remark, not a fault; `audit replay` decides it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from schemas.ledger import (
    CallRated,
    Leg,
    PoolChanged,
    PoolClosed,
    PoolReopened,
    PoolReset,
    PoolThresholdReached,
)
from streams.audit.form import MINUTE_PURSES, next_month_pool, pool_month


@dataclass(slots=True)
class PoolAccount:
    """What the ledger has said of one pool so far, in minutes; `capacity` None until named."""

    used: int = 0
    capacity: int | None = None
    may_have_moved: bool = True
    known_in_event: int = 0
    closed: bool = False
    reset: bool = False
    thresholds: list[int] = field(default_factory=list)


class PoolBook:
    """The pools of one tenant. Each method yields faults; remarks are collected in `remarks`."""

    def __init__(self) -> None:
        self.pools: dict[str, PoolAccount] = {}
        self.remarks: list[str] = []
        self.event = 0

    def begin_event(self) -> None:
        """Say that the records that follow come from another input event."""
        self.event += 1

    def changed(self, content: PoolChanged) -> Iterator[str]:
        """Take a new capacity; every later month of the tenant may have moved with it."""
        account = self._account(content.pool)
        yield from self._used(content.pool, content.used)
        if account.capacity == content.capacity and not account.may_have_moved:
            text = f"{content.pool}: pool.changed from {account.capacity} to the same"
            self.remarks.append(text)  # a silent move may lie between
        self._know(account, content.capacity)
        month = pool_month(content.pool) or ""
        for pool, other in self.pools.items():
            if (pool_month(pool) or "") > month:
                other.may_have_moved = True

    def reset(self, content: PoolReset) -> Iterator[str]:
        """Close a month: its used minutes are final but for late calls, its rest is discarded."""
        account = self._account(content.pool)
        yield from self._used(content.pool, content.used)
        if account.reset:
            yield f"{content.pool} is reset a second time"
        account.reset = True
        yield from self._says_capacity(content.pool, content.capacity)
        following = next_month_pool(content.pool)
        if following is not None:
            yield from self._says_capacity(following, content.next_capacity)

    def threshold(self, content: PoolThresholdReached) -> Iterator[str]:
        """Check that 80 and 100 percent come once, in this order, when reached (D-41)."""
        account = self._account(content.pool)
        if account.thresholds and account.thresholds[-1] >= content.percent:
            yield f"{content.pool} reaches {content.percent} % after {account.thresholds[-1]} %"
        account.thresholds.append(content.percent)
        known = account.capacity is not None and account.known_in_event == self.event
        if known and account.used * 100 < content.percent * (account.capacity or 0):
            yield (
                f"{content.pool} is said to reach {content.percent} %, "
                f"used are {account.used} of {account.capacity}"
            )

    def cap(self, content: PoolClosed | PoolReopened) -> Iterator[str]:
        """Close a bucket that was open or reopen one that was closed (R-217)."""
        account = self._account(content.pool)
        closes = isinstance(content, PoolClosed)
        if account.closed == closes:
            yield f"{content.pool} is {'closed' if closes else 'reopened'} but it was already"
        account.closed = closes

    def call(self, call: CallRated, old_legs: tuple[Leg, ...]) -> Iterator[str]:
        """Give back what the corrected rating took, then take what this one says it takes."""
        for leg in old_legs:
            if leg.purse in MINUTE_PURSES and leg.pool is not None:
                account = self._account(leg.pool)
                account.used -= leg.minutes
                if account.used < 0:
                    yield f"{leg.pool} gets back more minutes than it gave"
        for leg in call.legs:
            if leg.purse in MINUTE_PURSES and leg.pool is not None:
                yield from self._leg(leg, leg.pool, call)

    def _leg(self, leg: Leg, pool: str, call: CallRated) -> Iterator[str]:
        if pool_month(pool) != call.period:
            yield f"a call of {call.period} took minutes of {pool}"  # invariant 4
        account = self._account(pool)
        if account.closed and call.corrects is None:
            yield f"{pool} paid while the joint cap keeps it closed"
        account.used += leg.minutes
        if leg.remaining is None or leg.remaining < 0:
            yield f"{pool} paid and has {leg.remaining} minutes left"
            return
        # A pool that paid had the minutes, so what is left names its capacity exactly.
        yield from self._says_capacity(pool, account.used + leg.remaining)

    def _used(self, pool: str, used: int) -> Iterator[str]:
        account = self._account(pool)
        if account.used != used:
            yield f"{pool}: used is {used}, the calls before took {account.used}"
            account.used = used  # the next fault shall be a new one

    def _says_capacity(self, pool: str, capacity: int) -> Iterator[str]:
        account = self._account(pool)
        before = account.capacity
        if before is not None and before != capacity:
            text = f"{pool}: the capacity is {capacity} after {before} without pool.changed"
            if account.known_in_event == self.event:
                yield text  # within one event nothing else can have moved it
            elif not account.may_have_moved:
                self.remarks.append(text)
        self._know(account, capacity)

    def _know(self, account: PoolAccount, capacity: int) -> None:
        account.capacity = capacity
        account.may_have_moved = False
        account.known_in_event = self.event

    def _account(self, pool: str) -> PoolAccount:
        account = self.pools.get(pool)
        if account is None:
            account = self.pools[pool] = PoolAccount()
        return account
