"""What must stand in Kafka: one partition's inputs rated from zero, without Kafka.

The same engine as `tollstream rate`, over the records of the events topic as they lie there. So
ledger lines, dead letters and rows must be equal byte for byte, whatever happened to the workers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from aiokafka import ConsumerRecord

from rating.acceptance import oldest_accepted
from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.codec import encode_dead_letter, pack_row
from schemas.dead_letter import DeadLetter, LogPosition
from streams.engine import build_engine
from streams.tables.declaration import CALLS, MONEY_IDS, SUBSCRIBERS, TENANTS, row_key

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Rows = dict[bytes, bytes]
Output = list[tuple[bytes | None, bytes]]


@dataclass(slots=True)
class Expected:
    """What one partition's inputs become; `forgettable` are calls too old to be kept (D-84)."""

    inputs: int = 0
    ledger: Output = field(default_factory=list)
    dead_letters: Output = field(default_factory=list)
    rows: dict[str, Rows] = field(default_factory=dict)
    forgettable: set[bytes] = field(default_factory=set)


def rate_records(records: Iterable[ConsumerRecord]) -> Expected:
    """Rate one partition's inputs in their order."""
    engine, store, expected = build_engine(ShippedReferences()), MemoryStore(), Expected()
    for record in records:
        expected.inputs += 1
        handled = engine.handle(store, record.value or b"", record.key)
        expected.ledger += [(record.key, line) for line in handled.lines]
        if handled.refusal is not None:
            position = LogPosition(record.topic, record.partition, record.offset)
            received_at = EPOCH + timedelta(milliseconds=record.timestamp)
            letter = DeadLetter(handled.refusal, record.value or b"", position, received_at)
            expected.dead_letters.append((record.key, encode_dead_letter(letter)))
    expected.rows = packed_rows(store)
    tenants = dict(store.all_tenants())
    expected.forgettable = {
        row_key(tenant, usage_id)
        for tenant, usage_id, row in store.all_calls()
        if row.month < (oldest_accepted(tenants[tenant]) or 0)
    }
    return expected


def packed_rows(store: MemoryStore) -> dict[str, Rows]:
    """Return all rows of a store by table, keyed and packed as the tables keep them."""
    return {
        TENANTS.name: {row_key(t): pack_row(row.pack()) for t, row in store.all_tenants()},
        SUBSCRIBERS.name: {
            row_key(tenant, user): pack_row(row.pack())
            for tenant, user, row in store.all_subscribers()
        },
        CALLS.name: {
            row_key(tenant, usage_id): pack_row(row.pack())
            for tenant, usage_id, row in store.all_calls()
        },
        MONEY_IDS.name: {row_key(*key): pack_row([]) for key in store.all_money_ids()},
    }
