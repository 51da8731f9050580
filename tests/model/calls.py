"""What call events do: rate, recognise, correct, take back (R-700, R-701, D-17 to D-23)."""

from datetime import timedelta
from typing import Any

from tests.model import ledger, wallet
from tests.model.ledger import Record
from tests.model.rating import rate, refuse_invalid_number
from tests.model.tenant import Call, Rating, Tenant
from tests.model.wire import Refused

CLOCK_TOLERANCE = timedelta(hours=24)


def refuse_by_time(tenant: Tenant, event: dict[str, Any], call: dict[str, Any]) -> None:
    """Raise `Refused` for a call from the future or of a month long closed (R-700, D-18)."""
    if call["ended_at"] > event["time"] + CLOCK_TOLERANCE:
        raise Refused("in_future")
    if not tenant.accepts(tenant.month_of(call["started_at"])):
        raise Refused("too_late")


def check_ended(tenant: Tenant, event: dict[str, Any]) -> None:
    """Raise `Refused` unless the finished call can be rated or is a duplicate (D-17)."""
    call = event["data"]
    refuse_by_time(tenant, event, call)
    known = tenant.call(call["usage_id"])
    if known is None:
        refuse_invalid_number(tenant, call)
    elif call not in (known.original, known.newest):  # D-21, D-22
        raise Refused("id_payload_mismatch")


def ended(tenant: Tenant, event: dict[str, Any]) -> list[Record]:
    """Rate a finished call, once."""
    call = event["data"]
    known = tenant.call(call["usage_id"])
    if known:
        return [duplicate(known)]
    rating = rate(tenant, call)
    seq = tenant.seq + 1
    tenant.calls.append(Call(call, call, rating, seq, seq))
    tenant.rated_starts.append(call["started_at"])
    return [ledger.rated(tenant, call, rating)]


def duplicate(known: Call) -> Record:
    """Write `call.duplicate`; the first record of the call is named (D-22)."""
    return "call.duplicate", {
        "usage_id": known.newest["usage_id"],
        "first_seq": known.first_seq,
    }


def check_corrected(tenant: Tenant, event: dict[str, Any]) -> None:
    """Raise `Refused` unless the correction can be applied as a whole (D-22, D-75)."""
    call = event["data"]["call"]
    refuse_by_time(tenant, event, call)
    known = tenant.call(call["usage_id"])
    if known is None:
        raise Refused("unknown_call")
    if call == known.newest:
        return
    if known.cancelled:
        raise Refused("already_cancelled")
    refuse_invalid_number(tenant, call)


def corrected(tenant: Tenant, event: dict[str, Any]) -> list[Record]:
    """Give back what the old legs took, then rate the new call on the balances now (R-701)."""
    call = event["data"]["call"]
    known = tenant.call(call["usage_id"])
    assert known, "checked before"
    if call == known.newest:
        return [duplicate(known)]
    old, lost = take_back(tenant, known)
    known.rating = rate(tenant, call)
    known.newest = call
    tenant.rated_starts.append(call["started_at"])
    return replaced(tenant, known, old, lost)


def check_cancelled(tenant: Tenant, event: dict[str, Any]) -> None:
    """Raise `Refused` if there is no such call (D-22)."""
    if tenant.call(event["data"]["usage_id"]) is None:
        raise Refused("unknown_call")


def cancelled(tenant: Tenant, event: dict[str, Any]) -> list[Record]:
    """Take a call back (R-701, D-02)."""
    known = tenant.call(event["data"]["usage_id"])
    assert known, "checked before"
    if known.cancelled:
        return [duplicate(known)]
    old, lost = take_back(tenant, known)
    known.cancelled = True
    late = tenant.month_of(known.newest["started_at"]) < (tenant.newest_started or "")
    lasting = [flag for flag in old.flags if flag in ("duration_mismatch", "toll_free_origin")]
    known.rating = Rating(
        "cancelled", None, old.destination, flags=[*(["late"] if late else []), *lasting]
    )
    return replaced(tenant, known, old, lost)


def take_back(tenant: Tenant, known: Call) -> tuple[Rating, dict[str, Any]]:
    """Give the minutes back by forgetting the legs, the money by `give_back`."""
    old = known.rating
    known.rating = Rating("cancelled")
    return old, wallet.give_back(tenant, old.legs)


def replaced(tenant: Tenant, known: Call, old: Rating, lost: dict[str, Any]) -> list[Record]:
    """Write the record that replaces the newest one, then what fell into forfeited lots."""
    record = ledger.rated(tenant, known.newest, known.rating, known.last_seq, old)
    known.last_seq = tenant.seq + 1
    return [record, *(wallet.forfeited(tenant, lot, amount) for lot, amount in lost.items())]
