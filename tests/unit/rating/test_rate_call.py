"""What calls cost, by the worked cases of domain 8.2 and the decisions behind them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.calls import CALL_TYPES
from schemas.ledger import CallRated, Leg
from schemas.money import format_money

PARIS, LONDON, SEATTLE = "+33142680000", "+442071838750", "+12065550123"
CUBA, ZAMBIA = "+5352123456", "+260977123456"
NOON = datetime(2021, 3, 10, 12, tzinfo=UTC)
FREE_TOLL = "+18005550123"
DOMESTIC = "US/MCOPSTN1/domestic/2021-03"


def facts(rated: CallRated) -> tuple[str, str | None, str]:
    """Return outcome, reason and charge."""
    return rated.outcome, rated.reason, format_money(rated.charge)


def shares(rated: CallRated) -> list[tuple[str, int]]:
    """Return purse and minutes of each leg."""
    return [(leg.purse, leg.minutes) for leg in rated.legs]


def why(rated: CallRated) -> list[tuple[str, str]]:
    """Return purse and reason of each purse passed over."""
    return [(passed.purse, passed.why) for passed in rated.passed_over]


def drain(scenario: Any, left: int, user: str = "ann") -> None:
    """Use the US domestic pool of one licence down to what is left."""
    scenario.records(user, seconds=(3000 - left) * 60)


@pytest.fixture
def us(scenario: Any) -> Any:
    """Return a US tenant with ann on MCOPSTN1."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    return scenario


def test_a_call_is_rounded_up_to_minutes(us: Any) -> None:
    """C02, C04, R-331: 61 s are 2 minutes, 60 are 1, 3600 are 60."""
    assert [2, 1, 60] == [us.call(seconds=s).billed_minutes for s in (61, 60, 3600)]
    assert 2937 == us.pools[DOMESTIC]["remaining"]


def test_zero_seconds_move_nothing(us: Any) -> None:
    """C03, D-32: rated, no minute, no leg, no purse looked at."""
    rated = us.call(seconds=0)
    assert (("rated", None, "0"), [], []) == (facts(rated), shares(rated), why(rated))


def test_zero_seconds_are_still_authorised(us: Any) -> None:
    """D-32, D-76: authorisation refusals apply."""
    assert ("blocked", "no_plan", "0") == facts(us.call("nobody", seconds=0))


def test_the_call_is_split_over_pool_and_credits(us: Any) -> None:
    """C09, A-11: round once, then 2 minutes of the pool and 4 of credits."""
    us.assign("ann", "MCOPSTNPP")
    us.buy("10")
    drain(us, 2)
    rated = us.call(seconds=330)
    assert ([("pool", 2), ("credits", 4)], "0.052") == (shares(rated), format_money(rated.charge))
    assert "9.948" == us.wallet


def test_without_a_licence_for_credits_the_rest_is_uncovered(us: Any) -> None:
    """C10, R-315: 2 of the pool, 4 uncovered, truncated."""
    us.buy("10")
    drain(us, 2)
    rated = us.call(seconds=330)
    assert ("truncated", "pool_exhausted_no_credits", "0") == facts(rated)
    assert (4, [("credits", "no_cc_licence"), ("postpaid", "postpaid_off")]) == (
        rated.uncovered_minutes,
        why(rated),
    )


def test_an_exhausted_pool_blocks_until_next_month(us: Any) -> None:
    """C11, R-317: blocked now, 3,000 again next month."""
    drain(us, 0)
    assert ("blocked", "pool_exhausted_no_credits", "0") == facts(us.call())
    assert ("rated", None, "0") == facts(us.call(at=NOON + timedelta(days=30)))


def test_credits_for_all_users_stand_for_the_licence(scenario: Any) -> None:
    """A-09: the tenant's switch."""
    scenario.tenant(credits_for_all_users=True)
    scenario.buy("1")
    assert ("rated", None, "0.013") == facts(scenario.call("nobody"))


