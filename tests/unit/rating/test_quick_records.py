"""Records made quickly are the records."""

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from rating.quick_records import make_call_rated, make_ledger_record, make_leg
from schemas.ledger import CallRated, LedgerRecord, Leg

MAKERS = [(make_call_rated, CallRated), (make_leg, Leg), (make_ledger_record, LedgerRecord)]


@pytest.mark.parametrize(("maker", "record"), MAKERS)
def test_a_quick_record_equals_one_made_by_its_constructor(maker: Any, record: Any) -> None:
    """Same class, same fields in the same order."""
    values = range(len(fields(record)))
    assert record(*values) == maker(*values)
    assert type(maker(*values)) is record


@pytest.mark.parametrize(("maker", "record"), MAKERS)
def test_a_quick_record_is_frozen(maker: Any, record: Any) -> None:
    """Nobody ever sees the twin."""
    made = maker(*range(len(fields(record))))
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(record)[0].name, 1)
