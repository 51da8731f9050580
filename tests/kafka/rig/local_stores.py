"""Looking into the local stores that stopped workers left behind."""

from dataclasses import dataclass
from pathlib import Path

import rocksdict

from streams.lane.ports import LocalMark
from streams.lane.position import unpack_mark
from streams.tables.declaration import RESERVED, TABLES
from streams.tables.local_rows import MARK_KEY
from tests.kafka.rig.expected import Rows


@dataclass(frozen=True, slots=True)
class LocalCopy:
    """One partition's local store: its mark and its rows by table."""

    mark: LocalMark | None
    rows: dict[str, Rows]


def read_store(directory: Path) -> LocalCopy:
    """Read a store that nobody has open."""
    store = rocksdict.Rdict(
        str(directory),
        rocksdict.Options(raw_mode=True),
        access_type=rocksdict.AccessType.read_only(),
    )
    try:
        raw = store.get(MARK_KEY)
        rows: dict[str, Rows] = {table.name: {} for table in TABLES}
        names = {table.prefix: table.name for table in TABLES}
        for key, value in store.items():
            if not key.startswith(RESERVED):
                rows[names[key[:1]]][key[1:]] = value
    finally:
        store.close()
    return LocalCopy(None if raw is None else unpack_mark(raw), rows)
