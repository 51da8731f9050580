"""The hash chain of a tenant's ledger (contracts section 3)."""

from rating.store import Store
from schemas.codec.records import encode_record
from schemas.ledger import LedgerRecord


def seal(store: Store, records: list[LedgerRecord]) -> list[bytes]:
    """Return the canonical lines of one event's records, chained; the new head stands in the row.

    The records are of one tenant, as `Rater.apply` returned them. Hashes are 32 bytes.
    """
    lines: list[bytes] = []
    row = None
    for record in records:
        if row is None:
            tenant = record.tenant
            row = store.get_tenant(tenant)
            assert row is not None, "a record's tenant has a row"  # noqa: S101  stays on
        assert record.tenant == tenant, "one event has one tenant"  # noqa: S101  stays on
        line, row.head = encode_record(record, row.head)
        lines.append(line)
    if row is not None:
        store.put_tenant(tenant, row)
    return lines
