"""What must be true at the end of a run, told from the source log alone.

The source log as it stands in the broker is rated from zero, without lanes; what the lanes left in
the broker must be the same bytes. Counts of the engine or of the lanes are not asked.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from rating.acceptance import oldest_accepted
from rating.memory_store import MemoryStore
from schemas.calls import CallEnded
from schemas.codec import decode, decode_dead_letter, decode_record, pack_row
from schemas.dead_letter import Refusal
from schemas.ledger import CallDuplicate, CallRated
from streams.lane.position import unpack_position
from streams.settings import Settings
from streams.tables.declaration import (
    CALLS,
    MONEY_IDS,
    POSITION_KEY,
    RESERVED,
    SUBSCRIBERS,
    TABLES,
    TENANTS,
    row_key,
)
from tests.simulation.broker import StoredRecord
from tests.simulation.worker import shared_engine

if TYPE_CHECKING:
    from tests.simulation.world import World

SETTINGS = Settings()
Rows = dict[bytes, bytes]
Named = tuple[bytes | None, str]
"""A record's key and a usage id, or a cause."""


class Violation(Exception):  # noqa: N818 - it is a verdict on the code under test
    """A promise was broken."""


@dataclass(slots=True)
class Expected:
    """What a partition's inputs become; `forgettable` are calls too old to be kept (D-84)."""

    ledger: list[tuple[bytes | None, bytes]] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)
    forgettable: set[bytes] = field(default_factory=set)


def rate_from_zero(records: list[StoredRecord]) -> Expected:
    """Rate one partition's inputs in their order."""
    engine, store, expected = shared_engine(), MemoryStore(), Expected()
    for record in records:
        handled = engine.handle(store, record.value or b"", record.key)
        expected.ledger += [(record.key, line) for line in handled.lines]
        if handled.refusal is not None:
            expected.refused.append((record.offset, handled.refusal.reason))
    expected.rows = packed_rows(store)
    tenants = dict(store.all_tenants())
    expected.forgettable = {
        row_key(tenant, usage_id)
        for tenant, usage_id, row in store.all_calls()
        if row.month < (oldest_accepted(tenants[tenant]) or 0)
    }
    return expected


def packed_rows(store: MemoryStore) -> list[Rows]:
    """Return all rows of a store, by table number, as the tables keep them."""
    rows: list[Rows] = [{} for _ in TABLES]
    for tenant, row in store.all_tenants():
        rows[TENANTS.number][row_key(tenant)] = pack_row(row.pack())
    for tenant, user, subscriber in store.all_subscribers():
        rows[SUBSCRIBERS.number][row_key(tenant, user)] = pack_row(subscriber.pack())
    for tenant, usage_id, call in store.all_calls():
        rows[CALLS.number][row_key(tenant, usage_id)] = pack_row(call.pack())
    for tenant, key in store.all_money_ids():
        rows[MONEY_IDS.number][row_key(tenant, key)] = pack_row([])
    return rows


def judge(world: "World") -> list[str]:
    """Return what is wrong, nothing if all promises were kept."""
    return [
        problem
        for partition in range(world.plan.partitions)
        for problem in _judge_partition(world, partition)
    ]


def _judge_partition(world: "World", partition: int) -> Iterator[str]:
    def topic(name: str) -> list[StoredRecord]:
        return world.broker.at(TopicPartition(name, partition)).committed()

    end = _judged_end(world, partition, topic(TENANTS.changelog(world.app_id)))
    source = [record for record in topic(SETTINGS.events_topic) if record.offset < end]
    expected = rate_from_zero(source)
    ledger = [(record.key, record.value) for record in topic(SETTINGS.ledger_topic)]
    if ledger != expected.ledger:
        yield f"partition {partition}: the ledger {_difference(expected.ledger, ledger)}"
    letters = [decode_dead_letter(r.value or b"") for r in topic(SETTINGS.dead_letter_topic)]
    refused = [(x.position.offset, x.refusal.reason) for x in letters if x.position is not None]
    if refused != expected.refused:
        yield f"partition {partition}: dead letters {_difference(expected.refused, refused)}"
    yield from _judge_calls(partition, source, ledger, refused)
    changelogs = [topic(table.changelog(world.app_id)) for table in TABLES]
    yield from _judge_rows(world, partition, expected, changelogs)


