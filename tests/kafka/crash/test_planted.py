"""The crash proof can fail: each bug is noticed, and the same mishap without it does no harm."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.local_broker import LocalBroker
from tests.kafka.crash.scenarios import ALL, Scenario, play
from tests.kafka.rig.deployment import Deployment

pytestmark = pytest.mark.kafka

_numbers = itertools.count(1)


@pytest.fixture
def deployment(kafka: LocalBroker, tmp_path: Path, scenario: Scenario) -> Iterator[Deployment]:
    """Return topics of the test's own; its workers are ended afterwards."""
    name = f"planted-{next(_numbers)}"
    made = Deployment(kafka, name, tmp_path, partitions=scenario.partitions)
    made.create_topics()
    yield made
    made.end()


@pytest.mark.parametrize("scenario", ALL.values(), ids=ALL)
def test_a_planted_bug_is_noticed(scenario: Scenario, deployment: Deployment) -> None:
    """With the bug, the verdict names at least one of the faults that it makes."""
    verdict = play(deployment, scenario, bug=True)
    assert scenario.breaks & verdict.faults.keys(), verdict.text()


@pytest.mark.parametrize("scenario", ALL.values(), ids=ALL)
def test_without_the_bug_the_mishap_does_no_harm(
    scenario: Scenario, deployment: Deployment
) -> None:
    """The guarantee holds: the worker stops or goes on, and everything is right in the end."""
    verdict = play(deployment, scenario, bug=False)
    assert verdict.right, verdict.text()
    assert verdict.stores_checked == deployment.partitions
