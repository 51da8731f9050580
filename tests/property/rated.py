"""Rating a log step by step, and seeing the rows and balances between the steps."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from rating.balances import balances
from rating.call_row import CallRow
from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from rating.rows import SubscriberRow, TenantRow
from rating.store import Store
from schemas.codec import pack_row, unpack_row
from schemas.dead_letter import Refusal
from schemas.envelope import Event
from streams.engine import Engine, build_engine
from tests.property.alphabets import CATALOGUE, DEARER_DECK, DECK, SMALLER_CATALOGUE

Rows: TypeAlias = dict[tuple[str, ...], bytes]
"""Table and key to the packed row's bytes."""
Record: TypeAlias = dict[str, Any]
"""One ledger line as JSON."""


@cache
def references() -> ShippedReferences:
    """Return the reference files of the properties."""
    return ShippedReferences(catalogue=CATALOGUE, rates=DECK, more=(SMALLER_CATALOGUE, DEARER_DECK))


def new_engine() -> Engine:
    """Return an engine that has seen nothing yet, over files that are read already."""
    return build_engine(references())


ENGINE: Final = new_engine()


class NotingStore(Store):
    """Notes the keys of rows that were put or deleted; only those would reach a table."""

    def __init__(self) -> None:
        self.rows = MemoryStore()
        self.noted: set[tuple[str, ...]] = set()

    def get_tenant(self, tenant: str) -> TenantRow | None:
        """Read as the store behind it reads."""
        return self.rows.get_tenant(tenant)

    def get_subscriber(self, tenant: str, user_id: str) -> SubscriberRow | None:
        """Read as the store behind it reads."""
        return self.rows.get_subscriber(tenant, user_id)

    def subscribers(self, tenant: str) -> Iterable[tuple[str, SubscriberRow]]:
        """Read as the store behind it reads."""
        return self.rows.subscribers(tenant)

    def get_call(self, tenant: str, usage_id: str) -> CallRow | None:
        """Read as the store behind it reads."""
        return self.rows.get_call(tenant, usage_id)

    def get_money_id(self, tenant: str, key: str) -> bool:
        """Read as the store behind it reads."""
        return self.rows.get_money_id(tenant, key)

    def delete_call(self, tenant: str, usage_id: str) -> None:
        """Forget a call."""
        self.noted.add(("calls", tenant, usage_id))
        self.rows.delete_call(tenant, usage_id)

    def put_tenant(self, tenant: str, row: TenantRow) -> None:
        """Store the row."""
        self.noted.add(("tenants", tenant))
        self.rows.put_tenant(tenant, row)

    def put_subscriber(self, tenant: str, user_id: str, row: SubscriberRow) -> None:
        """Store the row."""
        self.noted.add(("subscribers", tenant, user_id))
        self.rows.put_subscriber(tenant, user_id, row)

    def put_call(self, tenant: str, usage_id: str, row: CallRow) -> None:
        """Store the row."""
        self.noted.add(("calls", tenant, usage_id))
        self.rows.put_call(tenant, usage_id, row)

    def put_money_id(self, tenant: str, key: str) -> None:
        """Remember a money event's key."""
        self.noted.add(("money_ids", tenant, key))
        self.rows.put_money_id(tenant, key)


def packed_rows(store: MemoryStore) -> Rows:
    """Return every row as the bytes that a table would hold."""
    rows: Rows = {("money_ids", *key): b"" for key in store.all_money_ids()}
    for tenant, row in store.all_tenants():
        rows["tenants", tenant] = pack_row(row.pack())
    for tenant, user_id, subscriber in store.all_subscribers():
        rows["subscribers", tenant, user_id] = pack_row(subscriber.pack())
    for tenant, usage_id, call in store.all_calls():
        rows["calls", tenant, usage_id] = pack_row(call.pack())
    return rows


def store_of(rows: Rows) -> MemoryStore:
    """Return a store that was read back from packed rows."""
    store = MemoryStore()
    for (table, tenant, *rest), raw in rows.items():
        match table:
            case "tenants":
                store.put_tenant(tenant, TenantRow.unpack(unpack_row(raw)))
            case "subscribers":
                store.put_subscriber(tenant, rest[0], SubscriberRow.unpack(unpack_row(raw)))
            case "calls":
                store.put_call(tenant, rest[0], CallRow.unpack(unpack_row(raw)))
            case _:
                store.put_money_id(tenant, rest[0])
    return store


def state_of(store: MemoryStore, *tenants: str) -> dict[str, dict[str, Any]]:
    """Return wallet and pools of some tenants, or of all, as the balances file has them."""
    found: dict[str, dict[str, Any]] = balances(
        store, tenants or [tenant for tenant, _ in store.all_tenants()]
    )["tenants"]
    return found


def worth(state: dict[str, Any]) -> dict[str, Any]:
    """Return what a tenant has: wallet, and what of the pools is used."""
    used = {name: pool["used"] for name, pool in state["pools"].items() if pool["used"]}
    return {"wallet": state["wallet"], "used": used}


def lines_of(log: Iterable[Event], store: MemoryStore | None = None) -> dict[str, list[bytes]]:
    """Rate a log; return the ledger lines of each tenant."""
    store = MemoryStore() if store is None else store
    ledgers: dict[str, list[bytes]] = {}
    for event in log:
        lines = ENGINE.handle_event(store, event).lines
        ledgers.setdefault(event.tenant, []).extend(lines)
    return ledgers


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a log, what it made, and the store after it."""

    event: Event
    records: list[Record]
    refusal: Refusal | None
    store: MemoryStore

    @property
    def call(self) -> Record | None:
        """Return the data of its `call.rated`."""
        for record in self.records:
            if record["type"] == "tollstream.call.rated.v1":
                data: Record = record["data"]
                return data
        return None


def steps(log: Iterable[Event]) -> Iterator[Step]:
    """Rate a log, event by event."""
    store = MemoryStore()
    for event in log:
        handled = ENGINE.handle_event(store, event)
        records = [json.loads(line) for line in handled.lines]
        yield Step(event, records, handled.refusal, store)


@dataclass(frozen=True, slots=True)
class Change:
    """A step with the balances of all tenants before and after it."""

    step: Step
    before: dict[str, dict[str, Any]]
    after: dict[str, dict[str, Any]]


def changes(log: Iterable[Event], *, of_all: bool = False) -> Iterator[Change]:
    """Rate a log, event by event, with the balances around each: the event's tenant's, or all."""
    before: dict[str, dict[str, Any]] = {}
    for step in steps(log):
        after = before | state_of(step.store, *(() if of_all else (step.event.tenant,)))
        yield Change(step, before, after)
        before = after


def debited(change: Change, tenant: str) -> dict[str, int]:
    """Return the minutes that an event moved, by pool id; positive: used."""
    earlier = change.before.get(tenant, {"pools": {}})["pools"]
    later = change.after[tenant]["pools"]
    moved = {
        name: pool["used"] - (earlier[name]["used"] if name in earlier else 0)
        for name, pool in later.items()
    }
    return {name: minutes for name, minutes in moved.items() if minutes}
