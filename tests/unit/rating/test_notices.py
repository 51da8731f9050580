"""What is told when pools fill up, close, open or change size: all of it, by pool id."""

import pytest

from rating.notices import Watch, compare
from rating.pools import JOINT, Pool, PoolUse, build_pools
from schemas.ledger import PoolChanged, PoolClosed, PoolReopened, PoolThresholdReached
from tests.unit.rating.test_pools import DOMESTIC, INTERNATIONAL, MARCH, grant

TOLD = frozenset({"2021-03"})


def by_id(pools: dict[str, Pool]) -> dict[str, Pool]:
    """Return pools by id, as `compare` takes them."""
    return {pool.id: pool for pool in pools.values()}


def lone_pool(capability: str, capacity: int, used: int = 0) -> Pool:
    """Return a pool without a twin."""
    return Pool(f"DE/{capability}/domestic", MARCH, None, PoolUse(used), capacity=capacity)


def test_every_pool_that_a_call_fills_up_is_told_by_id() -> None:
    """D-41, contracts 3: whatever the order in which they were touched."""
    watch = Watch()
    pools = [lone_pool(name, 10) for name in ("C", "A", "B")]
    for pool in pools:
        watch.touch(pool)
        pool.debit(8)
    expected = [PoolThresholdReached(f"DE/{name}/domestic/2021-03", 80) for name in "ABC"]
    assert expected == watch.records()


@pytest.mark.parametrize("touches", [["B", "A"], ["A", "B"]])
def test_two_pools_are_told_by_id_too(touches: list[str]) -> None:
    """Contracts 3: as three are."""
    watch = Watch()
    for pool in [lone_pool(name, 10) for name in touches]:
        watch.touch(pool)
        pool.debit(8)
    expected = [PoolThresholdReached(f"DE/{name}/domestic/2021-03", 80) for name in "AB"]
    assert expected == watch.records()


@pytest.mark.parametrize(("used", "told"), [(7, []), (8, [80]), (9, [80]), (10, [80, 100])])
def test_a_threshold_is_told_when_it_is_met(used: int, told: list[int]) -> None:
    """D-41: used x 100 >= percent x capacity."""
    watch, pool = Watch(), lone_pool("A", 10)
    watch.touch(pool)
    pool.debit(used)
    assert [PoolThresholdReached(pool.id, percent) for percent in told] == watch.records()


def test_only_the_state_before_the_first_touch_counts() -> None:
    """R-217: a bucket given back and used up again has neither opened nor closed the other."""
    pools = build_pools([(grant(domestic=5, international=5), 1)], {}, MARCH)
    pool, watch = pools[DOMESTIC], Watch()
    pool.debit(5)
    assert pool.thresholds()
    for _ in range(2):
        watch.touch(pool)
        pool.give_back(1)
        watch.touch(pool)
        pool.debit(1)
    assert [] == watch.records()


def test_closings_are_told_by_pool_id() -> None:
    """Contracts 3: of two pools that one event closes, in the order of their ids."""
    watch = Watch()
    pools = [
        build_pools([(grant(capability=name, domestic=5, international=5), 1)], {}, MARCH)
        for name in ("Y", "X")
    ]
    for name, found in zip("YX", pools, strict=True):
        pool = found[f"DE/{name}/domestic"]
        watch.touch(pool)
        pool.debit(5)
    closed = [PoolClosed(f"DE/{name}/international/2021-03", "domestic") for name in "XY"]
    assert closed == watch.records()[-2:]


def test_both_buckets_of_a_plan_are_told_by_the_id_of_the_closed_one() -> None:
    """Contracts 3: `pool.closed` names the bucket that is closed, and goes by that."""
    watch = Watch()
    pools = build_pools([(grant(domestic=5, international=5), 1)], {}, MARCH)
    for key in (DOMESTIC, INTERNATIONAL):
        watch.touch(pools[key])
        pools[key].debit(5)
    assert [
        PoolClosed(f"{DOMESTIC}/2021-03", "international"),
        PoolClosed(f"{INTERNATIONAL}/2021-03", "domestic"),
    ] == watch.records()[-2:]


def test_reopenings_of_several_users_are_told_by_pool_id() -> None:
    """Contracts 3: by the id of what opens, not of what opened it."""
    before, after = {}, {}
    for user in ("b", "a"):
        use = {DOMESTIC: PoolUse(), INTERNATIONAL: PoolUse(5)}
        small, large = grant(domestic=5, international=5), grant(domestic=5, international=9)
        before |= by_id(build_pools([(small, 1)], use, MARCH, user))
        after |= by_id(build_pools([(large, 1)], use, MARCH, user))
    opened = [PoolReopened(f"{DOMESTIC}/2021-03/{user}", "international") for user in "ab"]
    assert opened == compare(before, after, frozenset(), "catalogue")


@pytest.mark.parametrize("capacity", [0, 1])
def test_a_new_pool_is_told_if_it_has_minutes(capacity: int) -> None:
    """D-59: told is a capacity that changed, and none is 0."""
    new = lone_pool("A", capacity)
    expected = [PoolChanged(new.id, 1, 0, 1, "license_assigned")] if capacity else []
    assert expected == compare({}, {new.id: new}, TOLD, "license_assigned")


@pytest.mark.parametrize("capacity", [0, 1])
def test_a_pool_that_is_gone_is_told_if_it_had_minutes(capacity: int) -> None:
    """D-59: as a new one."""
    old = lone_pool("A", capacity)
    expected = [PoolChanged(old.id, 0, 0, 0, "license_removed")] if capacity else []
    assert expected == compare({old.id: old}, {}, TOLD, "license_removed")


def test_a_bucket_whose_plan_lost_its_cap_opens() -> None:
    """R-217, D-79: a catalogue may take the joint cap away; the old twin says what opens it."""
    use = {DOMESTIC: PoolUse(), INTERNATIONAL: PoolUse(5, JOINT)}
    before = by_id(build_pools([(grant(domestic=5, international=5), 1)], use, MARCH))
    free = grant(domestic=5, international=5, joint_cap=False)
    after = by_id(build_pools([(free, 1)], use, MARCH))
    opened = PoolReopened(f"{DOMESTIC}/2021-03", "international")
    assert opened in compare(before, after, TOLD, "catalogue")
