"""Ledger lines back to records, for audit, explain and balance."""

import re
from typing import Any, Final, NamedTuple

import orjson
from pydantic_core import ValidationError

from schemas.codec.instants import parse_instant
from schemas.codec.wire import IS_TENANT, validator_for
from schemas.ledger import RECORD_TYPES, LedgerRecord

_ENVELOPE: Final = frozenset(
    {"cause", "data", "hash", "id", "seq", "source", "specversion", "subject", "time", "type"}
)
_CLASSES: Final = {f"tollstream.{name}.v1": cls for cls, name in RECORD_TYPES.items()}
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class LedgerFormatError(ValueError):
    """A line is no ledger record of this version; the message says which rule it breaks."""


class LedgerRecordRead(NamedTuple):
    """A ledger record as it was read, and the 32 bytes of its `hash` (not checked here)."""

    record: LedgerRecord
    hash: bytes


def decode_record(line: bytes) -> LedgerRecordRead:
    """Return the record of a ledger line; raises LedgerFormatError.

    Form only: that the line is canonical and its hash follows is seen by encoding it again.
    """
    try:
        tree = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LedgerFormatError(f"not JSON: {error}") from None
    if not isinstance(tree, dict) or tree.keys() != _ENVELOPE:
        raise LedgerFormatError("not the members of a ledger record's envelope")
    tenant, seq = tree["subject"], tree["seq"]
    if not isinstance(tenant, str) or not IS_TENANT(tenant):
        raise LedgerFormatError("subject is no tenant id")
    if type(seq) is not int or seq < 1 or tree["id"] != f"{tenant}/{seq}":
        raise LedgerFormatError("seq and id do not belong together")
    if tree["source"] != "tollstream" or tree["specversion"] != "1.0":
        raise LedgerFormatError("source or specversion is another")
    if not isinstance(tree["cause"], str) or "#" not in tree["cause"]:
        raise LedgerFormatError("cause is not <source>#<id>")
    if not isinstance(tree["hash"], str) or not _HASH.fullmatch(tree["hash"]):
        raise LedgerFormatError("hash is not 64 hex digits")
    data = _data(tree["type"], tree["data"])
    try:
        time = parse_instant(tree["time"])
    except (TypeError, ValueError):
        raise LedgerFormatError("time is not an RFC 3339 time") from None
    record = LedgerRecord(tenant, seq, time, tree["cause"], data)
    return LedgerRecordRead(record, bytes.fromhex(tree["hash"]))


def _data(record_type: Any, tree: Any) -> Any:
    cls = _CLASSES.get(record_type) if isinstance(record_type, str) else None
    if cls is None:
        raise LedgerFormatError("no record of this type is known")
    try:
        return validator_for(cls, complete=True).validate_python(tree)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, ("data", *fault["loc"])))
        raise LedgerFormatError(f"{where}: {fault['type']}") from None
