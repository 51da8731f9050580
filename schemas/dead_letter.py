"""Refused input: a value with a stable reason code, never an exception (D-19)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why an input was refused. The list is closed (D-19)."""

    NOT_JSON = "not_json"
    BAD_ENVELOPE = "bad_envelope"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    BAD_DATA = "bad_data"
    BAD_TIME = "bad_time"
    BAD_AMOUNT = "bad_amount"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    BAD_ENCODING = "bad_encoding"
    TENANT_UNKNOWN = "tenant_unknown"
    ID_PAYLOAD_MISMATCH = "id_payload_mismatch"
    TOO_LATE = "too_late"
    IN_FUTURE = "in_future"
    INVALID_NUMBER = "invalid_number"
    UNKNOWN_CALL = "unknown_call"
    ALREADY_CANCELLED = "already_cancelled"
    UNKNOWN_LICENSE = "unknown_license"
    UNKNOWN_RECHARGE = "unknown_recharge"
    UNKNOWN_LOT = "unknown_lot"
    NOT_DUE = "not_due"
    WRONG_CURRENCY = "wrong_currency"
    FROZEN_SETTING = "frozen_setting"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An input that has no effect.

    `tenant` is None where it could not be read. `detail` says in one line what is wrong and
    never holds a phone number in clear.
    """

    reason: Reason
    detail: str
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where an input stood in Kafka."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class FilePosition:
    """Where an input stood in a file; `line` counts from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused input, whole. `received_at` is the Kafka record's timestamp, None for files."""

    refusal: Refusal
    raw: bytes
    position: LogPosition | FilePosition
    received_at: datetime | None
