"""Rating one call: what class it is, whether it is allowed, which purses pay (R-3xx, R-4xx, R-6xx).

`rate` takes the money out of the wallet; minutes are taken by the caller keeping the legs.
"""

from fractions import Fraction
from typing import Any

from tests.model import deck, money, numbers, pools, wallet
from tests.model.call_types import CALL_TYPES, DIAL_OUT, DIRECT, EMERGENCY, INBOUND, INTERNAL
from tests.model.deck import Rate
from tests.model.numbers import Number
from tests.model.plans import (
    BUSINESS_VOICE,
    BV_COUNTRIES,
    CREDITS,
    CREDITS_CODES,
    DEST196,
    DIAL_OUT_US,
    DOMESTIC_ZONE,
    GB_ALLOWED_PREMIUM,
    GLOBAL_CODES,
    OWN_PREMIUM_ALLOWED,
    PAY_PER_MINUTE,
    PAYG,
    ZONE_A,
)
from tests.model.plans import DIAL_OUT as DIAL_OUT_PLAN
from tests.model.tenant import Leg, Rating, Tenant, User
from tests.model.wire import Refused

Purse = tuple[str, str | None, str]  # (purse, pool id, capability)
NOWHERE: dict[str, str | None] = {"class": None, "region": None, "prefix": None}
PURSE_OF_BUCKET = {"dial_out": "dial_out_pool"}


def refuse_invalid_number(tenant: Tenant, call: dict[str, Any]) -> None:
    """Raise `Refused` if the callee is no usable number where one is needed (D-28, D-38, D-39)."""
    what, _ = CALL_TYPES[call["call_type"]]
    if what in (INTERNAL, EMERGENCY, DIRECT) or is_internal(call) or is_emergency(tenant, call):
        return
    if what == INBOUND and call["number_type"] != "service_toll_free":
        return
    if numbers.read(call["callee"]) is None:
        raise Refused("invalid_number")


def is_internal(call: dict[str, Any]) -> bool:
    """Tell whether an outbound call goes to a Teams user (3.1 class 1, D-38)."""
    what, direction = CALL_TYPES[call["call_type"]]
    if what in (EMERGENCY, DIRECT):
        return False
    return what == INTERNAL or (direction == "outbound" and "@" in (call["callee"] or ""))


def is_emergency(tenant: Tenant, call: dict[str, Any]) -> bool:
    """Tell whether the call is an emergency call (3.1 class 2, D-39)."""
    what, direction = CALL_TYPES[call["call_type"]]
    if what == EMERGENCY:
        return True
    if what == DIRECT or direction != "outbound":
        return False
    user = tenant.user(call["user_id"], tenant.month_of(call["started_at"]))
    return numbers.is_emergency(call["callee"], user.location)


def destination_class(number: Number, location: str) -> str:
    """Return the class of a PSTN number as called from this location (3.1 rows 4 to 8)."""
    if number.premium:
        return "premium"
    if number.calling_code in GLOBAL_CODES:
        return "global"
    if number.region in DOMESTIC_ZONE.get(location, (location,)):
        return "domestic"
    return "international" if number.region in DEST196 else "out_of_plan"


def rate(tenant: Tenant, call: dict[str, Any]) -> Rating:
    """Rate a call on the balances as they are now."""
    rating = rate_free(tenant, call) or rate_paid(tenant, call)
    month = tenant.month_of(call["started_at"])
    late = tenant.newest_started is not None and month < tenant.newest_started  # D-70
    mismatch = (call["ended_at"] - call["started_at"]).total_seconds() < call["duration_seconds"]
    raised = {
        "late": late,
        "no_rate": rating.outcome == "freecall",  # D-64
        "duration_mismatch": mismatch,  # D-89
        "toll_free_origin": "toll_free_origin" in rating.flags,
        "overdraft": any(leg.debt > 0 for leg in rating.legs),
    }
    rating.flags = [flag for flag, is_raised in raised.items() if is_raised]
    return rating


