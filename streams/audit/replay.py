"""Replaying an input log: rate it again and compare with the ledger, byte for byte.

Compared tenant by tenant, because that is the order the engine promises: a ledger that came from
Kafka holds the tenants in another interleaving than the file it is compared with. The ledger is
read along with the log; lines of other tenants that come up first wait, so with both in their
natural order next to nothing is held in memory.

A ledger may end before the log: what was not rated yet is missing at the end. Only there: a record
that is missing while a later one of the same shard is there was lost.
"""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from rating.memory_store import MemoryStore
from schemas.codec import decode
from schemas.dead_letter import Refusal
from streams.audit.versions import TenantEngines
from streams.log_source import LogEvent, LogLine, Shard, place_text

NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where ledger and replay part."""

    place: str
    tenant: str
    seq: int | None
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.tenant}/{self.seq or '?'}: {self.text}"


@dataclass(slots=True)
class ReplayResult:
    """What a replay found. `missing` are records at the end that the ledger has not (yet)."""

    events: int = 0
    records: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    tenants: set[str] = field(default_factory=set)
    difference: Difference | None = None
    missing: int = 0
    first_missing: Difference | None = None


class _LedgerReader:
    """Hands out each tenant's next ledger line, whatever the interleaving."""

    def __init__(self, lines: Iterator[LogLine]) -> None:
        self._lines = lines
        self._waiting: defaultdict[str, deque[LogLine]] = defaultdict(deque)

    def next_of(self, tenant: str) -> LogLine | None:
        waiting = self._waiting.get(tenant)
        if waiting:
            return waiting.popleft()
        for line in self._lines:
            owner = tenant_of_line(line.line)
            if owner == tenant:
                return line
            self._waiting[owner].append(line)
        return None

    def rest(self) -> Iterator[LogLine]:
        """Yield what nobody asked for."""
        for waiting in self._waiting.values():
            yield from waiting
        yield from self._lines


def tenant_of_line(line: bytes) -> str:
    """Return the tenant that a ledger line names; an empty text where it names none."""
    # Canonical lines hold `"subject":"<tenant>"` after `data`, and tenant ids need no escapes;
    # the last one counts, since texts inside `data` may say anything but come before.
    _, found, rest = line.rpartition(b'"subject":"')
    return rest.partition(b'"')[0].decode("ascii", "replace") if found else ""


def replay(
    shard: Shard, engines: TenantEngines, events: Iterator[LogEvent] | None = None
) -> ReplayResult:
    """Rate a shard's events again and compare; stops at the first difference.

    `events` may be the shard's events wrapped for progress. Raises UnknownReference where a
    version is nowhere found.
    """
    result = ReplayResult()
    reader = _LedgerReader(shard.ledger())
    store = MemoryStore()
    for event in shard.events() if events is None else events:
        result.events += 1
        decoded = decode(event.raw, event.key)
        if isinstance(decoded, Refusal):
            result.refused[decoded.reason.value] += 1
            continue
        tenant = decoded.tenant
        handled = engines.engine(tenant).handle_event(store, decoded)
        if handled.refusal is not None:
            result.refused[handled.refusal.reason.value] += 1
            continue
        result.tenants.add(tenant)
        for made in handled.lines:
            result.difference = _compare(result, reader.next_of(tenant), made, tenant, event)
            if result.difference is not None:
                return result
    for line in reader.rest():
        result.difference = _unexplained(line)
        break
    return result


def _compare(
    result: ReplayResult, there: LogLine | None, made: bytes, tenant: str, event: LogEvent
) -> Difference | None:
    """Return the difference that one pair of lines makes; None goes on."""
    if there is None:
        result.missing += 1
        if result.first_missing is None:
            text = f"the ledger has no record for the event at {place_text(event.position)}"
            result.first_missing = Difference("end", tenant, _seq(made), text)
        return None
    if result.first_missing is not None:
        return result.first_missing  # a later record is there, so this one was lost
    if there.line != made:
        text = first_difference(there.line, made)
        return Difference(place_text(there.position), tenant, _seq(there.line), text)
    result.records += 1
    return None


def _unexplained(line: LogLine) -> Difference:
    tenant = tenant_of_line(line.line)
    text = "the log makes no such record"
    return Difference(place_text(line.position), tenant or NOTHING, _seq(line.line), text)


def _seq(line: bytes) -> int | None:
    try:
        seq = json.loads(line)["seq"]
    except (ValueError, KeyError, TypeError):
        return None
    return seq if isinstance(seq, int) else None


def first_difference(ledger: bytes, replayed: bytes) -> str:
    """Name the first member in which two lines differ, with both values."""
    try:
        there, made = json.loads(ledger), json.loads(replayed)
    except ValueError:
        return "the ledger's line is not JSON"
    found = _differs("", there, made)
    if found is None:
        return "the same content in other bytes (not canonical)"
    member, left, right = found
    return f"{member} is {_shown(left)} in the ledger, {_shown(right)} when rated again"


_ABSENT: Final = object()


def _shown(value: object) -> str:
    return "absent" if value is _ABSENT else json.dumps(value, ensure_ascii=False)


def _differs(path: str, there: Any, made: Any) -> tuple[str, object, object] | None:
    if isinstance(there, dict) and isinstance(made, dict):
        # `hash` follows from the rest: named only where nothing else differs.
        names = sorted(there.keys() | made.keys(), key=lambda name: (name == "hash", name))
        pairs = [
            (f"{path}.{name}".lstrip("."), there.get(name, _ABSENT), made.get(name, _ABSENT))
            for name in names
        ]
    elif isinstance(there, list) and isinstance(made, list) and len(there) == len(made):
        pairs = [(f"{path}[{i}]", a, b) for i, (a, b) in enumerate(zip(there, made, strict=True))]
    else:
        same = there == made and type(there) is type(made)
        return None if same else (path, there, made)
    for name, left, right in pairs:
        found = _differs(name, left, right)
        if found is not None:
            return found
    return None
