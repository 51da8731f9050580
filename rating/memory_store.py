"""The store in memory: for files, tests and what has no broker behind it."""

from collections.abc import Iterable, Iterator

from rating.call_row import CallRow
from rating.rows import SubscriberRow, TenantRow
from rating.store import Store


class _TenantRows:
    """All rows of one tenant; `tenant` is None until it is configured."""

    __slots__ = ("calls", "money_ids", "tenant", "users")

    def __init__(self) -> None:
        self.tenant: TenantRow | None = None
        self.users: dict[str, SubscriberRow] = {}
        self.calls: dict[str, CallRow] = {}
        self.money_ids: set[str] = set()


class MemoryStore(Store):
    """A store over dicts; nothing is ever packed."""

    __slots__ = ("_newest", "_newest_id", "_rows")

    def __init__(self) -> None:
        self._rows: dict[str, _TenantRows] = {}
        self._newest_id = ""
        self._newest = _TenantRows()

    def _of(self, tenant: str) -> _TenantRows:
        # One event asks for several rows of its tenant, and always with the same object.
        if tenant is not self._newest_id:
            found = self._rows.get(tenant)
            if found is None:
                found = self._rows[tenant] = _TenantRows()
            self._newest, self._newest_id = found, tenant
        return self._newest

    def get_tenant(self, tenant: str) -> TenantRow | None:
        """Return a tenant's row, None if it was never configured."""
        # A tenant that nobody configured leaves nothing behind.
        return self._of(tenant).tenant if tenant in self._rows else None

    def put_tenant(self, tenant: str, row: TenantRow) -> None:
        """Store the row."""
        self._of(tenant).tenant = row

    def get_subscriber(self, tenant: str, user_id: str) -> SubscriberRow | None:
        """Return a user's row, None for a user with all defaults."""
        return self._of(tenant).users.get(user_id)

    def put_subscriber(self, tenant: str, user_id: str, row: SubscriberRow) -> None:
        """Store the row."""
        self._of(tenant).users[user_id] = row

    def subscribers(self, tenant: str) -> Iterable[tuple[str, SubscriberRow]]:
        """Return all users of a tenant that have a row, sorted by user id."""
        return sorted(self._of(tenant).users.items())

    def get_call(self, tenant: str, usage_id: str) -> CallRow | None:
        """Return a call's row, None if it is unknown."""
        return self._of(tenant).calls.get(usage_id)

    def put_call(self, tenant: str, usage_id: str, row: CallRow) -> None:
        """Store the row."""
        self._of(tenant).calls[usage_id] = row

    def delete_call(self, tenant: str, usage_id: str) -> None:
        """Forget a call."""
        self._of(tenant).calls.pop(usage_id, None)

    def get_money_id(self, tenant: str, key: str) -> bool:
        """Return whether a money event's key was put."""
        return key in self._of(tenant).money_ids

    def put_money_id(self, tenant: str, key: str) -> None:
        """Remember a money event's key."""
        self._of(tenant).money_ids.add(key)

    def all_tenants(self) -> Iterator[tuple[str, TenantRow]]:
        """Yield every tenant that was configured."""
        for tenant, rows in self._rows.items():
            if rows.tenant is not None:
                yield tenant, rows.tenant

    def all_subscribers(self) -> Iterator[tuple[str, str, SubscriberRow]]:
        """Yield every user's row: tenant, user id, row."""
        for tenant, rows in self._rows.items():
            for user_id, row in rows.users.items():
                yield tenant, user_id, row

    def all_calls(self) -> Iterator[tuple[str, str, CallRow]]:
        """Yield every call's row: tenant, usage id, row."""
        for tenant, rows in self._rows.items():
            for usage_id, row in rows.calls.items():
                yield tenant, usage_id, row

    def all_money_ids(self) -> Iterator[tuple[str, str]]:
        """Yield every money event's key with its tenant."""
        for tenant, rows in self._rows.items():
            for key in rows.money_ids:
                yield tenant, key
