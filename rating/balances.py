"""What each tenant has now: the balances file (contracts section 4, D-56, D-83)."""

from collections.abc import Iterable
from typing import Any

from rating.acceptance import kept_months
from rating.instants import instant_text
from rating.money import lot_id
from rating.pools import Pool
from rating.rows import TenantRow
from rating.store import Store
from rating.tenant_view import TenantView, may_have_user_pools
from schemas.money import format_money


def balances(store: Store, tenants: Iterable[str]) -> dict[str, Any]:
    """Return `{"tenants": {tenant: …}}` in the form of the balances file.

    Money is text, minutes are ints; whoever writes it sorts the keys. Tenants without a row are
    left out. The rows must have been worked on by a rater since they were read (`Rater.ready`),
    because capacities follow from the catalogue in force.
    """
    found: dict[str, Any] = {}
    for tenant in tenants:
        row = store.get_tenant(tenant)
        if row is not None:
            found[tenant] = {
                "seq": row.seq,
                "hash": row.head.hex(),
                "wallet": _wallet(tenant, row),
                "pools": {pool.id: _pool(pool) for pool in _pools(store, tenant, row)},
            }
    return {"tenants": found}


def _wallet(tenant: str, row: TenantRow) -> dict[str, Any]:
    return {
        "balance": format_money(row.wallet.balance),
        "currency": row.currency,
        "lots": [
            {
                "lot_id": lot_id(tenant, lot.number),
                "remaining": format_money(lot.remaining),
                "expires_at": instant_text(lot.expires_at),
            }
            for lot in row.wallet.lots
            if lot.remaining > 0
        ],
    }


def _pools(store: Store, tenant: str, row: TenantRow) -> list[Pool]:
    view: TenantView | None = row.view
    assert view is not None, "a rater has worked on the row"  # noqa: S101  stays on
    months = kept_months(row)
    pools = [pool for month in months for pool in view.pools(month).values()]
    if may_have_user_pools(row, view.catalogue, row.countries):
        for user_id, subscriber in store.subscribers(tenant):
            for month in months:
                pools += view.user_pools(subscriber, user_id, month).values()
    return [pool for pool in pools if pool.listed]


def _pool(pool: Pool) -> dict[str, Any]:
    return {
        "capacity": pool.capacity,
        "used": pool.use.used,
        "remaining": pool.remaining,
        "closed": pool.closed,
    }
