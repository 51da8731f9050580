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

MakeEvent = Callable[[str], dict[str, Any]]
ABSENT = object()
CALL_CLASSES = ("call.ended", "call.corrected")

ENVELOPE_CASES = [
    ("specversion", ABSENT, "bad_envelope"),
    ("specversion", "0.3", "bad_envelope"),
    ("specversion", 1.0, "bad_envelope"),
    ("id", ABSENT, "bad_envelope"),
    ("id", "", "bad_envelope"),
    ("id", 7, "bad_envelope"),
    ("id", "x" * 129, "bad_envelope"),
    ("id", "a\nb", "bad_envelope"),
    ("source", ABSENT, "bad_envelope"),
    ("source", "", "bad_envelope"),
    ("source", None, "bad_envelope"),
    ("source", "x" * 257, "bad_envelope"),
    ("source", "a\x7fb", "bad_envelope"),
    ("subject", ABSENT, "bad_envelope"),
    ("subject", "", "bad_envelope"),
    ("subject", "x" * 65, "bad_envelope"),
    ("subject", "con toso", "bad_envelope"),
    ("subject", "contoso\n", "bad_envelope"),
    ("subject", "contoso/a", "bad_envelope"),
    ("subject", "contös", "bad_envelope"),
    ("subject", "٣", "bad_envelope"),
    ("subject", 5, "bad_envelope"),
    ("subject", ["contoso"], "bad_envelope"),
    ("datacontenttype", "text/xml", "bad_envelope"),
    ("datacontenttype", 1, "bad_envelope"),
    ("data_base64", "e30=", "bad_envelope"),
    ("Upper", "x", "bad_envelope"),
    ("with-dash", "x", "bad_envelope"),
    ("", "x", "bad_envelope"),
    ("extension", {"a": 1}, "bad_envelope"),
    ("extension", [1], "bad_envelope"),
    ("extension", 1.5, "bad_envelope"),
    ("extension", 2**31, "bad_envelope"),
    ("extension", 2**64, "bad_envelope"),
    ("type", ABSENT, "bad_envelope"),
    ("type", None, "bad_envelope"),
    ("type", 3, "bad_envelope"),
    ("type", "", "unknown_type"),
    ("type", "call.ended", "unknown_type"),
    ("type", "tollstream.call.ended", "unknown_type"),
    ("type", "tollstream.call.rated.v1", "unknown_type"),
    ("type", "tollstream.call.rated.v2", "unknown_type"),
    ("type", "tollstream.call.ended.v1 ", "unknown_type"),
    ("type", "tollstream.call.ended.v1\n", "unknown_type"),
    ("type", "tollstream.call.ended.V1", "unknown_type"),
    ("type", "tollstream.call.ended.v", "unknown_type"),
    ("type", "tollstream.call.ended.v\u0661", "unknown_type"),
    ("type", "other.call.ended.v1", "unknown_type"),
    ("type", "tollstream.call.ended.v0", "unknown_version"),
    ("type", "tollstream.call.ended.v2", "unknown_version"),
    ("type", "tollstream.call.ended.v9", "unknown_version"),
    ("type", "tollstream.call.ended.v01", "unknown_version"),
    ("time", ABSENT, "bad_envelope"),
    ("time", None, "bad_envelope"),
    ("time", 1616976000, "bad_time"),
    ("time", "1616976000", "bad_time"),
    ("time", "2021-03-02T08:05:00", "bad_time"),
    ("time", "2021-03-02", "bad_time"),
    ("time", "", "bad_time"),
    ("time", {}, "bad_time"),
    ("data", ABSENT, "bad_data"),
    ("data", None, "bad_data"),
    ("data", [], "bad_data"),
    ("data", "{}", "bad_data"),
    ("data", 5, "bad_data"),
]

