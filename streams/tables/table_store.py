"""The four tables of one partition as the rating core's store (`rating.store.Store`)."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from rating.call_row import CallRow
from rating.rows import SubscriberRow, TenantRow
from schemas.codec import unpack_row
from streams.lane.chunk_rating import ChunkTables
from streams.lane.ports import Change, LocalRows
from streams.tables.call_sweep import CallSweep
from streams.tables.declaration import CALLS, KEY_SEPARATOR, MONEY_IDS, SUBSCRIBERS, TENANTS
from streams.tables.due_index import DueIndex, DueOf
from streams.tables.row_cache import CachedTable

_SEPARATOR: Final = KEY_SEPARATOR.decode()

# Shares of the cache budget. Tenants are read by every event; a call is read again only by its
# duplicates and corrections, a payment id only by its duplicates.
_TENANTS_SHARE: Final = 0.45
_SUBSCRIBERS_SHARE: Final = 0.45
_CALLS_SHARE: Final = 0.08
_MONEY_IDS_SHARE: Final = 0.02

# What a view, its pools and its purses take: measured with one plan for each user. A subscriber's
# row is small, and what follows from it is not.
_TENANT_DERIVED_BYTES: Final = 2_000
_SUBSCRIBER_DERIVED_BYTES: Final = 3_000


class _Seen:
    """The row of a money id: that it is there is all it says."""

    def pack(self) -> list[Any]:
        return []


_SEEN: Final = _Seen()


class TableStore(ChunkTables):
    """Store of one partition over its local rows; see `CachedTable` for where a row may be."""

    def __init__(
        self, local: LocalRows, *, cache_bytes: int, due_of: DueOf, basis: Callable[[], bytes]
    ) -> None:
        def share(part: float) -> int:
            return int(cache_bytes * part)

        self.tenants: Final = CachedTable[TenantRow](
            TENANTS,
            local,
            TenantRow.unpack,
            budget_bytes=share(_TENANTS_SHARE),
            derived_bytes=_TENANT_DERIVED_BYTES,
            shed=TenantRow.shed,
        )
        self.subscriber_rows: Final = CachedTable[SubscriberRow](
            SUBSCRIBERS,
            local,
            SubscriberRow.unpack,
            budget_bytes=share(_SUBSCRIBERS_SHARE),
            derived_bytes=_SUBSCRIBER_DERIVED_BYTES,
            shed=SubscriberRow.shed,
        )
        self.calls: Final = CachedTable[CallRow](
            CALLS, local, CallRow.unpack, budget_bytes=share(_CALLS_SHARE)
        )
        self.money_ids: Final = CachedTable[_Seen](
            MONEY_IDS, local, lambda _: _SEEN, budget_bytes=share(_MONEY_IDS_SHARE)
        )
        self._all: Final[tuple[CachedTable[Any], ...]] = (
            self.tenants,
            self.subscriber_rows,
            self.calls,
            self.money_ids,
        )

        self.due: Final = DueIndex(local, due_of, basis)
        self.call_sweep: Final = CallSweep(local, self.calls, self.tenants)

    def get_tenant(self, tenant: str) -> TenantRow | None:
        """Return a tenant's row, None if it was never configured."""
        return self.tenants.get(tenant)

    def put_tenant(self, tenant: str, row: TenantRow) -> None:
        """Store or mark changed."""
        self.tenants.put(tenant, row)

    def get_subscriber(self, tenant: str, user_id: str) -> SubscriberRow | None:
        """Return a user's row, None for a user with all defaults."""
        return self.subscriber_rows.get(tenant + _SEPARATOR + user_id)

    def put_subscriber(self, tenant: str, user_id: str, row: SubscriberRow) -> None:
        """Store or mark changed."""
        self.subscriber_rows.put(tenant + _SEPARATOR + user_id, row)

    def subscribers(self, tenant: str) -> Iterable[tuple[str, SubscriberRow]]:
        """Return all users of a tenant that have a row, sorted by user id."""
        return self.subscriber_rows.rows_of(tenant)

    def get_call(self, tenant: str, usage_id: str) -> CallRow | None:
        """Return a call's row, None if it is unknown or forgotten."""
        return self.calls.get(tenant + _SEPARATOR + usage_id)

    def put_call(self, tenant: str, usage_id: str, row: CallRow) -> None:
        """Store or mark changed."""
        self.calls.put(tenant + _SEPARATOR + usage_id, row)

    def delete_call(self, tenant: str, usage_id: str) -> None:
        """Forget a call."""
        self.calls.delete(tenant + _SEPARATOR + usage_id)

    def get_money_id(self, tenant: str, key: str) -> bool:
        """Return whether a money event's key was put (D-84)."""
        return self.money_ids.get(tenant + _SEPARATOR + key) is not None

    def put_money_id(self, tenant: str, key: str) -> None:
        """Remember a money event's key for ever (D-84)."""
        self.money_ids.put(tenant + _SEPARATOR + key, _SEEN)

    def take_changes(self, source_next: int) -> tuple[tuple[list[Change], ...], list[Change]]:
        """End a chunk: return its packed changes, one list per table, and the local entries.

        `source_next` is the offset after the chunk.
        """
        for tenant, row in self.tenants.changed_rows():
            if row is not None:
                self.due.note(tenant, row)
                self.call_sweep.note_period(row.newest)
        self.call_sweep.sweep(self.call_sweep.note_calls(source_next))
        changes = tuple(table.take_changes() for table in self._all)
        return changes, self.due.take_new() + self.call_sweep.take_new()

    def index_caught_up(self, table: int, rows: list[Change], next_offset: int) -> list[Change]:
        """Return the local entries of rows that a catch-up read, keys without prefix."""
        if table == TENANTS.number:
            for key, raw in rows:
                if raw is not None:
                    self.due.note(key.decode(), TenantRow.unpack(unpack_row(raw)))
        elif table == CALLS.number:
            self.call_sweep.note_caught_up(rows, next_offset)
        return self.due.take_new() + self.call_sweep.take_new()

    async def complete_indexes(self) -> None:
        """Make the local indexes from the rows where a rebuilt store lacks them."""
        if not self.due.is_complete():
            await self.due.rebuild()
        if not self.call_sweep.is_complete():
            await self.call_sweep.rebuild()

    def written(self) -> None:
        """Forget the oldest changes taken: they are in the local store now."""
        for table in self._all:
            table.written()

    def forget(self) -> None:
        """Drop what was changed since the changes were last taken, and every decoded row."""
        for table in self._all:
            table.forget()

    def newest_seq(self, tenant: bytes) -> int:
        """Return the tenant's newest ledger sequence number, 0 for an unknown tenant."""
        row = self.tenants.peek(tenant.decode())
        return 0 if row is None else row.seq
