"""The worker's pages over HTTP: what probes and Prometheus get, and what nobody gets."""

import asyncio
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from streams.generate import LogOptions, generate
from streams.local_broker import LocalBroker, free_port
from tests.kafka.rig.deployment import Deployment, wait_until
from tests.kafka.rig.reading import read_all

pytestmark = pytest.mark.kafka

LOG = LogOptions(tenants=4, calls=200, seed=8, scripted=False)
FAUSTS_OWN = ("/graph", "/performance", "/router", "/stats", "/table", "/table/tenants/contoso")
"""Paths of the pages that Faust brings along; some would show rows (X5)."""
FAUSTS_INDEX = {"status": "OK"}
"""What Faust answers at `/`, whatever happens. It has no setting for that one."""
SECONDS_MAX = 5


class Pages:
    """A worker that serves pages, and its deployment."""

    def __init__(self, deployment: Deployment, port: int) -> None:
        self.deployment = deployment
        self.port = port

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        """Return status and text; status 0 where nothing answers."""
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        found = re.findall(rf"^{name}(?:{{.*}})? (.+)$", self.get("/metrics")[1], re.MULTILINE)
        assert found, f"no {name}"
        return sum(map(float, found))


@pytest.fixture(scope="module")
def pages(kafka: LocalBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Return the pages of a worker that has rated the log."""
    port = free_port()
    more = {"TOLLSTREAM_WEB_PORT": str(port)}
    deployment = Deployment(kafka, "pages", tmp_path_factory.mktemp("pages"), more=more)
    deployment.create_topics()
    deployment.publish(generate(LOG))
    try:
        with deployment.worker() as worker:
            deployment.wait_drained(worker)
            yield Pages(deployment, port)
    finally:
        deployment.end()


def test_a_worker_that_has_rated_all_is_healthy_and_ready(pages: Pages) -> None:
    """Both probes are content."""
    wait_until("ready", lambda: pages.get("/ready") == (200, "ready\n"))
    assert (200, "ok\n") == pages.get("/health")


def test_metrics_count_what_stands_in_kafka(pages: Pages) -> None:
    """Every event taken, every ledger record, no lag; and no number or tenant in any label."""
    deployment = pages.deployment
    topic = deployment.settings.ledger_topic
    found = asyncio.run(read_all(deployment.settings, topic))
    ledger = [record for records in found.values() for record in records]
    assert sum(deployment.ends().values()) == pages.metric("tollstream_events_total")
    assert len(ledger) == pages.metric("tollstream_ledger_records_total") > 0
    assert pages.metric("tollstream_rated_calls_total") > 0
    wait_until("no lag", lambda: pages.metric("tollstream_source_lag_records") == 0)
    assert deployment.partitions == pages.metric("tollstream_partitions_ready")
    text = pages.get("/metrics")[1]
    tenants = {record.key.decode() for record in ledger if record.key}
    assert tenants
    assert not [tenant for tenant in tenants if tenant in text]
    labels = re.findall(r"{(.*)}", text)
    assert labels
    assert not [label for label in labels if re.search(r"\d{7}", label)]


@pytest.mark.parametrize("path", FAUSTS_OWN)
def test_fausts_own_pages_are_off(path: str, pages: Pages) -> None:
    """X5; and its index, which stays, tells nothing."""
    assert 404 == pages.get(path)[0]
    assert FAUSTS_INDEX == json.loads(pages.get("/")[1])


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_pages_are_only_read(path: str, pages: Pages) -> None:
    """Nothing can be done to a worker over HTTP."""
    assert [405] * 3 == [pages.get(path, method)[0] for method in ("POST", "PUT", "DELETE")]
