"""Ledger records to canonical bytes, with the hash that chains them (contracts section 3).

The bytes are made once: without `hash`, hashed together with the hash before, and the new hash is
spliced in where its name sorts, between `data` and `id`. Each kind of record has a writer that
names its members in sorted order, so nothing is sorted while writing; a test compares every writer
with the class's fields and with an independent canonical form.
"""

from binascii import hexlify
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from schemas import ledger
from schemas.codec.canonical import amount, balance, instant, ordered_bytes
from schemas.ledger import RECORD_TYPES, LedgerRecord

FIRST_HASH: Final = bytes(32)
"""The hash before a tenant's first record."""
_HASH_BYTES: Final = len(FIRST_HASH)
_UNUSED_HASH: Final = sha256()
_SPLICE: Final = b',"id":"'
"""Starts the envelope's id: quotes inside strings are escaped, and `data` has no member `id`."""
_TYPES: Final = {cls: f"tollstream.{name}.v1" for cls, name in RECORD_TYPES.items()}

_Tree = dict[str, Any]


def encode_record(record: LedgerRecord, previous_hash: bytes) -> tuple[bytes, bytes]:
    """Return the record's canonical line without newline, and its 32-byte hash.

    `previous_hash` is that of the tenant's record before, 32 zero bytes for the first.
    """
    assert len(previous_hash) == _HASH_BYTES, "the hash before"  # noqa: S101 - before the write
    data = record.data
    cls = type(data)
    line = ordered_bytes(
        {
            "cause": record.cause,
            "data": _call_rated(data)
            if isinstance(data, ledger.CallRated)
            else _WRITERS[cls](data),
            "id": f"{record.tenant}/{record.seq}",
            "seq": record.seq,
            "source": "tollstream",
            "specversion": "1.0",
            "subject": record.tenant,
            "time": instant(record.time),
            "type": _TYPES[cls],
        }
    )
    hashed = _UNUSED_HASH.copy()  # half the cost of a new one
    hashed.update(previous_hash + line)
    digest = hashed.digest()
    at = line.rfind(_SPLICE)
    return b"".join((line[:at], b',"hash":"', hexlify(digest), b'"', line[at:])), digest


def ruleset_of(*, rules: int, catalogue: str, rates: str, numbering: str, calendar: str) -> str:
    """Return the `ruleset` of these versions: 12 hex digits over their canonical form."""
    rest = {
        "calendar": calendar,
        "catalogue": catalogue,
        "numbering": numbering,
        "rates": rates,
        "rules": rules,
    }
    return sha256(ordered_bytes(rest)).hexdigest()[:12]


def _call_rated(data: ledger.CallRated) -> _Tree:
    destination = data.destination
    difference = data.difference
    return {
        "billed_minutes": data.billed_minutes,
        "call_type": data.call_type,
        "charge": amount(data.charge),
        "connection_fee": amount(data.connection_fee),
        "corrects": data.corrects,
        "currency": data.currency,
        "destination": {
            "class": destination.class_,
            "prefix": destination.prefix,
            "region": destination.region,
        },
        "difference": None if difference is None else [_difference(row) for row in difference],
        "direction": data.direction,
        "duration_seconds": data.duration_seconds,
        "flags": data.flags,
        "legs": [_leg(leg) for leg in data.legs],
        "outcome": data.outcome,
        "passed_over": [_passed_over(row) for row in data.passed_over],
        "period": data.period,
        "reason": data.reason,
        "ruleset": data.ruleset,
        "started_at": instant(data.started_at),
        "uncovered_minutes": data.uncovered_minutes,
        "usage_id": data.usage_id,
        "user_id": data.user_id,
    }


def _leg(leg: ledger.Leg) -> _Tree:
    remaining = leg.remaining
    return {
        "amount": amount(leg.amount),
        "capability": leg.capability,
        "connection_fee": amount(leg.connection_fee),
        "minutes": leg.minutes,
        "pool": leg.pool,
        "price": None if leg.price is None else _price(leg.price),
        "purse": leg.purse,
        "rate": None if leg.rate is None else amount(leg.rate),
        "remaining": remaining
        if remaining is None or leg.purse != "credits"
        else balance(remaining),
    }


