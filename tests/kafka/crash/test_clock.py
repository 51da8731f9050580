"""T4: the worker's wall clock decides nothing that is charged, however wrong it is."""

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
JUMPS = (-DAY_SECONDS, -HOUR_SECONDS, 0, HOUR_SECONDS - 60)


def test_a_wrong_clock_changes_no_byte(kafka: LocalBroker, tmp_path: Path) -> None:
    """It may jump as it likes; more than an hour ahead, Kafka refuses and the worker stops.

    Ledger, dead letters and rows are those of the log, whoever goes on from whomever.
    """
    deployment = Deployment(kafka, "clock", tmp_path, partitions=2)
    deployment.create_topics()
    deployment.publish(generate(LOG))
    try:
        ahead = deployment.start("worker", clock_off_seconds=(DAY_SECONDS,))
        assert STOPPED == ahead.wait(ENOUGH_SECONDS), ahead.last_words()
        assert "InvalidTimestamp" in ahead.last_words()
        assert 0 == deployment.processed()

        jumps = {"chunk_records": 30, "clock_off_seconds": JUMPS}
        dying = deployment.start("worker", die_at="committed", die_turn=8, **jumps)
        assert -9 == dying.wait(ENOUGH_SECONDS), dying.last_words()
        with deployment.worker(seed=1, **jumps) as worker:
            deployment.wait_drained(worker)
    finally:
        deployment.end()
    stores = [deployment.store_dir("worker", n) for n in range(deployment.partitions)]
    verdict = verify(deployment.settings, stores)
    assert verdict.right, verdict.text()
    assert deployment.partitions == verdict.stores_checked
