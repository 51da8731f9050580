import base64
import json
from datetime import UTC, datetime

import pytest

from schemas.codec import DeadLetterFormatError, decode_dead_letter, encode_dead_letter
from schemas.dead_letter import DeadLetter, FilePosition, LogPosition, Reason, Refusal

RECEIVED_AT = datetime(2021, 3, 2, 8, 0, 0, 500_000, tzinfo=UTC)
LETTERS = [
    DeadLetter(
        Refusal(Reason.NOT_JSON, "not JSON at character 0", None),
        bytes(range(256)),
        LogPosition("tollstream.events", 3, 2**40),
        RECEIVED_AT,
    ),
    DeadLetter(
        Refusal(Reason.TOO_LATE, "month no longer accepted", "contoso"),
        b"",
        FilePosition("calls.jsonl", 7),
        None,
    ),
]


@pytest.mark.parametrize("letter", LETTERS)
def test_a_dead_letter_reads_back_whole(letter: DeadLetter) -> None:
    """Requeueing sends the very bytes that were refused."""
    assert letter == decode_dead_letter(encode_dead_letter(letter))


def test_a_dead_letter_has_the_contract_s_members() -> None:
    """Contracts section 3, last paragraph."""
    expected = {
        "tenant": None,
        "reason": "not_json",
        "detail": "not JSON at character 0",
        "raw": base64.b64encode(bytes(range(256))).decode(),
        "position": {"topic": "tollstream.events", "partition": 3, "offset": 2**40},
        "received_at": "2021-03-02T08:00:00.5Z",
    }
    assert expected == json.loads(encode_dead_letter(LETTERS[0]))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"5",
        encode_dead_letter(LETTERS[1]).replace(b"too_late", b"too_lazy"),
        encode_dead_letter(LETTERS[1]).replace(b'"raw":""', b'"raw":"?"'),
        encode_dead_letter(LETTERS[1]).replace(b'"file"', b'"folder"'),
        encode_dead_letter(LETTERS[1]).replace(b'"received_at":null', b'"received_at":5'),
    ],
)
def test_other_bytes_are_no_dead_letter(raw: bytes) -> None:
    """A foreign record on the topic is named as such."""
    with pytest.raises(DeadLetterFormatError):
        decode_dead_letter(raw)
