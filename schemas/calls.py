"""Call events: one finished leg, its correction, its cancellation (contracts section 2)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from schemas.fields import Identifier, Instant, Seconds, Text

NumberType: TypeAlias = Literal["user", "service_toll", "service_toll_free"]


@dataclass(frozen=True, slots=True)
class CallEnded:
    """One finished leg of a call.

    `user_id` is whom the leg is charged to (the organiser for `conf_out`), None for a leg without
    a user. `caller` and `callee` are E.164 with `+`, a short code, or None or other text where the
    leg has none. `number_type` is the kind of the tenant's own number. `duration_seconds` is the
    connected time, the only thing that is billed (R-332).
    """

    usage_id: Identifier
    call_type: str
    user_id: Identifier | None
    caller: Text | None
    callee: Text | None
    started_at: Instant
    ended_at: Instant
    duration_seconds: Seconds
    number_type: NumberType = "user"
    conference_id: Text | None = None
    source_format: Text | None = None


@dataclass(frozen=True, slots=True)
class CallCorrected:
    """The right data of a call that was recorded wrongly (R-701)."""

    usage_id: Identifier
    reason: Text
    call: CallEnded


@dataclass(frozen=True, slots=True)
class CallCancelled:
    """Takes a call back (R-701)."""

    usage_id: Identifier
    reason: Text
