"""The files of deploy/ follow their schemas and keep their own promises.

They are checked here, not run: this machine and CI have no container engine.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from streams.lane.limits import PARTING_SECONDS, SHUTDOWN_SECONDS

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
WORKER_LEAVES_SECONDS = SHUTDOWN_SECONDS + PARTING_SECONDS + 1


def tool(name: str) -> str:
    """Path of a console script in this environment."""
    return str(Path(sys.executable).with_name(name))


@pytest.mark.parametrize(
    "command",
    [
        pytest.param((tool("kubernetes-validate"), "--strict", "kubernetes.yaml"), id="kubernetes"),
        pytest.param(
            (tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "compose.yaml"),
            id="compose",
        ),
    ],
)
def test_files_follow_their_schema(command: tuple[str, ...]) -> None:
    """Kubernetes and compose would accept the files."""
    result = subprocess.run(command, cwd=DEPLOY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_image_runs_as_nobody_special_from_hashed_pins() -> None:
    """X12, X9: the last user is not root and every package comes with its hash."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    users = re.findall(r"^USER (\d+):(\d+)$", text, re.MULTILINE)
    assert users == [("10001", "10001")]
    assert "--require-hashes -r deploy/requirements.lock" in text
    assert text.rstrip().endswith('ENTRYPOINT ["tollstream"]\nCMD ["worker"]')


def test_every_container_is_locked_down() -> None:
    """Root file systems are read-only and no capability is kept."""
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")))
    pods = [d["spec"]["template"]["spec"] for d in documents if d["kind"] in {"Job", "StatefulSet"}]
    security = [c["securityContext"] for pod in pods for c in pod["containers"]]
    expected = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert security == [expected] * 2
    assert [pod["securityContext"]["runAsNonRoot"] for pod in pods] == [True, True]


def test_supervisors_wait_until_a_worker_has_left() -> None:
    """Nothing kills a worker before its own two limits are over."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    grace = [s["stop_grace_period"] for n, s in compose["services"].items() if "worker" in n]
    documents = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))
    (pod,) = [d["spec"]["template"]["spec"] for d in documents if d["kind"] == "StatefulSet"]
    assert len(grace) == 2
    assert all(int(time.removesuffix("s")) > WORKER_LEAVES_SECONDS for time in grace)
    assert pod["terminationGracePeriodSeconds"] > WORKER_LEAVES_SECONDS


def test_what_compiles_is_what_was_pinned() -> None:
    """The compiler is part of what was tested; the image builds with it."""
    hook = (DEPLOY / "compiled.py").read_text(encoding="utf-8")
    (tools,) = re.findall(r"^BUILD_TOOLS: Final = (\[.*\])$", hook, re.MULTILINE)
    pinned = (DEPLOY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [] == [name for name in ast.literal_eval(tools) if name not in pinned]
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert "ENV TOLLSTREAM_COMPILE=1" in text
    assert "COPY deploy/requirements.lock deploy/compiled.py deploy/" in text
