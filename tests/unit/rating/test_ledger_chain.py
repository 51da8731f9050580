"""The hash chain."""

from datetime import UTC, datetime
from typing import Any

import pytest

from rating.ledger_chain import seal
from rating.rows import ZERO_HASH
from schemas.ledger import LedgerRecord, WalletEmpty
from tests.property.rated import NotingStore

NOON = datetime(2021, 3, 10, 12, tzinfo=UTC)


def encode(record: LedgerRecord, before: bytes) -> tuple[bytes, bytes]:
    """Return a line that shows what it was made of, and a head that counts."""
    return b"%d after %d" % (record.seq, before[0]), bytes([before[0] + 1]) + bytes(31)


def test_each_record_follows_the_one_before(scenario: Any) -> None:
    """Contracts 3: 32 zero bytes at first; the head stands in the row."""
    scenario.tenant()
    records = [LedgerRecord("contoso", seq, NOON, "x#1", WalletEmpty(0)) for seq in (1, 2)]
    assert ZERO_HASH == scenario.row.head
    assert [b"1 after 0", b"2 after 1"] == seal(scenario.store, records, encode)
    assert [b"3 after 2"] == seal(
        scenario.store, [LedgerRecord("contoso", 3, NOON, "x#2", WalletEmpty(0))], encode
    )
    assert bytes([3]) + bytes(31) == scenario.row.head


def test_the_new_head_is_put(scenario: Any) -> None:
    """Only a row that was put reaches a table."""
    scenario.store = NotingStore()
    scenario.tenant()
    scenario.store.noted.clear()
    records = [LedgerRecord("contoso", seq, NOON, "x#1", WalletEmpty(0)) for seq in (1, 2)]
    seal(scenario.store, records, encode)
    assert {("tenants", "contoso")} == scenario.store.noted
    assert bytes([2]) + bytes(31) == scenario.store.get_tenant("contoso").head


def test_nothing_to_seal_is_nothing(scenario: Any) -> None:
    """An event without records leaves the head."""
    assert [] == seal(scenario.store, [], encode)


def test_one_event_has_one_tenant(scenario: Any) -> None:
    """Assertions stay on."""
    scenario.tenant()
    records = [LedgerRecord(name, 1, NOON, "x#1", WalletEmpty(0)) for name in ("contoso", "other")]
    with pytest.raises(AssertionError):
        seal(scenario.store, records, encode)
