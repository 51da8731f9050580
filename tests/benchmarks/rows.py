"""Many tenants without Kafka: core, rows and RocksDB, `python -m tests.benchmarks.rows`.

All tenants are set up, then calls are rated, chunk by chunk, as a lane does: rated on the tables,
packed, written. With more rows than any cache holds, most calls find nothing decoded. Once with the
store's files as the engine lays them out, once with each file's index and filter in one piece.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Final

import rocksdict

from rating.references import ShippedReferences
from schemas.codec import decode
from streams.bench.call_log import CallLog, LogShape, encoded_calls, encoded_set_up
from streams.collector import settle_collector
from streams.core_form import core_form
from streams.engine import Engine, build_engine
from streams.lane.limits import CACHE_BYTES_MAX, CHUNK_RECORDS_MAX, SLICE_RECORDS
from streams.lane.ports import LocalMark, Position
from streams.tables import local_rows
from streams.tables.declaration import TABLES
from streams.tables.table_store import TableStore

MARK: Final = LocalMark(0, "rows", Position(0, None, "rows"), (0,) * len(TABLES), 0.0)
MICROSECONDS: Final = 1_000_000


def whole_indexes(budget: local_rows.StoreBudget) -> Any:
    """Return the engine's layout, but for index and filter in one piece each."""
    table = in_pieces(budget)
    table.set_index_type(rocksdict.BlockBasedIndexType.binary_search())
    table.set_partition_filters(False)
    return table


in_pieces: Final[Callable[[local_rows.StoreBudget], Any]] = local_rows._files


def rate(log: CallLog, calls: int, folder: Path) -> list[float]:
    """Set up and rate; return the microseconds a call took in each chunk."""
    rows = local_rows.RocksRows(folder, local_rows.StoreBudget.standard())
    rows.open()
    tables = TableStore(
        rows, cache_bytes=CACHE_BYTES_MAX, due_of=lambda _: None, basis=lambda: b"-"
    )
    engine = build_engine(ShippedReferences())
    try:
        chunks(engine, tables, rows, encoded_set_up(log))
        return chunks(engine, tables, rows, encoded_calls(log, range(calls)))
    finally:
        rows.close()


def chunks(
    engine: Engine,
    tables: TableStore,
    rows: local_rows.RocksRows,
    records: Iterable[tuple[bytes, bytes]],
) -> list[float]:
    """Rate and write all records; return the microseconds a record took in each chunk."""
    took, offset, rest = [], 0, iter(records)
    while chunk := list(islice(rest, CHUNK_RECORDS_MAX)):
        offset += len(chunk)
        begun = time.perf_counter()
        for begin in range(0, len(chunk), SLICE_RECORDS):
            part = chunk[begin : begin + SLICE_RECORDS]
            engine.handle_all(tables, [decode(raw, key) for key, raw in part])
        changes, local = tables.take_changes(offset)
        prefixed = [
            (table.prefix + key, value)
            for table, changed in zip(TABLES, changes, strict=True)
            for key, value in changed
        ]
        rows.write(prefixed + local, MARK)
        tables.written()
        took.append((time.perf_counter() - begun) / len(chunk) * MICROSECONDS)
    return took


def main() -> None:
    """Measure both layouts in turns and print medians over all chunks."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.rows", description=__doc__)
    parser.add_argument("--tenants", type=int, default=500_000)
    parser.add_argument("--calls", type=int, default=120_000)
    parser.add_argument("--repeats", type=int, default=1)
    told = parser.parse_args()
    log = CallLog(LogShape(told.tenants, told.calls))
    settle_collector()
    sys.stdout.write(f"{told.tenants:,} tenants, {told.calls:,} calls, core {core_form()}\n")
    for _ in range(told.repeats):
        for name, files in (("whole indexes", whole_indexes), ("in pieces", in_pieces)):
            local_rows._files = files
            with tempfile.TemporaryDirectory(prefix="tollstream-rows-") as folder:
                took = rate(log, told.calls, Path(folder) / "store")
            median, longest = statistics.median(took), max(took)
            sys.stdout.write(f"{name:14} {median:7.1f} us a call, slowest chunk {longest:7.1f}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
