"""Make `jars.lock` anew: `python -m streams.local_broker.lock` (needs the network).

Run it when the Kafka version changes; the start of a broker only reads the list.
"""

import hashlib
import tempfile
from pathlib import Path
from typing import Final

from jgo.maven import Dependency, MavenContext

from streams.local_broker.jars import LOCK_FILE, download

KAFKA_VERSION: Final = "4.1.2"

ROOTS: Final = (
    ("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
    # Has kafka.tools.StorageTool's option parser and the command line tools.
    ("org.apache.kafka", "kafka-tools", KAFKA_VERSION),
)
BINDING: Final = ("org.apache.logging.log4j", "log4j-slf4j-impl")
"""Connects Kafka's logging (slf4j 1.7) to its log4j 2; without it errors go nowhere. It is added
by hand, in the version of Kafka's own log4j-core: resolved as a third root, its bill of materials
would exchange Kafka's versions."""

HEADER: Final = f"""\
# The jars of Apache Kafka {KAFKA_VERSION}: SHA-256, bytes, Maven coordinates, in class path order.
# Made by `python -m streams.local_broker.lock`; do not edit.
"""


def main() -> None:
    """Resolve, download and hash every jar, and write the list."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = MavenContext(repo_cache=folder, local_repos=[])
        roots = [
            Dependency(context.project(group, artifact).at_version(version).artifact())
            for group, artifact, version in ROOTS
        ]
        first, others = context.resolver.resolve(roots)
        found = [(jar.groupId, jar.artifactId, jar.version) for jar in [*first, *others]]
        log4j = next(version for _, artifact, version in found if artifact == "log4j-core")
        lines = []
        for group, artifact, version in [*found, (*BINDING, log4j)]:
            path = download(group, artifact, version, folder, lambda _count: None)
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            size_bytes = path.stat().st_size
            lines.append(f"{sha256} {size_bytes} {group}:{artifact}:{version}\n")
    Path(__file__).with_name(LOCK_FILE).write_text(HEADER + "".join(lines), "ascii")


if __name__ == "__main__":
    main()
