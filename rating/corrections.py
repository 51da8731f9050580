"""Corrections and cancellations: give back exactly, then rate anew (R-701, D-02, D-22, D-23).

Old records never change. A correction writes a new `call.rated` that names the record it replaces
and, purse by purse, the difference. First everything the old rating took goes back to where it came
from, then the new call is rated on the balances as they are now. So a correction that cannot be
rated (a bad number) must be refused before anything moves (D-75).
"""

from collections.abc import Iterable
from dataclasses import replace

from rating.calendar import month_text
from rating.call_row import CallRow
from rating.call_types import CALL_TYPES
from rating.calls import (
    find_call,
    fingerprint,
    invalid_number,
    is_late,
    next_seq,
    post,
    untimely,
)
from rating.flags import CANCELLED, FACTS, LATE, flags_of
from rating.kit import Kit, Records, refuse
from rating.notices import Watch
from rating.pools import pool_id
from rating.rate_call import rate_call
from rating.routes import find_route
from rating.rows import PURSES, TenantRow
from rating.store import Store
from rating.tenant_view import TenantView, entitlement
from rating.wallet import NOTHING_TAKEN
from schemas.calls import CallCancelled, CallCorrected
from schemas.dead_letter import Reason, Refusal
from schemas.envelope import Event
from schemas.ledger import (
    CallDuplicate,
    CallRated,
    CreditsForfeited,
    Difference,
    LedgerData,
    PurseKind,
)

_Slice = tuple[PurseKind, str | None, int, int]
"""Purse, pool id, minutes, amount."""


def call_corrected(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: CallCorrected
) -> Records | Refusal:
    """Replace the rating of a call by that of its right data."""
    view = kit.view(row)
    tenant, call = event.tenant, data.call
    month = view.zone.month_of(call.started_at)
    refusal = untimely(view, event, call, month)
    if refusal is not None:
        return refusal
    known = find_call(store, row, tenant, data.usage_id)
    if known is None:
        return refuse(event, Reason.UNKNOWN_CALL, "no such call is known")
    digest = fingerprint(call)
    if digest == known.newest:
        return [CallDuplicate(data.usage_id, known.first_seq)]  # D-22, also when cancelled
    if known.cancelled:
        return refuse(event, Reason.ALREADY_CANCELLED, "the call was cancelled")
    user = entitlement(store, view, tenant, call.user_id, month)
    route = find_route(call, user, view, kit.numbering)
    if route is None:
        return invalid_number(event)  # D-75
    watch = Watch()
    homeless = _give_back(store, view, tenant, known, watch)
    rating = rate_call(call, route, user, view, late=is_late(row, month))
    old = _slices(known)
    new = [(leg.purse, leg.pool, leg.minutes, leg.amount) for leg in rating.rated.legs]
    rated = replace(rating.rated, corrects=known.last_seq, difference=_difference(old, new))
    known.legs = post(store, view, tenant, user, rating, watch)
    known.taking = rating.taking
    known.newest = digest
    known.last_seq = next_seq(view)
    known.month = month  # D-74
    known.started_at = call.started_at
    known.duration_seconds = call.duration_seconds
    known.user_id = call.user_id
    known.call_type = call.call_type
    known.destination = route.destination
    known.marks = rating.facts
    store.put_call(tenant, data.usage_id, known)
    return [rated, *_forfeited(row, tenant, homeless), *watch.records()]


def call_cancelled(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: CallCancelled
) -> Records | Refusal:
    """Take a call back."""
    view = kit.view(row)
    tenant = event.tenant
    known = find_call(store, row, tenant, data.usage_id)
    if known is None:
        return refuse(event, Reason.UNKNOWN_CALL, "no such call is known")
    if known.cancelled:
        return [CallDuplicate(data.usage_id, known.first_seq)]  # D-22
    watch = Watch()
    homeless = _give_back(store, view, tenant, known, watch)
    rated = _cancelled(view, data.usage_id, known)
    known.legs = ()
    known.taking = NOTHING_TAKEN
    known.marks |= CANCELLED
    known.last_seq = next_seq(view)
    store.put_call(tenant, data.usage_id, known)
    return [rated, *_forfeited(row, tenant, homeless), *watch.records()]


def _cancelled(view: TenantView, usage_id: str, known: CallRow) -> CallRated:
    """Return the record of a call taken back: its newest facts, nothing billed (D-02)."""
    internal = known.destination.class_ == "internal"
    return CallRated(
        usage_id=usage_id,
        outcome="cancelled",
        reason=None,
        user_id=known.user_id,
        call_type=known.call_type,
        direction="internal" if internal else CALL_TYPES[known.call_type].direction,
        started_at=known.started_at,
        period=month_text(known.month),
        destination=known.destination,
        duration_seconds=known.duration_seconds,
        billed_minutes=0,
        uncovered_minutes=0,
        legs=(),
        charge=0,
        connection_fee=0,
        currency=view.row.currency,
        passed_over=(),
        flags=flags_of(known.marks & FACTS | (LATE if is_late(view.row, known.month) else 0)),
        corrects=known.last_seq,
        difference=_difference(_slices(known), ()),
        ruleset=view.ruleset,
    )


def _give_back(
    store: Store, view: TenantView, tenant: str, known: CallRow, watch: Watch
) -> tuple[tuple[int, int], ...]:
    """Return all that the old rating took; what has no lot any more as (lot number, amount)."""
    for purse, key, minutes, _ in known.legs:
        if key is None:
            continue
        if purse == "user_pool":
            assert known.user_id is not None, "own buckets have a user"  # noqa: S101  stays on
            subscriber = store.get_subscriber(tenant, known.user_id)
            assert subscriber is not None, "what was used is in the user's row"  # noqa: S101  stays on
            pool = view.user_pools(subscriber, known.user_id, known.month)[key]
            store.put_subscriber(tenant, known.user_id, subscriber)
        else:
            pool = view.pools(known.month)[key]
        watch.touch(pool)
        pool.give_back(minutes)
    return view.row.wallet.give_back(known.taking)


def _slices(known: CallRow) -> list[_Slice]:
    """Return what a call took, with pool ids."""
    slices: list[_Slice] = []
    for purse, key, minutes, amount in known.legs:
        user_id = known.user_id if purse == "user_pool" else None
        pool = None if key is None else pool_id(key, known.month, user_id)
        slices.append((purse, pool, minutes, amount))
    return slices


def _difference(old: Iterable[_Slice], new: Iterable[_Slice]) -> tuple[Difference, ...]:
    """Return new minus old, one row per purse and pool that differs (D-02)."""
    sums: dict[tuple[int, str], list[int]] = {}
    for sign, slices in ((-1, old), (1, new)):
        for purse, pool, minutes, amount in slices:
            total = sums.setdefault((PURSES.index(purse), pool or ""), [0, 0])
            total[0] += sign * minutes
            total[1] += sign * amount
    return tuple(
        Difference(PURSES[purse], pool or None, minutes, amount)
        for (purse, pool), (minutes, amount) in sorted(sums.items())
        if minutes or amount
    )


def _forfeited(
    row: TenantRow, tenant: str, homeless: tuple[tuple[int, int], ...]
) -> list[LedgerData]:
    """Return the records of parts whose lot was forfeited meanwhile (D-23, D-91).

    They stand after the call's record, so their balance is that at the end of the event.
    """
    balance = row.wallet.balance
    return [CreditsForfeited(f"{tenant}/l{number}", amount, balance) for number, amount in homeless]
