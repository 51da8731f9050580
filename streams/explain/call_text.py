"""One rating in sentences: the arithmetic, who paid, who did not and why.

`explain` shows a rating that happened, `quote` one that would happen; both say it with these
functions. Nothing is computed again: every figure is one of the record.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from schemas.ledger import CallRated, Difference, Leg, PassedOver
from schemas.money import format_money
from streams.audit.form import POOL_ID
from streams.explain.words import (
    BUCKETS,
    CAPABILITIES,
    CLASSES,
    FLAGS,
    OUTCOMES,
    PURSES,
    REASONS,
    WHYS,
)

WOULD_HAPPEN: Final = {
    "rated": "would be fully covered",
    "truncated": "would be cut off early",
    "blocked": "would be blocked",
    "freecall": "would be blocked",
}
"""Headline of a quote; every other outcome reads the same before and after the call."""


def minutes_text(minutes: int) -> str:
    """Return `1 minute`, `2 minutes`."""
    return f"{minutes:,} minute{'' if minutes == 1 else 's'}"


def money_text(units: int, currency: str) -> str:
    """Return an exact amount with its currency."""
    return f"{format_money(units)} {currency}"


def instant_text(instant: datetime) -> str:
    """Return an instant to the second, in UTC."""
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def headline(call: CallRated) -> str:
    """Say the outcome in half a sentence, after "the call was"."""
    text = OUTCOMES[call.outcome]
    if call.outcome == "rated" and call.billed_minutes == 0:
        return "not connected for a second, so there is nothing to charge"
    if call.outcome == "rated":
        return f"{text}, {_charged(call)}"
    if call.outcome == "truncated":
        covered = call.billed_minutes - call.uncovered_minutes
        return f"{text}: {covered:,} of {minutes_text(call.billed_minutes)}, {_charged(call)}"
    if call.outcome == "freecall":
        return f"{text}: {minutes_text(call.uncovered_minutes)} of it, {_charged(call)}"
    return text


def quote_headline(call: CallRated) -> str:
    """Say the outcome in half a sentence, after "the call"."""
    would = WOULD_HAPPEN.get(call.outcome)
    if would is None:
        return f"would be {OUTCOMES[call.outcome]}"
    if call.outcome == "rated":
        cost = money_text(call.charge, call.currency) if call.charge else "nothing"
        return f"{would} and cost {cost}"
    if call.outcome == "truncated":
        covered = minutes_text(call.billed_minutes - call.uncovered_minutes)
        cost = money_text(call.charge, call.currency) if call.charge else "nothing"
        return f"{would}, after {covered} for {cost}"
    return would


def reason_sentence(call: CallRated) -> str | None:
    """Say why minutes were left uncovered or the call was not charged here."""
    return None if call.reason is None else REASONS[call.reason]


def destination_text(call: CallRated) -> str | None:
    """Say where the call went; None for a call that came in."""
    where = call.destination
    if where.class_ is None:
        return None
    parts = [CLASSES[where.class_]]
    if where.region is not None:
        parts.append(f"region {where.region}")
    if where.prefix is not None:
        parts.append(f"price list prefix {where.prefix}")
    return ", ".join(parts)


def length_text(call: CallRated) -> str:
    """Say how seconds became billed minutes (R-331)."""
    seconds = f"{call.duration_seconds:,} s connected"
    if not call.billed_minutes:
        return seconds
    return f"{seconds}, every begun minute counts: {minutes_text(call.billed_minutes)}"


def purse_text(purse: str, pool: str | None, capability: str | None = None) -> str:
    """Name a purse, for minutes with its plan, place and month."""
    match = POOL_ID.fullmatch(pool) if pool is not None else None
    if match is None:
        plan = _plan(capability) if purse == "dial_out_pool" and capability else None
        return f"{PURSES[purse]} ({plan})" if plan else PURSES[purse]  # type: ignore[index]
    whose = "the user's own " if match["user"] else ""
    place = "" if match["region"] == "*" else f" {match['region']}"
    bucket = BUCKETS[match["bucket"]]
    return f"{whose}{bucket}{place} {match['month']} ({_plan(match['capability'])})"


def leg_text(leg: Leg, currency: str) -> str:
    """Say what one purse paid, with the arithmetic, the price row and what is left."""
    paid = f"{minutes_text(leg.minutes)} from {purse_text(leg.purse, leg.pool, leg.capability)}"
    return "; ".join([paid, *_price_parts(leg, currency), *_left_parts(leg, currency)])


def passed_text(passed: PassedOver, currency: str) -> str:
    """Say which purse gave nothing, what it held and why."""
    name = purse_text(passed.purse, passed.pool)
    return f"{name}: {WHYS[passed.why]}{_held(passed, currency)}"


def difference_text(row: Difference, currency: str) -> str:
    """Say what a correction took more from a purse, or gave back."""
    parts = []
    if row.minutes:
        parts.append(minutes_text(abs(row.minutes)))
    if row.amount:
        parts.append(money_text(abs(row.amount), currency))
    gave = row.amount < 0 or (row.amount == 0 and row.minutes < 0)
    verb = "returned to" if gave else "taken from"
    return f"{' and '.join(parts)} {verb} {purse_text(row.purse, row.pool)}"


def paid_lines(call: CallRated) -> Iterator[str]:
    """Yield one line for each purse that paid, and one for what nothing covered."""
    for leg in call.legs:
        yield leg_text(leg, call.currency)
    if call.uncovered_minutes:
        how = "given free" if call.outcome == "freecall" else "not covered by anything"
        yield f"{minutes_text(call.uncovered_minutes)} {how}"


def flag_lines(call: CallRated) -> Iterator[str]:
    """Yield a sentence for each flag of the record."""
    for flag in call.flags:
        yield FLAGS[flag]


def _charged(call: CallRated) -> str:
    if not call.charge:
        return "nothing to pay"
    return f"charged {money_text(call.charge, call.currency)}"


def _plan(capability: str) -> str:
    words = CAPABILITIES.get(capability)
    return f"{words}, {capability}" if words else capability


def _price_parts(leg: Leg, currency: str) -> Iterator[str]:
    if leg.rate is None or leg.price is None:
        return
    sum_ = f"{leg.minutes:,} x {format_money(leg.rate)}"
    if leg.connection_fee:
        sum_ += f" + {format_money(leg.connection_fee)} connection fee"
    yield f"{sum_} = {money_text(leg.amount, currency)}"
    row = f"price of numbers beginning {leg.price.prefix}"
    if leg.price.origin is not None:
        row += f" called from {leg.price.origin}"
    if leg.price.effective_from is not None:
        row += f", in force since {instant_text(leg.price.effective_from)}"
    yield row


def _left_parts(leg: Leg, currency: str) -> Iterator[str]:
    if leg.remaining is None:
        return
    left = money_text(leg.remaining, currency)
    if leg.purse != "credits":
        left = minutes_text(leg.remaining)
    yield f"{left} left after it"


def _held(passed: PassedOver, currency: str) -> str:
    if passed.before is None or passed.why == "exhausted":
        return ""
    if passed.purse == "credits":
        return f"; it held {money_text(passed.before, currency)}"
    return f"; it held {minutes_text(passed.before)}"
