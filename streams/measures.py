"""What a worker tells about itself: Prometheus metrics, health, one log line a chunk.

Health goes by progress, not by being alive: a partition whose gate is open, that has events to rate
and that committed nothing for a minute makes its worker unhealthy, whatever the others do. While
Kafka cannot be reached nothing is known of events to rate, so an outage makes no crash loop.
Nothing here may name a phone number or a tenant: labels are partitions and reason codes.
"""

import logging
from typing import Any, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from streams.lane.partition_lane import ChunkReport, PartitionLane
from streams.lane.ports import ChunkWrites, Clock
from streams.timers import Timer

logger = logging.getLogger(__name__)

STALLED_SECONDS: Final = 60.0
"""Without a commit for so long while events wait, the worker counts as stuck; the longest chunk (a
reset of 100,000 subscribers) takes a few seconds."""

_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Bounds of the histograms: a small chunk takes 5 ms, a full one 100 to 300 ms."""


class Measures:
    """The metrics of one worker, in a registry of their own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._registry = CollectorRegistry()
        ProcessCollector(namespace="tollstream", registry=self._registry)
        self._events = self._counter("events", "Input events taken from the events topic.")
        self._rated_calls = self._counter("rated_calls", "Records call.rated committed.")
        self._ledger_records = self._counter("ledger_records", "Ledger records committed.")
        self._dead_letters = self._counter("dead_letters", "Inputs refused.", "reason")
        self._chunk_seconds = self._histogram("chunk_seconds", "Rating one chunk.")
        self._commit_seconds = self._histogram("commit_seconds", "Commit and local write.")
        self._catch_up_seconds = self._gauge("catch_up_seconds", "Last catch-up.", "partition")
        self._catch_up_rows = self._counter("catch_up_rows", "Rows read by catch-ups.")
        self._lag_records = self._gauge("source_lag_records", "Events to rate.", "partition")
        self._ready = self._gauge("partitions_ready", "Partitions whose gate is open.")
        self._assigned = self._gauge("partitions_assigned", "Partitions of this worker.")
        self._timer_events = self._counter("timer_events", "Timer events sent.")
        self._committed_at = self._gauge("last_commit_timestamp_seconds", "Newest commit.")
        self._progress_at: dict[int, float] = {}  # by partition; nothing to do is progress, too
        self._timer_events_told = 0

    def opened(self, lane: PartitionLane[Any], seconds: float) -> None:
        """Note that a lane's gate opened."""
        self._catch_up_seconds.labels(str(lane.partition)).set(seconds)
        self._catch_up_rows.inc(lane.rows_caught_up)
        self._progress_at[lane.partition] = self._clock.elapsed()

    def committed(self, lane: PartitionLane[Any], writes: ChunkWrites, report: ChunkReport) -> None:
        """Note one chunk, and write its line to the log."""
        self._events.inc(report.events)
        self._rated_calls.inc(report.rated_calls)
        self._ledger_records.inc(len(writes.ledger))
        for reason, count in report.refused.items():
            self._dead_letters.labels(reason).inc(count)
        self._chunk_seconds.observe(report.rate_seconds)
        self._commit_seconds.observe(report.commit_seconds)
        self._committed_at.set(self._clock.now())
        self._progress_at[lane.partition] = self._clock.elapsed()
        fields = {
            "commit_seconds": round(report.commit_seconds, 4),
            "dead_letters": report.refused,
            "events": report.events,
            "ledger_records": len(writes.ledger),
            "next_offset": writes.position.source_next,
            "partition": lane.partition,
            "rate_seconds": round(report.rate_seconds, 4),
            "rows": [len(rows) for rows in writes.rows],
        }
        logger.info("chunk", extra={"fields": fields})

    def page(self, lanes: dict[int, PartitionLane[Any]], timer: Timer) -> bytes:
        """Return the metrics as Prometheus reads them."""
        self._lag_records.clear()
        for partition, lag in timer.lag.items():
            self._lag_records.labels(str(partition)).set(lag)
        self._assigned.set(len(lanes))
        self._ready.set(sum(lane.ready for lane in lanes.values()))
        self._timer_events.inc(timer.sent_events - self._timer_events_told)
        self._timer_events_told = timer.sent_events
        return generate_latest(self._registry)

    def is_healthy(self, lanes: dict[int, PartitionLane[Any]], timer: Timer) -> bool:
        """Say whether every partition makes progress, or has nothing to do."""
        now = self._clock.elapsed()
        for partition, lane in lanes.items():
            if not (lane.ready and timer.lag.get(partition)):
                self._progress_at[partition] = now
        return all(now - self._progress_at[partition] < STALLED_SECONDS for partition in lanes)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"tollstream_{name}", text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"tollstream_{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(f"tollstream_{name}", text, buckets=_SECONDS, registry=self._registry)
