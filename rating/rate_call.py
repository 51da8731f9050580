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

from rating.pools import Pool
from rating.purses import Entitlement, Purses
from rating.quick_records import make_call_rated, make_leg
from rating.rate_deck import RateRow
from rating.routes import Route
from rating.tenant_view import TenantView
from rating.wallet import NOTHING_TAKEN
from schemas.calls import CallEnded
from schemas.ledger import (
    BlockReason,
    CallRated,
    Flag,
    Leg,
    Outcome,
    PassedOver,
    PurseKind,
    Why,
)

SECONDS_PER_MINUTE: Final = 60
CREDITS_CAPABILITY: Final = "MCOPSTNPP"
"""Capability of credits and post-paid legs (contracts section 3)."""
UNLIMITED_CAPABILITY: Final = "MCOMEETADD_DIALOUT_US"
"""Capability of the leg that no purse pays (R-607, D-33)."""


class Rating:
    """One call rated: the record, the pools to debit, and the money to take from the wallet.

    `taking` is what that money was taken from, once it is posted.
    """

    __slots__ = ("debits", "money", "rated", "taking")

    def __init__(self, rated: CallRated, debits: list[tuple[Pool, int]], money: int) -> None:
        self.rated = rated
        self.debits = debits
        self.money = money
        self.taking = NOTHING_TAKEN


