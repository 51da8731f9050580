"""Lines that must be refused, one fault each, and odd ones that must not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.model import clock
from tests.property.differential import world

if TYPE_CHECKING:
    from tests.property.differential.generator import Generator, Sketch


def line(log: Generator, tenant: Sketch) -> bytes:
    """Return such a line."""
    kinds = (
        *(hostile_bytes, hostile_envelope, hostile_data, hostile_amount),
        *(hostile_time, hostile_amount, odd_but_good),
    )
    return log.random.choice(kinds)(log, tenant)


def good_event(log: Generator, tenant: Sketch) -> dict[str, Any]:
    """Return an event that could be accepted."""
    data = {"user_id": log.user(tenant), "license": "MCOPSTN5"}
    return log.envelope(tenant.name, "license.assigned", log.now, data)


def hostile_bytes(log: Generator, tenant: Sketch) -> bytes:
    """Break the bytes."""
    good = json.dumps(good_event(log, tenant))
    return log.random.choice(
        [
            good[:-1].encode(),
            good.replace(': "1.0"', ": 'x'").encode(),
            (good + good).encode(),
            good.replace('"specversion"', '"id": "7", "specversion"').encode(),
            good.replace('"license"', '"license": "MCOPSTN5", "license"').encode(),
            good.replace("MCOPSTN5", "\xff").encode("latin-1", "replace"),
            b"\xef\xbb\xbf" + good.encode(),
            good.replace('"1.0"', "NaN").encode(),
            good.encode() + b" " * (64 * 1024),
            good.replace('"data"', '"deep": ' + "[" * 16 + "]" * 16 + ', "data"').encode(),
            good.replace('"MCOPSTN5"', "[" * 20 + "]" * 20).encode(),
            b"[]",
            b"7",
            b"null",
            b'"' + b"\\\\" * 20 + b'"',
            b"{}",
            b"\x00",
        ]
    )


def hostile_envelope(log: Generator, tenant: Sketch) -> bytes:
    """Break the envelope."""
    event = good_event(log, tenant)
    name, value = log.random.choice(
        [
            ("specversion", "0.3"),
            ("specversion", 1.0),
            ("id", ""),
            ("id", 7),
            ("source", None),
            ("source", ""),
            ("subject", "a b"),
            ("subject", "t" * 65),
            ("subject", ""),
            ("subject", "t\u00e9"),
            ("subject", None),
            ("subject", "never-configured"),
            ("type", "tollstream.license.assigned.v2"),
            ("type", "tollstream.license.given.v1"),
            ("type", "com.example.thing"),
            ("data", None),
            ("data", []),
            ("data", "{}"),
            ("time", log.random.choice(world.BAD_TIMES)),
        ]
    )
    event[name] = value
    return json.dumps(event).encode()


def hostile_data(log: Generator, tenant: Sketch) -> bytes:
    """Break the data."""
    call, _ = log.call_data(tenant)
    call |= {"started_at": clock.show(log.now), "ended_at": clock.show(log.now)}
    call["duration_seconds"] = 60
    kind, data, name, value = log.random.choice(
        [
            ("call.ended", call, "duration_seconds", -1),
            ("call.ended", call, "duration_seconds", 10_000_001),
            ("call.ended", call, "duration_seconds", 60.0),
            ("call.ended", call, "duration_seconds", "60"),
            ("call.ended", call, "duration_seconds", True),
            ("call.ended", call, "duration_seconds", 2**64),
            ("call.ended", call, "duration_seconds", None),
            ("call.ended", call, "call_type", "user_sideways"),
            ("call.ended", call, "call_type", None),
            ("call.ended", call, "number_type", "users"),
            ("call.ended", call, "usage_id", ""),
            ("call.ended", call, "usage_id", "x" * 129),
            ("call.ended", call, "usage_id", "a\nb"),
            ("call.ended", call, "user_id", "a\u0000b"),
            ("call.ended", call, "more", 1),
            ("call.ended", call, "conference_id", ""),
            ("license.assigned", {"user_id": "x"}, "user_id", "x"),
            ("license.assigned", {"license": "E5"}, "user_id", 5),
            ("user.configured", {"user_id": "x"}, "outbound_policy", "all"),
            ("user.configured", {"user_id": "x"}, "usage_location", "us"),
            ("tenant.configured", {"country": "US"}, "time_zone", "Mars/Olympus"),
            ("tenant.configured", {"country": "US"}, "postpaid", "yes"),
            ("tenant.configured", {"country": "US"}, "overdraft", "deny"),
            ("tenant.configured", {"currency": "USD"}, "postpaid", False),
            ("period.started", {}, "period", "2021-13"),
            ("period.started", {}, "period", "2021-1"),
            ("reference.activated", {"kind": "rates"}, "version", "abc"),
            ("reference.activated", {"kind": "prices"}, "version", "0" * 64),
            ("call.cancelled", {"usage_id": "u1"}, "why", "x"),
        ]
    )
    event = log.envelope(tenant.name, kind, log.now, {**data, name: value})
    return json.dumps(event).encode()


def hostile_amount(log: Generator, tenant: Sketch) -> bytes:
    """Send money that is none."""
    amount = log.random.choice(world.BAD_AMOUNTS)
    money = {"amount": amount, "currency": tenant.currency}
    recharge = {"country": "US", "auto_recharge": {"trigger": "1", "amount": amount}}
    kind, data = log.random.choice(
        [
            ("credits.purchased", {"payment_id": "bad", **money}),
            ("credits.purchased", {"payment_id": "bad", **money, "amount": "-1"}),
            ("credits.adjusted", {"adjustment_id": "bad", **money, "reason": "r"}),
            ("tenant.configured", recharge),
            (
                "tenant.configured",
                {**recharge, "auto_recharge": {"trigger": "-1", "amount": "1"}},
            ),
        ]
    )
    return json.dumps(log.envelope(tenant.name, kind, log.now, data)).encode()


def hostile_time(log: Generator, tenant: Sketch) -> bytes:
    """Send a time that is none."""
    call, told = log.call_data(tenant)
    shown = log.call_json(call)
    shown[log.random.choice(["started_at", "ended_at"])] = log.random.choice(world.BAD_TIMES)
    return json.dumps(log.envelope(tenant.name, "call.ended", told, shown)).encode()


def odd_but_good(log: Generator, tenant: Sketch) -> bytes:
    """Send what is odd, yet allowed."""
    event = good_event(log, tenant)
    good = json.dumps(event)
    return log.random.choice(
        [
            b"",
            b"   ",
            good.encode() + b" " * (64 * 1024 - len(good.encode())),
            b" \t" + good.encode() + b"\r",
            json.dumps({**event, "data": {**event["data"], "user_id": "\u00e9" * 128}}).encode(),
            json.dumps({**event, "subject2": "x", "data_base64x": None}).encode(),
            good.replace("MCOPSTN5", "MCOPSTN\\u0035").encode(),
        ]
    )
