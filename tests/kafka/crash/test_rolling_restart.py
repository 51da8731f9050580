"""R4: three workers restarted one after the other under load, and nobody notices in the ledger."""

from pathlib import Path

import pytest

from streams.generate import LogOptions, generate
from streams.local_broker import LocalBroker
from tests.kafka.rig.deployment import Deployment, wait_until
from tests.kafka.rig.feeding import Feeder
from tests.kafka.rig.rolling import RollingRestart
from tests.kafka.rig.verification import verify

pytestmark = pytest.mark.kafka

LOG = LogOptions(tenants=16, calls=3_000, seed=51, months=2)
NAMES = ["one", "two", "three"]
LOAD_SECONDS = 30
SESSION_SECONDS = 30
"""As in production, so nobody takes over; campaigns roll with a session shorter than a start."""


def test_a_rolling_restart_under_load_loses_and_doubles_nothing(
    kafka: LocalBroker, tmp_path: Path
) -> None:
    """Each leaves with 0 within 30 s and comes back to its partitions; nobody else notices."""
    deployment = Deployment(kafka, "rolling", tmp_path, session_seconds=SESSION_SECONDS)
    deployment.create_topics()
    rolling = RollingRestart(deployment, NAMES)
    feeder = Feeder(deployment.settings, list(generate(LOG)))
    try:
        rolling.start()
        feeder.start(LOAD_SECONDS)
        wait_until("load", lambda: deployment.processed() > 0)
        rolling.roll()
        under_load = deployment.processed()
        feeder.finish()
        wait_until("drained", deployment.is_drained)
        for worker in rolling.workers.values():
            deployment.stop(worker)
    finally:
        deployment.end()
    stores = [deployment.store_dir(name, n) for name in NAMES for n in range(deployment.partitions)]
    verdict = verify(deployment.settings, stores)
    assert verdict.right, verdict.text()
    assert 0 < under_load
    assert [] == rolling.restarts
