"""Pools: capacity, use, joint cap, thresholds."""

from typing import Any

import pytest

from rating.catalogue import Grant
from rating.pools import JOINT, Pool, PoolUse, Uses, build_pools, pool_id

MARCH = 2021 * 12 + 2
DOMESTIC, INTERNATIONAL = "DE/MCOPSTN2/domestic", "DE/MCOPSTN2/international"


def grant(**members: Any) -> Grant:
    """Return a grant of a plan with a joint cap in Germany."""
    plain: dict[str, Any] = {
        "capability": "MCOPSTN2",
        "region_group": "DE",
        "domestic": 1200,
        "international": 600,
        "dial_out": None,
        "joint_cap": True,
        "per_user": False,
        "drain_order": 100,
    }
    return Grant(**(plain | members))


def test_capacity_is_licences_times_minutes() -> None:
    """R-212, P07: four licences make 4,800 and 2,400."""
    pools = build_pools([(grant(), 4)], {}, MARCH)
    assert {DOMESTIC: 4800, INTERNATIONAL: 2400} == {k: p.capacity for k, p in pools.items()}


def test_grants_of_one_key_add_up() -> None:
    """D-14c: two kinds of licence may fill one pool."""
    pools = build_pools([(grant(), 1), (grant(domestic=3000), 2)], {}, MARCH)
    assert 7200 == pools[DOMESTIC].capacity


def test_a_pool_id_names_region_plan_bucket_month_and_user() -> None:
    """R-210, R-215: the id has all that tells pools apart."""
    assert "DE/MCOPSTN2/domestic/2021-03" == pool_id(DOMESTIC, MARCH)
    assert "DE/MCOPSTN2/domestic/2021-03/ann" == pool_id(DOMESTIC, MARCH, "ann")


@pytest.mark.parametrize(
    ("key", "user_id", "purse"),
    [
        (DOMESTIC, None, "pool"),
        (DOMESTIC, "ann", "user_pool"),
        ("*/MCOMEETADD/dial_out", None, "dial_out_pool"),
    ],
)
def test_a_pool_knows_its_purse(key: str, user_id: str | None, purse: str) -> None:
    """The leg's purse follows from the pool."""
    assert purse == Pool(key, MARCH, user_id, PoolUse()).purse


def test_remaining_is_never_negative() -> None:
    """R-219: licences taken away leave zero."""
    assert [0, 2] == [
        Pool(DOMESTIC, MARCH, None, PoolUse(5), capacity=capacity).remaining for capacity in (3, 7)
    ]


def joint(domestic: PoolUse, international: PoolUse) -> dict[str, Pool]:
    """Return both buckets of one licence."""
    return build_pools([(grant(), 1)], {DOMESTIC: domestic, INTERNATIONAL: international}, MARCH)


def test_a_bucket_used_up_closes_the_other() -> None:
    """R-217, C16: international at zero closes domestic."""
    pools = joint(PoolUse(500), PoolUse(600))
    assert [True, False] == [pools[DOMESTIC].closed, pools[INTERNATIONAL].closed]


def test_a_bucket_with_a_minute_left_closes_nothing() -> None:
    """D-40: only when remaining is zero."""
    pools = joint(PoolUse(500), PoolUse(599))
    assert [False, False] == [pool.closed for pool in pools.values()]


def test_a_bucket_never_used_closes_nothing() -> None:
    """D-40: capacity zero without use does not close."""
    pools = build_pools([(grant(international=0), 1)], {}, MARCH)
    assert not pools[DOMESTIC].closed


def test_plans_without_joint_cap_stay_apart() -> None:
    """R-218, A-02: only one D+I licence has the cap."""
    uses: Uses = {INTERNATIONAL: PoolUse(600)}
    pools = build_pools([(grant(joint_cap=False), 1)], uses, MARCH)
    assert not pools[DOMESTIC].closed


def test_the_cap_holds_after_the_last_licence_is_gone() -> None:
    """D-40: also by a licence removal."""
    uses: Uses = {DOMESTIC: PoolUse(3, JOINT)}
    pools = build_pools([], uses, MARCH)
    assert [False, True] == [pools[DOMESTIC].closed, pools[INTERNATIONAL].closed]


def test_a_used_pool_without_licences_is_listed() -> None:
    """D-56: capacity or use."""
    pools = build_pools([], {DOMESTIC: PoolUse(3), "GB/MCOPSTN1/domestic": PoolUse()}, MARCH)
    assert [DOMESTIC] == [key for key, pool in pools.items() if pool.listed]


@pytest.mark.parametrize(
    ("used", "percents"),
    [(959, []), (960, [80]), (1199, [80]), (1200, [80, 100]), (9999, [80, 100])],
)
def test_thresholds_are_reached_at_80_and_100_percent(used: int, percents: list[int]) -> None:
    """R-220, D-41: used x 100 >= p x capacity, 80 before 100."""
    pool = Pool(DOMESTIC, MARCH, None, PoolUse(used), capacity=1200)
    assert percents == [record.percent for record in pool.thresholds()]


def test_a_threshold_is_told_once() -> None:
    """D-41: once per pool, percent and month, also after minutes came back."""
    pool = Pool(DOMESTIC, MARCH, None, PoolUse(1000), capacity=1200)
    pool.thresholds()
    pool.give_back(500)
    pool.debit(500)
    assert [] == pool.thresholds()


def test_a_pool_without_capacity_has_no_threshold() -> None:
    """D-41: capacity > 0."""
    assert [] == Pool(DOMESTIC, MARCH, None, PoolUse(5)).thresholds()


def test_a_debit_beyond_the_capacity_is_our_own_bug() -> None:
    """Invariant 2: used never exceeds what the pool had."""
    with pytest.raises(AssertionError):
        Pool(DOMESTIC, MARCH, None, PoolUse(1), capacity=3).debit(3)


@pytest.mark.parametrize("minutes", [0, 2])
def test_giving_back_more_than_was_used_is_our_own_bug(minutes: int) -> None:
    """Invariant 2: used never falls below zero."""
    with pytest.raises(AssertionError):
        Pool(DOMESTIC, MARCH, None, PoolUse(1), capacity=3).give_back(minutes)


def test_passed_over_tells_the_minutes_there_were() -> None:
    """Contracts 3: `before` is what the purse had then, not earlier."""
    pool = Pool(DOMESTIC, MARCH, None, PoolUse(), capacity=3)
    pool.passed_over("not_for_this_class")
    pool.debit(2)
    assert (1, "not_for_this_class") == (
        pool.passed_over("not_for_this_class").before,
        pool.passed_over("not_for_this_class").why,
    )
    assert "exhausted" == pool.passed_over("exhausted").why


def test_a_grant_names_a_pool_for_each_bucket() -> None:
    """The keys that a user holds are those that his grants fill."""
    assert [DOMESTIC, INTERNATIONAL] == [key for key, _ in grant().shares]
    dial_out = grant(
        capability="X", region_group="*", domestic=None, international=None, dial_out=60
    )
    assert (("*/X/dial_out", 60),) == dial_out.shares
