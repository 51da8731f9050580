"""The engine alone: decode, rate and encode the same calls in one process, rows in memory.

It also writes down the ledger lines of some calls, so that the baselines that only move bytes move
bytes like these.
"""

import json
import time
from pathlib import Path
from typing import Any, Final

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.codec import decode, encode_event
from streams.bench.call_log import CallLog, LogShape, encoded_calls, tenant_name
from streams.bench.jobs import Job, MeasurementError
from streams.collector import without_collector
from streams.engine import Engine, Handled, build_engine
from streams.lane.limits import SLICE_RECORDS
from streams.settings import Settings

WARM_UP_SHARE: Final = 0.1
SAMPLES_MAX: Final = 5_000
"""Calls whose ledger lines are written down: 6 MB, more than any compression's window."""


def measure_core(job: Job, settings: Settings) -> dict[str, Any]:
    """Rate calls of the log; return calls, wall and CPU seconds and the ledger's bytes a call.

    Only tenants that make one of these calls are set up: the others would only take memory.
    """
    del settings  # it needs no Kafka
    log = CallLog(LogShape(job.tenants, job.log_calls, job.seed))
    engine, store = build_engine(ShippedReferences()), MemoryStore()
    numbers = range(job.first_call, job.first_call + job.calls)
    for tenant in sorted({log.owner(number) for number in numbers}):
        for event in log.set_up(tenant):
            _checked(engine.handle(store, encode_event(event), tenant_name(tenant).encode()))
    calls = list(encoded_calls(log, numbers))
    warm_up = int(job.calls * WARM_UP_SHARE)
    _rate(engine, store, calls[:warm_up])
    with without_collector():
        begun, cpu_begun = time.perf_counter(), time.process_time()
        handled = _rate(engine, store, calls[warm_up:])
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
    for each in handled:
        _checked(each)
    if job.lines_file:
        _write_lines(Path(job.lines_file), handled[:SAMPLES_MAX])
    return {
        "calls": len(handled),
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "event_bytes": sum(len(raw) for _, raw in calls) / len(calls),
        "ledger_bytes": sum(len(line) for each in handled for line in each.lines) / len(handled),
    }


def _rate(engine: Engine, store: MemoryStore, calls: list[tuple[bytes, bytes]]) -> list[Handled]:
    """Rate keys and events as the worker does, a slice after the other."""
    handled: list[Handled] = []
    for begin in range(0, len(calls), SLICE_RECORDS):
        slice_ = calls[begin : begin + SLICE_RECORDS]
        handled += engine.handle_all(store, [decode(raw, key) for key, raw in slice_])
    return handled


def _write_lines(file: Path, handled: list[Handled]) -> None:
    with file.open("w", encoding="utf-8") as samples:
        for each in handled:
            samples.write(json.dumps([line.decode() for line in each.lines]) + "\n")


def _checked(handled: Handled) -> None:
    if handled.refusal is not None:
        raise MeasurementError(f"core: an event was refused: {handled.refusal.reason.value}")
