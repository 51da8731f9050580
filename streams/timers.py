"""The timer: sends what time has made due into the tenants' own log (D-79, D-80).

It decides nothing. A month's reset or a lot's forfeiture is posted by the rating core when the
event comes back through the log, so sending an event twice or late changes no charge, and every
worker may send for the partitions it has without asking anyone.

When an event may be sent:

- `clock`: the wall clock has passed the due instant, *and* the partition was read to an end that
  was asked for after that instant. So a worker that comes back after a long outage first rates
  the backlog, which a month begun too early would have turned into `too_late`.
- `log`: the newest envelope time consumed in the partition is 24 h past the due instant.
- `off`: never.

Each tick takes the soonest entries of all partitions' indexes (`tables.due_index`), asks the
tenant's committed row, and sends what is due at that entry's instant and no more. The next month
of a tenant becomes due only when this one stands in its row: after an outage everything is made
up for month by month, in order, at a bounded rate.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, Protocol

from aiokafka.errors import KafkaError

from rating.calendar import Calendar
from rating.due import due_events, next_due
from rating.instants import from_micros, to_micros
from rating.references import ReferenceKind
from rating.rows import TenantRow
from schemas.codec import encode_event
from schemas.envelope import Event
from schemas.timers import ReferenceActivated
from streams.lane.fault_points import FaultPoint, Faults
from streams.lane.ports import Clock
from streams.settings import Settings
from streams.tables.due_index import AT_ONCE, DueIndex

logger = logging.getLogger(__name__)

TICK_SECONDS: Final = 1.0
"""How often the timer looks; a month's reset is visible this long after it is due."""
RESEND_SECONDS: Final = 60.0
"""An event whose effect is not in the row after this time is sent again."""
SENT_FEW: Final = 10_000
"""Events sent and not yet confirmed up to which each look begins at the index's front: 7 ms."""
LOOK_ANEW_SECONDS: Final = 5.0
"""With more of them, how often a look begins at the front; an entry noted before the last look
waits no longer. While a month starts for a million tenants, 120,000 are passed each time."""
LOOKS_PER_SLICE: Final = 100
"""Rows looked at before other work may run: at 60 µs a row, 6 ms."""
LOG_DELAY_US: Final = 24 * 3600 * 1_000_000
"""How far the log's newest time must be past the due instant in mode `log` (D-80)."""
REFRESH_SECONDS: Final = 10.0
"""How often the reference topic is read for newly published defaults."""


class Defaults(Protocol):
    """The versions that were published as the default of all tenants."""

    def published_default(self, kind: ReferenceKind) -> str | None:
        """Return a kind's default, None where none was published."""

    async def refresh(self) -> None:
        """Read what was published since."""


class DueRules:
    """When a tenant has something coming, and what; the rating core's rules with our settings."""

    def __init__(self, settings: Settings, calendar: Calendar, defaults: Defaults) -> None:
        self._calendar = calendar
        self._defaults = defaults
        self._forfeit_delay = timedelta(hours=settings.forfeit_delay_hours)  # D-09

    def due_us(self, row: TenantRow) -> int | None:
        """Return the tenant's next due instant for `DueIndex`."""
        for offered, default in zip(row.offered, self._published(), strict=True):
            if default is not None and default != offered:
                return AT_ONCE
        due = next_due(row, self._calendar.zone(row.time_zone), self._forfeit_delay)
        return None if due is None else max(AT_ONCE + 1, to_micros(due))

    def basis(self) -> bytes:
        """Name what beside the row decides: the published defaults."""
        return "/".join(version or "-" for version in self._published()).encode()

    def events(self, tenant: str, row: TenantRow, due_us: int, until_us: int) -> list[Event]:
        """Return what to send for an index entry that the row confirms."""
        catalogue, rates = self._published()
        events = due_events(
            tenant,
            row,
            from_micros(until_us if due_us == AT_ONCE else due_us),
            self._calendar.zone(row.time_zone),
            default_catalogue=catalogue,
            default_rates=rates,
            forfeit_delay=self._forfeit_delay,
        )
        if due_us != AT_ONCE:
            return events
        return [event for event in events if isinstance(event.data, ReferenceActivated)]

    def _published(self) -> tuple[str | None, str | None]:
        find = self._defaults.published_default
        return find("catalogue"), find("rates")


class TimedLane(Protocol):
    """What the timer needs to know of a partition's lane."""

    partition: int
    ready: bool

    @property
    def applied(self) -> int:
        """The next source offset after what is committed."""

    @property
    def newest_time_us(self) -> int | None:
        """The newest envelope time consumed, in µs since 1970."""

    @property
    def due(self) -> DueIndex:
        """The index of what is due."""


