"""Removing the calls of months that are no longer accepted, a few with each chunk (D-84).

Such a row counts as absent whether it is removed or not, so when it goes changes no ledger byte;
this only keeps the table from growing for ever. Tombstones go through the chunk's transaction like
any change.

To find the rows without reading them all, each chunk leaves one local entry per month: the keys of
the calls that it wrote there. The sweep takes the entries of the oldest months, and for each key
asks the call's own row and its tenant's newest started period. Entries are hints like those of
`due_index`, and are made anew from the rows after a rebuild.
"""

import asyncio
import struct
from typing import Final

from rating.acceptance import ACCEPTANCE_MONTHS
from rating.call_row import CallRow
from rating.rows import TenantRow
from schemas.codec import pack_row, unpack_row
from streams.lane.limits import SWEEP_LEAD, SWEEP_ROWS_PER_CHUNK
from streams.lane.ports import Change, LocalRows
from streams.tables.declaration import CALLS, KEY_SEPARATOR, RESERVED
from streams.tables.row_cache import CachedTable

REBUILD_SLICE_ROWS: Final = 500
"""Rows looked at before other work may run: at 6 µs a row, 3 ms."""

_PREFIX: Final = RESERVED + b"month/"
_COMPLETE: Final = RESERVED + b"month-complete"
_NUMBERS: Final = struct.Struct(">HQ")  # month index, then what keeps entries apart
_SEPARATOR: Final = KEY_SEPARATOR.decode()

# What keeps entries of one month apart: source offsets for chunks, which begin at 0; these for
# entries made otherwise.
_CAUGHT_UP_NUMBERS: Final = 1 << 62
_REBUILT_NUMBERS: Final = 1 << 63


class CallSweep:
    """The entries of one partition and the place where the sweep is."""

    def __init__(
        self, local: LocalRows, calls: CachedTable[CallRow], tenants: CachedTable[TenantRow]
    ) -> None:
        self._local: Final = local
        self._calls: Final = calls
        self._tenants: Final = tenants
        self._new: list[Change] = []
        self._newest_period = 0
        self._cursor = _PREFIX

    def note_period(self, newest: int | None) -> None:
        """Be told a tenant's newest started period; a later one begins the sweep anew."""
        if newest is not None and newest > self._newest_period:
            self._newest_period = newest
            self._cursor = _PREFIX

    def note_calls(self, number: int) -> int:
        """Add entries for the calls changed in this chunk; return how many those are.

        `number` tells chunks apart.
        """
        months: dict[int, list[str]] = {}
        for key, row in self._calls.changed_rows():
            if row is not None:
                months.setdefault(row.month, []).append(key)
        self._new += _entries(months, number)
        return sum(map(len, months.values()))

    def note_caught_up(self, rows: list[Change], next_offset: int) -> None:
        """Add entries for call rows that a catch-up read up to an offset of the changelog."""
        months: dict[int, list[str]] = {}
        for key, raw in rows:
            if raw is not None:
                month = CallRow.unpack(unpack_row(raw)).month
                months.setdefault(month, []).append(key.decode())
        self._new += _entries(months, _CAUGHT_UP_NUMBERS + next_offset)

    def sweep(self, added: int) -> int:
        """Mark some calls of months no longer accepted as deleted; return how many.

        `added` is how many calls the chunk changed: the sweep keeps ahead of what comes in.
        """
        left, removed = max(SWEEP_ROWS_PER_CHUNK, added + added // SWEEP_LEAD), 0
        while left > 0:
            looked_at, gone = self._sweep_entry(left)
            if not looked_at:
                break
            left -= looked_at
            removed += gone
        return removed

    def _sweep_entry(self, most: int) -> tuple[int, int]:
        """Look at some calls of the next entry; return how many those were, and how many went."""
        found = next(self._local.scan(self._cursor, _PREFIX), None)
        if found is None:
            return 0, 0
        entry, raw = found
        month, _ = _NUMBERS.unpack(entry[len(_PREFIX) :])
        if month >= self._newest_period - ACCEPTANCE_MONTHS:
            return 0, 0
        keys = unpack_row(raw)
        looked_at, rest = keys[:most], keys[most:]
        kept: list[str] = []
        removed = 0
        for key in looked_at:
            verdict = self._verdict(key, month)
            if verdict == "expired":
                self._calls.delete(key)
                removed += 1
            elif verdict == "accepted":
                kept.append(key)
        remaining = rest + kept
        self._new.append((entry, pack_row(remaining) if remaining else None))
        if not rest:
            self._cursor = entry + b"\x00"
        return len(looked_at), removed

    def _verdict(self, key: str, month: int) -> str:
        call = self._calls.peek(key)
        if call is None or call.month != month:
            return "gone"  # removed, or moved by a correction into a month with its own entry
        tenant = self._tenants.peek(key.partition(_SEPARATOR)[0])
        if tenant is None or tenant.newest is None:
            return "accepted"
        return "expired" if call.month < tenant.newest - ACCEPTANCE_MONTHS else "accepted"

    def take_new(self) -> list[Change]:
        """Return the entries changed since the last call."""
        new, self._new = self._new, []
        return new

    def is_complete(self) -> bool:
        """Say whether every call has an entry."""
        return self._local.get(_COMPLETE) is not None

    async def rebuild(self) -> int:
        """Make entries for all calls in the local store; return how many calls there are."""
        count, number, start = 0, 0, CALLS.prefix
        while True:
            months: dict[int, list[str]] = {}
            seen = 0
            for key, raw in self._local.scan(start, CALLS.prefix):
                row = CallRow.unpack(unpack_row(raw))
                months.setdefault(row.month, []).append(key[len(CALLS.prefix) :].decode())
                start, seen = key + b"\x00", seen + 1
                if seen == REBUILD_SLICE_ROWS:
                    break
            count += seen
            number += 1
            changes = _entries(months, _REBUILT_NUMBERS + number)
            if seen < REBUILD_SLICE_ROWS:
                self._local.annotate([*changes, (_COMPLETE, b"")])
                return count
            self._local.annotate(changes)
            await asyncio.sleep(0)


def _entries(months: dict[int, list[str]], number: int) -> list[Change]:
    return [
        (_PREFIX + _NUMBERS.pack(month, number), pack_row(keys)) for month, keys in months.items()
    ]
