"""A pool is listed as long as there is anything to tell of it."""

import pytest

from rating.catalogue import Grant
from rating.pools import Pool, PoolUse, build_pools


@pytest.mark.parametrize(
    ("capacity", "used", "listed"), [(0, 0, False), (1, 0, True), (0, 1, True), (1, 1, True)]
)
def test_a_pool_with_capacity_or_use_is_listed(*, capacity: int, used: int, listed: bool) -> None:
    """D-42, D-56: one minute of either is enough."""
    use = PoolUse(used)
    pool = Pool("US/MCOPSTN1/domestic", 2021 * 12 + 2, None, use, capacity=capacity)
    assert listed is pool.listed


@pytest.mark.parametrize(
    ("capacity", "used", "ended"),
    [(0, 0, False), (1, 0, False), (1, 1, True), (0, 1, True), (2, 1, False), (2, 2, True)],
)
def test_a_bucket_has_ended_with_its_last_minute(*, capacity: int, used: int, ended: bool) -> None:
    """D-40: one minute used and none left is an end, nothing used is none."""
    pool = Pool("US/MCOPSTN2/domestic", 2021 * 12 + 2, None, PoolUse(used), capacity=capacity)
    assert ended is pool.ended


@pytest.mark.parametrize(
    ("capacity", "used", "percents"),
    [
        (1, 1, [80, 100]),
        (7, 5, []),
        (7, 6, [80]),
        (7, 7, [80, 100]),
        (3000, 2399, []),
        (3000, 2400, [80]),
        (3000, 2999, [80]),
        (3000, 3000, [80, 100]),
        (0, 5, []),
    ],
)
def test_a_threshold_is_met_to_the_minute(capacity: int, used: int, percents: list[int]) -> None:
    """D-41: used x 100 >= percent x capacity, for pools with a capacity, told once."""
    pool = Pool("US/X/domestic", 2021 * 12 + 2, None, PoolUse(), capacity=capacity)
    pool.use.used = used
    told = [notice.percent for notice in pool.thresholds()]
    assert (percents, []) == (told, pool.thresholds())
    assert pool.warn_at > used, "it is looked at again when the next one may be met"


def test_a_pool_with_less_than_nothing_left_had_none() -> None:
    """R-219: licences were taken away, `before` is 0."""
    pool = Pool("US/X/domestic", 2021 * 12 + 2, None, PoolUse(7), capacity=5)
    assert 0 == pool.passed_over("exhausted").before == pool.remaining


def test_a_pool_is_drained_in_its_plans_order() -> None:
    """D-16: the catalogue's order goes with the pool."""
    grant = Grant(
        capability="X",
        region_group="US",
        domestic=5,
        international=None,
        dial_out=None,
        joint_cap=False,
        per_user=False,
        drain_order=7,
    )
    (pool,) = build_pools([(grant, 1)], {}, 2021 * 12 + 2).values()
    assert 7 == pool.drain_order
