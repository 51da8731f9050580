"""What must hold inside one ledger record, whatever stands around it (contracts section 3).

The codec has already refused unknown members, values outside the closed lists and money that is
not a plain decimal; here are the sums and the references between members of one record. Each
check is a generator of faults: one line each, without position, none where all is well.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from rating.calendar import month_text, parse_month
from schemas.codec import ruleset_of
from schemas.ledger import (
    CallRated,
    Leg,
    PoolChanged,
    PoolClosed,
    PoolReopened,
    PoolReset,
    PoolThresholdReached,
    RechargeDue,
    RulesetChanged,
    WalletEmpty,
)

POOL_ID: Final = re.compile(
    r"(?P<region>[A-Z0-9]{2,8}|\*)/(?P<capability>[A-Za-z0-9_.-]+)"
    r"/(?P<bucket>domestic|international|dial_out)/(?P<month>\d{4}-(?:0[1-9]|1[0-2]))"
    r"(?:/(?P<user>.+))?",
    re.DOTALL,
)
MINUTE_PURSES: Final = frozenset({"pool", "user_pool", "dial_out_pool"})
OTHER_BUCKET: Final = {"domestic": "international", "international": "domestic"}
NOTHING_BILLED: Final = frozenset(
    {"free_internal", "free_inbound", "free_emergency", "cancelled", "not_rated"}
)
"""Outcomes with 0 billed minutes and no legs (D-03, D-36, D-86)."""
WITH_REASON: Final = frozenset({"truncated", "blocked", "freecall", "not_rated"})
"""Outcomes that always name a reason; all others have none (D-05)."""
PURSE_ORDER: Final = ("pool", "user_pool", "dial_out_pool", "credits", "postpaid")
FLAG_ORDER: Final = ("late", "no_rate", "duration_mismatch", "toll_free_origin", "overdraft")
SECONDS_PER_MINUTE: Final = 60


def form_faults(content: object) -> Iterator[str]:
    """Yield what is wrong inside the data of one record."""
    check = _CHECKS.get(type(content))
    if check is not None:
        yield from check(content)


def pool_month(pool: str) -> str | None:
    """Return the month of a pool id, None where it is no pool id."""
    match = POOL_ID.fullmatch(pool)
    return match["month"] if match else None


def pool_bucket(pool: str) -> str | None:
    """Return the bucket of a pool id, None where it is no pool id."""
    match = POOL_ID.fullmatch(pool)
    return match["bucket"] if match else None


def next_month_pool(pool: str) -> str | None:
    """Return the id of the same pool a month later, None where it is no pool id."""
    match = POOL_ID.fullmatch(pool)
    if match is None:
        return None
    start, end = match.span("month")
    return pool[:start] + month_text(parse_month(match["month"]) + 1) + pool[end:]


def other_bucket_pool(pool: str) -> str | None:
    """Return the id of the pool's other bucket under a joint cap, None where it has none."""
    match = POOL_ID.fullmatch(pool)
    other = OTHER_BUCKET.get(match["bucket"]) if match else None
    if match is None or other is None:
        return None
    start, end = match.span("bucket")
    return pool[:start] + other + pool[end:]


def _ruleset(content: RulesetChanged) -> Iterator[str]:
    digest = ruleset_of(
        rules=content.rules,
        catalogue=content.catalogue,
        rates=content.rates,
        numbering=content.numbering,
        calendar=content.calendar,
    )
    if digest != content.ruleset:
        yield f"ruleset is {content.ruleset}, its parts make {digest}"


def _pool_changed(content: PoolChanged) -> Iterator[str]:
    yield from _pool_id(content.pool)
    left = max(0, content.capacity - content.used)
    if content.remaining != left:
        yield f"remaining is {content.remaining}, capacity less used is {left}"


def _pool_reset(content: PoolReset) -> Iterator[str]:
    yield from _pool_id(content.pool)
    left = max(0, content.capacity - content.used)
    if content.discarded != left:
        yield f"discarded is {content.discarded}, capacity less used is {left}"
    following = next_month_pool(content.pool)
    if content.next_pool != following:
        yield f"next_pool is {content.next_pool}, the following month's is {following}"


def _pool_event(content: PoolThresholdReached) -> Iterator[str]:
    yield from _pool_id(content.pool)


