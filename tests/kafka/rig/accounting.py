"""Each input call in exactly one of rated, duplicate, dead letter: counted from the input log.

Knows nothing of the engine: a call is a record whose JSON says `tollstream.call.ended.v1`; its
rating names it as its cause (`<source>#<id>`), a dead letter names its place in the log.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from aiokafka import ConsumerRecord

CALL: Final = "tollstream.call.ended.v1"
RATED: Final = "tollstream.call.rated.v1"
DUPLICATE: Final = "tollstream.call.duplicate.v1"

Cause = tuple[str, str]
"""Tenant, and source and id of the input."""


@dataclass(slots=True)
class CallCount:
    """What became of the calls; `lost` and `double` (outcomes too many) must be 0."""

    calls: int = 0
    rated: int = 0
    duplicate: int = 0
    dead_letter: int = 0
    lost: int = 0
    double: int = 0

    def __iadd__(self, other: "CallCount") -> Self:
        for name in CallCount.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


def count_calls(
    inputs: Iterable[ConsumerRecord],
    ledger: Iterable[ConsumerRecord],
    dead_letters: Iterable[ConsumerRecord],
) -> CallCount:
    """Count one partition's calls; an id sent twice must have an outcome for each sending."""
    refused = Counter(json.loads(letter.value)["position"]["offset"] for letter in dead_letters)
    count = CallCount(double=refused.total() - len(refused))
    sent: Counter[Cause] = Counter()
    others: set[Cause] = set()
    for record in inputs:
        event = _event(record.value)
        if event is None:
            continue
        cause = (event["subject"], f"{event['source']}#{event['id']}")
        if event["type"] != CALL:
            others.add(cause)
            continue
        count.calls += 1
        if record.offset in refused:
            count.dead_letter += 1
        else:
            sent[cause] += 1
    outcomes = _outcomes(ledger, others, count)
    for cause in sent | outcomes:
        more = outcomes[cause] - sent[cause]
        count.double += max(0, more)
        count.lost += max(0, -more)
    return count


def _outcomes(
    ledger: Iterable[ConsumerRecord], others: set[Cause], count: CallCount
) -> Counter[Cause]:
    """Count outcomes by the call that caused them; corrections make such records, too."""
    outcomes: Counter[Cause] = Counter()
    for line in ledger:
        record = json.loads(line.value)
        cause = (record["subject"], record["cause"])
        if record["type"] not in {RATED, DUPLICATE} or cause in others:
            continue
        if record["type"] == RATED:
            count.rated += 1
        else:
            count.duplicate += 1
        outcomes[cause] += 1
    return outcomes


def _event(raw: bytes | None) -> Mapping[str, Any] | None:
    """Return the envelope of an input, None where it is none: that must be a dead letter."""
    try:
        event = json.loads(raw or b"")
    except ValueError:
        return None
    whole = isinstance(event, dict) and {"subject", "source", "id", "type"} <= event.keys()
    return event if whole else None
