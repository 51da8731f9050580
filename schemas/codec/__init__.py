"""The only place that knows JSON: decoding, canonical bytes, dead letters, table rows."""

from schemas.codec.dead_letters import (
    DeadLetterFormatError,
    decode_dead_letter,
    encode_dead_letter,
)
from schemas.codec.decoding import decode, decode_exactly
from schemas.codec.events import encode_event
from schemas.codec.instants import format_instant, parse_instant
from schemas.codec.record_reading import LedgerFormatError, LedgerRecordRead, decode_record
from schemas.codec.records import FIRST_HASH, encode_record, ruleset_of
from schemas.codec.rows import pack_row, unpack_row

__all__ = [
    "FIRST_HASH",
    "DeadLetterFormatError",
    "LedgerFormatError",
    "LedgerRecordRead",
    "decode",
    "decode_dead_letter",
    "decode_exactly",
    "decode_record",
    "encode_dead_letter",
    "encode_event",
    "encode_record",
    "format_instant",
    "pack_row",
    "parse_instant",
    "ruleset_of",
    "unpack_row",
]
