"""A broker that speaks TLS: the whole line over it, and what a stranger is told."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from streams.cli import run
from streams.generate import LogOptions, generate
from tests.kafka.rig.deployment import Deployment
from tests.kafka.rig.secured import KEY_PASSWORD, PASSWORD, SCRAM, SecuredBroker

pytestmark = pytest.mark.kafka

TENANTS = 4
CALLS = 120
LEAVES_SECONDS = 30
TOLD = {
    "wrong password": "cannot be used: .*SaslAuthenticationFailed",
    "unknown authority": "cannot be used: .*CERTIFICATE_VERIFY_FAILED",
    "expired": "cannot be used: .*certificate has expired",
    "another name": "cannot be used: .*certificate is not valid for 'localhost'",
    "no certificate": "does not answer .*closed",
    "no TLS": "does not answer .*closed",
    "wrong key password": "TOLLSTREAM_TLS_.*cannot be used",
}
"""What a stranger must find in the one line, by what is wrong."""
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """One broker for the tests of this file."""
    broker = SecuredBroker(tmp_path_factory.mktemp("secured"))
    try:
        broker.start()
        yield broker
    finally:
        broker.end()


def use(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Let this process's commands have these settings."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("how", ["password", "certificate"])
def test_the_whole_line_over_tls(
    how: str,
    secured: SecuredBroker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Topics, calls, worker and audit use nothing else; no secret is in the worker's log."""
    more = secured.with_certificate() if how == "certificate" else secured.with_password(SCRAM[1])
    name = f"secured-{next(_numbers)}"
    deployment = Deployment(secured.plain, name, tmp_path / name, more=more)
    use(monkeypatch, deployment.environment("tester"))
    options = LogOptions(tenants=TENANTS, calls=CALLS, seed=7, scripted=False)
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"\n".join(generate(options)) + b"\n")
    assert run(["topics", "create"]) == 0
    assert run(["publish", str(events)]) == 0
    with deployment.worker() as worker:
        deployment.wait_drained(worker)
        said = worker.text()
    assert run(["audit", "verify", "--from", "kafka"]) == 0
    assert run(["audit", "replay", "--from", "kafka"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "ledger bytes equal"
    assert PASSWORD not in said
    assert KEY_PASSWORD not in said


@pytest.mark.parametrize("mechanism", ["PLAIN", SCRAM[0]])
def test_every_mechanism_lets_in(
    mechanism: str,
    secured: SecuredBroker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And finds that there is no topic yet, which a stranger would not learn."""
    use(monkeypatch, secured.with_password(mechanism) | {"TOLLSTREAM_APP_ID": "nobody"})
    monkeypatch.setenv("TOLLSTREAM_EVENTS_TOPIC", "nothing")
    assert run(["topics", "check"]) == 1
    said = capsys.readouterr()
    assert "nothing" in said.out + said.err
    assert "cannot be used" not in said.err


def without(variables: dict[str, str], *parts: str) -> dict[str, str]:
    """Return settings without those whose names hold a part."""
    return {
        name: "" if any(part in name for part in parts) else value
        for name, value in variables.items()
    }


@pytest.mark.parametrize("case", TOLD)
def test_a_stranger_is_told_why(
    case: str,
    secured: SecuredBroker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line that names what to look at and no secret, and nothing is created."""
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(stranger)
    certificate = secured.with_certificate()
    settings = {
        "wrong password": secured.with_password(SCRAM[1], "wrong horse"),
        "unknown authority": certificate | {"TOLLSTREAM_TLS_CA_FILE": str(stranger)},
        "expired": secured.with_expired_certificate(),
        "another name": secured.under_another_name(),
        "no certificate": without(certificate, "CERT", "KEY"),
        "no TLS": without(certificate, "TLS", "PROTOCOL"),
        "wrong key password": certificate | {"TOLLSTREAM_TLS_KEY_PASSWORD": "wrong staple"},
    }
    use(monkeypatch, settings[case])
    assert run(["topics", "create"]) in {1, 2}
    said = capsys.readouterr()
    assert "" == said.out
    assert 1 == said.err.count("\n")
    assert re.search(TOLD[case], said.err), said.err
    assert "wrong horse" not in said.err
    assert "wrong staple" not in said.err


@pytest.mark.parametrize("case", ["wrong password", "expired"])
def test_a_worker_that_is_refused_says_so_and_ends(
    case: str, secured: SecuredBroker, tmp_path: Path
) -> None:
    """X2: it does not wait as for a broker that is down; its supervisor sees why."""
    more = {
        "wrong password": secured.with_password(SCRAM[1], "wrong horse"),
        "expired": secured.with_expired_certificate(),
    }[case]
    deployment = Deployment(secured.plain, "stranger", tmp_path, more=more)
    worker = deployment.start("worker")
    try:
        assert worker.wait(LEAVES_SECONDS) == 3
    finally:
        worker.end()
    assert re.search(f"does not start: .*{TOLD[case]}", worker.text())
    assert "wrong horse" not in worker.text()