class TimerLink(Protocol):
    """The timer's side of Kafka."""

    async def source_ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return the end offset of each source partition, asked now."""

    async def send(self, events: Sequence[tuple[int, bytes, bytes]]) -> None:
        """Send (partition, key, value) in order; returns when all are safe."""

    async def close(self) -> None:
        """Let go of connections."""


class Timer:
    """Sends due events for the lanes of one worker; `tick` is called once a second."""

    def __init__(
        self,
        settings: Settings,
        *,
        rules: DueRules,
        defaults: Defaults,
        link: TimerLink,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self.mode: Final = settings.timer
        self.lag: dict[int, int] = {}
        self.sent_events = 0
        self._per_tick = max(1, int(settings.timer_events_per_second * TICK_SECONDS))
        self._rules = rules
        self._defaults = defaults
        self._link = link
        self._clock = clock
        self._faults = faults
        self._asked: dict[int, tuple[int, int]] = {}  # partition: (instant µs, end then)
        self._read_until: dict[int, int] = {}  # partition: instant µs up to which it was read
        self._sent: dict[tuple[int, str], tuple[int, float]] = {}
        self._looked: dict[int, tuple[int, str]] = {}  # partition: the entry looked at last
        self._looked_anew_at = clock.elapsed()
        self._refreshed_at = clock.elapsed()

    async def tick(self, lanes: Iterable[TimedLane]) -> None:
        """Look once: note how far partitions are read, send what may be sent."""
        ready = [lane for lane in lanes if lane.ready]
        try:
            await self._look(ready)
            if self.mode == "off" or not ready:
                return
            await self._refresh_defaults()
            for lane in ready:
                await _complete_index(lane)
            await self._send_due([lane for lane in ready if lane.ready])
        except KafkaError as error:
            # What was not sent stays due; a client in a bad state is replaced. How far the sources
            # go nobody knows now, and what was known before would look like a stuck worker.
            self.lag = {}
            logger.warning("the timer waits for Kafka: %s", type(error).__name__)
            await self._link.close()

    async def _look(self, ready: list[TimedLane]) -> None:
        now_us = int(self._clock.now() * 1_000_000)
        ends = await self._link.source_ends([lane.partition for lane in ready]) if ready else {}
        self.lag = {lane.partition: max(0, ends[lane.partition] - lane.applied) for lane in ready}
        partitions = {lane.partition for lane in ready}
        self._asked = {at: asked for at, asked in self._asked.items() if at in partitions}
        self._read_until = {at: us for at, us in self._read_until.items() if at in partitions}
        for lane in ready:
            asked_us, end = self._asked.setdefault(lane.partition, (now_us, ends[lane.partition]))
            if lane.applied >= end:
                self._read_until[lane.partition] = asked_us
                self._asked[lane.partition] = (now_us, ends[lane.partition])

    def _until_us(self, lane: TimedLane) -> int | None:
        """Return the instant up to which the lane's events may be sent, None for none yet."""
        if self.mode == "clock":
            return self._read_until.get(lane.partition)
        newest = lane.newest_time_us
        return None if newest is None else newest - LOG_DELAY_US

    async def _refresh_defaults(self) -> None:
        now = self._clock.elapsed()
        if now - self._refreshed_at >= REFRESH_SECONDS:
            self._refreshed_at = now
            await self._defaults.refresh()

    async def _send_due(self, lanes: list[TimedLane]) -> None:
        now = self._clock.elapsed()
        self._sent = {
            key: sent for key, sent in self._sent.items() if now - sent[1] < RESEND_SECONDS
        }
        untils = {lane.partition: self._until_us(lane) for lane in lanes}
        by_partition = {lane.partition: lane for lane in lanes}
        batch: list[tuple[int, bytes, bytes]] = []
        for place, (due_us, partition, tenant) in enumerate(self._entries(lanes, untils, now)):
            if place % LOOKS_PER_SLICE == LOOKS_PER_SLICE - 1:
                await asyncio.sleep(0)
            lane = by_partition[partition]
            if len(batch) >= self._per_tick:
                break
            if not lane.ready:
                continue  # any wait may bring a rebalance, which closes it
            self._looked[partition] = (due_us, tenant)
            if self._sent.get((partition, tenant), (None,))[0] == due_us:
                continue
            row = lane.due.confirmed(due_us, tenant)
            if row is None:
                continue
            self._sent[partition, tenant] = (due_us, now)
            for event in self._rules.events(tenant, row, due_us, untils[partition] or due_us):
                batch.append((partition, tenant.encode(), encode_event(event)))  # noqa: PERF401
        if batch:
            await self._link.send(batch)
            self.sent_events += len(batch)
            await self._faults.reached(FaultPoint.TIMER_SENT)

    def _entries(
        self, lanes: list[TimedLane], untils: dict[int, int | None], now: float
    ) -> list[tuple[int, int, str]]:
        """Return what is due next as (due instant, partition, tenant), soonest first.

        Entries sent and not yet confirmed by their rows stand at the front, many of them while a
        month starts. Then each look goes on behind the last one, and only now and then looks past
        all of them, for entries that came in before it.
        """
        most = self._per_tick
        if len(self._sent) <= SENT_FEW or now - self._looked_anew_at >= LOOK_ANEW_SECONDS:
            self._looked_anew_at = now
            self._looked.clear()
            most += len(self._sent)
        return sorted(
            (due_us, lane.partition, tenant)
            for lane in lanes
            if (until_us := untils[lane.partition]) is not None
            for due_us, tenant in lane.due.due(until_us, most, self._looked.get(lane.partition))
        )

    async def close(self) -> None:
        """Let go of Kafka."""
        await self._link.close()


async def _complete_index(lane: TimedLane) -> None:
    """Make a lane's index where it lacks; any wait may bring a rebalance, which closes it."""
    if lane.ready and not lane.due.is_complete():
        await lane.due.rebuild(lambda: lane.ready)
