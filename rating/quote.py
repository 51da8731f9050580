"""What a call would cost now, without making it (D-73)."""

from rating.acceptance import oldest_accepted
from rating.calls import is_late
from rating.kit import Kit
from rating.rate_call import rate_call
from rating.routes import find_route
from rating.store import Store
from rating.tenant_view import entitlement
from schemas.calls import CallEnded
from schemas.dead_letter import Reason, Refusal
from schemas.ledger import CallRated


def quote(kit: Kit, store: Store, tenant: str, call: CallEnded) -> CallRated | Refusal:
    """Return the `call.rated` that the call would get, or why it cannot be rated.

    The call has not happened yet, so without a rate it is blocked, where a finished one would be
    given free (R-338, C20). Its usage id plays no part. Changes nothing. Raises UnknownReference.
    """
    row = store.get_tenant(tenant)
    if row is None:
        return Refusal(Reason.TENANT_UNKNOWN, "the tenant was never configured", tenant)
    view = kit.view(row)
    month = view.zone.month_of(call.started_at)
    oldest = oldest_accepted(row)
    if oldest is not None and month < oldest:
        return Refusal(Reason.TOO_LATE, "the call's month is no longer accepted", tenant)
    user = entitlement(store, view, tenant, call.user_id, month)
    route = find_route(call, user, view, kit.numbering)
    if route is None:
        return Refusal(Reason.INVALID_NUMBER, "the callee is no number that can be called", tenant)
    late = is_late(row, month)
    return rate_call(call, route, user, view, late=late, quoted=True).rated
