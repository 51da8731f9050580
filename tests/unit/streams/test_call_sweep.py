"""Calls of months no longer accepted go, a few with each chunk, and no others (D-84)."""

from datetime import UTC, datetime

import pytest

from rating.call_row import CallRow
from rating.rows import TenantRow, Versions
from rating.wallet import NOTHING_TAKEN
from schemas.ledger import Destination
from streams.lane.limits import SWEEP_LEAD, SWEEP_ROWS_PER_CHUNK
from streams.lane.ports import Change, LocalMark, Position
from streams.tables.declaration import CALLS, TABLES
from streams.tables.table_store import TableStore
from tests.simulation.lane_world import SimulatedDisk

MARK = LocalMark(0, "app", Position(1, None, "log"), (0, 0, 0, 0), 1e9)
JANUARY = 2026 * 12


class Partition:
    """Tables over a simulated disk, chunk by chunk."""

    def __init__(self) -> None:
        self.disk = SimulatedDisk()
        self.disk.open()
        self.chunks = 0
        self.reopen()

    def reopen(self) -> None:
        """Start anew on the same disk."""
        self.store = TableStore(
            self.disk, cache_bytes=1 << 16, due_of=lambda _: None, basis=lambda: b"-"
        )

    def end_chunk(self) -> None:
        """Commit the chunk."""
        self.chunks += 1
        changes, entries = self.store.take_changes(self.chunks)
        rows: list[Change] = [
            (table.prefix + key, value)
            for table, changed in zip(TABLES, changes, strict=True)
            for key, value in changed
        ]
        self.disk.write(rows + entries, MARK)
        self.store.written()

    def start_period(self, tenant: str, newest: int) -> None:
        """Let a tenant's newest period be this one."""
        row = TenantRow(Versions(1, "c", "r", "n", "z"), "US", "USD", "UTC")
        row.newest = newest
        self.store.put_tenant(tenant, row)

    def calls(self) -> int:
        """Count the calls on the disk."""
        return sum(key.startswith(CALLS.prefix) for key in self.disk.content)


def call(month: int) -> CallRow:
    """Return a call of a month."""
    return CallRow(
        fingerprint=b"f" * 15,
        newest=b"f" * 15,
        first_seq=1,
        last_seq=1,
        month=month,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        duration_seconds=60,
        user_id="ann",
        call_type="user_out",
        destination=Destination("domestic", "US", "1"),
        marks=0,
        legs=(),
        taking=NOTHING_TAKEN,
    )


def test_an_expired_call_goes_and_an_accepted_one_stays() -> None:
    """Three months before the newest started period are accepted, a fourth is not."""
    partition = Partition()
    partition.store.put_call("a", "old", call(JANUARY))
    partition.store.put_call("a", "kept", call(JANUARY + 1))
    partition.end_chunk()
    partition.start_period("a", JANUARY + 4)
    partition.end_chunk()
    partition.end_chunk()
    assert partition.store.get_call("a", "old") is None
    assert partition.store.get_call("a", "kept") is not None
    assert 1 == partition.calls()


def test_each_tenant_goes_by_its_own_period() -> None:
    """A tenant whose months began later keeps its calls until they expire for it."""
    partition = Partition()
    partition.store.put_call("a", "1", call(JANUARY))
    partition.store.put_call("b", "1", call(JANUARY))
    partition.start_period("b", JANUARY + 3)
    partition.end_chunk()
    partition.start_period("a", JANUARY + 4)
    for _ in range(3):
        partition.end_chunk()
    assert partition.store.get_call("b", "1") is not None
    partition.start_period("b", JANUARY + 5)
    for _ in range(3):
        partition.end_chunk()
    assert 0 == partition.calls()


def test_a_chunk_removes_a_bounded_number() -> None:
    """A month's end is spread over many chunks."""
    partition = Partition()
    for number in range(SWEEP_ROWS_PER_CHUNK + 10):
        partition.store.put_call("a", str(number), call(JANUARY))
    partition.end_chunk()
    partition.start_period("a", JANUARY + 9)
    partition.end_chunk()
    assert 10 == partition.calls()
    partition.end_chunk()
    assert 0 == partition.calls()


def test_the_sweep_keeps_ahead_of_what_comes_in() -> None:
    """A chunk removes more than it adds, from as many entries as that takes."""
    partition = Partition()
    for chunk in range(3):
        for number in range(SWEEP_ROWS_PER_CHUNK):
            partition.store.put_call("a", f"{chunk}-{number}", call(JANUARY))
        partition.end_chunk()
    partition.start_period("a", JANUARY + 9)
    added = 2 * SWEEP_ROWS_PER_CHUNK
    for number in range(added):
        partition.store.put_call("a", f"new-{number}", call(JANUARY + 9))
    partition.end_chunk()
    removed = added + added // SWEEP_LEAD
    assert 3 * SWEEP_ROWS_PER_CHUNK + added - removed == partition.calls()


@pytest.mark.asyncio
async def test_a_rebuilt_store_finds_its_expired_calls() -> None:
    """After a rebuild the entries are made from the rows."""
    partition = Partition()
    partition.store.put_call("a", "1", call(JANUARY))
    partition.end_chunk()
    partition.disk.content = {
        key: raw for key, raw in partition.disk.content.items() if not key.startswith(b"\x00month")
    }
    partition.reopen()
    await partition.store.complete_indexes()
    partition.start_period("a", JANUARY + 4)
    partition.end_chunk()
    partition.end_chunk()
    assert 0 == partition.calls()
