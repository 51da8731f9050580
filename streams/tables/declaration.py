"""The four tables, declared once: name, key prefix in the local store, changelog topic.

A table is a compacted changelog topic plus the rows of it in the partition's local store. All
four share one local store; a one-byte prefix keeps them apart there. Prefixes never change: they
are on disk.
"""

from dataclasses import dataclass
from typing import Final

RESERVED: Final = b"\x00"
"""Keys that begin with this byte belong to the lane, never to a row. Row keys begin with a tenant
id, which has no control characters."""

KEY_SEPARATOR: Final = b"\x00"
"""Between the tenant and the rest of a row's key; neither side can hold it."""

POSITION_KEY: Final = RESERVED + b"position"
"""Key of the record that ends each transaction, in the changelog of `TENANTS`."""

LOG_KEY: Final = RESERVED + b"log"
"""Key of the record that every changelog of a partition begins with; its value is the log's id.
Written once, so compaction keeps it for ever: a changelog without it was cut or made anew."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `prefix` is its byte in the local store, `number` its place in `TABLES`."""

    name: str
    number: int
    prefix: bytes

    def changelog(self, app_id: str) -> str:
        """Return the changelog topic's name, as Faust would name it."""
        return f"{app_id}-{self.name}-changelog"


TENANTS: Final = Table("tenants", 0, b"t")
SUBSCRIBERS: Final = Table("subscribers", 1, b"s")
CALLS: Final = Table("calls", 2, b"c")
MONEY_IDS: Final = Table("money_ids", 3, b"m")

TABLES: Final = (TENANTS, SUBSCRIBERS, CALLS, MONEY_IDS)
"""In the order in which a transaction writes their changelogs; `TENANTS` is written last."""


def row_key(tenant: str, rest: str | None = None) -> bytes:
    """Return a row's key: the tenant, or the tenant and what tells its rows apart."""
    if rest is None:
        return tenant.encode()
    return tenant.encode() + KEY_SEPARATOR + rest.encode()
