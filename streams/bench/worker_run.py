"""Real workers over a topic that is there already: started, watched, measured, stopped.

The worker's log has one line a committed chunk: partition, next offset, dead letters, time. The
watch reads those lines as they come and asks the operating system for the processes' CPU seconds
beside. The measured window begins when every partition is past its set-up and warm-up, and ends
when the first partition comes near its end; so all workers have work all the time.

What is committed was rated before: at both edges of the window some chunks are rated and not yet
committed. While all partitions have work these are about as many at one edge as at the other, and
the window must hold so many chunks that the difference does not matter (`CHUNKS_MIN`).
"""

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

from streams.bench.jobs import MeasurementError, child_environment
from streams.bench.process_figures import cpu_seconds, cpu_wait_seconds, memory_peak_bytes
from streams.bench.rates import Rate, value_at
from streams.local_broker import free_port
from streams.own_program import own_program
from streams.tables.declaration import CALLS

CHUNKS_MIN: Final = 10
"""Chunks that each partition commits in the window, on average: one more or less is 10 % at most,
and with the usual calls there are 17 or more."""
LOOK_SECONDS: Final = 0.05
"""Time between two looks at log and CPU: 1 % of the shortest window."""
STUCK_SECONDS: Final = 120.0
"""Longest time without a committed chunk; a start on a busy machine is inside."""
CATCH_UP_SECONDS: Final = 300.0
"""Longest a catch-up may take; the target for a million rows is 60 s."""
STOP_SECONDS: Final = 40.0
"""A worker leaves within 30 s of SIGTERM; then it is killed, which it survives."""


_READY = re.compile(r"partition (\d+): ready at offset \d+ after ([0-9.]+) s, (\d+) rows caught up")


@dataclass(frozen=True, slots=True)
class ReadyLine:
    """One opened partition: the rows that were caught up and the seconds that opening took."""

    partition: int
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ChunkLine:
    """One committed chunk: when (seconds since 1970), of which partition, up to where.

    `call_rows` is how many rows of the calls table it put or deleted.
    """

    at: float
    partition: int
    events: int
    next_offset: int
    refused: int
    call_rows: int


@dataclass(slots=True)
class WorkerProcess:
    """One worker with what it has told so far. `samples` are (moment, CPU seconds)."""

    process: "subprocess.Popen[bytes]"
    log: Path
    read_to: int = 0
    chunks: list[ChunkLine] = field(default_factory=list)
    ready: list[ReadyLine] = field(default_factory=list)
    samples: list[tuple[float, float]] = field(default_factory=list)

    def look(self) -> int:
        """Read what is new in the log and take a sample; return the number of new chunks."""
        if self.process.poll() is not None:
            lines = self.log.read_text("utf-8", "replace").splitlines() or ["no word"]
            raise MeasurementError(f"worker: exit code {self.process.returncode}: {lines[-1]}")
        self.samples.append((time.time(), cpu_seconds(self.process.pid)))
        with self.log.open("rb") as file:
            file.seek(self.read_to)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self.read_to += len(whole)
        before = len(self.chunks)
        for line in whole.splitlines():
            self._take(line)
        return len(self.chunks) - before

    def _take(self, line: bytes) -> None:
        found = parse_line(line)
        if isinstance(found, ChunkLine):
            self.chunks.append(found)
        elif found is not None:
            self.ready.append(found)


def parse_line(line: bytes) -> ChunkLine | ReadyLine | None:
    """Return what a line of a worker's log says, None where it is about something else."""
    if not line.startswith(b"{"):
        return None
    members = json.loads(line)
    if members.get("message") != "chunk":
        ready = _READY.match(members.get("message", ""))
        if ready is None:
            return None
        return ReadyLine(int(ready[1]), rows=int(ready[3]), seconds=float(ready[2]))
    return ChunkLine(
        at=datetime.fromisoformat(members["time"]).timestamp(),
        partition=members["partition"],
        events=members["events"],
        next_offset=members["next_offset"],
        refused=sum(members["dead_letters"].values()),
        call_rows=members["rows"][CALLS.number],
    )