def test_business_voice_brings_the_right_to_credits(scenario: Any) -> None:
    """D-92, C12: GB BV pays Paris from credits, the domestic pool stays."""
    scenario.tenant("GB")
    scenario.assign("ann", "BUSINESS_VOICE")
    scenario.buy("5")
    rated = scenario.call(to=PARIS, seconds=180)
    assert (("rated", None, "0.048"), [("credits", 3)]) == (facts(rated), shares(rated))
    assert [("pool", "not_for_this_class")] == why(rated)
    assert ("4.952", 1200) == (
        scenario.wallet,
        scenario.pools["GB/MCOPSTN1/domestic/2021-03"]["remaining"],
    )


def test_without_money_an_international_call_is_blocked(scenario: Any) -> None:
    """C13: as C12 with an empty wallet."""
    scenario.tenant("GB")
    scenario.assign("ann", "BUSINESS_VOICE")
    assert ("blocked", "wallet_empty", "0") == facts(scenario.call(to=PARIS, seconds=180))


def test_international_minutes_come_from_the_international_plan(scenario: Any) -> None:
    """C14, R-313: 13 of the ICP, no charge."""
    scenario.tenant("GB")
    scenario.assign("ann", "BUSINESS_VOICE", "MCOPSTN9")
    rated = scenario.call(to="+33612345678", seconds=750)
    assert ([("pool", 13)], "0") == (shares(rated), format_money(rated.charge))
    assert 587 == scenario.pools["GB/MCOPSTN9/international/2021-03"]["remaining"]


def test_a_closed_bucket_is_passed_over(scenario: Any) -> None:
    """C16, R-217: international at zero, the call pays credits, domestic minutes stay unused."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN2", "MCOPSTNPP")
    scenario.buy("1")
    scenario.records(seconds=500 * 60)
    scenario.records(to=PARIS, seconds=600 * 60)
    rated = scenario.call(seconds=240)
    assert (("rated", None, "0.052"), [("credits", 4)]) == (facts(rated), shares(rated))
    assert [("pool", "not_for_this_class"), ("pool", "closed_by_joint_cap")] == why(rated)
    pool = scenario.pools["US/MCOPSTN2/domestic/2021-03"]
    assert (2500, True, "0.948") == (pool["remaining"], pool["closed"], scenario.wallet)


def test_a_listed_country_needs_no_rate_for_its_pool(scenario: Any) -> None:
    """C21: Zambia has no rate, and 600 minutes."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN2")
    assert ("rated", None, "0") == facts(scenario.call(to=ZAMBIA, seconds=120))


def test_a_finished_call_without_a_rate_is_free(us: Any) -> None:
    """C22, R-338, D-04, D-64: FREECALL with the flag."""
    us.assign("ann", "MCOPSTNPP")
    us.buy("9")
    rated = us.call(to=ZAMBIA, seconds=120)
    assert ("freecall", "no_rate", "0") == facts(rated)
    assert (2, ("no_rate",)) == (rated.uncovered_minutes, rated.flags)
    assert [
        ("pool", "not_for_this_class"),
        ("credits", "no_rate"),
        ("postpaid", "postpaid_off"),
    ] == why(rated)


def test_without_money_a_missing_rate_does_not_free_the_call(us: Any) -> None:
    """D-04: licence, balance, then rate."""
    us.assign("ann", "MCOPSTNPP")
    assert ("blocked", "wallet_empty", "0") == facts(us.call(to=ZAMBIA))


def test_post_paid_without_a_rate_is_free(us: Any) -> None:
    """D-04: the first purse that is otherwise usable; here post-paid."""
    us.tenant(postpaid=True)
    rated = us.call(to=CUBA)
    assert ("freecall", "no_rate", "0") == facts(rated)
    assert [("credits", "no_cc_licence"), ("postpaid", "no_rate")] == why(rated)[1:]


