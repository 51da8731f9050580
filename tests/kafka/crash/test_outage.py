"""R7 in small: the whole cluster is away for longer than any session, and comes back."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.local_broker import LocalBroker
from tests.kafka.crash.outage import Outage
from tests.kafka.rig.deployment import Deployment

pytestmark = pytest.mark.kafka

DOWN_SECONDS = 8
"""Four sessions; `python -m tests.kafka.crash --outage 600` is the dose before a release."""


def test_workers_wait_for_a_cluster_that_is_away(
    make_broker: Callable[[int], LocalBroker], tmp_path: Path
) -> None:
    """No crash loop, bounded memory, and afterwards the log is rated to its end."""
    deployment = Deployment(make_broker(1), "outage", tmp_path / "outage")
    outage = Outage(deployment, DOWN_SECONDS)
    try:
        outage.play()
    finally:
        deployment.end()
    sys.stdout.write(outage.row("under test") + "\n")
    assert outage.verdict.right, outage.verdict.text()
    assert outage.right, outage.row("under test")
