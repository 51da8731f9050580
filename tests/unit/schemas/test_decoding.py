import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.calls import CALL_TYPES, CallEnded
from schemas.codec import decode, decode_exactly
from schemas.codec.limits import EVENT_BYTES_MAX
from schemas.dead_letter import Reason, Refusal
from schemas.envelope import EVENT_TYPES, Event
from schemas.tenants import AutoRecharge, TenantConfigured
from tests.unit.schemas.refusal_cases import ABSENT, DATA_CASES, ENVELOPE_CASES, RAW_CASES

MakeEvent = Callable[[str], dict[str, Any]]
CALL_CLASSES = ("call.ended", "call.corrected")


def write(event: Any) -> bytes:
    """Return JSON bytes, also of what is no proper event."""
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")


def changed(members: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Return the members with one set, or left out."""
    if value is ABSENT:
        return {key: old for key, old in members.items() if key != name}
    return members | {name: value}


def reason_of(raw: bytes, key: bytes | None = None) -> str:
    """Return the reason code, the same by both paths, or `accepted`."""
    answer = decode(raw, key)
    assert answer == decode_exactly(raw, key)
    return answer.reason.value if isinstance(answer, Refusal) else "accepted"


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_a_valid_event_of_every_type_is_accepted(event_of: MakeEvent, name: str) -> None:
    """Each type's full form becomes an event of its class."""
    event = decode(write(event_of(name)), b"contoso")
    assert isinstance(event, Event)
    assert EVENT_TYPES[name] is type(event.data)
    assert ("contoso", "mediation/graph#e-1") == (event.tenant, event.cause)
    assert datetime(2021, 3, 2, 8, 5, tzinfo=UTC) == event.time


@pytest.mark.parametrize(("name", "value", "reason"), ENVELOPE_CASES)
def test_a_wrong_envelope_is_refused(
    event_of: MakeEvent, name: str, value: Any, reason: str
) -> None:
    """Contracts section 1, attribute by attribute."""
    assert reason == reason_of(write(changed(event_of("call.ended"), name, value)))


@pytest.mark.parametrize(("event_type", "name", "value", "reason"), DATA_CASES)
def test_a_wrong_value_is_refused_with_its_kind_s_reason(
    event_of: MakeEvent, event_type: str, name: str, value: Any, reason: str
) -> None:
    """Contracts section 2, member by member."""
    event = event_of(event_type)
    event["data"] = changed(event["data"], name, value)
    assert reason == reason_of(write(event))


@pytest.mark.parametrize(("raw", "reason"), RAW_CASES)
def test_bytes_that_are_no_proper_json_object_are_refused(raw: bytes, reason: str) -> None:
    """Size, encoding, depth, grammar, equal keys, NUL; and only then the envelope."""
    assert reason == reason_of(raw)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_an_unknown_member_of_data_is_refused_without_naming_it(
    event_of: MakeEvent, name: str
) -> None:
    """A member's name is the sender's and may itself be a phone number."""
    event = event_of(name)
    event["data"]["+12065550199"] = None
    refusal = decode(write(event))
    assert Refusal(Reason.BAD_DATA, "data: unknown member", "contoso") == refusal


@pytest.mark.parametrize(
    ("event_type", "required"),
    [
        ("tenant.configured", {"country"}),
        ("user.configured", {"user_id"}),
        ("license.assigned", {"user_id", "license"}),
        ("credits.purchased", {"payment_id", "amount", "currency"}),
        ("recharge.failed", {"recharge_id", "reason"}),
        ("credits.adjusted", {"adjustment_id", "amount", "currency", "reason"}),
        (
            "call.ended",
            {"usage_id", "call_type", "started_at", "ended_at", "duration_seconds"},
        ),
        ("call.corrected", {"usage_id", "reason", "call"}),
        ("call.cancelled", {"usage_id", "reason"}),
        ("period.started", {"period"}),
        ("lot.expired", {"lot_id"}),
        ("reference.activated", {"kind", "version"}),
    ],
)
def test_only_members_with_a_default_or_null_may_be_absent(
    event_of: MakeEvent, event_type: str, required: set[str]
) -> None:
    """D-21: absent means null or the default; all else is `bad_data`."""
    event = event_of(event_type)
    for name in list(event["data"]):
        without = event | {"data": changed(event["data"], name, ABSENT)}
        expected = "bad_data" if name in required else "accepted"
        assert (name, expected) == (name, reason_of(write(without)))


def test_defaults_are_those_of_the_contract(event_of: MakeEvent) -> None:
    """Contracts section 2: what an absent member means."""
    event = event_of("tenant.configured") | {"data": {"country": "US"}}
    answer = decode(write(event))
    assert isinstance(answer, Event)
    assert answer.data == TenantConfigured("US", "USD", "UTC", False, False, "clamp", None)


def test_money_is_read_in_hundred_millionths(event_of: MakeEvent) -> None:
    """No float and no rounding on the way in."""
    answer = decode(write(event_of("tenant.configured")))
    assert isinstance(answer, Event)
    assert isinstance(answer.data, TenantConfigured)
    assert AutoRecharge(550_000_000, 2_000_000_000) == answer.data.auto_recharge


@pytest.mark.parametrize("call_type", sorted(CALL_TYPES))
def test_every_call_type_of_the_export_is_known(event_of: MakeEvent, call_type: str) -> None:
    """Domain 7.2 and `internal`."""
    event = event_of("call.ended")
    event["data"]["call_type"] = call_type
    assert reason_of(write(event)) == "accepted"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("datacontenttype", ABSENT),
        ("datacontenttype", None),
        ("datacontenttype", "Application/JSON; charset=utf-8"),
        ("dataschema", "urn:tollstream:event:call.ended:v1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("extension", None),
        ("x-with_Style", "any name passes"),
        ("extension", True),
        ("extension", 2**31 - 1),
        ("extension", -(2**31)),
        ("subject", "A-Z.a_z-09"),
        ("subject", "x" * 64),
        ("id", "\u00e9" * 128),
        ("id", "\u0661"),
        ("source", "x" * 256),
    ],
)
def test_what_cloudevents_allows_is_accepted(event_of: MakeEvent, name: str, value: Any) -> None:
    """Extensions are ignored, unset attributes may be null."""
    assert reason_of(write(changed(event_of("call.ended"), name, value))) == "accepted"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("usage_id", "x" * 128),
        ("usage_id", "\u00e9\u00fc\U0001f600" * 40),
        ("user_id", None),
        ("caller", None),
        ("callee", "sip:bob@example.com"),
        ("callee", "anonymous\n"),
        ("callee", "112"),
        ("duration_seconds", 0),
        ("duration_seconds", 10_000_000),
        ("ended_at", "2021-03-02T08:00:00Z"),
        ("ended_at", "2021-03-02T08:00:01Z"),
        ("ended_at", "9998-12-31T23:59:59Z"),
        ("source_format", "asterisk"),
    ],
)
def test_values_at_the_edge_are_accepted(event_of: MakeEvent, name: str, value: Any) -> None:
    """The limits of contracts section 1 are inclusive; D-89 lets a short interval pass."""
    event = event_of("call.ended")
    event["data"][name] = value
    answer = decode(write(event))
    assert answer == decode_exactly(write(event))
    assert isinstance(answer, Event)
    assert isinstance(answer.data, CallEnded)
    if not name.endswith("_at"):
        assert value == getattr(answer.data, name)


