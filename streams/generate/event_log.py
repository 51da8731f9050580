"""Merging the streams of a synthetic log in the order in which they would be sent."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rating.calendar import month_text
from schemas.codec import encode_event
from schemas.envelope import Event
from streams.generate.population import make_tenants, month_starts, set_up
from streams.generate.scenarios import scripted_lines
from streams.generate.sent import Sent
from streams.generate.traffic import traffic

MONTHS_IN_YEAR = 12


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What a synthetic log holds.

    `tenants` and `calls` count the random part only; `start_month` is year*12 + month-1;
    `scripted` adds the `show-…` tenants. `month_starts` adds the random tenants' `period.started`,
    for logs that are rated without a timer (D-11).
    """

    tenants: int = 20
    calls: int = 10_000
    seed: int = 1
    start_month: int = 2021 * MONTHS_IN_YEAR + 2
    months: int = 2
    scripted: bool = True
    month_starts: bool = True

    @property
    def begin(self) -> datetime:
        """First instant of the log, UTC."""
        return month_begin(self.start_month)

    @property
    def end(self) -> datetime:
        """First instant after the log, UTC."""
        return month_begin(self.start_month + self.months)


def month_begin(month: int) -> datetime:
    """Return the first instant of a month (year*12 + month-1) in UTC."""
    return datetime.fromisoformat(month_text(month) + "-01").replace(tzinfo=UTC)


def generate(options: LogOptions) -> Iterator[bytes]:
    """Yield the log's lines without line ends: CloudEvents JSON, and a few bad lines on purpose."""
    tenants = make_tenants(options.tenants, options.seed)
    streams: list[Iterator[Sent]] = [
        set_up(tenants, options.begin),
        traffic(tenants, options.calls, options.seed, options.begin, options.end),
    ]
    if options.month_starts:
        streams.append(month_starts(tenants, options.start_month, options.months))
    if options.scripted:
        streams.append(scripted_lines(options.begin))
    for number, sent in enumerate(heapq.merge(*streams, key=lambda sent: sent.at), 1):
        yield _line(sent, f"{options.seed}-{number}")


def _line(sent: Sent, event_id: str) -> bytes:
    if isinstance(sent.content, bytes):
        return sent.content
    time = sent.time or sent.at
    return encode_event(Event(sent.tenant, "generate", event_id, time, sent.content))
