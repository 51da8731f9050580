"""The timer sends what is due, in order, when it may, at a bounded rate (D-79, D-80)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import cast

import pytest
from aiokafka.errors import KafkaConnectionError

from rating.rows import TenantRow, Versions
from schemas.codec import decode
from schemas.envelope import Event
from schemas.timers import PeriodStarted, ReferenceActivated
from streams.calendar_zones import load_calendar
from streams.lane.fault_points import NoFaults
from streams.lane.ports import LocalMark, Position
from streams.settings import Settings, TimerMode
from streams.tables.declaration import TENANTS
from streams.tables.table_store import TableStore
from streams.timers import LOG_DELAY_US, LOOK_ANEW_SECONDS, RESEND_SECONDS, DueRules, Timer
from tests.simulation.lane_world import SimulatedDisk, Ticks

JANUARY = 2026 * 12
MARCH_3 = datetime(2026, 3, 3, tzinfo=UTC)
MARK = LocalMark(0, "app", Position(1, None, "log"), (0, 0, 0, 0), 1e9)


class Published:
    """The published defaults."""

    def __init__(self) -> None:
        self.rates: str | None = None

    def published_default(self, kind: str) -> str | None:
        """Return the default rate deck."""
        return self.rates if kind == "rates" else None

    async def refresh(self) -> None:
        """Nothing new."""


class Link:
    """Kafka: the source's end, and what was sent."""

    def __init__(self) -> None:
        self.end = 0
        self.away = False
        self.sent: list[Event] = []

    async def source_ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return the end now."""
        if self.away:
            raise KafkaConnectionError
        return dict.fromkeys(partitions, self.end)

    async def send(self, events: Sequence[tuple[int, bytes, bytes]]) -> None:
        """Keep the events; each must be one that the codec accepts."""
        for _, key, raw in events:
            event = decode(raw, key)
            assert isinstance(event, Event)
            self.sent.append(event)

    async def close(self) -> None:
        """Nothing to let go of."""


class Lane:
    """A partition with some tenants, open and read up to `applied`."""

    partition = 0
    ready = True
    applied = 0
    newest_time_us: int | None = None

    def __init__(self, rules: DueRules) -> None:
        self.disk = SimulatedDisk()
        self.disk.open()
        self.store = TableStore(
            self.disk, cache_bytes=1 << 16, due_of=rules.due_us, basis=rules.basis
        )
        self.due = self.store.due
        self.chunks = 0

    def put(self, tenant: str, row: TenantRow) -> None:
        """Change a tenant as a committed chunk does."""
        self.chunks += 1
        self.store.put_tenant(tenant, row)
        changes, entries = self.store.take_changes(self.chunks)
        rows = [(TENANTS.prefix + key, value) for key, value in changes[TENANTS.number]]
        self.disk.write([*rows, *entries], MARK)
        self.store.written()


class Scene:
    """A timer over one lane."""

    def __init__(self, mode: TimerMode, per_second: int = 2000) -> None:
        settings = Settings(timer=mode, timer_events_per_second=per_second)
        self.published, self.link, self.clock = Published(), Link(), Ticks()
        self.clock.seconds = MARCH_3.timestamp()
        rules = DueRules(settings, load_calendar(), self.published)
        self.lane = Lane(rules)
        self.timer = Timer(
            settings,
            rules=rules,
            defaults=self.published,
            link=self.link,
            clock=self.clock,
            faults=NoFaults(),
        )

    async def tick(self, seconds: float = 1.0) -> list[str]:
        """Let time pass and the timer look; return what it sent, as `tenant what`."""
        self.clock.seconds += seconds
        self.link.sent.clear()
        await self.timer.tick([self.lane])
        return [f"{event.tenant} {what(event)}" for event in self.link.sent]


def what(event: Event) -> str:
    """Name a timer event by what it says."""
    if isinstance(event.data, ReferenceActivated):
        return event.data.version
    return cast("PeriodStarted", event.data).period


def tenant(newest: int | None = None, earliest: int | None = JANUARY) -> TenantRow:
    """Return a tenant with events from January on."""
    row = TenantRow(Versions(1, "c", "r", "n", "z"), "US", "USD", "UTC")
    row.earliest, row.newest = earliest, newest
    return row


@pytest.mark.asyncio
async def test_a_backlog_is_rated_before_a_month_begins() -> None:
    """D-80 clock: the partition must be read to an end asked for after the due instant."""
    scene = Scene("clock")
    scene.link.end, scene.lane.applied = 10, 3
    scene.lane.put("a", tenant())
    assert [] == await scene.tick()
    scene.link.end, scene.lane.applied = 20, 10
    assert ["a 2026-02"] == await scene.tick()


@pytest.mark.asyncio
async def test_missed_months_are_made_up_for_one_by_one() -> None:
    """The next month is sent when the one before stands in the row."""
    scene = Scene("clock")
    scene.lane.put("a", tenant())
    assert ["a 2026-02"] == await scene.tick()
    assert [] == await scene.tick()
    scene.lane.put("a", tenant(newest=JANUARY + 1))
    assert ["a 2026-03"] == await scene.tick()
    scene.lane.put("a", tenant(newest=JANUARY + 2))
    assert [] == await scene.tick()


@pytest.mark.asyncio
async def test_an_event_without_effect_is_sent_again() -> None:
    """A lost event comes again after a while, not every second."""
    scene = Scene("clock")
    scene.lane.put("a", tenant())
    assert ["a 2026-02"] == await scene.tick()
    assert [] == await scene.tick(RESEND_SECONDS - 1)
    assert ["a 2026-02"] == await scene.tick(1)


@pytest.mark.asyncio
async def test_the_rate_is_bounded_and_the_order_is_by_due_time() -> None:
    """At most so many a second; the soonest first, whoever asked first."""
    scene = Scene("clock", per_second=2)
    scene.lane.put("late", tenant(newest=JANUARY + 1))
    for name in ("a", "b", "c"):
        scene.lane.put(name, tenant())
    assert ["a 2026-02", "b 2026-02"] == await scene.tick()
    assert ["c 2026-02", "late 2026-03"] == await scene.tick()
    assert [] == await scene.tick()


@pytest.mark.asyncio
async def test_behind_many_sent_events_each_look_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be confirmed is not passed each time; what came in before it is found soon."""
    monkeypatch.setattr("streams.timers.SENT_FEW", 0)
    scene = Scene("clock", per_second=2)
    for name in ("a", "b", "c"):
        scene.lane.put(name, tenant(newest=JANUARY + 1))
    assert ["a 2026-03", "b 2026-03"] == await scene.tick()
    scene.lane.put("soon", tenant())
    assert ["c 2026-03"] == await scene.tick()
    assert [] == await scene.tick()
    assert ["soon 2026-02"] == await scene.tick(LOOK_ANEW_SECONDS)


