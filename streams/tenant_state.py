"""One tenant's state, by rating its log again: what `balance`, `quote` and `explain` stand on.

There is no other way to know it: the worker's tables belong to the worker. Rating again gives the
same rows, byte for byte, and asks nothing of a running service but to read its topic.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.codec import decode
from schemas.dead_letter import Refusal
from schemas.envelope import Event
from streams.audit.versions import Defaults, TenantEngines, carried_defaults
from streams.engine import Engine, carried_versions
from streams.log_source import LogEvent, LogSource, Shard

ESCAPE: Final = b"\\"
"""JSON may spell any letter as an escape, so only bytes without one can be searched as text."""


@dataclass(slots=True)
class TenantState:
    """A tenant after its log; `events` counts those that had an effect or could have had one."""

    tenant: str
    engine: Engine
    store: MemoryStore
    events: int = 0


def find_shard(log: LogSource, tenant: str) -> Shard:
    """Return the shard that holds the tenant's events.

    Nearly always the one its key falls into; another one where a producer spreads keys its own way.
    """
    first = log.shard_of(tenant)
    if _holds(first, tenant):
        return first
    for shard in log.shards():
        if _holds(shard, tenant):
            return shard
    return first


def tenant_events(
    events: Iterable[LogEvent], tenant: str
) -> Iterator[tuple[LogEvent, Event | Refusal]]:
    """Yield a tenant's inputs with what they decode to, refused ones that name it included."""
    name = tenant.encode()
    for event in events:
        if name not in event.raw and ESCAPE not in event.raw and event.key != name:
            continue
        decoded = decode(event.raw, event.key)
        if decoded.tenant == tenant:
            yield event, decoded


def tenant_engine(shard: Shard, tenant: str, references: ShippedReferences) -> Engine:
    """Return the engine with the defaults that the tenant's ledger began with, if there is one."""
    defaults: Defaults | None = carried_defaults(shard.ledger(), tenant, carried_versions())
    known = {} if defaults is None else {tenant: defaults}
    return TenantEngines(references, known).engine(tenant)


def tenant_state(events: Iterable[LogEvent], tenant: str, engine: Engine) -> TenantState:
    """Rate a tenant's whole log and return its state; `events` is 0 for one that has no log.

    Raises UnknownReference.
    """
    state = TenantState(tenant, engine, MemoryStore())
    for _, decoded in tenant_events(events, tenant):
        state.events += 1
        if not isinstance(decoded, Refusal):
            engine.handle_event(state.store, decoded)
    return state


def _holds(shard: Shard, tenant: str) -> bool:
    return next(tenant_events(shard.events(), tenant), None) is not None
