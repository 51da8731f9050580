"""Programs of ours run as installed, whatever folder one stands in."""

import subprocess
from pathlib import Path

from streams.own_program import own_program


def test_the_folder_one_stands_in_is_not_what_runs(tmp_path: Path) -> None:
    """A `streams` that lies there is not ours."""
    (tmp_path / "streams").mkdir()
    (tmp_path / "streams" / "__init__.py").write_text("raise SystemExit('a stranger')")
    done = subprocess.run(
        own_program("streams.cli", "--version"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "tollstream" in done.stdout
