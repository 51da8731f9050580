"""T4: the worker's wall clock decides nothing that is charged, however wrong it is."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.generate import LogOptions, generate
from streams.local_broker import LocalBroker
from tests.kafka.rig.deployment import Deployment
from tests.kafka.rig.verification import verify

pytestmark = pytest.mark.kafka

LOG = LogOptions(tenants=8, calls=600, seed=61, months=2)
HOUR_SECONDS = 3600
DAY_SECONDS = 24 * HOUR_SECONDS
STOPPED = 3
ENOUGH_SECONDS = 60

_numbers = itertools.count(1)


@pytest.fixture
def deployment(kafka: LocalBroker, tmp_path: Path) -> Iterator[Deployment]:
    """Return a deployment with a log to rate; its workers are ended afterwards."""
    made = Deployment(kafka, f"clock-{next(_numbers)}", tmp_path, partitions=2)
    made.create_topics()
    made.publish(generate(LOG))
    yield made
    made.end()


def test_a_clock_that_jumps_back_and_forth_changes_no_byte(deployment: Deployment) -> None:
    """Ledger, dead letters and rows are those of the log, and a successor goes on from them."""
    jumps = (-DAY_SECONDS, -HOUR_SECONDS, 0, HOUR_SECONDS - 60)
    dying = deployment.start(
        "worker", chunk_records=30, clock_off_seconds=jumps, die_at="committed", die_turn=8
    )
    assert -9 == dying.wait(ENOUGH_SECONDS), dying.last_words()
    with deployment.worker(chunk_records=30, clock_off_seconds=jumps, seed=1) as worker:
        deployment.wait_drained(worker)
    _check(deployment)


def test_a_clock_a_day_ahead_stops_the_worker_before_anything_is_written(
    deployment: Deployment,
) -> None:
    """Kafka takes no record of more than an hour ahead; with the clock mended all goes on."""
    worker = deployment.start("worker", clock_off_seconds=(DAY_SECONDS,))
    assert STOPPED == worker.wait(ENOUGH_SECONDS), worker.last_words()
    assert "InvalidTimestamp" in worker.last_words()
    assert 0 == deployment.processed()
    with deployment.worker() as mended:
        deployment.wait_drained(mended)
    _check(deployment)


def _check(deployment: Deployment) -> None:
    stores = [deployment.store_dir("worker", n) for n in range(deployment.partitions)]
    verdict = verify(deployment.settings, stores)
    assert verdict.right, verdict.text()
    assert deployment.partitions == verdict.stores_checked
