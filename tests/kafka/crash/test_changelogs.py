"""S4: a changelog that was cut, emptied or made anew is refused; what the refusal advises works."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from streams.generate import generate
from streams.kafka.topics import topic_plans
from streams.local_broker import LocalBroker
from streams.tables.declaration import CALLS, MONEY_IDS, SUBSCRIBERS, TENANTS
from tests.kafka.crash.changelogs import (
    CASES,
    ENOUGH_SECONDS,
    INSTRUCTION,
    LOG,
    REFUSED,
    Case,
    name_of,
    play_case,
    rate_log,
)
from tests.kafka.rig.deployment import Deployment
from tests.kafka.rig.topic_damage import make_anew
from tests.kafka.rig.verification import verify

pytestmark = pytest.mark.kafka

CI_CASES = ((SUBSCRIBERS, "cut", "no-copy"),)
"""The other tests make changelogs anew; `python -m tests.kafka.crash --changelogs` plays all, and
`tests/simulation/test_lane_simulation.py` without a broker."""

_numbers = itertools.count(1)


@pytest.fixture
def deployment(kafka: LocalBroker, tmp_path: Path) -> Iterator[Deployment]:
    """Return a deployment of one partition; its workers are ended afterwards."""
    made = Deployment(kafka, f"changelogs-{next(_numbers)}", tmp_path, partitions=1)
    yield made
    made.end()


@pytest.mark.parametrize("case", CI_CASES, ids=name_of)
def test_a_changelog_that_lost_records_is_refused(case: Case, deployment: Deployment) -> None:
    """The worker ends with 3 and says what to do; not one record is written from partial rows."""
    assert case in CASES
    assert "" == play_case(deployment, case)


def test_a_changelog_made_anew_under_a_running_worker_stops_it(deployment: Deployment) -> None:
    """It may go on with rows that it holds whole, but nobody after it starts from less."""
    rate_log(deployment)
    worker = deployment.start("worker")
    deployment.wait_ready(worker)
    make_anew(deployment, CALLS.changelog(deployment.settings.app_id))
    deployment.publish(generate(replace(LOG, seed=12)))
    assert REFUSED == worker.wait(ENOUGH_SECONDS), worker.last_words()
    assert "went back" in worker.last_words()
    heir = deployment.start("fresh")
    assert REFUSED == heir.wait(ENOUGH_SECONDS), heir.last_words()
    assert INSTRUCTION in heir.last_words()


def test_dead_letters_alone_tell_that_the_changelogs_are_new(deployment: Deployment) -> None:
    """Where nothing was ever charged, a second rating would still refuse every input twice."""
    deployment.create_topics()
    deployment.publish([b"no event", b"nor this"])
    with deployment.worker() as worker:
        deployment.wait_drained(worker)
    app_id = deployment.settings.app_id
    make_anew(
        deployment, *(table.changelog(app_id) for table in (TENANTS, SUBSCRIBERS, CALLS, MONEY_IDS))
    )
    again = deployment.start("worker")
    assert REFUSED == again.wait(ENOUGH_SECONDS), again.last_words()
    assert "newest dead letter" in again.last_words()


def test_what_the_refusal_advises_rates_the_log_anew(deployment: Deployment) -> None:
    """A new app id with new output topics makes the same ledger from the events topic alone."""
    rate_log(deployment)
    make_anew(deployment, CALLS.changelog(deployment.settings.app_id))
    refused = deployment.start("worker")
    assert REFUSED == refused.wait(ENOUGH_SECONDS), refused.last_words()

    events = deployment.settings.events_topic
    anew = replace(deployment, name=f"{deployment.name}-anew", events=events, workers=[])
    try:
        anew.create_topics()
        with anew.worker() as worker:
            anew.wait_drained(worker)
    finally:
        anew.end()
    verdict = verify(anew.settings, [anew.store_dir("worker", 0)])
    assert verdict.right, verdict.text()
    assert verdict.calls.rated > 0
    assert 1 == verdict.stores_checked


def test_old_local_stores_do_no_harm_where_everything_is_new(deployment: Deployment) -> None:
    """All topics deleted and made anew is a new beginning, not a loss."""
    rate_log(deployment)
    make_anew(deployment, *(plan.name for plan in topic_plans(deployment.settings)))
    deployment.publish(generate(replace(LOG, seed=13)))
    with deployment.worker() as worker:
        deployment.wait_drained(worker)
    verdict = verify(deployment.settings, [deployment.store_dir("worker", 0)])
    assert verdict.right, verdict.text()
    assert 1 == verdict.stores_checked
