"""The proof at the end: the events topic, rated again without Kafka, gives the ledger's bytes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from rating.references import ShippedReferences
from streams.audit.replay import Difference, replay
from streams.audit.versions import TenantEngines, read_defaults
from streams.engine import carried_versions
from streams.kafka.log import KafkaLog
from streams.log_source import LogEvent

TIMER_SOURCE = b'"source":"tollstream/timer"'


@dataclass(slots=True)
class Verdict:
    """What the comparison found. `missing` are records that the worker has not written yet."""

    events: int = 0
    timer_events: int = 0
    records: int = 0
    missing: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    difference: Difference | None = None


def compare(log: KafkaLog) -> Verdict:
    """Rate every partition of the events topic again; stops at the first difference."""
    verdict = Verdict()

    def counted(events: Iterator[LogEvent]) -> Iterator[LogEvent]:
        for event in events:
            verdict.timer_events += TIMER_SOURCE in event.raw
            yield event

    for shard in log.shards():
        defaults = read_defaults(shard.ledger(), carried_versions())
        engines = TenantEngines(ShippedReferences(), defaults)
        result = replay(shard, engines, counted(shard.events()))
        verdict.events += result.events
        verdict.records += result.records
        verdict.missing += result.missing
        verdict.refused.update(result.refused)
        if result.difference is not None:
            verdict.difference = result.difference
            break
    return verdict
