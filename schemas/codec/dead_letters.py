"""Dead letters: refused input, whole, with its reason and where it stood (contracts section 3)."""

import base64
import binascii
from typing import Any

import orjson

from schemas.codec.canonical import sorted_bytes
from schemas.codec.instants import format_instant, parse_instant
from schemas.dead_letter import DeadLetter, FilePosition, LogPosition, Reason, Refusal


class DeadLetterFormatError(ValueError):
    """The bytes are no dead letter of ours."""


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """Return the dead letter as one JSON object, keys sorted, without newline."""
    position: dict[str, Any]
    if isinstance(letter.position, LogPosition):
        position = {
            "topic": letter.position.topic,
            "partition": letter.position.partition,
            "offset": letter.position.offset,
        }
    else:
        position = {"file": letter.position.file, "line": letter.position.line}
    received_at = letter.received_at
    return sorted_bytes(
        {
            "tenant": letter.refusal.tenant,
            "reason": letter.refusal.reason.value,
            "detail": letter.refusal.detail,
            "raw": base64.b64encode(letter.raw).decode("ascii"),
            "position": position,
            "received_at": None if received_at is None else format_instant(received_at),
        }
    )


def decode_dead_letter(raw: bytes) -> DeadLetter:
    """Return the dead letter that the bytes hold; raises DeadLetterFormatError."""
    try:
        tree = orjson.loads(raw)
        received_at = tree["received_at"]
        return DeadLetter(
            Refusal(Reason(tree["reason"]), str(tree["detail"]), tree["tenant"]),
            base64.b64decode(tree["raw"], validate=True),
            _position(tree["position"]),
            None if received_at is None else parse_instant(received_at),
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise DeadLetterFormatError(f"not a dead letter: {type(error).__name__}") from error


def _position(tree: dict[str, Any]) -> LogPosition | FilePosition:
    if "topic" in tree:
        return LogPosition(str(tree["topic"]), int(tree["partition"]), int(tree["offset"]))
    return FilePosition(str(tree["file"]), int(tree["line"]))