class _Split:
    """The minutes of one call while they are given to purses."""

    __slots__ = (
        "charge",
        "credits_paid",
        "debits",
        "fee",
        "left",
        "legs",
        "money",
        "overdrawn",
        "passed",
        "unpriced",
    )

    def __init__(self, minutes: int) -> None:
        self.left = minutes
        self.legs: list[Leg] = []
        self.passed: list[PassedOver] = []
        self.debits: list[tuple[Pool, int]] = []
        self.money = 0  # from credits
        self.credits_paid = False  # at least one minute
        self.charge = 0  # from credits and post-paid
        self.fee = 0
        self.overdrawn = False
        self.unpriced = False  # a usable money purse had no rate (D-04)


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
    billed = -(-call.duration_seconds // SECONDS_PER_MINUTE)
    split = _Split(billed)
    outcome: Outcome
    reason: BlockReason | None
    if route.outcome is not None:
        billed = split.left = 0  # D-03
        outcome, reason = route.outcome, route.reason
    elif route.blocked is not None:
        outcome, reason = "blocked", route.blocked
    elif billed == 0:
        outcome, reason = "rated", None  # D-32
    else:
        purses = user.purses(route.family)
        _spend(split, call, route, purses, view)
        outcome, reason = _outcome(split, purses, quoted=quoted)
    assert sum([leg.minutes for leg in split.legs]) + split.left == billed, "minutes are conserved"  # noqa: S101  stays on
    rated = make_call_rated(
        call.usage_id,
        outcome,
        reason,
        call.user_id,
        call.call_type,
        route.direction,
        call.started_at,
        user.period,
        route.destination,
        call.duration_seconds,
        billed,
        split.left,
        tuple(split.legs),
        split.charge,
        split.fee,
        view.row.currency,
        tuple(split.passed),
        flags_of(
            late=late,
            no_rate=outcome == "freecall",
            duration_mismatch=has_duration_mismatch(call),
            toll_free_origin=route.foreign_origin,
            overdraft=split.overdrawn,
        ),
        None,
        None,
        view.ruleset,
    )
    return Rating(rated, split.debits, split.money)


def has_duration_mismatch(call: CallEnded) -> bool:
    """Return whether the call was connected longer than it lasted (D-89)."""
    lasted = call.ended_at - call.started_at
    return lasted.days * 86_400 + lasted.seconds < call.duration_seconds


def flags_of(
    *,
    late: bool,
    no_rate: bool,
    duration_mismatch: bool,
    toll_free_origin: bool,
    overdraft: bool,
) -> tuple[Flag, ...]:
    """Return the flags in the order of contracts section 3."""
    if not (late or no_rate or duration_mismatch or toll_free_origin or overdraft):
        return ()
    flags: list[tuple[bool, Flag]] = [
        (late, "late"),  # D-70
        (no_rate, "no_rate"),  # D-64
        (duration_mismatch, "duration_mismatch"),  # D-89
        (toll_free_origin, "toll_free_origin"),
        (overdraft, "overdraft"),
    ]
    return tuple(flag for holds, flag in flags if holds)


def _spend(split: _Split, call: CallEnded, route: Route, purses: Purses, view: TenantView) -> None:
    """Give the minutes to the purses in their order (R-312 to R-314)."""
    for pool in purses.others:
        split.passed.append(pool.passed_over("not_for_this_class"))
    if route.unlimited:
        _spend_unlimited(split)
        return
    for pool in purses.minutes:
        _spend_pool(split, pool)
        if not split.left:
            return
    row = route.price(view.deck, call.started_at, view.row.currency)
    _spend_credits(split, call, row, purses, view)
    if split.left and purses.postpaid:
        _spend_postpaid(split, row, view)


def _spend_unlimited(split: _Split) -> None:
    # D-33: no pool, no money, nothing left to say.
    split.legs.append(
        make_leg("dial_out_pool", None, UNLIMITED_CAPABILITY, split.left, None, 0, 0, None, None)
    )
    split.left = 0


def _spend_pool(split: _Split, pool: Pool) -> None:
    remaining = pool.capacity - pool.use.used
    if pool.twin is not None and pool.twin.ended:
        split.passed.append(pool.passed_over("closed_by_joint_cap"))
    elif remaining <= 0:
        split.passed.append(pool.passed_over("exhausted"))
    else:
        minutes = min(split.left, remaining)
        split.left -= minutes
        split.debits.append((pool, minutes))
        split.legs.append(
            make_leg(
                pool.purse, pool.id, pool.capability, minutes, None, 0, 0, remaining - minutes, None
            )
        )


def _spend_credits(
    split: _Split, call: CallEnded, row: RateRow | None, purses: Purses, view: TenantView
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
        split.unpriced = True
    else:
        overdraft = view.row.overdraft == "allow_negative"
        minutes = split.left if overdraft else min(split.left, _affordable(spendable, row))
    if row is None or not minutes:
        split.passed.append(PassedOver("credits", None, wallet.balance, why))
        return
    amount = minutes * row.price_per_minute + row.connection_fee
    split.money = amount
    split.credits_paid = True
    split.overdrawn = amount > spendable + wallet.debt  # part of it becomes debt (D-24)
    _add_money_leg(
        split,
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


def _spend_postpaid(split: _Split, row: RateRow | None, view: TenantView) -> None:
    if not view.row.postpaid:
        split.passed.append(PassedOver("postpaid", None, None, "postpaid_off"))
    elif row is None:
        split.unpriced = True
        split.passed.append(PassedOver("postpaid", None, None, "no_rate"))
    else:
        fee = 0 if split.credits_paid else row.connection_fee  # D-13
        _add_money_leg(split, "postpaid", row, minutes=split.left, fee=fee, remaining=None)


def _add_money_leg(
    split: _Split,
    purse: PurseKind,
    row: RateRow,
    *,
    minutes: int,
    fee: int,
    remaining: int | None,
) -> None:
    amount = minutes * row.price_per_minute + fee
    split.left -= minutes
    split.charge += amount
    split.fee += fee
    split.legs.append(
        make_leg(
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


def _outcome(split: _Split, purses: Purses, *, quoted: bool) -> tuple[Outcome, BlockReason | None]:
    """Return outcome and reason of a call that purses were looked at for."""
    if not split.left:
        return "rated", None
    if split.unpriced:
        if not quoted:
            return "freecall", "no_rate"  # R-338, D-04
        return ("truncated" if split.legs else "blocked"), "no_rate"  # D-73
    return ("truncated" if split.legs else "blocked"), _shortage(split, purses)


def _shortage(split: _Split, purses: Purses) -> BlockReason:
    """Return why minutes stayed uncovered (D-05)."""
    if split.credits_paid:
        return "wallet_empty"
    if purses.minutes:
        return "pool_exhausted_no_credits"
    if not purses.may_use_credits:
        return "no_cc_licence"
    return "wallet_empty"
