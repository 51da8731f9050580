"""Where a figure comes from: machine, versions, date, commit."""

import importlib.metadata
import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from streams.core_form import core_form

GIBIBYTE: Final = 1 << 30
_PACKAGES: Final = ("aiokafka", "faust-streaming", "orjson", "rocksdict")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a reader must know to judge or repeat the figures.

    `load_average` is of 1 minute, `core` says whether the rating core is compiled or interpreted.
    """

    date: str
    commit: str
    processor: str
    cores: int
    memory_gib: int
    system: str
    python: str
    packages: dict[str, str]
    load_average: float
    core: str

    def line(self) -> str:
        """Return it as one line."""
        packages = ", ".join(f"{name} {version}" for name, version in self.packages.items())
        return (
            f"{self.date}, commit {self.commit}; {self.processor}, {self.cores} cores, "
            f"{self.memory_gib} GiB, {self.system}, load {self.load_average:.1f} at the start; "
            f"Python {self.python}, rating core {self.core}, {packages}"
        )


def provenance() -> Provenance:
    """Look at this machine and this working copy now."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Provenance(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_commit(),
        processor=_processor(),
        cores=os.cpu_count() or 0,
        memory_gib=round(memory / GIBIBYTE),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        packages={name: importlib.metadata.version(name) for name in _PACKAGES},
        load_average=os.getloadavg()[0],
        core=core_form(),
    )


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def _commit() -> str:
    """Return the working copy's commit, marked where rated code differs from it."""
    commit = _git("rev-parse", "--short", "HEAD")
    if not commit:
        return "unknown"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "schemas", "rating")
    changed += _git("status", "--porcelain", "--untracked-files=no", "--", "streams")
    return f"{commit} with changes" if changed else commit


def _git(*arguments: str) -> str:
    folder = Path(__file__).parents[2]
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
