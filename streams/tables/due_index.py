"""Which tenant has a timer event coming, soonest first: a local index, no table of its own.

An entry `due instant, tenant` in the local store says: look at this tenant then. It is a hint, not
a fact. The row decides; an entry that its row does not confirm is dropped. So entries are only
ever added when a row changes, never looked up to be removed, and a lost or stale entry costs a
look. The index is not in any changelog: after a rebuild it is made anew from the rows, in the
background (`rebuild`), while calls flow.

Rows that a catch-up brings to a usable store get their entries on the way.

An instant of 0 means at once: the tenant lacks a published default (D-79).
"""

import asyncio
import struct
from collections.abc import Callable
from typing import Final

from rating.rows import TenantRow
from schemas.codec import unpack_row
from streams.lane.ports import Change, LocalRows
from streams.tables.declaration import RESERVED, TENANTS

AT_ONCE: Final = 0
"""Due instant of a tenant that lacks a published default, in µs since 1970."""
NOTED_MAX: Final = 50_000
"""Tenants whose newest entry is remembered, so that a busy tenant is not written each chunk."""
REBUILD_SLICE_ROWS: Final = 100
"""Rows looked at before other work may run: at 30 µs a row, 3 ms."""

_PREFIX: Final = RESERVED + b"due/"
_COMPLETE: Final = RESERVED + b"due-complete"
_INSTANT: Final = struct.Struct(">q")

DueOf = Callable[[TenantRow], int | None]
"""Returns when a tenant has its next timer event, in µs since 1970, never less than AT_ONCE; None
for a tenant that has none coming."""


class DueIndex:
    """The due instants of one partition's tenants.

    `basis` names what beside a row decides its due instant (the published defaults); when it
    changes, the index is no longer complete.
    """

    def __init__(self, local: LocalRows, due_of: DueOf, basis: Callable[[], bytes]) -> None:
        self._local: Final = local
        self._due_of: Final = due_of
        self._basis: Final = basis
        self._noted: dict[str, int] = {}
        self._new: list[Change] = []

    def note(self, tenant: str, row: TenantRow) -> None:
        """Add the tenant's entry to what the next write takes along, if it is a new one."""
        due_us = self._due_of(row)
        if due_us is None or self._noted.get(tenant) == due_us:
            return
        if len(self._noted) >= NOTED_MAX:
            self._noted.clear()
        self._noted[tenant] = due_us
        self._new.append((entry_key(due_us, tenant), b""))

    def take_new(self) -> list[Change]:
        """Return the entries added since the last call."""
        new, self._new = self._new, []
        return new

    def due(
        self, until_us: int, most: int, after: tuple[int, str] | None = None
    ) -> list[tuple[int, str]]:
        """Return the first `most` entries (due instant, tenant) up to an instant, soonest first.

        `after` is an entry to begin behind.
        """
        entries: list[tuple[int, str]] = []
        start = _PREFIX if after is None else entry_key(*after) + b"\x00"
        for key, _ in self._local.scan(start, _PREFIX):
            entry = read_entry(key)
            if entry[0] > until_us or len(entries) == most:
                break
            entries.append(entry)
        return entries

    def confirmed(self, due_us: int, tenant: str) -> TenantRow | None:
        """Return the tenant's committed row if it confirms the entry; else drop the entry.

        The committed row decides, not the newest one: if its chunk failed, so would the drop.
        """
        raw = self._local.get(TENANTS.prefix + tenant.encode())
        row = None if raw is None else TenantRow.unpack(unpack_row(raw))
        actual = None if row is None else self._due_of(row)
        if actual == due_us:
            return row
        changes: list[Change] = [(entry_key(due_us, tenant), None)]
        if actual is not None:
            changes.append((entry_key(actual, tenant), b""))
        self._noted.pop(tenant, None)
        self._local.annotate(changes)
        return None

    def is_complete(self) -> bool:
        """Say whether every row has its entry, by the defaults published now."""
        return self._local.get(_COMPLETE) == self._basis()

    async def rebuild(self, wanted: Callable[[], bool] = lambda: True) -> int:
        """Make the entries of all rows in the local store; return how many rows there are.

        Rows that change meanwhile are noted by their own write, so none is missed. Gives up once
        it is no longer `wanted`: the store may be closed then.
        """
        count, start, basis = 0, TENANTS.prefix, self._basis()
        while True:
            changes: list[Change] = []
            seen = 0
            for key, raw in self._local.scan(start, TENANTS.prefix):
                due_us = self._due_of(TenantRow.unpack(unpack_row(raw)))
                if due_us is not None:
                    changes.append((entry_key(due_us, key[len(TENANTS.prefix) :].decode()), b""))
                start, seen = key + b"\x00", seen + 1
                if seen == REBUILD_SLICE_ROWS:
                    break
            count += seen
            if seen < REBUILD_SLICE_ROWS:
                self._local.annotate([*changes, (_COMPLETE, basis)])
                return count
            self._local.annotate(changes)
            await asyncio.sleep(0)
            if not wanted():
                return count


def entry_key(due_us: int, tenant: str) -> bytes:
    """Return an entry's key; keys sort by instant."""
    return _PREFIX + _INSTANT.pack(due_us) + tenant.encode()


def read_entry(key: bytes) -> tuple[int, str]:
    """Return the instant and the tenant of an entry's key."""
    begin = len(_PREFIX) + _INSTANT.size
    (due_us,) = _INSTANT.unpack(key[len(_PREFIX) : begin])
    return due_us, key[begin:].decode()