@pytest.mark.parametrize(
    "member", ["specversion", "subject", "data", "usage_id", "duration_seconds", "conference_id"]
)
@pytest.mark.parametrize("event_type", CALL_CLASSES)
def test_an_equal_key_is_refused_at_every_level(
    event_of: MakeEvent, event_type: str, member: str
) -> None:
    """A fast parser would keep the last one silently, on the short path too."""
    text = json.dumps(event_of(event_type))
    start = text.rindex(f'"{member}"')
    value = json.dumps(None) if member != "data" else "{}"
    twice = f'{text[:start]}"{member}": {value}, {text[start:]}'.encode()
    assert reason_of(twice) == "duplicate_key"


def test_an_equal_key_cannot_hide_behind_a_missing_one(event_of: MakeEvent) -> None:
    """The short path counts quotes; the same count with another shape must not pass."""
    event = event_of("call.ended")
    del event["data"]["conference_id"]
    text = json.dumps(event)
    twice = text.replace('"user_id": "ann"', '"user_id": null, "user_id": "ann"')
    assert reason_of(twice.encode()) == "duplicate_key"


def test_64_kib_pass_and_one_byte_more_does_not(event_of: MakeEvent) -> None:
    """I6: the limit itself is legal."""
    raw = write(event_of("call.ended"))
    full = raw + b" " * (EVENT_BYTES_MAX - len(raw))
    assert [reason_of(full), reason_of(full + b" ")] == ["accepted", "too_large"]