def test_premium_pays_from_credits_only_with_its_own_row(scenario: Any) -> None:
    """R-311: no dedicated row, so FREECALL, never the country's price; no post-paid row (D-26)."""
    scenario.tenant("GB", postpaid=True)
    scenario.assign("ann", "BUSINESS_VOICE")
    scenario.buy("2")
    rated = scenario.call(to="+448712345678", seconds=140)
    assert ("freecall", "no_rate", "0") == facts(rated)
    assert [("pool", "not_for_this_class"), ("credits", "no_rate")] == why(rated)


@pytest.mark.parametrize(
    ("country", "number"), [("GB", "+449098790000"), ("US", "+19005550123"), ("US", "+80812345678")]
)
def test_premium_is_blocked_where_it_is_not_supported(
    scenario: Any, country: str, number: str
) -> None:
    """C24, C25, D-57: even with credits; no purse is looked at."""
    scenario.tenant(country)
    scenario.assign("ann", "MCOPSTN1", "MCOPSTNPP")
    scenario.buy("50")
    rated = scenario.call(to=number)
    assert (("blocked", "premium_not_supported", "0"), []) == (facts(rated), why(rated))


@pytest.mark.parametrize(
    ("policy", "to", "reason"),
    [
        ("international", PARIS, "no_cc_licence"),
        ("domestic", SEATTLE, None),
        ("domestic", PARIS, "policy"),  # C28
        ("domestic", "+14165550123", "policy"),  # D-31
        ("domestic", "+19005550123", "premium_not_supported"),  # D-31: policy comes first
        ("none", SEATTLE, "policy"),
        ("none", "+19005550123", "policy"),
    ],
)
def test_the_outbound_policy_comes_first(us: Any, policy: str, to: str, reason: str | None) -> None:
    """R-310a, D-31: same country exactly, before premium and plan."""
    us.user("ann", outbound_policy=policy)
    assert reason == us.call(to=to).reason


@pytest.mark.parametrize("number", ["911", "112"])
def test_emergency_calls_are_free_for_anybody(scenario: Any, number: str) -> None:
    """C27, D-39: whatever policy, plan and wallet."""
    scenario.tenant()
    scenario.user("ann", outbound_policy="none")
    rated = scenario.call(to=number)
    assert (("free_emergency", None, "0"), "emergency", 0) == (
        facts(rated),
        rated.destination.class_,
        rated.billed_minutes,
    )


def test_a_short_code_of_another_country_is_no_number(scenario: Any) -> None:
    """D-39: 911 of a GB user."""
    scenario.tenant("GB")
    call = scenario.a_call(to="911")
    assert "invalid_number" == scenario.refused(call, call.ended_at)


@pytest.mark.parametrize(
    ("members", "outcome", "direction", "class_"),
    [
        ({"call_type": "internal"}, "free_internal", "internal", "internal"),  # C01
        ({"to": "bob@contoso.com"}, "free_internal", "internal", "internal"),  # D-38
        ({"call_type": "user_in", "to": None}, "free_inbound", "inbound", None),  # C29
        ({"call_type": "unassigned_in"}, "free_inbound", "inbound", None),  # D-37
        ({"call_type": "emergency_in"}, "free_emergency", "inbound", None),  # D-37
        ({"call_type": "emergency_out", "to": "x"}, "free_emergency", "outbound", "emergency"),
        ({"call_type": "dr_out", "to": "x"}, "not_rated", "outbound", None),  # D-36
        ({"call_type": "ByotIn"}, "not_rated", "inbound", None),  # D-36
        ({"call_type": "ByotOutEmergency"}, "free_emergency", "outbound", "emergency"),  # D-36
    ],
)
def test_free_calls_move_nothing(
    us: Any, members: dict[str, Any], outcome: str, direction: str, class_: str | None
) -> None:
    """Invariant 5, D-03: billed 0, no legs, whatever type made them free."""
    rated = us.call(seconds=1800, **members)
    assert (outcome, direction, class_, 0, ()) == (
        rated.outcome,
        rated.direction,
        rated.destination.class_,
        rated.billed_minutes,
        rated.legs,
    )
    assert ("direct_routing" if outcome == "not_rated" else None) == rated.reason
    assert 3000 == us.pools[DOMESTIC]["remaining"]


