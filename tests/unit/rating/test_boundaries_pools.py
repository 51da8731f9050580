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
