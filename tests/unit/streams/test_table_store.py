"""Rows are found wherever they are: changed, kept, taken or stored."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rating.rows import SubscriberRow, TenantRow, Versions
from streams.lane.ports import Change, LocalMark, Position
from streams.tables.declaration import TABLES
from streams.tables.due_index import AT_ONCE
from streams.tables.local_rows import RocksRows, StoreBudget
from streams.tables.row_cache import ROWS_KEPT_MIN
from streams.tables.table_store import TableStore

BUDGET = StoreBudget.standard()
MARK = LocalMark(0, "app", Position(1, None, "log"), (0, 0, 0, 0), 1e9)
VERSIONS = Versions(1, "c", "r", "n", "z")


@pytest.fixture
def local(tmp_path: Path) -> Iterator[RocksRows]:
    """Return an open store."""
    rows = RocksRows(tmp_path / "p", BUDGET)
    rows.open()
    yield rows
    rows.close()


def store_over(local: RocksRows, cache_bytes: int = 1 << 20) -> TableStore:
    """Return tables whose tenants are due at 100 + their sequence number."""
    return TableStore(
        local, cache_bytes=cache_bytes, due_of=lambda row: 100 + row.seq, basis=lambda: b"-"
    )


def tenant(seq: int) -> TenantRow:
    """Return a tenant's row."""
    row = TenantRow(VERSIONS, "US", "USD", "UTC")
    row.seq = seq
    return row


def end_chunk(store: TableStore, local: RocksRows, number: int, *, write: bool = True) -> None:
    """End a chunk as the lane does."""
    changes, entries = store.take_changes(number)
    if write:
        prefixed: list[Change] = [
            (table.prefix + key, value)
            for table, rows in zip(TABLES, changes, strict=True)
            for key, value in rows
        ]
        local.write(prefixed + entries, MARK)
        store.written()


def test_a_row_taken_but_not_written_is_found(local: RocksRows) -> None:
    """While a transaction is under way its rows are in no store, yet the next chunk sees them."""
    store = store_over(local)
    store.put_tenant("a", tenant(1))
    end_chunk(store, local, 1, write=False)
    store.forget()  # even without any decoded row
    found = store.get_tenant("a")
    assert found is not None
    assert 1 == found.seq


def test_the_same_key_gives_the_same_object(local: RocksRows) -> None:
    """The rating core may change a row in place before it puts it."""
    store = store_over(local, cache_bytes=0)
    store.put_tenant("a", tenant(1))
    end_chunk(store, local, 1)
    assert store.get_tenant("a") is store.get_tenant("a")


def test_forgetting_drops_a_half_done_chunk(local: RocksRows) -> None:
    """What an interrupted chunk did to rows is gone, put or not."""
    store = store_over(local)
    store.put_tenant("a", tenant(1))
    end_chunk(store, local, 1)
    row = store.get_tenant("a")
    assert row is not None
    row.seq = 99
    store.put_tenant("b", tenant(5))
    store.forget()
    again = store.get_tenant("a")
    assert again is not None
    assert (1, None) == (again.seq, store.get_tenant("b"))


def test_money_ids_are_kept(local: RocksRows) -> None:
    """D-84: a payment's id is known for ever, per tenant."""
    store = store_over(local)
    store.put_money_id("a", "p1")
    end_chunk(store, local, 1)
    fresh = store_over(local)
    assert fresh.get_money_id("a", "p1")
    assert not fresh.get_money_id("b", "p1")


def test_a_changed_tenant_is_due_when_written(local: RocksRows) -> None:
    """The index learns of a row with the same write."""
    store = store_over(local)
    store.put_tenant("a", tenant(1))
    end_chunk(store, local, 1)
    assert [(101, "a")] == store.due.due(200, 10)
    assert [] == store.due.due(100, 10)


def test_an_entry_that_its_row_outlived_is_replaced(local: RocksRows) -> None:
    """A stale entry is dropped, the row's own instant takes its place."""
    store = store_over(local)
    store.put_tenant("a", tenant(1))
    end_chunk(store, local, 1)
    store.put_tenant("a", tenant(7))
    end_chunk(store, local, 2)
    assert store.due.confirmed(101, "a") is None
    assert [(107, "a")] == store.due.due(200, 10)
    row = store.due.confirmed(107, "a")
    assert row is not None
    assert 7 == row.seq


@pytest.mark.asyncio
async def test_the_index_is_made_anew_from_the_rows(local: RocksRows) -> None:
    """After a rebuild every tenant has its entry, and the store says so."""
    store = store_over(local)
    for number in range(250):
        store.put_tenant(f"t{number:03d}", tenant(number))
    changes, _ = store.take_changes(1)
    rows: list[Change] = [(TABLES[0].prefix + key, value) for key, value in changes[0]]
    local.write(rows, MARK)
    store.written()
    assert not store.due.is_complete()
    await store.complete_indexes()
    assert store.due.is_complete()
    assert 250 == len(store.due.due(10_000, 1000))
    assert AT_ONCE < store.due.due(10_000, 1)[0][0]


def test_the_cache_goes_by_what_it_holds(local: RocksRows) -> None:
    """A small row that changes in every chunk does not make room for a thousand large ones."""
    store = store_over(local, cache_bytes=4 << 20)
    for number in range(300):
        large = tenant(number)
        large.offered = ("c" * 4_000, "r" * 4_000)
        store.put_tenant(f"large-{number}", large)
    end_chunk(store, local, 1)
    store.forget()
    for number in range(300):
        store.get_tenant(f"large-{number}")
        for _ in range(20):
            store.put_tenant("busy", tenant(number))
            end_chunk(store, local, 2 + number)
    cache = store.tenants
    kept = [key for key in (*cache._young, *cache._old) if key != "busy"]
    assert len(kept) <= 2 * ROWS_KEPT_MIN + 2
    assert set(cache._sizes) == set(cache._young) | set(cache._old)
    assert cache._young_bytes == sum(cache._sizes[key] for key in cache._young)


def test_a_deleted_row_stays_so_until_the_chunk_ends(local: RocksRows) -> None:
    """Asked for alone or with all of its tenant's."""
    store = store_over(local)
    for name in ("u1", "u2"):
        store.put_subscriber("a", name, SubscriberRow())
    end_chunk(store, local, 1)
    store.subscriber_rows.delete("a\0u1")
    assert ["u2"] == [name for name, _ in store.subscribers("a")]
    assert store.get_subscriber("a", "u1") is None
    end_chunk(store, local, 2)
    assert store.get_subscriber("a", "u1") is None
    assert ["u2"] == [name for name, _ in store.subscribers("a")]


def test_users_that_pass_by_are_not_kept(local: RocksRows) -> None:
    """A month's start reads every user of every tenant; the cache would be all of them."""
    store = store_over(local)
    for number in range(300):
        store.put_subscriber("a", f"u{number:03}", SubscriberRow())
    end_chunk(store, local, 1)
    store.forget()
    kept = store.get_subscriber("a", "u007")
    assert kept is not None
    store.put_subscriber("a", "new", SubscriberRow())
    found = dict(store.subscribers("a"))
    assert ["new", *(f"u{number:03}" for number in range(300))] == list(found)
    assert found["u007"] is kept
    assert {"a\0u007", "a\0new"} == set(store.subscriber_rows._young)