def _price(row: ledger.Price) -> _Tree:
    since = row.effective_from
    return {
        "effective_from": None if since is None else instant(since),
        "origin": row.origin,
        "prefix": row.prefix,
    }


def _passed_over(row: ledger.PassedOver) -> _Tree:
    before = row.before
    return {
        "before": before if before is None or row.purse != "credits" else balance(before),
        "pool": row.pool,
        "purse": row.purse,
        "why": row.why,
    }


def _difference(row: ledger.Difference) -> _Tree:
    return {
        "amount": amount(row.amount),
        "minutes": row.minutes,
        "pool": row.pool,
        "purse": row.purse,
    }


def _ruleset_changed(data: ledger.RulesetChanged) -> _Tree:
    return {
        "calendar": data.calendar,
        "catalogue": data.catalogue,
        "numbering": data.numbering,
        "rates": data.rates,
        "rules": data.rules,
        "ruleset": data.ruleset,
    }


def _call_duplicate(data: ledger.CallDuplicate) -> _Tree:
    return {"first_seq": data.first_seq, "usage_id": data.usage_id}


def _pool_changed(data: ledger.PoolChanged) -> _Tree:
    return {
        "capacity": data.capacity,
        "pool": data.pool,
        "reason": data.reason,
        "remaining": data.remaining,
        "used": data.used,
    }


def _pool_reset(data: ledger.PoolReset) -> _Tree:
    return {
        "capacity": data.capacity,
        "discarded": data.discarded,
        "next_capacity": data.next_capacity,
        "next_pool": data.next_pool,
        "pool": data.pool,
        "used": data.used,
    }


def _pool_threshold_reached(data: ledger.PoolThresholdReached) -> _Tree:
    return {"percent": data.percent, "pool": data.pool}


def _pool_joint_cap(data: ledger.PoolClosed | ledger.PoolReopened) -> _Tree:
    return {"by": data.by, "pool": data.pool}


def _credits_added(data: ledger.CreditsAdded) -> _Tree:
    return {
        "amount": amount(data.amount),
        "balance": balance(data.balance),
        "expires_at": instant(data.expires_at),
        "lot_id": data.lot_id,
    }


def _credits_forfeited(data: ledger.CreditsForfeited) -> _Tree:
    return {
        "amount": amount(data.amount),
        "balance": balance(data.balance),
        "lot_id": data.lot_id,
    }


def _credits_corrected(data: ledger.CreditsCorrected) -> _Tree:
    return {"amount": amount(data.amount), "balance": balance(data.balance)}


def _recharge_due(data: ledger.RechargeDue) -> _Tree:
    return {
        "amount": amount(data.amount),
        "balance": balance(data.balance),
        "currency": data.currency,
        "recharge_id": data.recharge_id,
    }


def _recharge_settled(data: ledger.RechargeSettled) -> _Tree:
    return {"outcome": data.outcome, "recharge_id": data.recharge_id}


def _wallet_empty(data: ledger.WalletEmpty) -> _Tree:
    return {"balance": balance(data.balance)}


_WRITERS: Final[dict[type, Callable[[Any], _Tree]]] = {
    ledger.CallRated: _call_rated,
    ledger.RulesetChanged: _ruleset_changed,
    ledger.CallDuplicate: _call_duplicate,
    ledger.PoolChanged: _pool_changed,
    ledger.PoolReset: _pool_reset,
    ledger.PoolThresholdReached: _pool_threshold_reached,
    ledger.PoolClosed: _pool_joint_cap,
    ledger.PoolReopened: _pool_joint_cap,
    ledger.CreditsAdded: _credits_added,
    ledger.CreditsForfeited: _credits_forfeited,
    ledger.CreditsCorrected: _credits_corrected,
    ledger.RechargeDue: _recharge_due,
    ledger.RechargeSettled: _recharge_settled,
    ledger.WalletEmpty: _wallet_empty,
}
