"""A worker that cannot reach its broker: it waits, and leaves when it is told to."""

import time
from pathlib import Path

import pytest

from streams.local_broker import free_port
from tests.kafka.rig.worker_process import WorkerProcess

ENOUGH_SECONDS = 30


def test_told_to_stop_while_it_waits_it_leaves_in_good_order(tmp_path: Path) -> None:
    """A supervisor's request is no failure, at whatever moment it comes."""
    environment = {
        "TOLLSTREAM_BROKERS": f"127.0.0.1:{free_port()}",
        "TOLLSTREAM_DATA_DIR": str(tmp_path / "data"),
        "TOLLSTREAM_WEB_PORT": "0",
    }
    worker = WorkerProcess(environment, tmp_path / "log")
    try:
        deadline = time.monotonic() + ENOUGH_SECONDS
        while "waiting for" not in worker.text():
            assert worker.exit_code is None, worker.text()
            if time.monotonic() > deadline:
                pytest.fail(f"it does not wait: {worker.text()}")
            time.sleep(0.05)
        worker.terminate()
        assert worker.wait(ENOUGH_SECONDS) == 0
    finally:
        worker.end()
    assert "Traceback" not in worker.text()
