"""Kafka's jars: which they are, where they lie, and that they are the ones we know.

`jars.lock` lists every jar with its SHA-256 and size, in the order of the class path; it is made
by `python -m streams.local_broker.lock`. The downloader (jgo) only warns when a checksum is
wrong and leaves half a file behind when it is interrupted, so jars are fetched into a folder
beside, checked against the list, and only then moved to their place. As files can rot or be
exchanged later, all of them are hashed again before every start (56 MB, 0.1 s).
"""

import contextlib
import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from streams.local_broker.errors import BrokerError

LOCK_FILE: Final = "jars.lock"

DOWNLOADS_AT_ONCE: Final = 8
"""Jars fetched side by side: most are small, so the time goes into round trips."""

DOWNLOAD_TRIES: Final = 3
"""Tries per jar: a connection dropped once in a hundred requests must not fail a first start."""

DOWNLOAD_TIMEOUT_SECONDS: Final = 30
"""Silence of the repository after which a try counts as failed."""

Progress = Callable[[int], None]
"""Called with a number of bytes as they arrive; from several threads."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar of the list: Maven coordinates, hex SHA-256 and size of the file."""

    group: str
    artifact: str
    version: str
    sha256: str
    size_bytes: int

    @property
    def file_name(self) -> str:
        """The name the file has in the repository and in our folder."""
        return f"{self.artifact}-{self.version}.jar"


def locked_jars() -> list[Jar]:
    """Return the list shipped with this package, in class path order."""
    jars = []
    text = resources.files("streams.local_broker").joinpath(LOCK_FILE).read_text("ascii")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            sha256, size, coordinates = line.split()
            group, artifact, version = coordinates.split(":")
            jars.append(Jar(group, artifact, version, sha256, int(size)))
    return jars


def is_right(jar: Jar, path: Path) -> bool:
    """Say whether the file at `path` is this jar, to the byte."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


def missing_jars(folder: Path, jars: list[Jar]) -> list[Jar]:
    """Return the jars that are not in `folder` or are not what they should be."""
    return [jar for jar in jars if not is_right(jar, folder / jar.file_name)]


def fetch_jars(folder: Path, missing: list[Jar], progress: Progress) -> None:
    """Download jars into `folder`; raises BrokerError with the first that cannot be had."""
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder):
        # Another process may have fetched them while we waited for it.
        still_missing = missing_jars(folder, missing)
        progress(sum(jar.size_bytes for jar in missing if jar not in still_missing))
        incoming = folder / "incoming"
        shutil.rmtree(incoming, ignore_errors=True)
        pool = ThreadPoolExecutor(DOWNLOADS_AT_ONCE)
        try:
            list(pool.map(lambda jar: _fetch(jar, folder, incoming, progress), still_missing))
        finally:
            pool.shutdown(cancel_futures=True)
            shutil.rmtree(incoming, ignore_errors=True)


def class_path(folder: Path, jars: list[Jar]) -> str:
    """Return the class path of these jars for Java's command line."""
    return ":".join(str(folder / jar.file_name) for jar in jars)


def _fetch(jar: Jar, folder: Path, incoming: Path, progress: Progress) -> None:
    problem = ""
    for attempt in range(DOWNLOAD_TRIES):
        # A folder per try: jgo takes a file that is already there for a good one.
        try_folder = incoming / f"{jar.artifact}-{attempt}"
        try:
            path = download(jar.group, jar.artifact, jar.version, try_folder, progress)
        # A repository's "no", a lost connection, a full disk: jgo raises them as these.
        except (OSError, RuntimeError) as error:
            problem = _one_line(error)
            continue
        if is_right(jar, path):
            path.replace(folder / jar.file_name)
            return
        problem = "its SHA-256 is not the one shipped with tollstream"
    raise BrokerError(f"cannot get {jar.file_name} from the Maven repository: {problem}")


def download(group: str, artifact: str, version: str, folder: Path, progress: Progress) -> Path:
    """Download one jar with jgo into a repository-shaped folder and return its path."""
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - slow, rarely needed

    @contextlib.contextmanager
    def report(_name: str, _size_bytes: int) -> Iterator[Progress]:
        yield progress

    callback: Callable[[str, int], AbstractContextManager[Progress]] = report
    context = MavenContext(
        resolver=PythonResolver(progress_callback=callback),
        repo_cache=folder,
        local_repos=[],
        timeout=DOWNLOAD_TIMEOUT_SECONDS,
    )
    component = context.project(group, artifact).at_version(version)
    return Path(component.artifact().resolve())


def _one_line(error: Exception) -> str:
    """Say in a few words why a download failed, without the library's nested text."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    name = type(error).__name__
    known = {
        "ConnectionError": "no connection; is there a network?",
        "ConnectTimeout": "no answer; is there a network?",
        "ReadTimeout": "the answer stopped coming",
        "SSLError": "the secure connection failed; is there a proxy in between?",
        "ProxyError": "the proxy refused",
        "RuntimeError": "it is not there",
    }
    return known.get(name, name)


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that two processes do not fetch the same jars at once."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
