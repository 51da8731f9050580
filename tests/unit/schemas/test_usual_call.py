import json
from collections.abc import Callable
from typing import Any

import pytest

from schemas.codec import decode_exactly
from schemas.codec.usual_call import decode_usual_call

MakeEvent = Callable[[str], dict[str, Any]]


def test_the_short_path_takes_the_usual_call(event_of: MakeEvent) -> None:
    """Otherwise it would be right and useless."""
    for name in ("Zo\u00eb", "ann", None):
        for separators in ((",", ":"), (", ", ": ")):
            event = event_of("call.ended")
            event["data"]["user_id"] = name
            raw = json.dumps(event, separators=separators, ensure_ascii=False).encode()
            taken = decode_usual_call(raw, b"contoso")
            assert taken is not None
            assert taken == decode_exactly(raw)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"user_id": "ann"', b'"user_id": "a\\u006en"'),
        (b'"user_id": "ann"', b'"user_id": "a\x7fn"'),
        (b'"user_id": "ann"', b'"user_id": "a\xc2\x85n"'),
        (b'"user_id": "ann"', b'"user_id": "bob", "user_id": "ann"'),
        (b'"user_id": "ann"', b'"user_id": [[[[]]]], "user_id": "ann"'),
        (b'"id": "e-1"', b'"id": "e-1", "trace": "x"'),
        (b'"duration_seconds": 300', b'"duration_seconds": 300.0'),
        (b'"data": {', b'"data": {}, "data": {'),
        (b"call.ended", b"call.cancelled"),
        (b"{", b"[{"),
    ],
)
def test_the_short_path_declines_what_it_is_not_sure_of(
    event_of: MakeEvent, old: bytes, new: bytes
) -> None:
    """It never says why, it leaves the answer to the exact path."""
    raw = json.dumps(event_of("call.ended")).encode()
    assert old in raw
    assert decode_usual_call(raw.replace(old, new, 1), None) is None
