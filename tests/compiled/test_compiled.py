"""The compiled wheel: the same tests, the same bytes.

`pip install .` compiles the hot path where it can (`deploy/compiled.py`), and an editable install,
which all other tests run in, does not. So the wheel is built here and tested in a process of its
own, in front of the working copy.
"""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTED = (
    *("tests/cases", "tests/property", "tests/unit/rating", "tests/unit/schemas"),
    *("tests/unit/streams/test_table_store.py", "tests/unit/streams/test_call_sweep.py"),
)

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return what runs Python with the compiled wheel; building must not fall back to Python."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT],
        env=os.environ | {"TOLLSTREAM_COMPILE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == built.returncode, built.stderr
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "unpacked")

    def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": f"{folder / 'unpacked'}{os.pathsep}{ROOT}"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run_python


def test_the_wheel_is_compiled(run: Run) -> None:
    """What is tested below is machine code, and says so."""
    assert "rating core compiled" in run("-m", "streams.cli", "--version").stdout


def test_the_compiled_core_passes_the_core_s_tests(run: Run) -> None:
    """Worked cases, the independent model, properties and unit tests hold for both forms."""
    done = run("-m", "pytest", "-q", "--no-header", *TESTED)
    assert 0 == done.returncode, done.stdout[-4_000:]