@pytest.mark.parametrize("call_type", sorted(CALL_TYPES))
def test_every_call_type_has_an_outcome(us: Any, call_type: str) -> None:
    """Domain 7.2: no type is forgotten."""
    assert us.call(call_type=call_type).outcome in {
        "rated",
        "blocked",
        "not_rated",
        "free_inbound",
        "free_internal",
        "free_emergency",
    }


def toll_free(scenario: Any, caller: str | None, seconds: int = 725, **members: Any) -> Any:
    """Rate a call to the tenant's toll-free number."""
    return scenario.call(
        None,
        FREE_TOLL,
        call_type="conf_in",
        number_type="service_toll_free",
        caller=caller,
        seconds=seconds,
        **members,
    )


def test_toll_free_calls_pay_from_the_wallet(scenario: Any) -> None:
    """C30, R-402: 13 x 0.022; no licence needed."""
    scenario.tenant()
    scenario.buy("1")
    rated = toll_free(scenario, SEATTLE)
    assert (("rated", None, "0.286"), "0.714", ()) == (facts(rated), scenario.wallet, rated.flags)


def test_toll_free_calls_need_money(scenario: Any) -> None:
    """C31, R-403: refused with an empty wallet, even with pools."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    assert ("blocked", "wallet_empty", "0") == facts(toll_free(scenario, SEATTLE))


def test_toll_free_calls_of_a_post_paid_tenant_are_post_paid(scenario: Any) -> None:
    """D-25: credits, then post-paid."""
    scenario.tenant(postpaid=True)
    assert [("postpaid", 13)] == shares(toll_free(scenario, SEATTLE))


@pytest.mark.parametrize(
    ("caller", "flags"),
    [
        (SEATTLE, ()),
        ("+14165550123", ()),  # one calling code
        (PARIS, ("toll_free_origin",)),
        (None, ()),  # D-58
        ("anonymous", ()),
    ],
)
def test_toll_free_calls_from_abroad_are_flagged(
    scenario: Any, caller: str | None, flags: tuple[str, ...]
) -> None:
    """R-406: rated and flagged; an unusable caller has no origin (D-28)."""
    scenario.tenant()
    scenario.buy("1")
    rated = toll_free(scenario, caller)
    assert ("rated", flags) == (rated.outcome, rated.flags)


@pytest.mark.parametrize("callee", [None, "1800", "+1800"])
def test_the_toll_free_number_is_tested(scenario: Any, callee: str | None) -> None:
    """D-28: the callee of a toll-free call must be a number."""
    scenario.tenant()
    call = scenario.a_call(None, callee, call_type="user_in", number_type="service_toll_free")
    assert "invalid_number" == scenario.refused(call, call.ended_at)


def test_what_money_buys_is_whole_minutes(us: Any) -> None:
    """C38: W=1.00 buys 3 minutes of 0.315, 2 stay uncovered."""
    us.assign("ann", "MCOPSTNPP")
    us.buy("1")
    rated = us.call(to="+39331234567", seconds=300)
    assert ("truncated", "wallet_empty", "0.945") == facts(rated)
    assert (2, "0.055") == (rated.uncovered_minutes, us.wallet)


def test_the_last_call_may_overdraw(us: Any) -> None:
    """C38, D-24: under allow_negative all minutes are taken; then none."""
    us.tenant(overdraft="allow_negative")
    us.assign("ann", "MCOPSTNPP")
    us.buy("1")
    rated = us.call(to="+39331234567", seconds=300)
    assert (("rated", None, "1.575"), ("overdraft",)) == (facts(rated), rated.flags)
    assert "-0.575" == us.wallet
    assert ("blocked", "wallet_empty", "0") == facts(us.call(to="+39331234567"))


def test_spending_the_last_cent_is_no_overdraft(us: Any) -> None:
    """D-24: only a part taken as debt is one."""
    us.tenant(overdraft="allow_negative")
    us.assign("ann", "MCOPSTNPP")
    us.buy("0.315")
    assert () == us.call(to="+39331234567", seconds=60).flags


@pytest.mark.parametrize(
    ("call_type", "direction", "class_"),
    [
        ("emergency_out", "outbound", "emergency"),
        ("emergency_in", "inbound", None),
        ("user_out", "outbound", "emergency"),
    ],
)
def test_only_an_emergency_call_that_goes_out_has_a_class(
    us: Any, call_type: str, direction: str, class_: str | None
) -> None:
    """D-20, D-39: null for inbound; free both ways."""
    rated = us.call(to="911", call_type=call_type)
    shown = (rated.outcome, rated.direction, rated.destination.class_)
    assert ("free_emergency", direction, class_) == shown


@pytest.mark.parametrize(
    ("call_type", "members", "direction"),
    [
        ("conf_out", {}, "outbound"),
        ("user_out", {}, "outbound"),
        ("user_in", {"to": FREE_TOLL, "number_type": "service_toll_free"}, "inbound"),
        ("user_in", {}, "inbound"),
        ("internal", {}, "internal"),
    ],
)
def test_the_direction_is_that_of_the_type(
    us: Any, call_type: str, members: dict[str, Any], direction: str
) -> None:
    """Contracts 3: whatever becomes of the call."""
    assert direction == us.call(call_type=call_type, **members).direction


def test_the_smallest_balance_may_overdraw(us: Any) -> None:
    """D-24: under allow_negative the purse takes all that is left while W > 0."""
    us.tenant(overdraft="allow_negative")
    us.assign("ann", "MCOPSTNPP")
    us.buy("0.00000001")
    assert ("rated", None, "0.315") == facts(us.call(to="+39331234567", seconds=60))


def test_an_older_debt_is_no_overdraft_of_this_call(us: Any) -> None:
    """D-24: flagged is a call of which a part became debt; the lots pay this one in full."""
    us.tenant(overdraft="allow_negative")
    us.assign("ann", "MCOPSTNPP")
    us.buy("1")
    us.call(to="+39331234567", seconds=180, usage_id="paid")
    us.call(to="+39331234567", seconds=120, usage_id="owed")
    assert "-0.575" == us.wallet
    us.cancel("paid")
    assert "0.37" == us.wallet
    rated = us.call(to="+39331234567", seconds=120)
    assert (("rated", None, "0.63"), ()) == (facts(rated), rated.flags)


def test_pay_as_you_go_pays_without_a_credits_licence(scenario: Any) -> None:
    """C39, D-07: 4 x 0.015."""
    scenario.tenant("GB")
    scenario.assign("ann", "MCOPSTN_PAYG_1")
    scenario.buy("1")
    rated = scenario.call(to="+442071838750", seconds=200)
    assert (("rated", None, "0.06"), []) == (facts(rated), why(rated))


def test_post_paid_takes_what_is_left(us: Any) -> None:
    """C40: 5 minutes overage."""
    us.tenant(postpaid=True)
    drain(us, 0)
    rated = us.call(seconds=300)
    assert (("rated", None, "0.065"), [("postpaid", 5)]) == (facts(rated), shares(rated))
    assert rated.legs[0].remaining is None


def test_credits_come_before_post_paid(us: Any) -> None:
    """A-24: credits while there are any, then post-paid."""
    us.tenant(postpaid=True)
    us.assign("ann", "MCOPSTNPP")
    us.buy("0.04")
    assert [("credits", 2), ("postpaid", 2)] == shares(us.call(to=PARIS, seconds=240))


def test_dial_out_uses_the_conference_pool(scenario: Any) -> None:
    """C41, R-601, R-602: the organiser's licence, the tenant's pool."""
    scenario.tenant()
    scenario.assign("ann", "MCOMEETADD", "MCOPSTN1")
    rated = scenario.call(to=PARIS, seconds=1200, call_type="conf_out")
    assert [("dial_out_pool", 20)] == shares(rated)
    assert [("pool", "not_for_this_class")] == why(rated)
    assert 40 == scenario.pools["*/MCOMEETADD/dial_out/2021-03"]["remaining"]


def test_dial_out_goes_on_with_credits(scenario: Any) -> None:
    """C43, R-603: 5 of the pool, 3 x 0.015."""
    scenario.tenant("GB")
    scenario.assign("ann", "MCOMEETADD", "MCOPSTNPP")
    scenario.buy("1")
    scenario.records(to=LONDON, seconds=55 * 60, call_type="conf_out")
    rated = scenario.call(to=LONDON, seconds=480, call_type="conf_out")
    assert ([("dial_out_pool", 5), ("credits", 3)], "0.955") == (shares(rated), scenario.wallet)


def test_dial_out_beyond_zone_a_is_not_for_the_pool(scenario: Any) -> None:
    """R-603, D-05: outside Zone A credits only."""
    scenario.tenant()
    scenario.assign("ann", "MCOMEETADD")
    rated = scenario.call(to=CUBA, call_type="conf_out")
    assert ("blocked", "no_cc_licence", "0") == facts(rated)
    assert ("dial_out_pool", "not_for_this_class") == why(rated)[0]


@pytest.mark.parametrize(
    ("licence", "reason"),
    [
        ("MCOPSTN1", "no_plan"),  # D-06
        ("MCOPSTN_PAYG_1", "no_plan"),  # D-07
        ("MCOMEETADD", None),
        ("MCOMEETADD_DIALOUT_US", None),
        ("MCOMEETACPEA", "wallet_empty"),  # D-34
        ("MCOPSTNPP", "wallet_empty"),
    ],
)
def test_dial_out_needs_a_conference_right(scenario: Any, licence: str, reason: str | None) -> None:
    """D-06: a calling plan is none."""
    scenario.tenant()
    scenario.assign("ann", licence)
    assert reason == scenario.call(call_type="conf_out").reason


@pytest.mark.parametrize(
    ("to", "shared"),
    [
        (SEATTLE, [("dial_out_pool", 1)]),
        ("+14165550123", [("dial_out_pool", 1)]),
        ("+17875550123", []),
    ],
)
def test_unlimited_dial_out_reaches_us_and_canada(
    scenario: Any, to: str, shared: list[tuple[str, int]]
) -> None:
    """R-607, D-33: one leg without a pool, not to PR."""
    scenario.tenant()
    scenario.assign("ann", "MCOMEETADD_DIALOUT_US")
    rated = scenario.call(to=to, call_type="conf_out")
    assert shared == shares(rated)
    assert {None} == {leg.pool for leg in rated.legs} | {None}


@pytest.mark.parametrize(
    ("policy", "to", "blocked"),
    [
        ("any", CUBA, False),
        ("organizer_country", SEATTLE, False),
        ("organizer_country", PARIS, True),
        ("zone_a", PARIS, False),
        ("zone_a", CUBA, True),
        ("none", SEATTLE, True),
    ],
)
def test_the_conference_policy_goes_by_the_region(
    scenario: Any, policy: str, to: str, *, blocked: bool
) -> None:
    """R-609, D-31."""
    scenario.tenant(credits_for_all_users=True)
    scenario.user("ann", conference_dial_out_policy=policy, outbound_policy="none")
    assert blocked == (scenario.call(to=to, call_type="conf_out").reason == "policy")


def test_premium_dial_out_is_like_a_call_of_the_organiser(scenario: Any) -> None:
    """D-34, R-311: blocked in the US, credits only in France, never the pool."""
    scenario.tenant("FR")
    scenario.assign("ann", "MCOMEETADD", "MCOPSTNPP")
    rated = scenario.call(to="+33899123456", call_type="conf_out")
    assert [("dial_out_pool", "not_for_this_class"), ("credits", "wallet_empty")] == why(rated)
    abroad = scenario.call(to="+449098790000", call_type="conf_out")
    assert "premium_not_supported" == abroad.reason


def test_a_user_draws_on_his_own_bucket_first(us: Any) -> None:
    """R-215, R-312, D-16: MCOPSTN8, then by capability."""
    us.assign("ann", "MCOPSTN8", "MCOPSTN5")
    rated = us.call(seconds=121 * 60)
    assert [("MCOPSTN8", 120), ("MCOPSTN1", 1)] == [(x.capability, x.minutes) for x in rated.legs]
    assert {"capacity": 120, "used": 120, "remaining": 0, "closed": False} == us.pools[
        "US/MCOPSTN8/domestic/2021-03/ann"
    ]


def test_a_user_never_draws_on_plans_of_others(us: Any) -> None:
    """C49, R-214: without any plan blocked, however full the pool."""
    assert ("blocked", "no_plan", "0") == facts(us.call("bob"))


def test_us_and_puerto_rico_share_one_pool(scenario: Any) -> None:
    """R-211: region group US; Canada is apart."""
    scenario.tenant()
    scenario.user("rosa", usage_location="PR")
    scenario.user("carl", usage_location="CA")
    for user in ("ann", "rosa", "carl"):
        scenario.assign(user, "MCOPSTN1")
    assert {DOMESTIC: 6000, "CA/MCOPSTN1/domestic/2021-03": 3000} == {
        name: pool["capacity"] for name, pool in scenario.pools.items()
    }


def test_a_call_belongs_to_the_month_of_its_start(us: Any) -> None:
    """C45, R-340: a March call consumed in April debits March."""
    us.period("2021-04")
    rated = us.call(at=datetime(2021, 3, 31, 23, 59, tzinfo=UTC), seconds=300)
    assert ("2021-03", ("late",)) == (rated.period, rated.flags)
    assert [5, 0] == [us.pools[f"US/MCOPSTN1/domestic/2021-{m}"]["used"] for m in ("03", "04")]


def test_the_month_is_that_of_the_tenants_zone(scenario: Any) -> None:
    """R-340, D-08: 03:00 UTC on 1 April is still March in New York."""
    scenario.tenant(time_zone="America/New_York")
    scenario.assign("ann", "MCOPSTN1", at=NOON)
    assert "2021-03" == scenario.call(at=datetime(2021, 4, 1, 3, tzinfo=UTC)).period


def test_a_longer_connection_than_the_call_is_flagged(us: Any) -> None:
    """D-89: rated by the seconds, flagged."""
    rated = us.call(seconds=120, ended_at=NOON + timedelta(seconds=119))
    assert (2, ("duration_mismatch",)) == (rated.billed_minutes, rated.flags)
    assert () == us.call(seconds=120, ended_at=NOON + timedelta(seconds=120)).flags


def test_expired_credits_pay_for_calls_that_began_before(us: Any) -> None:
    """D-09: started before the expiry, not yet forfeited."""
    us.assign("ann", "MCOPSTNPP")
    us.buy("1", at=datetime(2020, 3, 10, 12, tzinfo=UTC))
    assert [("credits", 1)] == shares(us.call(to=PARIS, at=NOON - timedelta(seconds=1)))
    rated = us.call(to=PARIS, at=NOON)
    assert ("blocked", "wallet_empty", "0") == facts(rated)
    # D-10: the balance still shows what is lapsed but not posted.
    assert [98_400_000] == [p.before for p in rated.passed_over if p.purse == "credits"]


def test_price_rows_cost_their_fee_once(new_scenario: Callable[..., Any]) -> None:
    """C23, R-335, D-13: fee 0.05 and 3 x 0.10; with two money purses the first pays the fee."""
    scenario = new_scenario(fixture_deck())
    scenario.tenant("GB", postpaid=True)
    scenario.assign("ann", "BUSINESS_VOICE")
    scenario.buy("2")
    rated = scenario.call(to="+448712345678", seconds=140)
    assert ("rated", None, "0.35") == facts(rated)
    assert "0.05" == format_money(rated.connection_fee)
    scenario.adjust("-1.43")
    split = scenario.call(to=PARIS, seconds=180)
    assert [("credits", 1, 5_000_000), ("postpaid", 2, 0)] == [
        (leg.purse, leg.minutes, leg.connection_fee) for leg in split.legs
    ]


def test_a_premium_call_of_a_conference_has_a_premium_price(
    new_scenario: Callable[..., Any],
) -> None:
    """D-34: as for a call of the organiser (R-311)."""
    scenario = new_scenario(fixture_deck())
    scenario.tenant("GB", credits_for_all_users=True)
    scenario.assign("ann", "MCOMEETADD")
    scenario.buy("2")
    rated = scenario.call(to="+448712345678", call_type="conf_out", seconds=60)
    assert ("rated", None, "0.15") == facts(rated)


def test_a_fee_that_cannot_be_paid_buys_nothing(new_scenario: Callable[..., Any]) -> None:
    """D-05: 0 < W < fee + rate is wallet_empty."""
    scenario = new_scenario(fixture_deck())
    scenario.tenant("GB")
    scenario.assign("ann", "MCOPSTNPP")
    scenario.buy("0.149")
    assert ("blocked", "wallet_empty", "0") == facts(scenario.call(to=PARIS))


@pytest.mark.parametrize(("amount", "minutes"), [("0.02", 9), ("0.019", 0), ("0.01999999", 0)])
def test_a_rate_of_zero_gives_all_minutes_for_the_fee(
    new_scenario: Callable[..., Any], amount: str, minutes: int
) -> None:
    """D-48: if W > 0 and W >= fee."""
    scenario = new_scenario(fixture_deck())
    scenario.tenant("GB")
    scenario.assign("ann", "MCOPSTNPP")
    scenario.buy(amount)
    rated = scenario.call(to="+353861234567", seconds=540)
    assert minutes == sum(leg.minutes for leg in rated.legs)


def fixture_deck() -> Any:
    """Return references with a deck of made-up prices."""
    from rating.references import ShippedReferences  # noqa: PLC0415  only these tests need it

    head = (
        "direction,prefix,origin,destination,kind,price_per_minute,connection_fee,"
        "currency,effective_from,effective_until"
    )
    rows = [
        "outbound,44871,,GB shared,shared_cost,0.10,0.05,USD,,",
        "outbound,33,,FR,landline,0.10,0.05,USD,,",
        "outbound,353,,IE,landline,0,0.02,USD,,",
    ]
    return ShippedReferences(rates="\n".join([head, *rows, ""]).encode())


@pytest.mark.parametrize(("seconds", "flags"), [(86_400, ()), (86_401, ("duration_mismatch",))])
def test_a_call_of_a_day_lasts_a_day(us: Any, seconds: int, flags: tuple[str, ...]) -> None:
    """D-89: to the second, over midnight too."""
    rated = us.call(seconds=seconds, ended_at=NOON + timedelta(days=1))
    assert flags == rated.flags


def test_the_leg_that_no_purse_pays_has_no_money(scenario: Any) -> None:
    """D-33: all minutes, amount 0, nothing left to say."""
    scenario.tenant()
    scenario.assign("ann", "MCOMEETADD_DIALOUT_US")
    rated = scenario.call(to=SEATTLE, call_type="conf_out", seconds=90)
    leg = Leg("dial_out_pool", None, "MCOMEETADD_DIALOUT_US", 2, None, 0, 0, None, None)
    assert (leg,) == rated.legs


def test_minutes_of_a_pool_cost_no_money(us: Any) -> None:
    """Contracts 3: minute purses have no rate and no price, fee and amount are 0."""
    rated = us.call(seconds=90)
    assert (Leg("pool", DOMESTIC, "MCOPSTN1", 2, None, 0, 0, 2998, None),) == rated.legs
