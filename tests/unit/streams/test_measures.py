"""Health goes by progress: each partition's, and only where something is known to be waiting."""

from types import SimpleNamespace
from typing import Any

import pytest

from streams.lane.partition_lane import ChunkReport
from streams.lane.ports import ChunkWrites, Position
from streams.measures import STALLED_SECONDS, Measures
from tests.simulation.lane_world import Ticks

LINE = (b"contoso", b"a ledger line")
WRITES = ChunkWrites(
    Position(10, None, "log"), [LINE, LINE], [], ([], [], [], []), [], begins=False
)


class Worker:
    """Measures of a worker with two partitions, and what they are told."""

    def __init__(self) -> None:
        self.clock = Ticks()
        self.measures = Measures(self.clock)
        self.timer: Any = SimpleNamespace(lag={0: 0, 1: 0}, sent_events=0)
        self.lanes: Any = {number: lane(number) for number in (0, 1)}
        for each in self.lanes.values():
            self.measures.opened(each, seconds=1.5)

    @property
    def healthy(self) -> bool:
        """What `/health` says."""
        return self.measures.is_healthy(self.lanes, self.timer)

    def commit(self, partition: int, refused: dict[str, int] | None = None) -> None:
        """Commit a chunk of three events."""
        report = ChunkReport(3, 2, refused or {}, rate_seconds=0.01, commit_seconds=0.02)
        self.measures.committed(self.lanes[partition], WRITES, report)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.seconds += seconds

    def metrics(self) -> dict[str, float]:
        """Return the page's figures by name with labels."""
        page = self.measures.page(self.lanes, self.timer).decode()
        lines = [line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in lines}


def lane(partition: int) -> Any:
    """Return a lane with an open gate."""
    return SimpleNamespace(partition=partition, ready=True, rows_caught_up=7)


@pytest.fixture
def worker() -> Worker:
    """Return a worker that has just begun."""
    return Worker()


def test_with_nothing_to_do_a_worker_is_healthy_for_ever(worker: Worker) -> None:
    """And its minute begins when something comes."""
    worker.wait(10 * STALLED_SECONDS)
    assert worker.healthy
    worker.timer.lag[0] = 5
    worker.wait(STALLED_SECONDS - 1)
    assert worker.healthy
    worker.wait(1)
    assert not worker.healthy


def test_a_partition_that_stands_still_is_not_hidden_by_another(worker: Worker) -> None:
    """Progress of one is not progress of all."""
    worker.timer.lag.update({0: 5, 1: 5})
    for _ in range(2):
        worker.wait(STALLED_SECONDS / 2)
        worker.commit(0)
    assert not worker.healthy
    worker.commit(1)
    assert worker.healthy


def test_a_partition_that_still_catches_up_is_not_stuck(worker: Worker) -> None:
    """A large table takes its time; `/ready` tells of it."""
    worker.timer.lag[1] = 5
    worker.lanes[1].ready = False
    worker.wait(2 * STALLED_SECONDS)
    assert worker.healthy


def test_what_is_counted(worker: Worker) -> None:
    """Names carry their unit, counters only grow, and no label names a tenant or a number."""
    worker.commit(0)
    worker.commit(1, {"tenant_unknown": 1})
    worker.timer.sent_events = 4
    worker.timer.lag[1] = 9
    worker.metrics()
    expected = {
        "tollstream_events_total": 6,
        "tollstream_rated_calls_total": 4,
        "tollstream_ledger_records_total": 4,
        'tollstream_dead_letters_total{reason="tenant_unknown"}': 1,
        "tollstream_chunk_seconds_count": 2,
        "tollstream_commit_seconds_sum": 0.04,
        'tollstream_catch_up_seconds{partition="1"}': 1.5,
        "tollstream_catch_up_rows_total": 14,
        'tollstream_source_lag_records{partition="1"}': 9,
        "tollstream_partitions_ready": 2,
        "tollstream_partitions_assigned": 2,
        "tollstream_timer_events_total": 4,
        "tollstream_last_commit_timestamp_seconds": worker.clock.seconds,
    }
    found = worker.metrics()
    assert expected == {name: found.get(name) for name in expected}
    assert found["tollstream_process_resident_memory_bytes"] > 0
