"""The commands that read and write topics, on a real Kafka with a real worker behind it."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rating.decks import CURRENT
from streams.cli import run
from streams.generate import LogOptions, generate
from streams.local_broker import LocalBroker
from tests.kafka.rig.deployment import Deployment

pytestmark = pytest.mark.kafka

TENANTS = 6
CALLS = 300
_numbers = itertools.count(1)


@pytest.fixture
def deployment(
    kafka: LocalBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    """Topics of the test's own, and this process's settings pointing at them."""
    made = Deployment(kafka, f"commands-{next(_numbers)}", tmp_path / "deployment")
    made.create_topics()
    for name, value in made.environment("tester").items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield made
    made.end()


def test_the_whole_day_of_an_operator(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Publish, rate, audit, explain, quote, balance, requeue and activate, all over Kafka.

    One test, because each step stands on what the one before left in the topics.
    """
    lines = list(generate(LogOptions(tenants=TENANTS, calls=CALLS, seed=7, scripted=False)))
    broken = json.loads(next(line for line in lines if b"call.ended" in line))
    tenant = broken["subject"]
    mended = json.dumps(broken | {"id": "mended"}).encode()
    broken["data"]["duration_seconds"] = -1
    lines.remove(next(line for line in lines if b"call.ended" in line))
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"\n".join(lines) + b"\n")

    assert run(["publish", str(events)]) == 0
    deployment.publish([json.dumps(broken).encode()])
    with deployment.worker() as worker:
        deployment.wait_drained(worker)
        assert run(["audit", "verify", "--from", "kafka"]) == 0
        assert run(["audit", "replay", "--from", "kafka"]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "ledger bytes equal"

        assert run(["dead-letter", "list", "--tenant", tenant]) == 0
        (listed,) = capsys.readouterr().out.splitlines()
        name = listed.split()[0]
        assert "bad_data" in listed
        (tmp_path / "mended.jsonl").write_bytes(mended)
        assert run(["dead-letter", "requeue", name, "--with", "mended.jsonl"]) == 0
        deployment.wait_drained(worker)

        usage_id = broken["data"]["usage_id"]
        capsys.readouterr()
        assert run(["explain", usage_id, "--tenant", tenant, "--json"]) == 0
        explained = json.loads(capsys.readouterr().out)
        assert explained["rated"]["cause"].endswith("#mended")

        assert run(["reference", "activate", CURRENT["rates"][:12], "--tenant", tenant]) == 0
        assert run(["reference", "list"]) == 0
        deployment.wait_drained(worker)
    assert run(["audit", "replay", "--from", "kafka"]) == 0
    assert run(["balance", tenant, "--json"]) == 0
    capsys.readouterr()
    quoted = ["quote", "--tenant", tenant, "--user", "x", "--to", "+33142680000", "--minutes", "1"]
    assert run([*quoted, "--at", "2021-04-02T00:00:00Z", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "blocked"


def test_published_files_are_listed_and_made_the_default(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deck goes in parts and comes out whole; `list` names the default."""
    del deployment
    header = (
        "direction,prefix,origin,destination,kind,price_per_minute,connection_fee,currency,"
        "effective_from,effective_until"
    )
    (tmp_path / "own.csv").write_text(f"{header}\noutbound,1,,US,mixed,0.5,0,USD,,\n")
    assert run(["reference", "publish", "--rates", "own.csv", "--default"]) == 0
    version = capsys.readouterr().out.split()[0]
    assert run(["reference", "list"]) == 0
    defaults = [line for line in capsys.readouterr().out.splitlines() if line.endswith("default")]
    assert any(line.startswith(version) for line in defaults)
