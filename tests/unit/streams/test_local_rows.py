"""The local store: atomic, its own judge of damage, never used again once damaged (S2)."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from streams.lane.ports import LocalMark, Position
from streams.lane.stopping import LocalStoreError
from streams.tables.local_rows import RocksRows, StoreBudget

MARK = LocalMark(3, "app", Position(17, None, "log"), (1, 2, 3, 4), 1e9)
BUDGET = StoreBudget.standard()


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[RocksRows]:
    """Return an open, empty store."""
    store = RocksRows(tmp_path / "app" / "partition-3", BUDGET)
    store.open()
    yield store
    store.close()


def fill(rows: RocksRows) -> None:
    """Write a thousand rows and their mark to files."""
    rows.write([(b"c%04d" % number, b"value" * 50) for number in range(1000)], MARK)
    rows.flush()


def flip_bit(rows: RocksRows, suffix: str) -> None:
    """Damage the middle of one file of a closed store."""
    path = next(path for path in rows.directory.iterdir() if path.suffix == suffix)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_new_store_has_no_mark(tmp_path: Path) -> None:
    """Nothing is known before anything is written."""
    store = RocksRows(tmp_path / "new", BUDGET)
    assert store.open() is None
    store.close()


def test_rows_and_mark_survive_together(rows: RocksRows) -> None:
    """What was written is there after opening again, the mark with it."""
    fill(rows)
    rows.close()
    assert MARK == rows.open()
    assert b"value" * 50 == rows.get(b"c0042")


def test_a_scan_keeps_to_its_prefix_in_order(rows: RocksRows) -> None:
    """Only keys of the prefix, from the start given, in byte order."""
    rows.write([(b"b", b""), (b"c2", b"2"), (b"c1", b"1"), (b"d", b"")], MARK)
    assert [(b"c1", b"1"), (b"c2", b"2")] == list(rows.scan(b"c", b"c"))
    assert [(b"c2", b"2")] == list(rows.scan(b"c2", b"c"))


def test_indexes_and_filters_are_read_in_small_pieces(rows: RocksRows) -> None:
    """Else a store that is larger than its cache reads half a megabyte for a row."""
    fill(rows)
    options = max(rows.directory.glob("OPTIONS-*")).read_text()
    assert "index_type=kTwoLevelIndexSearch" in options
    assert "partition_filters=true" in options


def test_a_deleted_row_is_gone(rows: RocksRows) -> None:
    """None deletes."""
    rows.write([(b"c1", b"1")], MARK)
    rows.write([(b"c1", None)], MARK)
    assert rows.get(b"c1") is None


def test_a_flipped_bit_never_ends_a_scan_quietly(rows: RocksRows) -> None:
    """Damage is an error, not the end of the rows; the next start wipes the store."""
    fill(rows)
    rows.close()
    flip_bit(rows, ".sst")
    try:
        rows.open()
        with pytest.raises(LocalStoreError):
            list(rows.scan(b"c", b"c"))
    finally:
        rows.close()
    assert rows.open() is None
    assert rows.get(b"c0042") is None


@pytest.mark.parametrize("name", ["CURRENT", "MANIFEST"])
def test_a_store_without_its_catalogue_is_rebuilt(rows: RocksRows, name: str) -> None:
    """A deleted MANIFEST or CURRENT makes an empty store, not an error for ever."""
    fill(rows)
    rows.close()
    for path in rows.directory.glob(name + "*"):
        path.unlink()
    assert rows.open() is None


def test_a_closed_store_says_so(rows: RocksRows) -> None:
    """Using a closed store is an error; closing twice is none."""
    rows.close()
    rows.close()
    with pytest.raises(LocalStoreError):
        rows.get(b"c1")


def test_use_after_closing_condemns_nothing(rows: RocksRows) -> None:
    """Our own fault says nothing of the content: the next start finds it as it was."""
    fill(rows)
    rows.close()
    with pytest.raises(LocalStoreError):
        rows.get(b"c0042")
    assert MARK == rows.open()


def test_a_full_disk_while_it_closes_is_told_as_one(rows: RocksRows) -> None:
    """RocksDB writes when it closes, too."""

    def refuse() -> None:
        raise RuntimeError("IO error: No space left on device")

    rows._store = SimpleNamespace(close=refuse)
    with pytest.raises(LocalStoreError, match="No space left"):
        rows.close()
