"""S1: a disk that is really full ends the worker with 5; with space again, nothing is missing."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.generate import LogOptions, generate
from streams.local_broker import LocalBroker
from tests.kafka.crash.full_disks import FullDisks
from tests.kafka.rig.deployment import Deployment
from tests.kafka.rig.small_disk import NoSmallDiskError, SmallDisk
from tests.kafka.rig.verification import verify

pytestmark = pytest.mark.kafka

LOG = LogOptions(tenants=8, calls=1_200, seed=41, months=1)
LOCAL = 5
"""Exit code of a worker whose disk failed."""
ENOUGH_SECONDS = 60


@pytest.fixture
def deployment(
    kafka: LocalBroker, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Deployment]:
    """Return topics of the test's own; its workers are ended afterwards."""
    made = Deployment(kafka, request.function.__name__, tmp_path)
    made.create_topics()
    yield made
    made.end()


@pytest.fixture
def disk(deployment: Deployment) -> SmallDisk:
    """Return the small disk on which the worker named `worker` keeps its stores."""
    try:
        return deployment.give_small_disk("worker")
    except NoSmallDiskError as refused:
        pytest.skip(f"no disk can be mounted here: {refused}")


def test_a_disk_that_fills_up_under_load_stops_the_worker(
    deployment: Deployment, disk: SmallDisk
) -> None:
    """It halts by name, stays down while the disk is full, and loses and doubles nothing."""
    deployment.publish(generate(LOG))
    worker = deployment.start("worker", chunk_records=20, jitter_ms=60)
    deployment.wait_for("progress", worker, lambda: deployment.processed() > 100)
    disk.fill()
    assert LOCAL == worker.wait(ENOUGH_SECONDS), worker.last_words()
    assert "No space left on device" in worker.last_words()
    at_the_end = deployment.processed()
    assert not deployment.is_drained()

    again = deployment.start("worker", chunk_records=20)
    assert LOCAL == again.wait(ENOUGH_SECONDS), again.last_words()
    assert "No space left on device" in again.last_words()
    # A chunk may be committed by one who then cannot write it down; no more than one each.
    assert deployment.processed() <= at_the_end + 20 * deployment.partitions

    disk.free()
    with deployment.worker() as last:
        deployment.wait_drained(last)
    verdict = verify(
        deployment.settings,
        [deployment.store_dir("worker", number) for number in range(deployment.partitions)],
    )
    assert verdict.right, verdict.text()
    assert deployment.partitions == verdict.stores_checked


def test_a_disk_that_fills_up_in_a_compaction_stops_the_worker(deployment: Deployment) -> None:
    """RocksDB has written half of the rows to a new file, and cannot write the rest."""
    try:
        disks = FullDisks(deployment, 1, seed=3)
    except NoSmallDiskError as refused:
        pytest.skip(f"no disk can be mounted here: {refused}")
    disks.play()
    sys.stdout.write(disks.row("under test") + "\n")
    assert disks.verdict.right, disks.verdict.text()
    assert disks.right, disks.row("under test")
