"""The whole line on a real Kafka: what comes out is what rating the same log without Kafka gives.

Every test has topics of its own on the run's broker. The log holds every kind of event and every
refusal (`streams.generate`).
"""

import asyncio
import itertools
import json
import shutil
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rating.calendar import month_text
from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from streams.commands.rate import command as rate_command
from streams.engine import build_engine
from streams.generate import LogOptions, generate
from streams.local_broker import LocalBroker
from streams.settings import Settings, TimerMode
from tests.kafka.rig.deployment import Deployment
from tests.kafka.rig.due import missing_timer_events
from tests.kafka.rig.expected import Rows, packed_rows
from tests.kafka.rig.local_stores import read_store
from tests.kafka.rig.reading import read_all
from tests.kafka.rig.verification import Verdict, verify

pytestmark = pytest.mark.kafka

SEED = 20_251
CALLS = 2_500
Deploy = Callable[..., Deployment]
Outputs = tuple[dict[str, list[bytes]], list[tuple[str, ...]]]
"""Ledger lines by tenant, and (tenant, reason, detail, raw) of each dead letter, sorted."""
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def log() -> list[bytes]:
    """Return the lines of one generated log: two months, every kind of fact."""
    return list(generate(LogOptions(tenants=16, calls=CALLS, seed=SEED)))


@pytest.fixture
def deploy(kafka: LocalBroker, tmp_path: Path) -> Iterator[Deploy]:
    """Return `deploy(timer)`: topics of the test's own; its workers are ended afterwards."""
    made: list[Deployment] = []

    def make(timer: TimerMode = "off") -> Deployment:
        made.append(new_deployment(kafka, tmp_path, timer))
        return made[-1]

    yield make
    for deployment in made:
        deployment.end()


