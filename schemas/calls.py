"""Call events: one finished leg, its correction, its cancellation (contracts section 2)."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from mypy_extensions import mypyc_attr

from schemas.fields import CallType, Identifier, Instant, Seconds, Text

NumberType: TypeAlias = Literal["user", "service_toll", "service_toll_free"]

CALL_TYPES: Final = frozenset(
    """
    user_in user_out user_out_conf user_out_transfer user_out_forwarding
    conf_in conf_out ucap_in ucap_out ucap_out_conf unassigned_in
    emergency_in emergency_out fmc_in fmc_out
    dr_in dr_out dr_out_user_conf dr_out_user_forwarding dr_out_user_transfer
    dr_emergency_out dr_unassigned_in dr_in_bot dr_out_bot dr_in_ucap dr_out_ucap
    ByotIn ByotOut ByotOutUserConf ByotOutUserForwarding ByotOutUserTransfer ByotOutEmergency
    internal
    """.split()  # noqa: SIM905 - one word a type reads better than 33 quoted ones
)
"""Call types of the usage export (domain 7.2), and `internal` for calls inside the tenant."""


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True, unsafe_hash=True)
class CallEnded:
    """One finished leg of a call.

    `user_id` is whom the leg is charged to (the organiser for `conf_out`), None for a leg without
    a user. `caller` and `callee` are E.164 with `+`, a short code, or None or other text where the
    leg has none. `number_type` is the kind of the tenant's own number. `duration_seconds` is the
    connected time, the only thing that is billed (R-332). The constructor is spelt out as those of
    `schemas.ledger` are.
    """

    usage_id: Final[Identifier]
    call_type: Final[CallType]
    user_id: Final[Identifier | None]
    caller: Final[Text | None]
    callee: Final[Text | None]
    started_at: Final[Instant]
    ended_at: Final[Instant]
    duration_seconds: Final[Seconds]
    number_type: Final[NumberType]
    conference_id: Final[Identifier | None]
    source_format: Final[Text | None]

    def __init__(  # noqa: PLR0917  one a call, by place
        self,
        usage_id: Identifier,
        call_type: CallType,
        user_id: Identifier | None,
        caller: Text | None,
        callee: Text | None,
        started_at: Instant,
        ended_at: Instant,
        duration_seconds: Seconds,
        number_type: NumberType = "user",
        conference_id: Identifier | None = None,
        source_format: Text | None = None,
    ) -> None:
        self.usage_id = usage_id
        self.call_type = call_type
        self.user_id = user_id
        self.caller = caller
        self.callee = callee
        self.started_at = started_at
        self.ended_at = ended_at
        self.duration_seconds = duration_seconds
        self.number_type = number_type
        self.conference_id = conference_id
        self.source_format = source_format


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
