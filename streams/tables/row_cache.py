"""Decoded rows of one table: a bounded cache over packed rows, and the changes of a chunk.

Rows live in up to four places, asked in this order:

1. `changed`: rows put or deleted since the last take; objects of the rating core.
2. `kept`: decoded rows of earlier chunks, in two generations. When the young one is full it
   becomes the old one and the old one is dropped; a row used meanwhile moves to the young one.
3. `taken`: packed rows of chunks whose transaction is still under way. They are not in the local
   store yet, so they must be found here until `written`.
4. the local store.

A row object is mutated in place by the rating core and put afterwards; so after an exception in
the middle of an event nothing decoded can be trusted and `forget` drops it all.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, Protocol, TypeVar

from schemas.codec import pack_row, unpack_row
from streams.lane.limits import TENANT_ROW_BYTES_MAX
from streams.lane.ports import Change, LocalRows
from streams.lane.stopping import ExitCode, LaneStop
from streams.tables.declaration import KEY_SEPARATOR, Table

DECODED_FACTOR: Final = 8
"""Memory of a decoded row over its packed size: measured, 5 to 10."""
ROW_BYTES: Final = 250
"""Memory of a kept row beside its content: the key, and its places in two dictionaries."""
ROWS_KEPT_MIN: Final = 64
"""Rows a generation holds at least, however large they are."""

_SEPARATOR: Final = KEY_SEPARATOR.decode()


class Row(Protocol):
    """A row of the rating core."""

    def pack(self) -> list[Any]:
        """Return the row as a list of JSON values."""


RowT = TypeVar("RowT", bound=Row)


class CachedTable(Generic[RowT]):
    """One table of one partition, as objects. Keys are text: tenant, or tenant, NUL, rest.

    `derived_bytes` is the memory of what is derived for a row and kept with it; `shed` is told each
    row that leaves the cache.
    """

    def __init__(
        self,
        table: Table,
        local: LocalRows,
        unpack: Callable[[list[Any]], RowT],
        *,
        budget_bytes: int,
        derived_bytes: int = 0,
        shed: Callable[[RowT], None] | None = None,
    ) -> None:
        self._prefix: Final = table.prefix
        self._name: Final = table.name
        self._local: Final = local
        self._unpack: Final = unpack
        self._budget_bytes: Final = budget_bytes
        self._derived_bytes: Final = derived_bytes
        self._shed: Final = shed
        self._changed: dict[str, RowT | None] = {}
        self._young: dict[str, RowT] = {}
        self._old: dict[str, RowT] = {}
        self._taken: deque[dict[bytes, bytes | None]] = deque()
        self._sizes: dict[str, int] = {}  # packed, of what is kept; of a new row from the take on
        self._young_bytes = 0

    def get(self, key: str) -> RowT | None:
        """Return the row as it is after everything rated so far, None where there is none."""
        row = self._young.get(key)
        if row is not None:
            return row
        if key in self._changed:
            return self._changed[key]
        row = self._old.pop(key, None)
        if row is None:
            raw = self._packed(key.encode())
            if raw is None:
                return None
            row = self._unpack(unpack_row(raw))
            self._sizes[key] = len(raw)
        self._young_bytes += self._sizes[key]
        self._young[key] = row
        return row

    def peek(self, key: str) -> RowT | None:
        """Return the row like `get`, without keeping it: for readers that pass over many rows."""
        row = self._young.get(key) or self._old.get(key)
        if row is not None:
            return row
        if key in self._changed:
            return self._changed[key]
        raw = self._packed(key.encode())
        return None if raw is None else self._unpack(unpack_row(raw))

    def put(self, key: str, row: RowT) -> None:
        """Mark a row as changed; the same object may be put many times."""
        self._changed[key] = row
        self._young[key] = row

    def delete(self, key: str) -> None:
        """Mark a row as deleted; deleting what is not there is harmless."""
        self._changed[key] = None
        size = self._sizes.pop(key, 0)
        young, old = self._young.pop(key, None), self._old.pop(key, None)
        if young is not None and old is None:
            self._young_bytes -= size

    def rows_of(self, tenant: str) -> Iterator[tuple[str, RowT]]:
        """Yield all rows of a tenant with the rest of their keys, in key order, for reading.

        One that is not kept is made for the moment only: at a month's start all users of all
        tenants pass by here. So a row to be changed must be got.
        """
        start = tenant + _SEPARATOR
        prefix = start.encode()
        packed = dict(self._stored(prefix))
        for taken in self._taken:
            packed |= {key: raw for key, raw in taken.items() if key.startswith(prefix)}
        found = {key.decode(): raw for key, raw in packed.items()}
        for key in self._changed:
            if key.startswith(start):
                found.setdefault(key, None)
        # UTF-8 keeps the order of code points, so this is the order of the local store too.
        for key in sorted(found):
            row = self._row_now(key, found[key])
            if row is not None:
                yield key[len(start) :], row

    def take_changes(self) -> list[Change]:
        """Return the changed rows, packed once, and remember them until `written`."""
        changes: dict[bytes, bytes | None] = {}
        for key, row in self._changed.items():
            packed = None if row is None else pack_row(row.pack())
            if packed is not None:
                self._note_size(key, len(packed))
            changes[key.encode()] = packed
        self._changed.clear()
        self._taken.append(changes)
        if self._is_full():
            self._begin_generation()
        return list(changes.items())

    def changed_rows(self) -> Iterator[tuple[str, RowT | None]]:
        """Yield what `take_changes` would return, unpacked."""
        yield from self._changed.items()

    def written(self) -> None:
        """Forget the oldest changes taken: they are in the local store now."""
        self._taken.popleft()

    def forget(self) -> None:
        """Drop every decoded row and every change not taken: an event failed half-way."""
        self._changed.clear()
        self._young.clear()
        self._old.clear()
        self._sizes.clear()
        self._young_bytes = 0

    def _packed(self, key: bytes) -> bytes | None:
        for taken in reversed(self._taken):
            if key in taken:
                return taken[key]
        return self._local.get(self._prefix + key)

    def _stored(self, prefix: bytes) -> Iterator[tuple[bytes, bytes | None]]:
        stored = self._prefix + prefix
        for key, raw in self._local.scan(stored, stored):
            yield key[len(self._prefix) :], raw

    def _row_now(self, key: str, raw: bytes | None) -> RowT | None:
        """Return a row as it is now, by its newest packed form if it is nowhere else."""
        if key in self._changed:
            return self._changed[key]
        row = self._young.get(key) or self._old.get(key)
        if row is not None:
            return row
        return None if raw is None else self._unpack(unpack_row(raw))

    def _is_full(self) -> bool:
        """Say whether the young generation has its half of the budget."""
        rows = len(self._young)
        decoded = DECODED_FACTOR * self._young_bytes + (ROW_BYTES + self._derived_bytes) * rows
        return rows > ROWS_KEPT_MIN and 2 * decoded > self._budget_bytes

    def _begin_generation(self) -> None:
        """Drop the old one.

        Only after a take, when every object is packed: inside a chunk the rating core may hold a
        row it has not put yet, and must get the same object when it asks again.
        """
        if self._shed is not None:
            for old in self._old.values():
                self._shed(old)
        self._old, self._young = self._young, {}
        self._sizes = {key: self._sizes[key] for key in self._old}
        self._young_bytes = 0

    def _note_size(self, key: str, size_bytes: int) -> None:
        """Count a changed row, which is young, by its new size."""
        if size_bytes > TENANT_ROW_BYTES_MAX:
            raise LaneStop(
                ExitCode.STOPPED, f"a row of {self._name} has {size_bytes} bytes; too large"
            )
        counted = 0 if self._old.pop(key, None) is not None else self._sizes.get(key, 0)
        self._young_bytes += size_bytes - counted
        self._sizes[key] = size_bytes