def rate_free(tenant: Tenant, call: dict[str, Any]) -> Rating | None:
    """Rate what never costs anything, None if the call is not of that kind."""
    what, direction = CALL_TYPES[call["call_type"]]
    if what == DIRECT:
        return Rating("not_rated", "direct_routing", NOWHERE)  # D-36
    if is_internal(call):
        return Rating("free_internal", None, {**NOWHERE, "class": "internal"})
    if is_emergency(tenant, call):
        name = "emergency" if direction == "outbound" else None
        return Rating("free_emergency", None, {**NOWHERE, "class": name})
    if what == INBOUND and call["number_type"] != "service_toll_free":  # D-68
        return Rating("free_inbound", None, NOWHERE)
    return None


def minutes_of(call: dict[str, Any]) -> int:
    """Round the connected time up to whole minutes (R-331)."""
    return -(-call["duration_seconds"] // 60)


def rate_paid(tenant: Tenant, call: dict[str, Any]) -> Rating:
    """Rate an outbound or a toll-free call."""
    number = numbers.read(call["callee"])
    assert number, "an invalid number was refused before"
    if CALL_TYPES[call["call_type"]][0] == INBOUND:
        return rate_toll_free(tenant, call, number)
    user = tenant.user(call["user_id"], tenant.month_of(call["started_at"]))
    name = destination_class(number, user.location)
    currency, start = tenant.settings["currency"], call["started_at"]
    rating = Rating(
        outcome="rated",
        destination={
            "class": name,
            "region": number.region,
            "prefix": deck.outbound_prefix(tenant.deck, number.digits),
        },
        billed=minutes_of(call),
    )
    refusal = authorise(tenant, call, user, number, name)
    if refusal:
        rating.outcome, rating.reason, rating.uncovered = "blocked", refusal, rating.billed
        return rating
    row = deck.outbound(tenant.deck, number.digits, currency, start, premium=name == "premium")
    others, purses = minute_purses(tenant, call, user, number, name)
    purses.append(("credits", None, CREDITS))
    if name != "premium":  # D-26
        purses.append(("postpaid", None, CREDITS))
    right = may_use_credits(tenant, call, user)
    return pay(tenant, call, rating, (others, purses), row, right=right)


def authorise(
    tenant: Tenant, call: dict[str, Any], user: User, number: Number, name: str
) -> str | None:
    """Return why the call is not allowed at all, None if it is (R-310, D-05, D-76)."""
    own = number.region == user.location  # D-31
    if CALL_TYPES[call["call_type"]][0] == DIAL_OUT:
        allowed = {
            "any": True,
            "organizer_country": own,
            "zone_a": number.region in ZONE_A,
            "none": False,
        }[user.dial_out_policy]
    else:
        allowed = {"international": True, "domestic": own, "none": False}[user.outbound_policy]
    if not allowed:
        return "policy"
    if name == "premium" and not premium_allowed(user.location, number):
        return "premium_not_supported"
    if not has_any_right(tenant, call, user):
        return "no_plan"
    return None


def premium_allowed(location: str, number: Number) -> bool:
    """Tell whether the usage location may call this premium number (R-311, D-30)."""
    if location == "GB":
        return number.digits.startswith(GB_ALLOWED_PREMIUM)
    return location in OWN_PREMIUM_ALLOWED and number.region == location


def has_any_right(tenant: Tenant, call: dict[str, Any], user: User) -> bool:
    """Tell whether the user has any plan or right for such a call (R-310c, D-06)."""
    codes = {tenant.catalogue.plan_of(licence, user.location) for licence in user.licences}
    if CALL_TYPES[call["call_type"]][0] == DIAL_OUT:
        conference = DIAL_OUT_PLAN in codes or DIAL_OUT_US in user.licences
        return conference or may_use_credits(tenant, call, user)
    month = tenant.month_of(call["started_at"])
    plan = pools.has_calling_plan(tenant, call["user_id"], month)
    return plan or may_use_credits(tenant, call, user)


def may_use_credits(tenant: Tenant, call: dict[str, Any], user: User) -> bool:
    """Tell whether the user has the right to draw on credits (R-315, D-07, D-34, D-92)."""
    by_business_voice = user.location in BV_COUNTRIES and user.licences & {*BUSINESS_VOICE}
    if tenant.settings["credits_for_all_users"] or by_business_voice:
        return True
    dial_out = CALL_TYPES[call["call_type"]][0] == DIAL_OUT
    others = (PAY_PER_MINUTE,) if dial_out else PAYG
    return bool(user.licences & {*CREDITS_CODES, *others})


def minute_purses(
    tenant: Tenant, call: dict[str, Any], user: User, number: Number, name: str
) -> tuple[list[Purse], list[Purse]]:
    """Split the user's minute purses: other classes' by pool id, this class's in paying order."""
    dial_out = CALL_TYPES[call["call_type"]][0] == DIAL_OUT
    if dial_out:
        wanted = "dial_out" if name != "premium" and number.region in ZONE_A else None
    else:
        wanted = {"domestic": "domestic", "international": "international"}.get(name)
    month = tenant.month_of(call["started_at"])
    others, purses = [], []
    for pool, code, bucket in pools.pools_of_user(tenant, call["user_id"], month):
        kind = "user_pool" if tenant.catalogue.plans[code].per_user else "pool"
        purse = (PURSE_OF_BUCKET.get(bucket, kind), pool, code)
        (purses if bucket == wanted else others).append(purse)
    purses.sort(key=lambda purse: (tenant.catalogue.plans[purse[2]].drain_order, purse[2]))  # D-16
    unlimited = dial_out and name != "premium" and number.region in ("US", "CA")
    if unlimited and DIAL_OUT_US in user.licences:  # R-607, D-33
        purses.insert(0, ("dial_out_pool", None, DIAL_OUT_US))
    return others, purses


def rate_toll_free(tenant: Tenant, call: dict[str, Any], number: Number) -> Rating:
    """Rate an inbound toll-free call: the tenant pays (R-402 to R-406, D-25)."""
    caller = numbers.read(call["caller"])
    rating = Rating("rated", None, NOWHERE, minutes_of(call))
    if caller and caller.calling_code != number.calling_code:
        rating.flags = ["toll_free_origin"]
    origin = caller.region if caller else None  # D-58
    currency = tenant.settings["currency"]
    row = deck.toll_free(tenant.deck, number.digits, origin, currency, call["started_at"])
    month = tenant.month_of(call["started_at"])
    others: list[Purse] = []
    for pool, code, bucket in pools.pools_of_user(tenant, call["user_id"], month):
        kind = "user_pool" if tenant.catalogue.plans[code].per_user else "pool"
        others.append((PURSE_OF_BUCKET.get(bucket, kind), pool, code))
    purses: list[Purse] = [("credits", None, CREDITS), ("postpaid", None, CREDITS)]
    return pay(tenant, call, rating, (others, purses), row, right=True)


def pay(
    tenant: Tenant,
    call: dict[str, Any],
    rating: Rating,
    from_purses: tuple[list[Purse], list[Purse]],
    row: Rate | None,
    *,
    right: bool,
) -> Rating:
    """Split the whole minutes over the purses in order (R-333, pseudocode 3.4)."""
    if rating.billed == 0:  # D-32
        return rating
    others, purses = from_purses
    left, without_rate = rating.billed, False
    for purse, pool, _ in others:
        before = pools.look_up(tenant, pool or "").remaining
        rating.passed_over.append(passed(purse, pool, before, "not_for_this_class"))
    for purse, pool, capability in purses:
        if left == 0:
            break
        if purse == "credits":
            leg, why, before = pay_credits(tenant, call, left, row, right=right)
        elif purse == "postpaid":
            leg, why = pay_later(tenant, rating, left, row)
            before = None
        else:
            leg, why, before = pay_minutes(tenant, purse, pool, capability, left)
        if leg:
            rating.legs.append(leg)
            left -= leg.minutes
        else:
            rating.passed_over.append(passed(purse, pool, before, why))
            without_rate = without_rate or why == "no_rate"
    rating.uncovered = left
    if left and without_rate:  # D-04
        rating.outcome, rating.reason = "freecall", "no_rate"
    elif left:
        rating.outcome = "truncated" if rating.legs else "blocked"
        rating.reason = why_uncovered(rating, purses, right=right)
    return rating


def passed(purse: str, pool: str | None, before: Any, why: str) -> dict[str, Any]:
    """Write one row of `passed_over` (contracts 3)."""
    return {"purse": purse, "pool": pool, "before": before, "why": why}


def why_uncovered(rating: Rating, purses: list[Purse], *, right: bool) -> str:
    """Return the reason of minutes left uncovered (D-05)."""
    if any(leg.purse == "credits" for leg in rating.legs):
        return "wallet_empty"
    if any(purse not in ("credits", "postpaid") for purse, _, _ in purses):
        return "pool_exhausted_no_credits"
    return "wallet_empty" if right else "no_cc_licence"


def pay_minutes(
    tenant: Tenant, purse: str, pool: str | None, capability: str, left: int
) -> tuple[Leg | None, str, int]:
    """Take whole minutes from a pool while it is open (R-312, R-313, R-217)."""
    if pool is None:  # D-33
        return Leg(purse, None, capability, left, None), "", 0
    now = pools.look_up(tenant, pool)
    if now.closed:
        return None, "closed_by_joint_cap", now.remaining
    taken = min(left, now.remaining)
    if taken == 0:
        return None, "exhausted", now.remaining
    return Leg(purse, pool, capability, taken, now.remaining - taken), "", now.remaining


def pay_credits(
    tenant: Tenant, call: dict[str, Any], left: int, row: Rate | None, *, right: bool
) -> tuple[Leg | None, str, str]:
    """Take what is affordable in whole minutes from the wallet (R-315, R-335, R-337, D-04)."""
    start = call["started_at"]
    before = money.show(wallet.balance(tenant))
    funds = wallet.spendable(tenant, start)
    if not right:
        return None, "no_cc_licence", before
    if funds <= 0:
        return None, "wallet_empty", before
    if row is None:
        return None, "no_rate", before
    minutes = affordable(funds, left, row)
    if tenant.settings["overdraft"] == "allow_negative":
        minutes = left  # D-24
    if minutes == 0:
        return None, "wallet_empty", before
    debt_before = tenant.debt
    amount = row.fee + minutes * row.price
    parts = wallet.take(tenant, start, amount)
    leg = Leg(
        purse="credits",
        pool=None,
        capability=CREDITS,
        minutes=minutes,
        remaining=wallet.balance(tenant),
        row=row,
        fee=row.fee,
        amount=amount,
        parts=parts,
        debt=tenant.debt - debt_before,
    )
    return leg, "", before


def affordable(funds: Fraction, left: int, row: Rate) -> int:
    """Count the whole minutes that this money buys (R-337, D-48)."""
    if funds < row.fee:
        return 0
    if row.price == 0:
        return left
    return min(left, (funds - row.fee) // row.price)


def pay_later(
    tenant: Tenant, rating: Rating, left: int, row: Rate | None
) -> tuple[Leg | None, str]:
    """Put the rest on the invoice if the tenant is post-paid (R-316, A-24)."""
    if not tenant.settings["postpaid"]:
        return None, "postpaid_off"
    if row is None:
        return None, "no_rate"
    fee = Fraction(0) if any(leg.purse == "credits" for leg in rating.legs) else row.fee  # D-13
    amount = fee + left * row.price
    return Leg("postpaid", None, CREDITS, left, None, row, fee, amount), ""


def quote(tenant: Tenant, call: dict[str, Any]) -> Rating:
    """Say what a call would cost now; before the call, no rate means blocked (R-338, D-73).

    Takes money like `rate`: call it on a copy.
    """
    rating = rate(tenant, call)
    if rating.outcome == "freecall":
        rating.outcome = "truncated" if rating.legs else "blocked"
    return rating