@pytest.mark.asyncio
async def test_log_mode_goes_by_the_newest_time_in_the_log() -> None:
    """D-80 log: a month is begun when the log is 24 hours past it, whatever the clock says."""
    scene = Scene("log")
    scene.lane.put("a", tenant())
    february = int(datetime(2026, 2, 1, tzinfo=UTC).timestamp()) * 1_000_000
    assert [] == await scene.tick()
    scene.lane.newest_time_us = february + LOG_DELAY_US - 1
    assert [] == await scene.tick()
    scene.lane.newest_time_us = february + LOG_DELAY_US
    assert ["a 2026-02"] == await scene.tick()


@pytest.mark.asyncio
async def test_off_sends_nothing() -> None:
    """D-80 off."""
    scene = Scene("off")
    scene.lane.put("a", tenant())
    assert [] == await scene.tick()


@pytest.mark.asyncio
async def test_a_published_default_reaches_every_tenant_that_lacks_it() -> None:
    """D-79: old tenants and new ones, once each; tenants that were offered it are left alone."""
    scene = Scene("clock")
    version = "ab" * 32
    scene.lane.put("old", tenant(earliest=None))
    assert [] == await scene.tick()
    scene.published.rates = version
    assert [f"old {version}"] == await scene.tick()
    offered = tenant(earliest=None)
    offered.offered = ("c", version)
    scene.lane.put("old", offered)
    scene.lane.put("new", tenant(earliest=None))
    assert [f"new {version}"] == await scene.tick()
    assert [] == await scene.tick()


@pytest.mark.asyncio
async def test_lag_is_what_is_not_rated_yet() -> None:
    """The timer knows where the source ends, so it knows the lag."""
    scene = Scene("off")
    scene.link.end, scene.lane.applied = 12, 5
    await scene.tick()
    assert {0: 7} == scene.timer.lag


@pytest.mark.asyncio
async def test_while_kafka_is_away_no_lag_is_known() -> None:
    """What was known before would make an outage look like a worker that is stuck (R7)."""
    scene = Scene("clock")
    scene.link.end, scene.lane.applied = 12, 5
    await scene.tick()
    scene.link.away = True
    await scene.tick()
    assert {} == scene.timer.lag
    scene.link.away = False
    await scene.tick()
    assert {0: 7} == scene.timer.lag
