"""All that a log and a ledger say of one call."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.calls import CallCancelled, CallCorrected, CallEnded
from schemas.codec import LedgerFormatError, decode_record
from schemas.dead_letter import Refusal
from schemas.envelope import Event
from schemas.ledger import CallDuplicate, CallRated, LedgerRecord, RulesetChanged
from streams.audit.versions import RULESET_CHANGED
from streams.log_source import LogEvent, Shard
from streams.tenant_state import ESCAPE, tenant_engine, tenant_events

CHECKED_BEFORE: Final = frozenset({"freecall", "truncated"})
"""Outcomes where a check before the call would have said something else than the rating (D-73)."""


@dataclass(frozen=True, slots=True)
class CallInput:
    """One event about the call; `refusal` where it was refused."""

    event: Event
    place: LogEvent
    refusal: Refusal | None = None


class RatedRecord(NamedTuple):
    """A ledger record and its rating."""

    record: LedgerRecord
    call: CallRated


@dataclass(slots=True)
class CallHistory:
    """A call's records in order, the rulesets they name, the events about it.

    `before` is what a check just before the call would have answered, where that is of interest.
    """

    tenant: str
    usage_id: str
    records: list[LedgerRecord] = field(default_factory=list)
    rulesets: dict[str, RulesetChanged] = field(default_factory=dict)
    inputs: list[CallInput] = field(default_factory=list)
    before: CallRated | Refusal | None = None

    @property
    def newest(self) -> RatedRecord | None:
        """The rating in force, None where the call was never rated."""
        for record in reversed(self.records):
            if isinstance(record.data, CallRated):
                return RatedRecord(record, record.data)
        return None


def read_history(
    shard: Shard, tenant: str, usage_id: str, references: ShippedReferences
) -> CallHistory:
    """Collect a call's history; rates the tenant's log again only where records do not say all."""
    history = CallHistory(tenant, usage_id)
    for record in _records(shard, tenant, usage_id):
        if isinstance(record.data, RulesetChanged):
            history.rulesets[record.data.ruleset] = record.data
        else:
            history.records.append(record)
    causes = {record.cause for record in history.records}
    history.inputs = list(_inputs(shard, tenant, usage_id))
    unanswered = any(found.event.cause not in causes for found in history.inputs)
    newest = history.newest
    checked = newest is not None and newest.call.outcome in CHECKED_BEFORE
    if history.inputs and (unanswered or checked):
        _rate_again(history, shard, references)
    return history


def call_of(event: Event) -> CallEnded | None:
    """Return the call's data that an event brings, None for a cancellation."""
    if isinstance(event.data, CallCorrected):
        return event.data.call
    return event.data if isinstance(event.data, CallEnded) else None


def _records(shard: Shard, tenant: str, usage_id: str) -> Iterator[LedgerRecord]:
    subject = f'"subject":"{tenant}"'.encode()
    usage = json.dumps(usage_id, ensure_ascii=False).encode()
    for line, _ in shard.ledger():
        if subject not in line or not (usage in line or RULESET_CHANGED in line):
            continue
        try:
            record, _ = decode_record(line)
        except LedgerFormatError:
            continue  # `audit verify` names broken lines; here the good ones are told
        if record.tenant != tenant:
            continue
        if isinstance(record.data, RulesetChanged) or (
            isinstance(record.data, CallRated | CallDuplicate) and record.data.usage_id == usage_id
        ):
            yield record


def _inputs(shard: Shard, tenant: str, usage_id: str) -> Iterator[CallInput]:
    usage = usage_id.encode()
    events = (event for event in shard.events() if usage in event.raw or ESCAPE in event.raw)
    for place, decoded in tenant_events(events, tenant):
        if not isinstance(decoded, Refusal) and _about(decoded, usage_id):
            yield CallInput(decoded, place)


def _about(event: Event, usage_id: str) -> bool:
    return (
        isinstance(event.data, CallEnded | CallCorrected | CallCancelled)
        and event.data.usage_id == usage_id
    )


def _rate_again(history: CallHistory, shard: Shard, references: ShippedReferences) -> None:
    """Find why inputs were refused, and what a check before the call would have said."""
    engine = tenant_engine(shard, history.tenant, references)
    store = MemoryStore()
    newest = history.newest
    cause = None if newest is None else newest.record.cause
    inputs: list[CallInput] = []
    for place, decoded in tenant_events(shard.events(), history.tenant):
        if isinstance(decoded, Refusal):
            continue
        about = _about(decoded, history.usage_id)
        call = call_of(decoded)
        if about and call is not None and decoded.cause == cause and history.before is None:
            # D-73: the same call, asked about before it is rated
            history.before = engine.rater.quote(store, history.tenant, call)
        refusal = engine.handle_event(store, decoded).refusal
        if about:
            inputs.append(CallInput(decoded, place, refusal))
            if len(inputs) == len(history.inputs):
                break
    history.inputs = inputs