NOT_IDENTIFIERS = ("", "x" * 129, "a\tb", "a\x7fb", "a\x85b", 5, True, None, ["a"], {})
NOT_TIMES = (
    "2021-03-02T08:00:00",
    "2021-03-02 08:00:00Z",
    "2021-03-02T08:00Z",
    "2021-03-02T08:00:00+0100",
    "2021-03-02T08:00:00+24:00",
    "2021-03-02T08:00:00 Z",
    "2021-03-02T08:00:00Z\n",
    "2021-03-02T08:00:00.Z",
    "2021-03-02T08:00:00,5Z",
    "2021-02-29T08:00:00Z",
    "2021-13-01T08:00:00Z",
    "2021-W13-3T08:00:00Z",
    "20210302T080000Z",
    "2016-12-31T23:59:60Z",
    "2021-03-02T24:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "٢٠٢١-03-02T08:00:00Z",
    "1614672000",
    1614672000,
    1614672000.5,
    None,
    True,
    {},
)
NOT_MONEY = (
    10,
    10.5,
    True,
    None,
    "",
    " 1",
    "1 ",
    "1_000",
    "1,5",
    "1e5",
    "+5",
    ".5",
    "5.",
    "--5",
    "NaN",
    "Infinity",
    "0x10",
    "\u0661\u0660",
    "1\n",
    "1234567890123456",
    "0.123456789",
    ["1"],
)
NOT_SECONDS = (-1, 10_000_001, 2**63, 2**64, 10**30, 1.0, 1.5, "300", True, None, [300])
NOT_CODES = ("us", "USA", "U", "", "ZZ", "U\u0405", 5, None)

DATA_CASES = [
    *(("call.ended", "usage_id", value, "bad_data") for value in NOT_IDENTIFIERS),
    *(
        ("call.ended", "user_id", value, "bad_data")
        for value in NOT_IDENTIFIERS
        if value is not None
    ),
    *(("license.assigned", "user_id", value, "bad_data") for value in NOT_IDENTIFIERS),
    *(("license.assigned", "license", value, "bad_data") for value in NOT_IDENTIFIERS),
    *(("license.removed", "license", value, "bad_data") for value in NOT_IDENTIFIERS),
    *(("credits.purchased", "payment_id", value, "bad_data") for value in NOT_IDENTIFIERS),
    *(("recharge.succeeded", "recharge_id", value, "bad_data") for value in NOT_IDENTIFIERS),
    *(("recharge.failed", "recharge_id", value, "bad_data") for value in NOT_IDENTIFIERS),
    *(("credits.adjusted", "adjustment_id", value, "bad_data") for value in NOT_IDENTIFIERS),
    *(("call.cancelled", "usage_id", value, "bad_data") for value in NOT_IDENTIFIERS),
    *(("lot.expired", "lot_id", value, "bad_data") for value in NOT_IDENTIFIERS),
    *(("call.ended", "started_at", value, "bad_time") for value in NOT_TIMES),
    *(("call.ended", "ended_at", value, "bad_time") for value in NOT_TIMES),
    ("call.ended", "ended_at", "2021-03-02T07:59:59Z", "bad_time"),
    *(("call.ended", "duration_seconds", value, "bad_data") for value in NOT_SECONDS),
    *(("credits.purchased", "amount", value, "bad_amount") for value in NOT_MONEY),
    *(("credits.adjusted", "amount", value, "bad_amount") for value in NOT_MONEY),
    ("credits.purchased", "amount", "0", "bad_amount"),
    ("credits.purchased", "amount", "-0", "bad_amount"),
    ("credits.purchased", "amount", "-1", "bad_amount"),
    ("credits.adjusted", "amount", "0.00", "bad_amount"),
    *(("credits.purchased", "currency", value, "bad_data") for value in ("usd", "US", "ZZZ", 1)),
    *(("tenant.configured", "country", value, "bad_data") for value in NOT_CODES),
    *(("user.configured", "usage_location", value, "bad_data") for value in NOT_CODES[:-1]),
    *(
        ("tenant.configured", "time_zone", value, "bad_data")
        for value in ("", "utc", "Mars/Base", "../UTC", "Europe/London\n", "UTC+1", None, 0)
    ),
    *(("tenant.configured", "postpaid", value, "bad_data") for value in (0, 1, "true", None)),
    *(
        ("tenant.configured", "credits_for_all_users", value, "bad_data")
        for value in (0, "false", None)
    ),
    *(("tenant.configured", "overdraft", value, "bad_data") for value in ("none", "", None, 1)),
    *(
        ("tenant.configured", "auto_recharge", value, reason)
        for value, reason in (
            ({}, "bad_data"),
            ([], "bad_data"),
            ("off", "bad_data"),
            ({"trigger": "1"}, "bad_data"),
            ({"trigger": "1", "amount": "2", "extra": 1}, "bad_data"),
            ({"trigger": "-0.01", "amount": "2"}, "bad_amount"),
            ({"trigger": "1", "amount": "0"}, "bad_amount"),
            ({"trigger": 1, "amount": "2"}, "bad_amount"),
        )
    ),
    *(
        ("user.configured", "outbound_policy", value, "bad_data")
        for value in ("any", "INTERNATIONAL", None, 1)
    ),
    *(
        ("user.configured", "conference_dial_out_policy", value, "bad_data")
        for value in ("international", "", None)
    ),
    *(
        ("call.ended", "call_type", value, "bad_data")
        for value in ("", "USER_OUT", "sms", None, 1, ["user_out"])
    ),
    *(("call.ended", "number_type", value, "bad_data") for value in ("", "toll", None, 1)),
    *(("call.ended", "caller", value, "bad_data") for value in (112, True, ["+1"], {})),
    *(("call.ended", "callee", value, "bad_data") for value in (112, True, ["+1"], {})),
    *(("call.ended", "conference_id", value, "bad_data") for value in (5, [])),
    ("call.corrected", "call", None, "bad_data"),
    ("call.corrected", "call", [], "bad_data"),
    ("call.corrected", "reason", 5, "bad_data"),
    ("call.corrected", "usage_id", "c-2", "bad_data"),
    *(
        ("period.started", "period", value, "bad_data")
        for value in ("2021-13", "2021-00", "2021-4", "21-04", "2021-04-01", "2021-04\n", "0001-01")
    ),
    *(("reference.activated", "kind", value, "bad_data") for value in ("rate", "", None)),
    *(
        ("reference.activated", "version", value, "bad_data")
        for value in ("0" * 63, "0" * 65, "A" * 64, "g" * 64, None, 0)
    ),
]

