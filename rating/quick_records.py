"""Frozen records, made quickly.

A frozen slotted dataclass sets each field through `object.__setattr__`, four times the cost of a
plain assignment; a `call.rated` of 21 fields takes 4 us that way, half of all the work of a call.
So the records of the hot path are filled as a plain twin with the same slots, which then takes on
the frozen class. Nobody ever sees the twin. The tests hold field order and equality together.
"""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from schemas.ledger import CallRated, LedgerRecord, Leg, PassedOver


def _maker(record: type) -> Any:
    """Return a callable with the arguments of the record's own constructor, in their order."""
    names = [field.name for field in fields(record)]
    assigned = "\n".join(f"    record.{name} = {name}" for name in names)
    source = (
        f"class Twin:\n"
        f"    __slots__ = {tuple(names)!r}\n"
        f"def make({', '.join(names)}):\n"
        f"    record = new(Twin)\n"
        f"{assigned}\n"
        f"    record.__class__ = frozen\n"
        f"    return record\n"
    )
    scope: dict[str, Any] = {"frozen": record, "new": object.__new__}
    # The text is made of the field names of our own classes, as dataclasses makes its own.
    exec(source, scope)  # noqa: S102
    return scope["make"]


if TYPE_CHECKING:
    make_call_rated = CallRated
    make_leg = Leg
    make_ledger_record = LedgerRecord
    make_passed_over = PassedOver
else:
    make_call_rated = _maker(CallRated)
    make_leg = _maker(Leg)
    make_ledger_record = _maker(LedgerRecord)
    make_passed_over = _maker(PassedOver)
