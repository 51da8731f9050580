"""The event `period.started`: posts what the end of months has done (R-216, D-42).

Pools are keyed by month, so every charge is right without this event; it makes the reset visible,
closes the acceptance of old months (D-18) and lets them leave the rows (D-83).
"""

from rating.acceptance import ACCEPTANCE_MONTHS
from rating.calendar import parse_month
from rating.kit import Kit, Records, refuse
from rating.pools import Pool, pool_id
from rating.rows import TenantRow
from rating.store import Store
from rating.tenant_view import TenantView, may_have_user_pools
from schemas.dead_letter import Reason, Refusal
from schemas.envelope import Event
from schemas.ledger import PoolReset
from schemas.timers import PeriodStarted


def period_started(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: PeriodStarted
) -> Records | Refusal:
    """Post the resets of all months before the period that are not yet posted."""
    view = kit.view(row)
    period = parse_month(data.period)
    if view.zone.month_start(period) > event.time:
        return refuse(event, Reason.NOT_DUE, "the period has not begun at the event's time")
    if row.newest is not None and period <= row.newest:
        return []
    resets: list[PoolReset] = []
    for month in _unposted(row, period):
        resets += _resets(store, view, event.tenant, month)
    row.newest = period
    row.latest = period if row.latest is None else max(row.latest, period)
    _forget(row, period - ACCEPTANCE_MONTHS)
    return [*resets]


def _unposted(row: TenantRow, period: int) -> list[int]:
    """Return the months before the period whose reset was not posted, and note that it is now.

    Posted are the months from `posted_from` to before `newest`: none where periods began that lie
    before all that was seen. An event may have shown an earlier month since then; it is made up for
    if it is still kept.
    """
    first, newest, posted_from = row.earliest, row.newest, row.posted_from
    assert first is not None, "the tenant's configuration had a time"  # noqa: S101  stays on
    if newest is not None:
        first = max(first, newest - ACCEPTANCE_MONTHS)
    if newest is None or posted_from is None or posted_from >= newest:
        row.posted_from = min(first, period)
        return list(range(first, period))
    row.posted_from = min(first, posted_from)
    return [*range(first, posted_from), *range(newest, period)]


def _resets(store: Store, view: TenantView, tenant: str, month: int) -> list[PoolReset]:
    """Return the resets of one month, of shared and of users' own pools, by pool id."""
    ended, following = view.pools(month), view.pools(month + 1)
    resets = [
        _reset(pool, pool_id(key, month + 1), following.get(key))
        for key, pool in ended.items()
        if pool.listed
    ]
    row = view.row
    if may_have_user_pools(row, view.catalogue, row.countries):
        for user_id, subscriber in store.subscribers(tenant):
            own = view.user_pools(subscriber, user_id, month)
            if own:
                next_own = view.user_pools(subscriber, user_id, month + 1)
                resets += [
                    _reset(pool, pool_id(key, month + 1, user_id), next_own.get(key))
                    for key, pool in own.items()
                    if pool.listed
                ]
    return sorted(resets, key=lambda reset: reset.pool)


def _reset(pool: Pool, next_id: str, following: Pool | None) -> PoolReset:
    next_capacity = 0 if following is None else following.capacity
    return PoolReset(pool.id, pool.capacity, pool.use.used, pool.remaining, next_id, next_capacity)


def _forget(row: TenantRow, oldest: int) -> None:
    """Drop what only months before the oldest accepted one need (D-83)."""
    row.uses = {month: uses for month, uses in row.uses.items() if month >= oldest}
    row.countries = row.countries.pruned(oldest)
    licences: dict[tuple[str, str | None], dict[int, int]] = {}
    for key, changes in row.licences.items():
        kept: dict[int, int] = {}
        for month, step in sorted(changes.items()):
            since = max(month, oldest)
            kept[since] = kept.get(since, 0) + step
        kept = {month: step for month, step in kept.items() if step}
        if kept:
            licences[key] = kept
    row.licences = licences
    row.view = None