RAW_CASES = [
    (b"", "not_json"),
    (b" ", "not_json"),
    (b"{", "not_json"),
    (b"{} {}", "not_json"),
    (b"{'a':1}", "not_json"),
    (b'{"a":1,}', "not_json"),
    (b'{"a":01}', "not_json"),
    (b'{"a":+1}', "not_json"),
    (b'{"a":.5}', "not_json"),
    (b'{"a":NaN}', "not_json"),
    (b'{"a":-Infinity}', "not_json"),
    (b'{"a":"\x01"}', "not_json"),
    (b'{"a":"\x00"}', "not_json"),
    (b'{"a":"\\x"}', "not_json"),
    (b'{"a":"\\u12"}', "not_json"),
    (b"\xef\xbb\xbf{}", "not_json"),
    ('{"a":\u0661}'.encode(), "not_json"),
    (b"\xff\xfe{\x00}\x00", "bad_encoding"),
    (b'{"a":"\xff"}', "bad_encoding"),
    (b'{"a":"\xed\xa0\x80"}', "bad_encoding"),
    (b'{"a":"\xc0\x80"}', "bad_encoding"),
    (b'{"a":"\xf4\x90\x80\x80"}', "bad_encoding"),
    (b'{"a":"\\ud800"}', "bad_encoding"),
    (b'{"a":"\\udc00\\ud800"}', "bad_encoding"),
    (b'{"\\ud800":1}', "bad_encoding"),
    (b"[" * 17 + b"]" * 17, "too_deep"),
    (b"[" * 60_000, "too_deep"),
    (b'{"a":' * 17 + b"1" + b"}" * 17, "too_deep"),
    (b'"\\""' + b"[" * 17, "too_deep"),
    (b'"\\"' + b"[" * 17, "not_json"),
    (b"[" * 16 + b"]" * 16, "bad_envelope"),
    (b'"' + b"[" * 40 + b'"', "bad_envelope"),
    (b'"\\"' + b"[" * 40 + b'"', "bad_envelope"),
    (b'{"a":1,"a":1}', "duplicate_key"),
    (b'{"a":1,"\\u0061":1}', "duplicate_key"),
    (b'{"a":[{"b":1,"b":2}]}', "duplicate_key"),
    (b'{"a":"\\u0000"}', "bad_data"),
    (b'{"\\u0000":1}', "bad_data"),
    (b'{"a":"\\\\u0000"}', "bad_envelope"),
    (b"[]", "bad_envelope"),
    (b"1", "bad_envelope"),
    (b'"text"', "bad_envelope"),
    (b"null", "bad_envelope"),
    (b"1" * 5_000, "bad_envelope"),
    (b" " * (EVENT_BYTES_MAX + 1), "too_large"),
    (b"\xff" * (EVENT_BYTES_MAX + 1), "too_large"),
]


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
        ("conference_id", ""),
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
