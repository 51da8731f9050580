"""The demo runs through on a Kafka of its own, and leaves nothing behind however it ends."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streams.local_broker import LocalBroker

# The session's broker is there first, so that Kafka's jars are in the user's cache.
pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("kafka")]


def start_demo(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the demo with `tmp_path` as its temporary folder and misleading settings."""
    environment = {
        **os.environ,
        "TMPDIR": str(tmp_path),
        "TOLLSTREAM_BROKERS": "127.0.0.1:1",
        "TOLLSTREAM_EVENTS_TOPIC": "somebody.elses",
        "COLUMNS": "200",
    }
    # A run in the background of a shell ignores Ctrl-C, and so would whatever it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "demo", "--calls", "1500", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def started_by(tmp_path: Path) -> list[str]:
    """Return the processes that hold a path below `tmp_path` in command line or environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(tmp_path) in text:
            found.append(folder.name)
    return found


def test_the_demo_ends_with_equal_bytes_and_leaves_nothing(tmp_path: Path) -> None:
    """Everything promised is on the screen; no process and no file stays."""
    demo = start_demo(tmp_path)
    output, errors = demo.communicate(timeout=400)
    assert demo.returncode == 0, errors
    for wanted in (
        "exhaustion",
        "reset",
        "recharge",
        "forfeiture",
        "one call explained",
        "mended and sent again",
        "credits ",
        "█",
    ):
        assert wanted in output
    assert output.rstrip().endswith("ledger bytes equal")
    figures = re.search(
        r"([\d,]+) calls, corrections and cancellations sent, each answered once: "
        r"([\d,]+) rated, ([\d,]+) duplicates, ([\d,]+) refused",
        output,
    )
    assert figures is not None
    sent, *answers = (int(number.replace(",", "")) for number in figures.groups())
    assert sent == sum(answers)
    assert [] == started_by(tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_ctrl_c_in_the_middle_stops_what_was_started(tmp_path: Path) -> None:
    """Worker and broker end in order; the exit code is the shell's for Ctrl-C."""
    demo = start_demo(tmp_path)
    assert demo.stdout is not None
    while "worker started" not in (line := demo.stdout.readline()):
        assert line, "the demo ended too early"
    demo.send_signal(signal.SIGINT)
    _, errors = demo.communicate(timeout=120)
    assert demo.returncode == 130
    assert errors.splitlines()[-1] == "tollstream: interrupted", errors
    assert [] == started_by(tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_on_a_cluster_of_the_users_only_its_own_topics_are_made_and_removed(
    tmp_path: Path, kafka: LocalBroker
) -> None:
    """With --brokers the cluster is left as it was found."""
    demo = start_demo(tmp_path, "--brokers", kafka.bootstrap)
    output, errors = demo.communicate(timeout=400)
    assert demo.returncode == 0, errors
    assert output.rstrip().endswith("ledger bytes equal")
    assert kafka.status().kind == "running"
    storage = kafka.home / "node-1" / "storage"
    # A deleted topic's folder is renamed at once and removed a minute later.
    left = [path.name for path in storage.glob("tollstream-demo-*") if "delete" not in path.name]
    assert [] == left
