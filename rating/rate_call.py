"""What one call costs: the split of its minutes over the purses (domain 3.2 to 3.4).

Theory. The whole call is rounded up to minutes once, then whole minutes are split over the purses
in their order (R-331, R-333): minute pools, credits, post-paid. Each purse gives what it can; what
none gives stays uncovered (R-337). A purse that was looked at and gave nothing is named in
`passed_over` with the reason, so every charge explains itself.

`rate_call` only reads. Its answer, a `Rating`, holds the `call.rated` in full and what must be
debited; `post` in `rating.calls` does that. So a quote is the same code (D-73).

Invariant, asserted for each call: legs + uncovered = billed minutes (D-03, D-86).
"""

from typing import Final

from rating.flags import (
    DURATION_MISMATCH,
    FACTS,
    LATE,
    NO_RATE,
    OVERDRAFT,
    TOLL_FREE_ORIGIN,
    flags_of,
)
from rating.pools import Pool
from rating.purses import Entitlement, Purses
from rating.rate_deck import RateRow
from rating.routes import Route
from rating.tenant_view import TenantView
from rating.wallet import NOTHING_TAKEN
from schemas.calls import CallEnded
from schemas.ledger import (
    BlockReason,
    CallRated,
    Leg,
    Outcome,
    PassedOver,
    PurseKind,
    Why,
)

SECONDS_PER_MINUTE: Final = 60
_SECONDS_PER_DAY: Final = 86_400
CREDITS_CAPABILITY: Final = "MCOPSTNPP"
"""Capability of credits and post-paid legs (contracts section 3)."""
UNLIMITED_CAPABILITY: Final = "MCOMEETADD_DIALOUT_US"
"""Capability of the leg that no purse pays (R-607, D-33)."""


class Rating:
    """One call while it is rated, and then what became of it.

    `rated` is the record; `debits` the pools to debit, in the order of their legs; `money` what is
    to be taken from the wallet, `taking` what it was taken from, once it is posted; `facts` the
    flags that stay true if the rating is taken back. `left` are minutes that no purse gave (yet).
    """

    __slots__ = (
        "charge",
        "debits",
        "facts",
        "fee",
        "left",
        "legs",
        "money",
        "overdrawn",
        "passed",
        "rated",
        "taking",
        "unpriced",
    )

    rated: CallRated

    def __init__(self, minutes: int) -> None:
        self.left = minutes
        self.legs: list[Leg] = []
        self.passed: list[PassedOver] = []
        self.debits: list[tuple[Pool, int]] = []
        self.charge = 0  # from credits and post-paid
        self.fee = 0
        self.money: int | None = None  # None: credits paid no minute
        self.taking = NOTHING_TAKEN
        self.overdrawn = False
        self.unpriced = False  # a usable money purse had no rate (D-04)
        self.facts = 0