@pytest.fixture(scope="module")
def rated(
    log: list[bytes], kafka: LocalBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Return a deployment whose worker `worker` rated the whole log, timer off, and stopped."""
    deployment = new_deployment(kafka, tmp_path_factory.mktemp("rated"), "off")
    try:
        assert len(log) == deployment.publish(log)
        with deployment.worker() as worker:
            deployment.wait_drained(worker)
        yield deployment
    finally:
        deployment.end()


def new_deployment(kafka: LocalBroker, folder: Path, timer: TimerMode) -> Deployment:
    """Make topics that no other test uses."""
    name = f"line-{next(_numbers)}"
    deployment = Deployment(kafka, name, folder / name, timer)
    deployment.create_topics()
    return deployment


def rate(lines: list[bytes], folder: Path) -> Outputs:
    """Rate lines with `tollstream rate`: ledger lines by tenant, and what is said of the refused.

    The refused are sorted: in Kafka they lie in several partitions.
    """
    folder.mkdir()
    (folder / "events.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    arguments = [str(folder / "events.jsonl"), "--ledger", str(folder / "ledger.jsonl")]
    rate_command.main(arguments, standalone_mode=False)
    ledger = (folder / "ledger.jsonl").read_bytes().splitlines()
    letters = (folder / "ledger.dead-letter.jsonl").read_bytes().splitlines()
    return by_tenant(ledger), sorted(map(refused, letters))


def by_tenant(ledger: list[bytes]) -> dict[str, list[bytes]]:
    """Sort ledger lines by their tenant, keeping their order."""
    found: defaultdict[str, list[bytes]] = defaultdict(list)
    for line in ledger:
        found[json.loads(line)["subject"]].append(line)
    return dict(found)


def refused(letter: bytes) -> tuple[str, ...]:
    """Return what a dead letter says, but for where the input lay and when it came."""
    content = json.loads(letter)
    return tuple(str(content[name]) for name in ("tenant", "reason", "detail", "raw"))


def in_kafka(deployment: Deployment) -> Outputs:
    """Return Kafka's committed ledger and dead letters in the form of `rate`."""
    settings = deployment.settings
    ledger, letters = values_of(settings, settings.ledger_topic, settings.dead_letter_topic)
    return by_tenant(ledger), sorted(map(refused, letters))


def events_of(deployment: Deployment) -> list[bytes]:
    """Return the events topic read back, timer events included."""
    (events,) = values_of(deployment.settings, deployment.settings.events_topic)
    return events


def values_of(settings: Settings, *topics: str) -> list[list[bytes]]:
    """Return the committed values of each topic, partition after partition."""
    read = asyncio.run(read_all(settings, *topics))
    return [
        [record.value for place, records in read.items() if place[0] == topic for record in records]
        for topic in topics
    ]


def checked(deployment: Deployment, *workers: str) -> Verdict:
    """Verify a deployment whose workers have stopped; everything must be right."""
    stores = [
        deployment.store_dir(worker, partition)
        for worker in workers
        for partition in range(deployment.partitions)
    ]
    verdict = verify(deployment.settings, stores)
    assert verdict.right, verdict.text()
    return verdict


def rows_of(deployment: Deployment, worker: str) -> dict[str, Rows]:
    """Return the rows of all local stores of a worker that has stopped, by table."""
    rows: defaultdict[str, Rows] = defaultdict(dict)
    for partition in range(deployment.partitions):
        copy = read_store(deployment.store_dir(worker, partition))
        for table, found in copy.rows.items():
            rows[table] |= found
    return dict(rows)


def without_month_starts(log: list[bytes]) -> list[bytes]:
    """Leave the announcing of months to the engine's own timer."""
    return [line for line in log if b"period.started" not in line or b'"subject":"show-' in line]


def test_kafka_ledger_equals_the_files(log: list[bytes], rated: Deployment, tmp_path: Path) -> None:
    """With the timer off, ledger and dead letters are those of `rate` on the same file."""
    assert rate(log, tmp_path / "files") == in_kafka(rated)
    verdict = checked(rated, "worker")
    calls = verdict.calls
    assert calls.calls == calls.rated + calls.duplicate + calls.dead_letter
    assert min(calls.rated, calls.duplicate, calls.dead_letter) > 0
    assert (0, rated.partitions) == (verdict.timer_inputs, verdict.stores_checked)


def test_every_event_and_ledger_record_names_its_content_type(rated: Deployment) -> None:
    """Contracts 1 and 3: both topics hold CloudEvents, and say so in each record's header."""
    settings = rated.settings
    read = asyncio.run(read_all(settings, settings.events_topic, settings.ledger_topic))
    headers = {record.headers for records in read.values() for record in records}
    assert headers == {(("content-type", b"application/cloudevents+json"),)}


def test_with_timer_events_the_ledger_equals_the_topic_read_back(
    log: list[bytes], deploy: Deploy, tmp_path: Path
) -> None:
    """With TOLLSTREAM_TIMER=log the engine's own events are part of the log."""
    deployment = deploy("log")
    deployment.publish(without_month_starts(log))
    with deployment.worker() as worker:
        deployment.wait_for(
            "timer events",
            worker,
            lambda: not missing_timer_events(deployment.settings, None),
        )
        deployment.wait_drained(worker)
    assert rate(events_of(deployment), tmp_path / "files") == in_kafka(deployment)
    verdict = checked(deployment, "worker")
    tenants = {json.loads(line)["subject"] for line in log if line.startswith(b'{"specversion":"1')}
    assert verdict.timer_inputs >= sum(tenant.startswith("tenant-") for tenant in tenants)


def test_kill_9_in_the_middle_changes_nothing(
    log: list[bytes], deploy: Deploy, tmp_path: Path
) -> None:
    """Killed between commit and local write, then from outside at any moment, then restarted."""
    deployment = deploy()
    deployment.publish(log)
    dying = deployment.start("worker", chunk_records=50, die_at="committed", die_turn=12)
    assert -signal.SIGKILL == dying.wait(60)
    after_first = deployment.processed()
    assert 0 < after_first < len(log) / 2

    slow = deployment.start("worker", chunk_records=50, jitter_ms=400)
    deployment.wait_for("progress", slow, lambda: deployment.processed() > after_first)
    slow.kill()
    assert after_first < deployment.processed() < len(log)

    with deployment.worker() as worker:
        deployment.wait_drained(worker)
    assert rate(log, tmp_path / "files") == in_kafka(deployment)
    verdict = checked(deployment, "worker")
    assert (0, 0) == (verdict.calls.lost, verdict.calls.double)


def test_an_empty_data_directory_is_rebuilt_to_the_same_rows(
    log: list[bytes], rated: Deployment
) -> None:
    """Rows of all four tables are those before, and those of rating the file in memory."""
    before = rows_of(rated, "worker")
    shutil.rmtree(rated.data_dir("worker"))
    with rated.worker() as worker:
        rated.wait_ready(worker)
    assert before == rows_of(rated, "worker")

    store, engine = MemoryStore(), build_engine(ShippedReferences())
    for line in log:
        engine.handle(store, line)
    assert packed_rows(store) == before
    assert all(before.values())


def test_sigterm_finishes_the_chunk_and_leaves_with_0(log: list[bytes], deploy: Deploy) -> None:
    """Told to stop in the middle of the work, a worker is gone within 30 s, nothing half done."""
    deployment = deploy()
    deployment.publish(log)
    worker = deployment.start("worker", chunk_records=50, jitter_ms=200)
    deployment.wait_for("progress", worker, lambda: deployment.processed() > 0)
    deployment.stop(worker, timeout_seconds=30)
    assert 0 < deployment.processed() < len(log)
    with deployment.worker() as after:
        deployment.wait_drained(after)
    checked(deployment, "worker")


def test_connections_that_do_not_close_hold_nobody_up(log: list[bytes], deploy: Deploy) -> None:
    """All is durable by then, so it leaves with 0 and its supervisor need not kill it."""
    deployment = deploy()
    deployment.publish(log)
    with deployment.worker(planted=("stuck-connections",)) as worker:
        deployment.wait_drained(worker)
    assert "connections still open" in worker.text()
    checked(deployment, "worker")


def test_months_that_ended_while_the_worker_was_down_are_made_up_for(deploy: Deploy) -> None:
    """Each tenant gets every month that began since, in order, and each has one effect."""
    now = datetime.now(UTC)
    month = now.year * 12 + now.month - 1
    options = LogOptions(
        tenants=10, calls=400, seed=SEED, start_month=month - 3, months=1, scripted=False
    )
    deployment = deploy("clock")
    deployment.timer = "off"  # the worker that saw the month's calls was gone at its end
    log = list(generate(options))
    deployment.publish(log)
    with deployment.worker() as worker:
        deployment.wait_drained(worker)

    deployment.timer = "clock"
    for _ in range(2):  # a second outage has nothing to make up for
        deployment.publish(log[:20])
        with deployment.worker() as worker:
            deployment.wait_drained(worker)
            deployment.wait_for(
                "timer events",
                worker,
                lambda: not missing_timer_events(deployment.settings, datetime.now(UTC)),
            )
            deployment.wait_drained(worker)
    checked(deployment, "worker")

    begun: defaultdict[str, list[str]] = defaultdict(list)
    for line in events_of(deployment):
        event = json.loads(line)
        if event["source"] == "tollstream/timer":
            begun[event["subject"]].append(event["data"]["period"])
    ledger, _ = in_kafka(deployment)
    assert ledger.keys() == begun.keys()
    for tenant, sent in begun.items():
        periods = list(dict.fromkeys(sent))
        assert len(periods) >= 3, tenant  # more where a late call was of a month before
        first = month + 1 - len(periods)
        assert [month_text(each) for each in range(first, month + 1)] == periods, tenant
    for tenant, lines in ledger.items():
        records = [json.loads(line) for line in lines]
        resets = [r["data"]["pool"] for r in records if r["type"].endswith("pool.reset.v1")]
        assert len(resets) == len(set(resets)), tenant
        assert [] == [pool for pool in resets if month_text(month) in pool]
