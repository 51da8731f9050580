"""The rows that the reducer sees, through one small synchronous interface.

Who implements it owns the rows: a row that was handed out may be changed in place and then `put`,
which marks it changed. Reading the same key again within one event gives the same object.
"""

from collections.abc import Iterable
from typing import Protocol

from rating.call_row import CallRow
from rating.rows import SubscriberRow, TenantRow


class Store(Protocol):
    """Tables `tenants`, `subscribers`, `calls`, `money_ids` (D-84)."""

    def get_tenant(self, tenant: str) -> TenantRow | None:
        """Return a tenant's row, None if it was never configured."""

    def put_tenant(self, tenant: str, row: TenantRow) -> None:
        """Store or mark changed."""

    def get_subscriber(self, tenant: str, user_id: str) -> SubscriberRow | None:
        """Return a user's row, None for a user with all defaults."""

    def put_subscriber(self, tenant: str, user_id: str, row: SubscriberRow) -> None:
        """Store or mark changed."""

    def subscribers(self, tenant: str) -> Iterable[tuple[str, SubscriberRow]]:
        """Return all users of a tenant that have a row, sorted by user id (code points)."""

    def get_call(self, tenant: str, usage_id: str) -> CallRow | None:
        """Return a call's row, None if it is unknown or forgotten."""

    def put_call(self, tenant: str, usage_id: str, row: CallRow) -> None:
        """Store or mark changed."""

    def delete_call(self, tenant: str, usage_id: str) -> None:
        """Forget a call."""

    def get_money_id(self, tenant: str, key: str) -> bool:
        """Return whether a money event's key was put; keys are kept for ever (D-84)."""

    def put_money_id(self, tenant: str, key: str) -> None:
        """Remember a money event's key, `p<payment id>` or `a<adjustment id>`."""