def _pool_cap(content: PoolClosed | PoolReopened) -> Iterator[str]:
    yield from _pool_id(content.pool)
    other = OTHER_BUCKET.get(pool_bucket(content.pool) or "")
    if content.by != other:
        yield f"by is {content.by}, the other bucket is {other}"


def _recharge_due(content: RechargeDue) -> Iterator[str]:
    if content.amount <= 0:
        yield "a recharge of nothing"


def _wallet_empty(content: WalletEmpty) -> Iterator[str]:
    if content.balance > 0:
        yield "the wallet is said to be empty but its balance is above zero"


def _pool_id(pool: str) -> Iterator[str]:
    if POOL_ID.fullmatch(pool) is None:
        yield f"{pool!r} is no pool id"


def _call_rated(call: CallRated) -> Iterator[str]:
    yield from _call_minutes(call)
    for leg in call.legs:
        yield from _leg(leg)
    if call.charge != sum(leg.amount for leg in call.legs):
        yield "charge is not the sum of the legs"
    if call.connection_fee != sum(leg.connection_fee for leg in call.legs):
        yield "connection_fee is not the sum of the legs' fees"
    if (call.reason is not None) != (call.outcome in WITH_REASON):
        yield f"outcome {call.outcome} with reason {call.reason}"
    yield from _call_correction(call)
    if list(call.flags) != [flag for flag in FLAG_ORDER if flag in call.flags]:
        yield f"flags {', '.join(call.flags)} are not in the order listed, each once"
    for passed in call.passed_over:
        if passed.pool is not None:
            yield from _pool_id(passed.pool)


def _call_correction(call: CallRated) -> Iterator[str]:
    if (call.corrects is None) != (call.difference is None):
        yield "corrects and difference come together"
    if call.outcome == "cancelled" and call.corrects is None:
        yield "cancelled but corrects nothing"
    order = [(PURSE_ORDER.index(row.purse), row.pool or "") for row in call.difference or ()]
    if order != sorted(set(order)):
        yield "difference is not in the order of purses, each once"


def _call_minutes(call: CallRated) -> Iterator[str]:
    free = call.outcome in NOTHING_BILLED
    billed = 0 if free else -(-call.duration_seconds // SECONDS_PER_MINUTE)
    if call.billed_minutes != billed:
        yield f"billed_minutes is {call.billed_minutes}, {call.duration_seconds} s make {billed}"
    split = sum(leg.minutes for leg in call.legs) + call.uncovered_minutes
    if call.billed_minutes != split:
        yield f"billed_minutes is {call.billed_minutes}, legs and uncovered make {split}"
    if call.outcome == "rated" and call.uncovered_minutes:
        yield f"rated, but {call.uncovered_minutes} minutes are uncovered"
    if call.outcome == "blocked" and call.legs:
        yield "blocked, but a purse paid"
    if call.outcome == "truncated" and not (call.legs and call.uncovered_minutes):
        yield "truncated needs both a paying purse and uncovered minutes"


def _leg(leg: Leg) -> Iterator[str]:
    if leg.minutes < 1:
        yield f"a leg of {leg.minutes} minutes"
    if leg.pool is not None:
        yield from _pool_id(leg.pool)
    if (leg.rate is None) != (leg.price is None):
        yield "a leg's rate and price come together"
    if leg.rate is None:
        if leg.amount or leg.connection_fee:
            yield "a leg without a rate costs money"
    elif leg.amount != leg.rate * leg.minutes + leg.connection_fee:
        yield "a leg's amount is not rate x minutes + connection fee"
    if leg.purse in MINUTE_PURSES and leg.rate is not None:
        yield f"a leg of {leg.purse} has a rate"
    if leg.purse not in MINUTE_PURSES and (leg.rate is None or leg.pool is not None):
        yield f"a leg of {leg.purse} needs a rate and has no pool"


_CHECKS: Final[dict[type, Callable[[Any], Iterator[str]]]] = {
    CallRated: _call_rated,
    RulesetChanged: _ruleset,
    PoolChanged: _pool_changed,
    PoolReset: _pool_reset,
    PoolThresholdReached: _pool_event,
    PoolClosed: _pool_cap,
    PoolReopened: _pool_cap,
    RechargeDue: _recharge_due,
    WalletEmpty: _wallet_empty,
}
