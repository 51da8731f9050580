"""Other work runs between slices of a chunk, and behind each event that may take seconds."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.codec import encode_event
from schemas.dead_letter import Refusal
from schemas.envelope import Event, EventData
from schemas.tenants import LicenseAssigned, TenantConfigured
from schemas.timers import PeriodStarted
from streams.engine import Handled
from streams.lane.chunk_rating import EngineRater
from streams.lane.limits import SLICE_RECORDS
from streams.lane.ports import SourceRecord

AT = datetime(2026, 3, 1, tzinfo=UTC)
LIGHT = LicenseAssigned("u", "MCOPSTN1")
MONTH = PeriodStarted("2026-03")
CONFIGURED = TenantConfigured("US", time_zone="UTC")


class Engine:
    """Notes how many events it is given at once."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def handle_all(self, _store: Any, events: Sequence[Event | Refusal]) -> list[Handled]:
        """Make nothing of them."""
        self.given.append(len(events))
        return [
            Handled(event.tenant, (), event if isinstance(event, Refusal) else None)
            for event in events
        ]


def record(offset: int, content: EventData | None) -> SourceRecord:
    """Return a record with an event, or with nonsense."""
    value = b"?"
    if content is not None:
        value = encode_event(Event("contoso", "//test", f"e{offset}", AT, content))
    made: Any = SimpleNamespace(
        offset=offset, key=b"contoso", value=value, timestamp=1_000, headers=()
    )
    return made  # type: ignore[no-any-return]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("contents", "given"),
    [
        ([LIGHT] * (SLICE_RECORDS + 1), [SLICE_RECORDS, 1]),
        ([MONTH, MONTH, LIGHT, LIGHT, CONFIGURED, LIGHT], [1, 1, 3, 1]),
        ([LIGHT, MONTH], [2]),
        ([None, None, MONTH, None], [3, 1]),
    ],
    ids=["slices", "long events", "a long one at the end", "refusals"],
)
async def test_other_work_runs_in_between(
    contents: list[EventData | None], given: list[int]
) -> None:
    """One turn of the loop for each part but the first; order and times are kept."""
    engine: Any = Engine()
    rater = EngineRater(engine, None, "events")  # type: ignore[arg-type]
    records = [record(offset, content) for offset, content in enumerate(contents)]
    turns = 0

    async def other_work() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.ensure_future(other_work())
    tables: Any = None
    rated = await rater.rate(tables, records, 0)
    other.cancel()
    assert given == engine.given
    assert turns >= len(given) - 1
    assert len([content for content in contents if content is None]) == len(rated.dead_letters)
    assert rated.newest_time_us == int(AT.timestamp()) * 1_000_000