def rate_call(
    call: CallEnded,
    route: Route,
    user: Entitlement,
    view: TenantView,
    *,
    late: bool,
    quoted: bool = False,
) -> Rating:
    """Return what a call costs on the balances as they are; changes nothing.

    `late`: its month is before the newest started period (D-70). `quoted`: the call has not
    happened, so without a rate it is blocked instead of free (R-338, D-73).
    """
    seconds = call.duration_seconds
    billed = -(-seconds // SECONDS_PER_MINUTE)
    rating = Rating(billed)
    outcome: Outcome = "rated"
    reason: BlockReason | None = None
    if route.outcome is not None:
        billed = rating.left = 0  # D-03
        outcome, reason = route.outcome, route.reason
    elif route.blocked is not None:
        outcome, reason = "blocked", route.blocked
    elif billed:  # D-32: without minutes nothing is looked at
        purses = user.purses(route.family)
        _spend(rating, call, route, purses, view)
        if rating.left:
            outcome, reason = _shortage(rating, purses, quoted=quoted)
    legs = tuple(rating.legs)
    covered = 0
    for leg in legs:
        covered += leg.minutes
    assert covered + rating.left == billed, "minutes are conserved"  # noqa: S101  stays on
    bits = _flag_bits(call, route, rating, late=late, free=outcome == "freecall")
    rating.rated = CallRated(
        call.usage_id,
        outcome,
        reason,
        call.user_id,
        call.call_type,
        route.direction,
        call.started_at,
        user.period,
        route.destination,
        seconds,
        billed,
        rating.left,
        legs,
        rating.charge,
        rating.fee,
        view.row.currency,
        tuple(rating.passed),
        flags_of(bits),
        None,
        None,
        view.ruleset,
    )
    return rating


def _flag_bits(call: CallEnded, route: Route, rating: Rating, *, late: bool, free: bool) -> int:
    """Return the flags of a call as bits, and keep its facts; `free`: for want of a rate (D-64)."""
    bits = LATE if late else 0
    lasted = call.ended_at - call.started_at
    if lasted.days * _SECONDS_PER_DAY + lasted.seconds < call.duration_seconds:
        bits |= DURATION_MISMATCH
    if route.foreign_origin:
        bits |= TOLL_FREE_ORIGIN
    rating.facts = bits & FACTS
    if free:
        bits |= NO_RATE
    if rating.overdrawn:
        bits |= OVERDRAFT
    return bits


def _spend(rating: Rating, call: CallEnded, route: Route, purses: Purses, view: TenantView) -> None:
    """Give the minutes to the purses in their order (R-312 to R-314)."""
    if purses.others:
        rating.passed = [pool.passed_over("not_for_this_class") for pool in purses.others]
    if route.unlimited:
        _spend_unlimited(rating)
        return
    _spend_pools(rating, purses.minutes)
    if not rating.left:
        return
    row = route.price(view.deck, call, view.row.currency)
    _spend_credits(rating, call, row, purses, view)
    if rating.left and purses.postpaid:
        _spend_postpaid(rating, row, view)


def _spend_unlimited(rating: Rating) -> None:
    # D-33: no pool, no money, nothing left to say.
    rating.legs.append(
        Leg("dial_out_pool", None, UNLIMITED_CAPABILITY, rating.left, None, 0, 0, None, None)
    )
    rating.left = 0


def _spend_pools(rating: Rating, pools: tuple[Pool, ...]) -> None:
    """Give what the pools have, in their order."""
    for pool in pools:
        remaining = pool.capacity - pool.use.used
        twin = pool.twin
        if twin is not None and twin.ended:
            rating.passed.append(pool.passed_over("closed_by_joint_cap"))
        elif remaining <= 0:
            rating.passed.append(pool.passed_over("exhausted"))
        else:
            minutes = rating.left
            minutes = min(minutes, remaining)
            rating.left -= minutes
            rating.debits.append((pool, minutes))
            left = remaining - minutes
            rating.legs.append(
                Leg(pool.purse, pool.id, pool.capability, minutes, None, 0, 0, left, None)
            )
            if not rating.left:
                return


def _spend_credits(
    rating: Rating, call: CallEnded, row: RateRow | None, purses: Purses, view: TenantView
) -> None:
    wallet = view.row.wallet
    spendable = wallet.spendable(call.started_at)
    minutes = 0
    why: Why = "wallet_empty"
    # D-04: licence, then balance, then rate.
    if not purses.may_use_credits:
        why = "no_cc_licence"
    elif spendable <= 0:
        pass
    elif row is None:
        why = "no_rate"
        rating.unpriced = True
    else:
        overdraft = view.row.overdraft == "allow_negative"
        minutes = rating.left if overdraft else min(rating.left, _affordable(spendable, row))
    if row is None or not minutes:
        rating.passed.append(PassedOver("credits", None, wallet.balance, why))
        return
    amount = minutes * row.price_per_minute + row.connection_fee
    rating.money = amount
    rating.overdrawn = amount > spendable + wallet.debt  # part of it becomes debt (D-24)
    _add_money_leg(
        rating,
        "credits",
        row,
        minutes=minutes,
        fee=row.connection_fee,
        remaining=wallet.balance - amount,  # D-69
    )


def _affordable(spendable: int, row: RateRow) -> int:
    """Return the whole minutes that the money pays, the connection fee first (R-335, R-337)."""
    after_fee = spendable - row.connection_fee
    if after_fee < 0:
        return 0
    if row.price_per_minute == 0:
        return _ALL_MINUTES  # D-48
    return after_fee // row.price_per_minute


# More than any call has: 10,000,000 seconds are 166,667 minutes.
_ALL_MINUTES: Final = 1_000_000


def _spend_postpaid(rating: Rating, row: RateRow | None, view: TenantView) -> None:
    if not view.row.postpaid:
        rating.passed.append(PassedOver("postpaid", None, None, "postpaid_off"))
    elif row is None:
        rating.unpriced = True
        rating.passed.append(PassedOver("postpaid", None, None, "no_rate"))
    else:
        fee = 0 if rating.money is not None else row.connection_fee  # D-13
        _add_money_leg(rating, "postpaid", row, minutes=rating.left, fee=fee, remaining=None)


def _add_money_leg(
    rating: Rating,
    purse: PurseKind,
    row: RateRow,
    *,
    minutes: int,
    fee: int,
    remaining: int | None,
) -> None:
    amount = minutes * row.price_per_minute + fee
    rating.left -= minutes
    rating.charge += amount
    rating.fee += fee
    rating.legs.append(
        Leg(
            purse,
            None,
            CREDITS_CAPABILITY,
            minutes,
            row.price_per_minute,
            fee,
            amount,
            remaining,
            row.price,
        )
    )


def _shortage(rating: Rating, purses: Purses, *, quoted: bool) -> tuple[Outcome, BlockReason]:
    """Return outcome and reason of a call with minutes that no purse gave (D-04, D-05)."""
    if rating.unpriced and not quoted:
        return "freecall", "no_rate"
    outcome: Outcome = "truncated" if rating.legs else "blocked"
    if rating.unpriced:
        return outcome, "no_rate"  # D-73
    if rating.money is not None:
        return outcome, "wallet_empty"
    if purses.minutes:
        return outcome, "pool_exhausted_no_credits"
    if not purses.may_use_credits:
        return outcome, "no_cc_licence"
    return outcome, "wallet_empty"
