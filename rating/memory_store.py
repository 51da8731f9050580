"""The store in memory: for files, tests and what has no broker behind it."""

from collections.abc import Iterable

from rating.call_row import CallRow
from rating.rows import SubscriberRow, TenantRow


class MemoryStore:
    """Implements `rating.store.Store` over dicts; nothing is ever packed."""

    __slots__ = ("calls", "money_ids", "tenants", "users")

    def __init__(self) -> None:
        self.tenants: dict[str, TenantRow] = {}
        self.users: dict[str, dict[str, SubscriberRow]] = {}
        self.calls: dict[tuple[str, str], CallRow] = {}
        self.money_ids: set[tuple[str, str]] = set()

    def get_tenant(self, tenant: str) -> TenantRow | None:
        """Return a tenant's row, None if it was never configured."""
        return self.tenants.get(tenant)

    def put_tenant(self, tenant: str, row: TenantRow) -> None:
        """Store the row."""
        self.tenants[tenant] = row

    def get_subscriber(self, tenant: str, user_id: str) -> SubscriberRow | None:
        """Return a user's row, None for a user with all defaults."""
        users = self.users.get(tenant)
        return None if users is None else users.get(user_id)

    def put_subscriber(self, tenant: str, user_id: str, row: SubscriberRow) -> None:
        """Store the row."""
        self.users.setdefault(tenant, {})[user_id] = row

    def subscribers(self, tenant: str) -> Iterable[tuple[str, SubscriberRow]]:
        """Return all users of a tenant that have a row, sorted by user id."""
        return sorted(self.users.get(tenant, {}).items())

    def get_call(self, tenant: str, usage_id: str) -> CallRow | None:
        """Return a call's row, None if it is unknown."""
        return self.calls.get((tenant, usage_id))

    def put_call(self, tenant: str, usage_id: str, row: CallRow) -> None:
        """Store the row."""
        self.calls[tenant, usage_id] = row

    def delete_call(self, tenant: str, usage_id: str) -> None:
        """Forget a call."""
        self.calls.pop((tenant, usage_id), None)

    def get_money_id(self, tenant: str, key: str) -> bool:
        """Return whether a money event's key was put."""
        return (tenant, key) in self.money_ids

    def put_money_id(self, tenant: str, key: str) -> None:
        """Remember a money event's key."""
        self.money_ids.add((tenant, key))
