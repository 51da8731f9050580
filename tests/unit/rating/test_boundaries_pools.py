"""A pool is listed as long as there is anything to tell of it."""

import pytest

from rating.pools import Pool, PoolUse


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
