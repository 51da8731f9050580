"""The event `call.ended`: refusals, duplicates, then rating and posting (R-700).

The order of the tests is fixed (D-17): in_future, too_late, dedupe, invalid_number, rating. A
refused call does not take its id.
"""

import hashlib
from datetime import timedelta
from typing import Final

from rating.call_row import (
    CallRow,
    KeptLeg,
    stale_call,
)
from rating.call_types import CALL_TYPES
from rating.instants import EPOCH
from rating.kit import Kit, Records, refuse
from rating.notices import Watch
from rating.purses import Entitlement
from rating.rate_call import Rating, rate_call
from rating.routes import find_route
from rating.rows import TenantRow
from rating.store import Store
from rating.tenant_view import TenantView, entitlement
from schemas.calls import CallEnded
from schemas.dead_letter import Reason, Refusal
from schemas.envelope import Event
from schemas.ledger import CallDuplicate

FUTURE_HOURS_MAX: Final = 24
"""A call may end this much after its envelope's time (R-700): clocks of switches differ, and a time
zone taken for another is less than a day off."""
_FUTURE_MAX: Final = timedelta(hours=FUTURE_HOURS_MAX)
_SECONDS_PER_DAY: Final = 86_400
FINGERPRINT_BYTES: Final = 16
"""128 bits: two different calls with one usage id never meet by chance, and the row stays small."""
_UNUSED_HASH: Final = hashlib.blake2b(digest_size=FINGERPRINT_BYTES)


def fingerprint(call: CallEnded) -> bytes:
    """Return what two equal calls have in common (D-21): all fields, instants as instants.

    No text of an event holds NUL (contracts section 1), so with NUL between them no two different
    calls give the same line. The usage id is the row's key.
    """
    started_at = call.started_at
    line = (
        f"{call.call_type}\0{call.number_type}\0{call.duration_seconds}\0"
        f"{_span(started_at - EPOCH)}\0{_span(call.ended_at - started_at)}\0"
        f"{_told(call.user_id)}\0{_told(call.caller)}\0{_told(call.callee)}\0"
        f"{_told(call.conference_id)}\0{_told(call.source_format)}"
    )
    hashed = _UNUSED_HASH.copy()  # half the cost of a new one
    hashed.update(line.encode())
    return hashed.digest()


def _span(span: timedelta) -> str:
    """Return an exact time span, seconds and what is beyond them."""
    seconds, beyond = span.days * _SECONDS_PER_DAY + span.seconds, span.microseconds
    return f"{seconds}.{beyond}" if beyond else str(seconds)


def _told(text: str | None) -> str:
    """Return a text with a mark that tells an absent one from an empty one."""
    return "-" if text is None else "=" + text


def untimely(view: TenantView, event: Event, call: CallEnded, month: int) -> Refusal | None:
    """Return the refusal of a call that is too early or too late (R-700, D-17, D-18)."""
    # Most calls are told after they ended, which is sooner seen than by how much.
    if call.ended_at > event.time and call.ended_at - event.time > _FUTURE_MAX:
        return refuse(
            event,
            Reason.IN_FUTURE,
            f"the call ended more than {FUTURE_HOURS_MAX} hours after the event's time",
        )
    if view.oldest is not None and month < view.oldest:
        return refuse(
            event, Reason.TOO_LATE, "the call's month is no longer accepted for this tenant"
        )
    return None


def find_call(store: Store, row: TenantRow, tenant: str, usage_id: str) -> CallRow | None:
    """Return a call that is remembered; one of a month no longer accepted is not (D-84)."""
    known = store.get_call(tenant, usage_id)
    return None if known is None or stale_call(known, row) else known


def call_ended(
    kit: Kit, store: Store, row: TenantRow, event: Event, call: CallEnded
) -> Records | Refusal:
    """Rate a finished call, once (R-700)."""
    view = kit.view(row)
    tenant = event.tenant
    month = view.zone.month_of(call.started_at)
    refusal = untimely(view, event, call, month)
    if refusal is not None:
        return refusal
    digest = fingerprint(call)
    known = find_call(store, row, tenant, call.usage_id)
    if known is not None:
        return repeated(
            event, known, call.usage_id, same=digest in (known.fingerprint, known.newest)
        )
    user = entitlement(store, view, tenant, call.user_id, month)
    route = find_route(call, user, view, kit.numbering)
    if route is None:
        return invalid_number(event)
    rating = rate_call(call, route, user, view, late=is_late(row, month))
    watch = Watch()
    seq = next_seq(view)
    kept = post(store, view, tenant, user, rating, watch)
    kept_row = CallRow(
        digest,
        digest,
        seq,
        seq,
        month,
        call.started_at,
        call.duration_seconds,
        # Rows are kept by the million: equal texts once.
        user.user_id or call.user_id,
        CALL_TYPES[call.call_type].name,
        route.destination,
        rating.facts,
        kept,
        rating.taking,
    )
    store.put_call(tenant, call.usage_id, kept_row)
    return [rating.rated, *watch.records()]


def repeated(event: Event, known: CallRow, usage_id: str, *, same: bool) -> Records | Refusal:
    """Return what becomes of a call that is known already (R-700, D-22)."""
    if same:
        return [CallDuplicate(usage_id, known.first_seq)]
    return refuse(
        event, Reason.ID_PAYLOAD_MISMATCH, "the usage id belongs to a call with other data"
    )


def invalid_number(event: Event) -> Refusal:
    """Return the refusal of a call whose number is none (D-28)."""
    return refuse(event, Reason.INVALID_NUMBER, "the callee is no number that can be called")


def is_late(row: TenantRow, month: int) -> bool:
    """Return whether a call's month is before the newest started period (D-70)."""
    return row.newest is not None and month < row.newest


def next_seq(view: TenantView) -> int:
    """Return the seq of the event's first direct record; ruleset.changed may stand before it."""
    return view.row.seq + (1 if view.versions is view.row.versions else 2)


def post(  # noqa: PLR0917  the call's way ends here, and everything meets
    store: Store, view: TenantView, tenant: str, user: Entitlement, rating: Rating, watch: Watch
) -> tuple[KeptLeg, ...]:
    """Debit what a rating says; return the legs as the call's row keeps them."""
    row, rated, month = view.row, rating.rated, user.month
    row.frozen = True
    if rated.started_at < view.earliest_start:
        view.see(rated.started_at)
    if row.latest is None or month > row.latest:
        row.latest = month
    kept: list[KeptLeg] = []
    for pool, minutes in rating.debits:
        watch.touch(pool)
        pool.debit(minutes)
        kept.append((pool.purse, pool.key, minutes, 0))
        if pool.purse == "user_pool":
            assert user.subscriber is not None, "own buckets have a row"  # noqa: S101  stays on
            assert user.user_id is not None, "own buckets have a user"  # noqa: S101  stays on
            row.has_user_pools = True
            store.put_subscriber(tenant, user.user_id, user.subscriber)
    if rating.money is not None:
        rating.taking = row.wallet.take(rating.money, rated.started_at)
        if rating.taking.debt:
            assert row.overdraft == "allow_negative", "clamp"  # noqa: S101  stays on
    if len(rated.legs) > len(kept):
        for leg in rated.legs[len(kept) :]:
            kept.append((leg.purse, None, leg.minutes, leg.amount))  # noqa: PERF401  one list
    return tuple(kept)
