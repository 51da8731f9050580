"""Which timer events are still missing: what `rating.due` says of the log as it lies in Kafka."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from rating.due import due_events
from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.codec import decode
from schemas.dead_letter import Refusal
from schemas.envelope import Event
from streams.calendar_zones import load_calendar
from streams.engine import build_engine
from streams.settings import Settings
from tests.kafka.rig.reading import read_all

LOG_DELAY: Final = timedelta(hours=24)
"""Mode `log`: due by the newest envelope time less a day (D-80)."""


def missing_timer_events(settings: Settings, now: datetime | None) -> list[Event]:
    """Return what is due and not in the log; `now` None: by the newest time of each partition."""
    missing: list[Event] = []
    for records in asyncio.run(read_all(settings, settings.events_topic)).values():
        inputs = [(record.value or b"", record.key) for record in records]
        missing += _missing(inputs, now)
    return missing


def _missing(inputs: Iterable[tuple[bytes, bytes | None]], now: datetime | None) -> Iterable[Event]:
    engine, store, times = build_engine(ShippedReferences()), MemoryStore(), []
    for raw, key in inputs:
        event = decode(raw, key)
        if not isinstance(event, Refusal):
            times.append(event.time)
            engine.handle_event(store, event)
    if not times:
        return
    until = max(times) - LOG_DELAY if now is None else now
    for tenant, row in store.all_tenants():
        zone = load_calendar().zone(row.time_zone)
        yield from due_events(tenant, row, until, zone)
