"""The stored row of one call: enough to know it again, to give back what it took, to cancel it.

It answers three questions. *Is this the same call again?* The fingerprint of the first data and of
the newest (D-21, D-22). *What must a correction give back?* The legs, and the parts of lots
(R-701, D-23). *What does a cancelled record say?* The facts of the newest data.

A row is kept while its month is accepted; an older one counts as absent, removed or not (D-84).
"""

import binascii
from datetime import datetime
from typing import Final, TypeAlias, get_args

from mypy_extensions import mypyc_attr

from rating.acceptance import oldest_accepted
from rating.call_types import CALL_TYPES, NAMES
from rating.flags import CANCELLED
from rating.instants import from_micros, to_micros
from rating.rows import PURSES, Packed, TenantRow
from rating.wallet import NOTHING_TAKEN, Taking
from schemas.ledger import Destination, DestinationClass, PurseKind

KeptLeg: TypeAlias = tuple[PurseKind, str | None, int, int]
"""Purse, pool key (None: no pool), minutes, amount."""

_CLASSES: Final[tuple[DestinationClass | None, ...]] = (None, *get_args(DestinationClass))
_CLASS_CODES: Final = {name: code for code, name in enumerate(_CLASSES)}
_PURSE_CODES: Final = {name: code for code, name in enumerate(PURSES)}


@mypyc_attr(acyclic=True)
class CallRow:
    """One call.

    `last_seq` is its newest `call.rated`, the one that a correction replaces; `marks` are bits of
    `rating.flags`: the facts of the call, and whether it was cancelled.
    """

    __slots__ = (
        "call_type",
        "destination",
        "duration_seconds",
        "fingerprint",
        "first_seq",
        "last_seq",
        "legs",
        "marks",
        "month",
        "newest",
        "started_at",
        "taking",
        "user_id",
    )

    def __init__(  # noqa: PLR0917  one a call: by place it is made in half the time
        self,
        fingerprint: bytes,
        newest: bytes,
        first_seq: int,
        last_seq: int,
        month: int,
        started_at: datetime,
        duration_seconds: int,
        user_id: str | None,
        call_type: str,
        destination: Destination,
        marks: int,
        legs: tuple[KeptLeg, ...],
        taking: Taking,
    ) -> None:
        self.fingerprint = fingerprint
        self.newest = newest
        self.first_seq = first_seq
        self.last_seq = last_seq
        self.month = month
        self.started_at = started_at
        self.duration_seconds = duration_seconds
        self.user_id = user_id
        self.call_type = call_type
        self.destination = destination
        self.marks = marks
        self.legs = legs
        self.taking = taking

    @property
    def cancelled(self) -> bool:
        """Whether the call was taken back."""
        return self.marks & CANCELLED != 0

    def pack(self) -> Packed:
        """Return the row as primitives; what a usual call lacks stands last and is left out."""
        destination, taking = self.destination, self.taking
        legs: Packed = []
        for purse, key, minutes, amount in self.legs:
            legs += (_PURSE_CODES[purse], key, minutes, amount)
        lots: Packed = []
        for lot in taking.lots:
            lots += lot
        packed: Packed = [
            _text(self.fingerprint),
            self.first_seq,
            to_micros(self.started_at),
            self.month,
            self.duration_seconds,
            self.user_id,
            CALL_TYPES[self.call_type].code,
            _CLASS_CODES[destination.class_],
            destination.region,
            destination.prefix,
            self.marks,
            legs,
            lots,
            taking.debt,
            self.last_seq - self.first_seq,
            None if self.newest == self.fingerprint else _text(self.newest),
        ]
        while not packed[-1]:
            packed.pop()
        return packed

    @classmethod
    def unpack(cls, packed: Packed) -> "CallRow":
        """Return the row that was packed."""
        full = packed + _ABSENT[len(packed) :]
        fingerprint, first_seq, started, month, duration, user_id, call_type, class_, *rest = full
        region, prefix, marks, legs, lots, debt, later, newest = rest
        first = binascii.a2b_base64(fingerprint + _PADDING)
        return cls(
            fingerprint=first,
            newest=first if newest is None else binascii.a2b_base64(newest + _PADDING),
            first_seq=first_seq,
            last_seq=first_seq + later,
            month=month,
            started_at=from_micros(started),
            duration_seconds=duration,
            user_id=user_id,
            call_type=NAMES[call_type],
            destination=Destination(_CLASSES[class_], region, prefix),
            marks=marks,
            legs=tuple(
                (PURSES[legs[place]], legs[place + 1], legs[place + 2], legs[place + 3])
                for place in range(0, len(legs), 4)
            ),
            taking=Taking(tuple(zip(lots[::2], lots[1::2], strict=True)), debt)
            if lots or debt
            else NOTHING_TAKEN,
        )


# Values of a full row where a packed one ends early. The first four are never left out.
_ABSENT: Final[Packed] = [None, 0, 0, 0, 0, None, 0, 0, None, None, 0, [], [], 0, 0, None]
_PADDING: Final = "=="


def _text(fingerprint: bytes) -> str:
    return binascii.b2a_base64(fingerprint, newline=False).decode().rstrip("=")


def stale_call(row: CallRow, tenant: TenantRow) -> bool:
    """Return whether the call's month is no longer accepted, so that the row counts as absent.

    It goes by the newest data's start (D-74, D-84).
    """
    oldest = oldest_accepted(tenant)
    return oldest is not None and row.month < oldest
