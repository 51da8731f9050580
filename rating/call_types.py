"""What each call type means for rating: direction, and how it is treated (domain 7.2, D-36, D-37).

Everything that depends on the type alone stands in this table and nowhere else.
"""

from typing import Final, Literal, TypeAlias

from schemas.ledger import Direction

Treatment: TypeAlias = Literal[
    "internal", "emergency", "outbound", "conference", "inbound", "not_rated"
]
"""`outbound` is charged to the user who calls or forwards (R-318), `conference` to the organiser
(R-602); `inbound` is free unless the number is toll-free (R-401, R-402, D-68); `not_rated` is
carried and billed by another carrier (D-36)."""


class CallType:
    """One row of the table. `code` is stored in call rows and never changes."""

    __slots__ = ("code", "direction", "name", "treatment")

    def __init__(self, name: str, code: int, direction: Direction, treatment: Treatment) -> None:
        self.name: Final = name
        self.code: Final = code
        self.direction: Final = direction
        self.treatment: Final = treatment


_TYPES: Final[tuple[tuple[str, Direction, Treatment], ...]] = (
    # Stored codes are places in this table: only ever append.
    ("internal", "internal", "internal"),  # D-38
    ("user_out", "outbound", "outbound"),
    ("user_out_conf", "outbound", "outbound"),
    ("user_out_transfer", "outbound", "outbound"),
    ("user_out_forwarding", "outbound", "outbound"),
    ("ucap_out", "outbound", "outbound"),  # D-37
    ("ucap_out_conf", "outbound", "outbound"),  # D-37
    ("fmc_out", "outbound", "outbound"),  # D-37
    ("conf_out", "outbound", "conference"),
    ("user_in", "inbound", "inbound"),
    ("conf_in", "inbound", "inbound"),  # D-35, D-37
    ("ucap_in", "inbound", "inbound"),  # D-37
    ("fmc_in", "inbound", "inbound"),  # D-37
    ("unassigned_in", "inbound", "inbound"),  # R-408, D-37
    ("emergency_out", "outbound", "emergency"),  # D-39
    ("emergency_in", "inbound", "emergency"),  # D-37
    ("dr_in", "inbound", "not_rated"),  # this and all that follow: D-36
    ("dr_out", "outbound", "not_rated"),
    ("dr_out_user_conf", "outbound", "not_rated"),
    ("dr_out_user_forwarding", "outbound", "not_rated"),
    ("dr_out_user_transfer", "outbound", "not_rated"),
    ("dr_emergency_out", "outbound", "emergency"),
    ("dr_unassigned_in", "inbound", "not_rated"),
    ("dr_in_bot", "inbound", "not_rated"),
    ("dr_out_bot", "outbound", "not_rated"),
    ("dr_in_ucap", "inbound", "not_rated"),
    ("dr_out_ucap", "outbound", "not_rated"),
    ("ByotIn", "inbound", "not_rated"),
    ("ByotOut", "outbound", "not_rated"),
    ("ByotOutUserConf", "outbound", "not_rated"),
    ("ByotOutUserForwarding", "outbound", "not_rated"),
    ("ByotOutUserTransfer", "outbound", "not_rated"),
    ("ByotOutEmergency", "outbound", "emergency"),
)

CALL_TYPES: Final[dict[str, CallType]] = {
    name: CallType(name, code, direction, treatment)
    for code, (name, direction, treatment) in enumerate(_TYPES)
}
NAMES: Final = tuple(name for name, _, _ in _TYPES)
"""The type of each stored code."""
