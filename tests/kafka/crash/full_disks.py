"""Disks that fill up under load, in turn inside a compaction and at any moment of writing (S1).

One worker whose data folder is a small real file system. Each time it must end with 5 and say why;
half of the times it is started once more while the disk is still full. Then the space comes back.
"""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

from streams.generate import LogOptions, generate
from tests.kafka.crash.table import row_of
from tests.kafka.rig.compactions import FAILED, MET
from tests.kafka.rig.deployment import Deployment, wait_until
from tests.kafka.rig.feeding import Feeder
from tests.kafka.rig.verification import Verdict, verify
from tests.kafka.rig.worker_process import WorkerProcess

LOCAL: Final = 5
"""Exit code of a worker whose disk failed."""
NO_SPACE: Final = "No space left on device"
NAME: Final = "worker"
CALLS_PER_FILL: Final = 250
SECONDS_PER_FILL: Final = 6
LONGEST_WRITE_SECONDS: Final = 1.0
"""A disk fills up so long after work began, at most, where that is not in a compaction."""
END_SECONDS: Final = 60
CHUNK_RECORDS: Final = 20
JITTER_MS: Final = 20


class FullDisks:
    """So many full disks; `play` them, then ask what came of it. Raises NoSmallDiskError."""

    def __init__(
        self,
        deployment: Deployment,
        fills: int,
        seed: int,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._deployment = deployment
        self._say = say
        self._random = Random(seed)
        self._disk = deployment.give_small_disk(NAME)
        self._hits = deployment.home / "hits"
        self.fills = fills
        self.seed = seed
        self.compactions = 0
        self.starts_on_full = 0
        self.unfed: dict[str, str] = {}
        self.wrong_ends: list[str] = []
        self.verdict = Verdict()

    def play(self) -> None:
        """Load, full disks, rest of the log, verdict."""
        deployment = self._deployment
        options = LogOptions(16, CALLS_PER_FILL * self.fills, seed=self.seed, months=2)
        deployment.create_topics()
        feeder = Feeder(deployment.settings, list(generate(options)))
        feeder.start(SECONDS_PER_FILL * self.fills)
        try:
            for number in range(self.fills):
                self._fill_once(in_compaction=number % 2 == 0)
        finally:
            feeder.finish()
        with deployment.worker(NAME) as last:
            deployment.wait_drained(last)
        self.unfed = feeder.differences(deployment.settings)
        stores = [deployment.store_dir(NAME, number) for number in range(deployment.partitions)]
        self.verdict = verify(deployment.settings, stores)

    def _fill_once(self, *, in_compaction: bool) -> None:
        plan = {"chunk_records": CHUNK_RECORDS, "jitter_ms": JITTER_MS}
        if in_compaction:
            plan |= {"fill_disk_in_compaction": True, "hits": str(self._hits)}
            worker = self._deployment.start(NAME, **plan)
            self.compactions += 1
        else:
            worker = self._deployment.start(NAME, **plan)
            self._fill_at_any_moment(worker)
        self._note_end(worker)
        if self._random.random() < 0.5:
            self.starts_on_full += 1
            self._note_end(self._deployment.start(NAME, **plan))
        self._disk.free()

    def _fill_at_any_moment(self, worker: WorkerProcess) -> None:
        deployment, before = self._deployment, self._deployment.processed()
        deployment.wait_for("progress", worker, lambda: deployment.processed() > before)
        pause_until = worker.age_seconds + self._random.uniform(0, LONGEST_WRITE_SECONDS)
        wait_until("a moment", lambda: worker.age_seconds > pause_until)
        self._disk.fill()

    def _note_end(self, worker: WorkerProcess) -> None:
        code, words = worker.wait(END_SECONDS), worker.last_words()
        self._say(f"{worker.log.name} ended with {code}: {words[:160]}")
        if code != LOCAL or NO_SPACE not in words:
            self.wrong_ends.append(f"{worker.log.name}: {code}: {words}")

    @property
    def hits(self) -> Counter[str]:
        """How often the disk was full inside a compaction, and RocksDB itself failed at it.

        It need not: the worker's own next write may find the disk full first, and ends it.
        """
        return Counter(self._hits.read_text().split() if self._hits.exists() else ())

    @property
    def right(self) -> bool:
        """Whether nothing was lost or doubled, and every full disk was met and told by name."""
        met = self.hits[MET] == self.compactions
        return self.verdict.right and not self.unfed and not self.wrong_ends and met

    def row(self, commit: str) -> str:
        """Return the full disks in one line of Markdown."""
        calls = self.verdict.calls
        cells = {
            "disks full": self.fills,
            "seed": self.seed,
            "commit": commit,
            "inside a compaction": f"{self.hits[MET]} ({self.hits[FAILED]} failed in RocksDB too)",
            "starts on a full disk": self.starts_on_full,
            "ended otherwise": len(self.wrong_ends),
            "inputs": self.verdict.inputs,
            "lost": calls.lost,
            "double": calls.double,
            "stores equal": self.verdict.stores_checked,
            "verdict": "right" if self.right else f"WRONG {dict(self.verdict.faults)}",
        }
        return row_of(cells)