class Workers:
    """The workers of one run, which share the partitions."""

    def __init__(self, variables: Mapping[str, str], folder: Path, count: int) -> None:
        self._variables: Final = dict(variables)
        self._folder: Final = folder
        self._count: Final = count
        # Chosen once: a static member that comes back under another address is not known again.
        self._ports: Final = [str(free_port()) for _ in range(count)]
        self.running: list[WorkerProcess] = []

    def start(self) -> None:
        """Start all of them at once."""
        for number in range(self._count):
            log = self._folder / f"worker-{number}.log"
            log.unlink(missing_ok=True)
            self.running.append(WorkerProcess(self._launch(number, log), log))

    def _launch(self, number: int, log: Path) -> "subprocess.Popen[bytes]":
        variables = self._variables | {
            "TOLLSTREAM_WORKER_ID": f"bench-{number}",
            "TOLLSTREAM_DATA_DIR": str(self._folder / f"worker-{number}"),
            "TOLLSTREAM_WEB_PORT": self._ports[number],
        }
        with log.open("ab") as file:
            return subprocess.Popen(  # noqa: S603 - our own command line
                own_program("streams.cli", "worker"),
                env=child_environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                # Ctrl-C is for the benchmark, which then stops the workers in order.
                start_new_session=True,
            )

    def wait_until(self, ends: Sequence[int]) -> None:
        """Watch until every partition is committed up to its end; raises MeasurementError."""
        moved = time.monotonic()
        while not reached(self.chunks(), ends):
            if sum(worker.look() for worker in self.running):
                moved = time.monotonic()
            elif time.monotonic() - moved > STUCK_SECONDS:
                raise MeasurementError(f"worker: no chunk committed in {STUCK_SECONDS:.0f} s")
            time.sleep(LOOK_SECONDS)

    def wait_ready(self) -> tuple[int, float]:
        """Watch until every partition is open; return the rows caught up and the longest time."""
        deadline = time.monotonic() + CATCH_UP_SECONDS
        partitions = int(self._variables["TOLLSTREAM_PARTITIONS"])
        while True:
            for worker in self.running:
                worker.look()
            # A partition may open twice when a second worker joins; the last one counts.
            ready = {line.partition: line for worker in self.running for line in worker.ready}
            if len(ready) == partitions:
                lines = ready.values()
                return sum(line.rows for line in lines), max(line.seconds for line in lines)
            if time.monotonic() > deadline:
                raise MeasurementError(f"worker: not ready in {CATCH_UP_SECONDS:.0f} s")
            time.sleep(LOOK_SECONDS)

    def forget(self) -> None:
        """Delete the local stores of workers that are stopped."""
        for number in range(self._count):
            shutil.rmtree(self._folder / f"worker-{number}", ignore_errors=True)

    def chunks(self) -> list[ChunkLine]:
        """Return all chunks seen so far, in order of time."""
        lines = [chunk for worker in self.running for chunk in worker.chunks]
        return sorted(lines, key=lambda chunk: chunk.at)

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that the workers have used since their start."""
        return sum(cpu_seconds(worker.process.pid) for worker in self.running)

    def cpu_wait_seconds(self) -> float:
        """Return how long the workers' threads could have run and got no CPU."""
        return sum(cpu_wait_seconds(worker.process.pid) for worker in self.running)

    def memory_peak_bytes(self) -> int:
        """Return the largest memory that any of the workers has had."""
        return max(memory_peak_bytes(worker.process.pid) for worker in self.running)

    def stop(self) -> None:
        """Stop all of them in order."""
        for worker in self.running:
            worker.process.send_signal(signal.SIGTERM)
        for worker in self.running:
            try:
                worker.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        self.running.clear()


def reached(chunks: Iterable[ChunkLine], ends: Sequence[int]) -> bool:
    """Say whether every partition is committed up to its end."""
    at = [0] * len(ends)
    for chunk in chunks:
        at[chunk.partition] = max(at[chunk.partition], chunk.next_offset)
    return all(offset >= end for offset, end in zip(at, ends, strict=True))


def window(
    chunks: Sequence[ChunkLine], starts: Sequence[int], ends: Sequence[int]
) -> tuple[float, float]:
    """Return the moments between which every partition was past its start and before its end.

    `chunks` in order of time, beyond all ends. Raises MeasurementError where there is none.
    """
    begins: dict[int, float] = {}
    finishes: dict[int, float] = {}
    for chunk in chunks:
        if chunk.next_offset >= starts[chunk.partition]:
            begins.setdefault(chunk.partition, chunk.at)
        if chunk.next_offset >= ends[chunk.partition]:
            finishes.setdefault(chunk.partition, chunk.at)
    begin, end = max(begins.values()), min(finishes.values())
    if end <= begin:
        raise MeasurementError("worker: too few calls to measure; take more with --calls")
    return begin, end


def measured_rate(workers: Workers, starts: Sequence[int], ends: Sequence[int]) -> Rate:
    """Return the workers' rate from the offsets `starts` to where the first one is at its `ends`.

    Raises MeasurementError where a call was refused: then it is not what was to be measured.
    """
    chunks = workers.chunks()
    if any(chunk.refused for chunk in chunks):
        raise MeasurementError("worker: calls were refused; see the dead letters")
    begin, end = window(chunks, starts, ends)
    inside = [chunk.events for chunk in chunks if begin < chunk.at <= end]
    if len(inside) < CHUNKS_MIN * len(ends):
        raise MeasurementError(f"worker: {len(inside)} chunks are too few; take more with --calls")
    used = sum(
        value_at(worker.samples, end) - value_at(worker.samples, begin)
        for worker in workers.running
    )
    return Rate(sum(inside), end - begin, used)


def rates_by_part(workers: Workers, begun_at: int, events: int, parts: int) -> list[Rate]:
    """Return the workers' rates in equal parts of their events, in order of time.

    `begun_at` events were rated before what is looked at, the set-up; `Rate.calls` counts events.
    Parts are cut at the ends of chunks. Raises MeasurementError where events were refused.
    """
    chunks = workers.chunks()
    if any(chunk.refused for chunk in chunks):
        raise MeasurementError("worker: events were refused; see the dead letters")
    edges = part_edges(chunks, begun_at, events, parts)
    return [
        Rate(
            sum(chunk.events for chunk in chunks if begin < chunk.at <= end),
            end - begin,
            sum(
                value_at(worker.samples, end) - value_at(worker.samples, begin)
                for worker in workers.running
            ),
        )
        for begin, end in pairwise(edges)
    ]


def part_edges(chunks: Sequence[ChunkLine], begun_at: int, events: int, parts: int) -> list[float]:
    """Return the moments at which each equal part of some events was done, the first their begin.

    `chunks` in order of time, and at least `begun_at` and `events` events in them.
    """
    edges: list[float] = []
    done = -begun_at
    for chunk in chunks:
        done += chunk.events
        while len(edges) <= parts and done >= events * len(edges) / parts:
            edges.append(chunk.at)
    if len(set(edges)) <= parts:
        raise MeasurementError("worker: too few chunks to compare; take more with --calls")
    return edges
