"""Ledger records and their chain: canonical JSON and SHA-256, as contracts section 3 says."""

import hashlib
import json
from datetime import datetime
from typing import Any

from tests.model import clock, money
from tests.model.call_types import CALL_TYPES
from tests.model.rating import is_internal
from tests.model.tenant import ZERO, Leg, Rating, Tenant

PURSES = ("pool", "user_pool", "dial_out_pool", "credits", "postpaid")
Record = tuple[str, dict[str, Any]]


def canonical(value: object) -> bytes:
    """Write canonical bytes: keys by code point, no blanks, minimal escapes (RFC 8785)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def append(tenant: Tenant, event: dict[str, Any], record: Record) -> dict[str, Any]:
    """Put one record of this event at the end of the chain."""
    kind, data = record
    tenant.seq += 1
    written = {
        "specversion": "1.0",
        "id": f"{tenant.name}/{tenant.seq}",
        "source": "tollstream",
        "type": f"tollstream.{kind}.v1",
        "subject": tenant.name,
        "time": clock.show(event["time"]),
        "seq": tenant.seq,
        "cause": event["cause"],
        "data": data,
    }
    tenant.last_hash = hashlib.sha256(tenant.last_hash + canonical(written)).digest()
    return {**written, "hash": tenant.last_hash.hex()}


def ruleset(tenant: Tenant, fixed: dict[str, Any]) -> dict[str, Any]:
    """Write the data of `ruleset.changed`: the versions and the hash that names them."""
    versions = {
        **fixed,
        "catalogue": tenant.versions.catalogue,
        "rates": tenant.versions.rates,
    }
    return {**versions, "ruleset": hashlib.sha256(canonical(versions)).hexdigest()[:12]}


def show_leg(leg: Leg) -> dict[str, Any]:
    """Write one leg."""
    remaining = leg.remaining
    return {
        "purse": leg.purse,
        "pool": leg.pool,
        "capability": leg.capability,
        "minutes": leg.minutes,
        "rate": money.show(leg.row.price) if leg.row else None,
        "connection_fee": money.show(leg.fee),
        "amount": money.show(leg.amount),
        "remaining": money.show(remaining) if leg.purse == "credits" else remaining,
        "price": show_price(leg),
    }


def show_price(leg: Leg) -> dict[str, str | None] | None:
    """Name the rate row that priced a leg."""
    if leg.row is None:
        return None
    since: datetime | None = leg.row.since
    return {
        "prefix": leg.row.prefix,
        "origin": leg.row.origin,
        "effective_from": clock.show(since) if since else None,
    }


def rated(
    tenant: Tenant,
    call: dict[str, Any],
    rating: Rating,
    corrects: int | None = None,
    old: Rating | None = None,
) -> Record:
    """Write `call.rated`."""
    charge = sum((leg.amount for leg in rating.legs), ZERO)
    fee = sum((leg.fee for leg in rating.legs), ZERO)
    return "call.rated", {
        "usage_id": call["usage_id"],
        "outcome": rating.outcome,
        "reason": rating.reason,
        "user_id": call["user_id"],
        "call_type": call["call_type"],
        "direction": "internal" if is_internal(call) else CALL_TYPES[call["call_type"]][1],
        "started_at": clock.show(call["started_at"]),
        "period": tenant.month_of(call["started_at"]),
        "destination": dict(rating.destination),
        "duration_seconds": call["duration_seconds"],
        "billed_minutes": rating.billed,
        "uncovered_minutes": rating.uncovered,
        "legs": [show_leg(leg) for leg in rating.legs],
        "charge": money.show(charge),
        "connection_fee": money.show(fee),
        "currency": tenant.settings["currency"],
        "passed_over": rating.passed_over,
        "flags": rating.flags,
        "corrects": corrects,
        "difference": None if old is None else difference(old.legs, rating.legs),
        "ruleset": tenant.ruleset,
    }


def difference(old: list[Leg], new: list[Leg]) -> list[dict[str, Any]]:
    """Subtract the old legs from the new ones, a row per purse and pool that differs (D-02)."""
    sums: dict[tuple[int, str | None], list[Any]] = {}
    for legs, sign in ((new, 1), (old, -1)):
        for leg in legs:
            row = sums.setdefault((PURSES.index(leg.purse), leg.pool), [0, ZERO])
            row[0] += sign * leg.minutes
            row[1] += sign * leg.amount
    return [
        {"purse": PURSES[purse], "pool": pool, "minutes": minutes, "amount": money.show(amount)}
        for (purse, pool), (minutes, amount) in sorted(
            sums.items(), key=lambda item: (item[0][0], item[0][1] or "")
        )
        if minutes or amount
    ]
