"""The hash chain."""

from datetime import UTC, datetime
from typing import Any

import pytest

from rating.ledger_chain import seal
from rating.rows import ZERO_HASH
from schemas.codec import decode_record, encode_record
from schemas.ledger import LedgerRecord, WalletEmpty
from tests.property.rated import NotingStore

NOON = datetime(2021, 3, 10, 12, tzinfo=UTC)


def a_record(seq: int, tenant: str = "contoso") -> LedgerRecord:
    """Return a small record."""
    return LedgerRecord(tenant, seq, NOON, "x#1", WalletEmpty(0))


def test_each_record_follows_the_one_before(scenario: Any) -> None:
    """Contracts 3: 32 zero bytes at first; the head stands in the row."""
    scenario.tenant()
    head = ZERO_HASH
    assert head == scenario.row.head
    expected = []
    for seq in (1, 2, 3):
        line, head = encode_record(a_record(seq), head)
        expected.append(line)
    lines = seal(scenario.store, [a_record(1), a_record(2)]) + seal(scenario.store, [a_record(3)])
    assert expected == lines
    assert head == scenario.row.head == decode_record(lines[2]).hash


def test_the_new_head_is_put(scenario: Any) -> None:
    """Only a row that was put reaches a table."""
    scenario.store = NotingStore()
    scenario.tenant()
    scenario.store.noted.clear()
    lines = seal(scenario.store, [a_record(1), a_record(2)])
    assert {("tenants", "contoso")} == scenario.store.noted
    assert decode_record(lines[1]).hash == scenario.store.get_tenant("contoso").head


def test_nothing_to_seal_is_nothing(scenario: Any) -> None:
    """An event without records leaves the head."""
    assert [] == seal(scenario.store, [])


def test_one_event_has_one_tenant(scenario: Any) -> None:
    """Assertions stay on."""
    scenario.tenant()
    with pytest.raises(AssertionError):
        seal(scenario.store, [a_record(1), a_record(1, "other")])
