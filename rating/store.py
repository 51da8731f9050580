"""The rows that the reducer sees, through one small synchronous interface.

Who implements it owns the rows: a row that was handed out may be changed in place and then `put`,
which marks it changed. Reading the same key again within one event gives the same object.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from mypy_extensions import mypyc_attr

from rating.call_row import CallRow
from rating.rows import SubscriberRow, TenantRow


@mypyc_attr(allow_interpreted_subclasses=True)
class Store(ABC):
    """Tables `tenants`, `subscribers`, `calls`, `money_ids` (D-84).

    A base class and no protocol: every call asks it half a dozen times, and compiled code calls the
    methods of a base class directly.
    """

    @abstractmethod
    def get_tenant(self, tenant: str) -> TenantRow | None:
        """Return a tenant's row, None if it was never configured."""

    @abstractmethod
    def put_tenant(self, tenant: str, row: TenantRow) -> None:
        """Store or mark changed."""

    @abstractmethod
    def get_subscriber(self, tenant: str, user_id: str) -> SubscriberRow | None:
        """Return a user's row, None for a user with all defaults."""

    @abstractmethod
    def put_subscriber(self, tenant: str, user_id: str, row: SubscriberRow) -> None:
        """Store or mark changed."""

    @abstractmethod
    def subscribers(self, tenant: str) -> Iterable[tuple[str, SubscriberRow]]:
        """Return all users of a tenant that have a row, sorted by user id (code points).

        They are for reading: a row to be changed must be got by `get_subscriber`.
        """

    @abstractmethod
    def get_call(self, tenant: str, usage_id: str) -> CallRow | None:
        """Return a call's row, None if it is unknown or forgotten."""

    @abstractmethod
    def put_call(self, tenant: str, usage_id: str, row: CallRow) -> None:
        """Store or mark changed."""

    @abstractmethod
    def delete_call(self, tenant: str, usage_id: str) -> None:
        """Forget a call."""

    @abstractmethod
    def get_money_id(self, tenant: str, key: str) -> bool:
        """Return whether a money event's key was put; keys are kept for ever (D-84)."""

    @abstractmethod
    def put_money_id(self, tenant: str, key: str) -> None:
        """Remember a money event's key, `p<payment id>` or `a<adjustment id>`."""
