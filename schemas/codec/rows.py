"""Table rows to bytes and back.

A row is a list of JSON values. Integers beyond 64 bits are legal in it (10^15 whole units of money
are 10^23 of ours), but orjson refuses to write them and reads them as floats; such a row, rare, is
written by the standard library and marked by a first byte that no JSON text begins with.
"""

import json
from typing import Any, Final

import orjson

_WIDE: Final = b"\x01"


def pack_row(row: list[Any]) -> bytes:
    """Return the row's bytes; equal rows give equal bytes."""
    try:
        # A copy: what orjson returns keeps a buffer of 4 KiB, and rows are kept by the thousand.
        return bytes(memoryview(orjson.dumps(row)))
    except orjson.JSONEncodeError:
        text = json.dumps(row, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return _WIDE + text.encode()


def unpack_row(raw: bytes) -> list[Any]:
    """Return the row that `pack_row` wrote; raises ValueError for other bytes."""
    row = json.loads(raw[1:]) if raw.startswith(_WIDE) else orjson.loads(raw)
    if not isinstance(row, list):
        raise ValueError("a row is a list")  # noqa: TRY004 - the bytes are wrong, not a type
    return row