@pytest.mark.parametrize("key", [b"", b"Contoso", b"contoso ", b"fabrikam", b"\xff"])
def test_a_key_that_is_not_the_subject_is_refused(event_of: MakeEvent, key: bytes) -> None:
    """Contracts section 1: the subject is the Kafka key."""
    for name in ("call.ended", "lot.expired"):
        assert reason_of(write(event_of(name)), key) == "bad_envelope"


@pytest.mark.parametrize(
    ("raw", "tenant"),
    [
        (b'{"subject":"contoso"}', "contoso"),
        (b'{"subject":"contoso","a":"\\u0000"}', "contoso"),
        (b'{"subject":"contoso","a":1,"a":1}', "contoso"),
        (b'{"subject":"contoso","subject":"fabrikam"}', None),
        (b'{"subject":"con toso"}', None),
        (b'{"subject":"contoso"', None),
        (b'["subject"]', None),
    ],
)
def test_a_refusal_names_the_tenant_where_it_can_be_read(raw: bytes, tenant: str | None) -> None:
    """Two subjects, or a malformed one, name no tenant."""
    answer = decode(raw)
    assert isinstance(answer, Refusal)
    assert tenant == answer.tenant


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"specversion": "2", "type": "x", "time": "x", "data": {}}, "bad_envelope"),
        ({"type": "x", "time": "x", "data": {}}, "unknown_type"),
        ({"type": "tollstream.call.ended.v3", "time": "x"}, "unknown_version"),
        ({"time": "x", "data": {}}, "bad_time"),
        ({"data": {"amount": 1, "currency": "USD", "payment_id": ""}}, "bad_data"),
    ],
)
def test_the_first_reason_of_the_documented_order_wins(
    event_of: MakeEvent, changes: dict[str, Any], reason: str
) -> None:
    """The order stands in `schemas.codec.decoding`."""
    event = event_of("credits.purchased") | changes
    assert reason == reason_of(write(event))


def test_a_fault_in_shape_goes_before_times_and_money(event_of: MakeEvent) -> None:
    """Within `data`: bad_data, then bad_time, then bad_amount."""
    event = event_of("call.ended")
    event["data"] |= {"started_at": "x", "duration_seconds": -1}
    assert reason_of(write(event)) == "bad_data"


def test_no_detail_quotes_the_input(event_of: MakeEvent) -> None:
    """X7: a number put into every place of every event never shows up in a detail."""
    number = "+12065550199"
    for name in EVENT_TYPES:
        event = event_of(name)
        for place, part in (("envelope", event), ("data", event["data"])):
            for member in [*part, number]:
                for value in (number, [number], {number: number}):
                    wrong = part | {member: value}
                    whole = wrong if place == "envelope" else event | {"data": wrong}
                    answer = decode(write(whole))
                    assert not isinstance(answer, Refusal) or "2065550199" not in answer.detail