def _judged_end(world: "World", partition: int, positions: list[StoredRecord]) -> int:
    """Return the source offset up to which everything must have been processed.

    A timer event that was under way when all workers were told to stop waits for the next worker;
    where one was taken all the same, it counts.
    """
    taken = [
        unpack_position(record.value).source_next
        for record in positions
        if record.key == POSITION_KEY and record.value is not None
    ]
    return max([world.drained_ends[partition], *taken[-1:]])


def _difference(expected: list, actual: list) -> str:
    for place, (one, other) in enumerate(zip(expected, actual, strict=False)):
        if one != other:
            return f"differs at {place}: {str(other)[:300]} instead of {str(one)[:300]}"
    return f"has {len(actual)} records instead of {len(expected)}"


def _judge_calls(
    partition: int,
    source: list[StoredRecord],
    ledger: list[tuple[bytes | None, bytes | None]],
    refused: list[tuple[int, str]],
) -> Iterator[str]:
    """Count, without rating: each call is in exactly one of rated, duplicate, dead letter."""
    rated, outcomes = _outcomes(ledger)
    refused_at = Counter(offset for offset, _ in refused)
    accepted: Counter[Named] = Counter()
    calls: set[Named] = set()
    for record in source:
        event = decode(record.value or b"", record.key)
        letters = refused_at[record.offset]
        if letters > 1 or (isinstance(event, Refusal) and letters != 1):
            yield f"partition {partition}: offset {record.offset} has {letters} dead letters"
        if not isinstance(event, Refusal) and isinstance(event.data, CallEnded) and not letters:
            accepted[record.key, event.cause] += 1
            calls.add((record.key, event.data.usage_id))
    for call in sorted(calls | rated.keys()):
        if (rated[call], call in calls) != (1, True):
            yield f"partition {partition}: {call} is rated {rated[call]} times"
    for cause in sorted(accepted):
        if accepted[cause] != outcomes[cause]:
            yield f"partition {partition}: {cause} has {outcomes[cause]} outcomes"


def _outcomes(
    ledger: list[tuple[bytes | None, bytes | None]],
) -> tuple[Counter[Named], Counter[Named]]:
    """Return how often each call was rated first, and how many outcomes each cause has."""
    rated: Counter[Named] = Counter()
    outcomes: Counter[Named] = Counter()
    for key, line in ledger:
        record = decode_record(line or b"").record
        if isinstance(record.data, CallRated) and record.data.corrects is None:
            rated[key, record.data.usage_id] += 1
            outcomes[key, record.cause] += 1
        elif isinstance(record.data, CallDuplicate):
            outcomes[key, record.cause] += 1
    return rated, outcomes


def _judge_rows(
    world: "World", partition: int, expected: Expected, changelogs: list[list[StoredRecord]]
) -> Iterator[str]:
    """Compare expected rows, those rebuilt from the changelogs and those of the last owner."""
    owner = next(name for name, parts in world.assignment.items() if partition in parts)
    live = world.directory(owner, partition).copy().filed
    for table, records in zip(TABLES, changelogs, strict=True):
        rebuilt: Rows = {}
        for record in records:
            if record.key is None or record.key.startswith(RESERVED):
                continue
            rebuilt.pop(record.key, None)
            if record.value is not None:
                rebuilt[record.key] = record.value
        kept = {key[1:]: row for key, row in live.items() if key[:1] == table.prefix}
        if kept != rebuilt:
            yield f"partition {partition}: live rows of {table.name} {_rows_differ(rebuilt, kept)}"
        wanted = {
            key: row
            for key, row in expected.rows[table.number].items()
            if key not in expected.forgettable or key in rebuilt
        }
        if rebuilt != wanted:
            yield f"partition {partition}: rows of {table.name} {_rows_differ(wanted, rebuilt)}"


def _rows_differ(wanted: Rows, found: Rows) -> str:
    keys = sorted(k for k in wanted.keys() | found.keys() if wanted.get(k) != found.get(k))
    return f"differ at {len(keys)} keys, first {keys[0]!r}"
