"""R8 and R9 in small: networks that delay, reset, swallow and trickle; nothing lost or double."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.local_broker import LocalBroker
from tests.kafka.crash.network import BadNetworks
from tests.kafka.rig.deployment import Deployment

pytestmark = pytest.mark.kafka

SECONDS = 40
"""`python -m tests.kafka.crash --network 1800` is the dose before a release."""


def test_bad_networks_lose_and_double_nothing(
    make_broker: Callable[[int], LocalBroker], tmp_path: Path
) -> None:
    """Every fault is suffered; the log is finished soon after the last one."""
    deployment = Deployment(make_broker(1), "network", tmp_path / "network")
    networks = BadNetworks(deployment, SECONDS, seed=5)
    try:
        networks.play()
    finally:
        deployment.end()
    sys.stdout.write(networks.row("under test") + "\n")
    assert networks.verdict.right, networks.verdict.text()
    assert networks.right, networks.row("under test")
