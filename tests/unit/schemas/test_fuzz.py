"""I1 and I2: hostile bytes against the codec, judged by a referee that shares nothing with it.

Seeded: the same dose makes the same inputs. The long form:

    TOLLSTREAM_FUZZ_EXECUTIONS=5000000 pytest tests/unit/schemas/test_fuzz.py --timeout 0

Each process may be given its own TOLLSTREAM_FUZZ_SEED.
"""

import copy
import json
import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from schemas.codec import decode, decode_exactly, encode_event
from schemas.dead_letter import Refusal
from schemas.envelope import EVENT_TYPES, Event
from tests.unit.schemas.referee import allowed

EXECUTIONS = int(os.environ.get("TOLLSTREAM_FUZZ_EXECUTIONS", "6000"))
SEED = int(os.environ.get("TOLLSTREAM_FUZZ_SEED", "20210302"))
MakeEvent = Callable[[str], dict[str, Any]]

ODD: list[Any] = [
    None, True, False, 0, 1, -1, -0.0, 1.0, 1.5, 1e300, 2**31, 2**63, 2**64, 10**40, 10**4000,
    "", " ", "0", "-0", "00", "1", "-1", "1.", ".1", "1e5", "1_000", " 1", "+1", "NaN", "\u0661",
    "0.00000001", "0.000000001", "9" * 15, "9" * 16, "a" * 128, "a" * 129, "\u00e9" * 128,
    "a\nb", "a\x7fb", "a\x80b", "a\u00a0b", "\u2028", "\ufeff", "\U0001f600", "a\0b", "\ud800",
    "\\", '"', "\\u0000", "US", "us", "ZZ", "USD", "XXX", "UTC", "utc", "Europe/London", "user_in",
    "internal", "2021-03-02T08:00:00Z", "2021-03-02t08:00:00.123456789z", "2021-03-02T08:00:00",
    "2021-03-02T08:00:60Z", "2021-03-02T24:00:00Z", "2021-02-29T00:00:00Z", "2021-W13-3T00:00:00Z",
    "2020-02-29T23:59:59+23:59", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
    "1970-01-01T00:00:00+00:01", "2021-04", "2021-13", "f" * 64, "F" * 64, [], {}, [1], {"a": 1},
    [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]], {"trigger": "0", "amount": "1"}, {"trigger": "1"},
    "application/json", "application/json;a=b", "1.0", "tollstream.call.ended.v2", "contoso",
]  # fmt: skip
TOKENS = [
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\x00", b"\x7f", b"\xc2\x80", b"\xed\xa0\x80",
    b"\xff", b"\\u0000", b"\\ud800", b"\\u0061", b"1e999", b"-", b"0", b"null", b"true", b"NaN",
    b'"data":{},', b'"subject":"x",', b'"usage_id":"c-1",', b" ", b"\n", b"\xef\xbb\xbf", b"//",
]  # fmt: skip


def mutated_tree(event: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Change up to three members anywhere: set, leave out, add, swap."""
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        parts = [event]
        for part in parts:
            parts.extend(value for value in part.values() if type(value) is dict)
        part = rng.choice(parts)
        name = rng.choice([*part, "extra", "trace1"])
        action = rng.randrange(8)
        if action == 0:
            part.pop(name, None)
        elif action == 1:
            part[name] = copy.deepcopy(part.get(rng.choice(list(part) or ["x"])))
        else:
            part[name] = copy.deepcopy(rng.choice(ODD))
    return event


def mutated_bytes(raw: bytes, rng: random.Random) -> bytes:
    """Flip, cut, double or insert bytes in up to four places."""
    for _ in range(rng.randint(1, 4)):
        at, action = rng.randrange(len(raw) + 1), rng.randrange(5)
        if action == 0:
            raw = raw[:at] + rng.choice(TOKENS) + raw[at:]
        elif action == 1:
            raw = raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]
        elif action == 2:
            raw = raw[:at] + raw[at + rng.randint(1, 20) :]
        elif action == 3:
            end = at + rng.randint(1, 60)
            raw = raw[:end] + raw[at:end] + raw[end:]
        else:
            raw = raw.replace(rng.choice(TOKENS), rng.choice(TOKENS), 1)
    return raw


def written(tree: Any, rng: random.Random) -> bytes:
    """Write JSON compact or spread, escaped or not."""
    compact = (",", ":") if rng.random() < 0.5 else None
    document = json.dumps(tree, ensure_ascii=rng.random() < 0.3, separators=compact)
    return document.encode("utf-8", "surrogatepass")


def judge(raw: bytes) -> str:
    """Decode by both paths, compare with the referee; return the reason or `accepted`."""
    answer = decode(raw)
    assert decode_exactly(raw) == answer, raw
    assert allowed(raw) == isinstance(answer, Event), (raw, answer)
    if isinstance(answer, Refusal):
        return answer.reason.value
    assert answer == decode(encode_event(answer)), raw
    return "accepted"


def test_structure_fuzz_accepts_exactly_what_the_contract_allows(event_of: MakeEvent) -> None:
    """I2: well-formed JSON of every type with odd members; both paths and the referee agree."""
    rng = random.Random(SEED)
    names, seen = list(EVENT_TYPES), Counter[str]()
    for turn in range(EXECUTIONS):
        # Every other input is a call: the short path is the one that could be too kind.
        name = "call.ended" if turn % 2 else names[turn // 2 % len(names)]
        seen[judge(written(mutated_tree(event_of(name), rng), rng))] += 1
    # The generator's own cases are counted: a class that is never made is not tested.
    missing = {
        "accepted", "bad_encoding", "bad_data", "bad_time", "bad_amount", "bad_envelope",
        "unknown_type", "unknown_version", "too_deep",
    } - seen.keys()  # fmt: skip
    assert not missing, seen


def test_byte_fuzz_never_raises_and_never_accepts_too_much(event_of: MakeEvent) -> None:
    """I1: damaged bytes of every type of event."""
    rng = random.Random(SEED + 1)
    names, seen = list(EVENT_TYPES), Counter[str]()
    for turn in range(EXECUTIONS):
        name = "call.ended" if turn % 2 else names[turn // 2 % len(names)]
        seen[judge(mutated_bytes(written(event_of(name), rng), rng))] += 1
    missing = {
        "accepted", "not_json", "bad_encoding", "duplicate_key", "bad_data", "bad_envelope",
        "unknown_type",
    } - seen.keys()  # fmt: skip
    assert not missing, seen


@pytest.mark.parametrize("token", [b'"\\', b'\\"', b'"', b"\\", b"[", b"{", b'{"a":', b"1", b"-1,"])
def test_64_kib_of_one_token_cost_linear_time(token: bytes) -> None:
    """X11: counted in steps, not in seconds: the depth scan tries no start twice."""
    raw = token * (65_536 // len(token))
    assert judge(raw) != "accepted"
