"""Pools of minutes: capacity by folding licences, use by adding up the legs of the calls."""

from dataclasses import dataclass

from tests.model import clock
from tests.model.plans import DIAL_OUT, REGION_GROUP
from tests.model.tenant import Tenant

OTHER_BUCKET = {"domestic": "international", "international": "domestic"}


@dataclass(frozen=True)
class Pool:
    """One pool at one moment."""

    capacity: int
    used: int
    closed: bool

    @property
    def remaining(self) -> int:
        """Minutes left (R-219)."""
        return max(0, self.capacity - self.used)


def pool_id(
    tenant: Tenant, month: str, user: tuple[str | None, str], code: str, bucket: str
) -> str:
    """Name the pool that a licence at this location feeds (R-210, R-211, R-215, contracts 3)."""
    user_id, location = user
    group = "*" if bucket == "dial_out" else REGION_GROUP.get(location, location)
    name = f"{group}/{code}/{bucket}/{month}"
    return f"{name}/{user_id}" if tenant.catalogue.plans[code].per_user else name


def month_in(pool: str) -> str:
    """Return the month of a pool id."""
    return pool.split("/", 4)[3]


def in_month(pool: str, month: str) -> str:
    """Name the same pool of another month."""
    parts = pool.split("/", 4)
    parts[3] = month
    return "/".join(parts)


def in_bucket(pool: str, bucket: str) -> str:
    """Name the other bucket of the same plan."""
    parts = pool.split("/", 4)
    parts[2] = bucket
    return "/".join(parts)


def capacities(tenant: Tenant, month: str) -> dict[str, int]:
    """Add up the minutes of all assigned licences as of this month (R-212, R-219, D-08)."""
    found: dict[str, int] = {}
    start = tenant.month_start(month)
    for user_id, user in tenant.users(month).items():
        for licence in user.licences:
            code = tenant.catalogue.plan_of(licence, user.location)
            minutes = tenant.catalogue.minutes(licence, user.location, start)
            for bucket, count in minutes.items():
                pool = pool_id(tenant, month, (user_id, user.location), code, bucket)
                found[pool] = found.get(pool, 0) + count
    return found


def used(tenant: Tenant) -> dict[str, int]:
    """Add up the minutes that calls, as they are rated now, took from pools."""
    found: dict[str, int] = {}
    for call in tenant.calls:
        for leg in call.rating.legs:
            if leg.pool:
                found[leg.pool] = found.get(leg.pool, 0) + leg.minutes
    return found


def snapshot(tenant: Tenant, months: list[str]) -> dict[str, Pool]:
    """Work out every pool of these months that has capacity or was used, or its other bucket."""
    capacity: dict[str, int] = {}
    for month in months:
        capacity |= capacities(tenant, month)
    use = {pool: count for pool, count in used(tenant).items() if month_in(pool) in months}
    found = {}
    for pool in sorted({*capacity, *use, *other_buckets(tenant, use)}):
        closed = is_closed(tenant, pool, capacity, use)
        found[pool] = Pool(capacity.get(pool, 0), use.get(pool, 0), closed)
    return found


def listed(pools: dict[str, Pool]) -> dict[str, Pool]:
    """Keep the pools that a reset or the balances file names (D-42, D-56)."""
    return {name: pool for name, pool in pools.items() if pool.capacity > 0 or pool.used > 0}


def other_buckets(tenant: Tenant, use: dict[str, int]) -> list[str]:
    """Name the other bucket of each used one under a joint cap: it may be closed (D-40)."""
    return [
        in_bucket(pool, OTHER_BUCKET[pool.split("/", 4)[2]])
        for pool in use
        if tenant.catalogue.plans[pool.split("/", 4)[1]].joint_cap
    ]


def is_closed(tenant: Tenant, pool: str, capacity: dict[str, int], use: dict[str, int]) -> bool:
    """Tell whether the joint cap closes this bucket: the other was used to its end (D-40)."""
    _, code, bucket, *_ = pool.split("/", 4)
    if not tenant.catalogue.plans[code].joint_cap:
        return False
    other = in_bucket(pool, OTHER_BUCKET[bucket])
    return use.get(other, 0) > 0 and capacity.get(other, 0) <= use[other]


def look_up(tenant: Tenant, pool: str) -> Pool:
    """Work out one pool."""
    return snapshot(tenant, [month_in(pool)]).get(pool, Pool(0, 0, closed=False))


def pools_of_user(tenant: Tenant, user_id: str | None, month: str) -> list[tuple[str, str, str]]:
    """List (pool id, capability, bucket) of all minute purses the user may ever use (R-214)."""
    user = tenant.user(user_id, month)
    found = set()
    for licence in user.licences:
        code = tenant.catalogue.plan_of(licence, user.location)
        for bucket in tenant.catalogue.minutes(licence, user.location, tenant.month_start(month)):
            pool = pool_id(tenant, month, (user_id, user.location), code, bucket)
            found.add((pool, code, bucket))
    return sorted(found)


def has_calling_plan(tenant: Tenant, user_id: str | None, month: str) -> bool:
    """Tell whether the user has a plan with a catalogue row for where he is (D-06)."""
    return any(code != DIAL_OUT for _, code, _ in pools_of_user(tenant, user_id, month))


def resets(tenant: Tenant, period: str) -> list[dict[str, object]]:
    """List the resets that a started period makes, month by month, by pool id (R-216, D-42)."""
    first = max(tenant.earliest_month(), tenant.oldest_accepted() or "")
    found = []
    for month in clock.months_between(first, period):
        if month in tenant.reset_months:
            continue
        following = clock.month_plus(month, 1)
        next_capacity = capacities(tenant, following)
        for name, pool in listed(snapshot(tenant, [month])).items():
            next_name = in_month(name, following)
            found.append(
                {
                    "pool": name,
                    "capacity": pool.capacity,
                    "used": pool.used,
                    "discarded": pool.remaining,
                    "next_pool": next_name,
                    "next_capacity": next_capacity.get(next_name, 0),
                }
            )
    return found
