"""Tables of what is refused: (place, wrong value, reason code)."""

from schemas.codec.limits import EVENT_BYTES_MAX

ABSENT = object()
"""Stands for a member that is left out."""

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
    *(("call.ended", "conference_id", value, "bad_data") for value in (5, [], "", "x" * 129)),
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
