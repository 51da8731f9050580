"""Credits for everybody are credits for everybody's conferences too; so is each right of them."""

from typing import Any

import pytest

from rating.pools import Pool, PoolUse
from rating.purses import Entitlement, Family
from rating.rows import DEFAULT_SETTINGS

MARCH = 2021 * 12 + 2


@pytest.mark.parametrize(("for_all", "outcome"), [(True, "rated"), (False, "blocked")])
def test_credits_for_all_users_pay_conference_dial_out(
    scenario: Any, *, for_all: bool, outcome: str
) -> None:
    """D-06, A-09: an organiser without any licence may dial out, and credits pay."""
    scenario.tenant("US", credits_for_all_users=for_all)
    scenario.buy("5")
    call = scenario.call("ann", call_type="conf_out")
    assert (outcome, None if for_all else "no_plan") == (call.outcome, call.reason)
    assert (["credits"] if for_all else []) == [leg.purse for leg in call.legs]


@pytest.mark.parametrize(
    ("right", "may"),
    [
        ("dial_out_pool", True),
        ("dial_out_us", True),
        ("dial_out_per_minute", True),
        ("conference_credits", True),
        ("credits", False),
        ("payg", False),
    ],
)
def test_each_conference_right_lets_an_organiser_dial_out(right: str, *, may: bool) -> None:
    """D-06: any of them does; a calling plan and its credits do not."""
    assert may == entitled(right).may_dial_out


def entitled(*rights: str, pools: tuple[Pool, ...] = ()) -> Entitlement:
    """Return what a user of these rights and pools may use."""
    return Entitlement(
        MARCH,
        "US",
        DEFAULT_SETTINGS,
        rights=frozenset(rights),
        has_plan=True,
        pools=pools,
        subscriber=None,
        user_id=None,
    )


@pytest.mark.parametrize(
    ("family", "right", "postpaid"),
    [
        ("domestic", "credits", True),
        ("international", "credits", True),
        ("out_of_plan", "credits", True),
        ("premium", "credits", False),  # R-311, D-26
        ("conference_in_zone", "conference_credits", True),
        ("conference", "conference_credits", True),
        ("conference_premium", "conference_credits", False),  # D-34, D-26
    ],
)
def test_each_family_draws_on_credits_by_its_right(
    family: Family, right: str, *, postpaid: bool
) -> None:
    """R-315, D-07: the one right and no other; premium is never post-paid."""
    other = {"credits": "conference_credits", "conference_credits": "credits"}[right]
    drawn = [entitled(*rights).purses(family) for rights in ((right,), (other,), ())]
    assert [True, False, False] == [purses.may_use_credits for purses in drawn]
    assert [postpaid] * 3 == [purses.postpaid for purses in drawn]


def test_a_toll_free_call_needs_no_right() -> None:
    """R-402, D-25: it draws on the wallet, then on post-paid."""
    purses = entitled().purses("toll_free")
    assert (True, True, ()) == (purses.may_use_credits, purses.postpaid, purses.minutes)


def test_the_users_own_bucket_pays_first_and_the_others_stand_by_id() -> None:
    """R-312, D-16: then by drain order, ties by capability."""

    def pool(key: str, order: int, user_id: str | None = None) -> Pool:
        return Pool(key, MARCH, user_id, PoolUse(), capacity=9, drain_order=order)

    held = (
        pool("US/D/international", 0),
        pool("US/B/domestic", 100),
        pool("US/A/domestic", 100),
        pool("US/C/domestic", 7),
        pool("US/B/international", 1),
        pool("US/Z/domestic", 200, "ann"),
    )
    purses = entitled(pools=held).purses("domestic")
    assert ["Z", "C", "A", "B"] == [pool.capability for pool in purses.minutes]
    assert ["B", "D"] == [pool.capability for pool in purses.others]
