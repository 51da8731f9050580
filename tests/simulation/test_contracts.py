"""What every adapter of a port must do: the simulated ones and those of production alike.

The local store's contract runs on RocksDB too. The log's runs on the production's
`KafkaPartitionLog` over the simulated broker; `tests/kafka` proves its promises on a real one.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from streams.clock import SystemClock
from streams.lane.fault_points import NoFaults
from streams.lane.ports import (
    ChangelogShorterError,
    ChunkWrites,
    Clock,
    LocalMark,
    LocalRows,
    PartitionLog,
    Position,
)
from streams.lane.position import unpack_position
from streams.lane.stopping import ExitCode, LaneStop
from streams.lane.transaction import KafkaPartitionLog
from streams.settings import Settings
from streams.tables.declaration import LOG_KEY, POSITION_KEY, TABLES
from streams.tables.local_rows import RocksRows, StoreBudget
from tests.simulation.broker import SimBroker
from tests.simulation.clients import simulated_clients
from tests.simulation.faults import NetworkFaults, Plan
from tests.simulation.local import CommittedPosition, SimDirectory, SimRows
from tests.simulation.loop import SimLoop
from tests.simulation.worker import SimClock
from tests.simulation.world import World

Opener = Callable[[], LocalRows]


def mark_at(source_next: int) -> LocalMark:
    """Return a mark of partition 3."""
    return LocalMark(3, "app", Position(source_next, None, "log"), (source_next, 0, 0, 0), 1.5)


@pytest.fixture(params=["simulated", "rocksdb"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Return what makes adapters of one and the same directory; at most one is open."""
    made: list[LocalRows] = []
    directory = SimDirectory()
    faults = NetworkFaults(Random(1), Counter(), {})
    budget = StoreBudget.standard()

    def make() -> LocalRows:
        rows: LocalRows
        if request.param == "simulated":
            rows = SimRows(directory, faults, CommittedPosition(3))
        else:
            rows = RocksRows(tmp_path / "partition-3", budget)
        made.append(rows)
        return rows

    yield make
    for rows in made:
        rows.close()


def test_a_new_store_has_no_mark_and_no_rows(opener: Opener) -> None:
    """None tells a new store from one that is a copy of something."""
    rows = opener()
    assert rows.open() is None
    assert rows.get(b"tkey") is None
    assert [] == list(rows.scan(b"t", b"t"))


def test_rows_and_mark_are_there_after_opening_again(opener: Opener) -> None:
    """A store says itself what it is a copy of."""
    rows = opener()
    rows.open()
    rows.write([(b"ta", b"1"), (b"tb", b"2")], mark_at(7))
    rows.write([(b"ta", None)], mark_at(8))
    rows.close()
    again = opener()
    assert mark_at(8) == again.open()
    assert (None, b"2") == (again.get(b"ta"), again.get(b"tb"))


def test_unlogged_rows_are_there_after_a_flush(opener: Opener) -> None:
    """A catch-up ends with a flush."""
    rows = opener()
    rows.open()
    rows.write([(b"ta", b"1")], mark_at(1), durable=False)
    rows.flush()
    rows.close()
    again = opener()
    assert mark_at(1) == again.open()
    assert b"1" == again.get(b"ta")


def test_a_scan_is_in_key_order_and_keeps_to_its_prefix(opener: Opener) -> None:
    """Bytes decide the order."""
    rows = opener()
    rows.open()
    keys = [b"sz", b"ta", b"t\x00", b"tb\xff", b"tb", b"u"]
    rows.write([(key, key) for key in keys], mark_at(1))
    assert [(k, k) for k in (b"t\x00", b"ta", b"tb", b"tb\xff")] == list(rows.scan(b"t", b"t"))
    assert [(k, k) for k in (b"tb", b"tb\xff")] == list(rows.scan(b"ta\x00", b"t"))
    assert [] == list(rows.scan(b"v", b"v"))


def test_a_scan_does_not_see_what_is_written_meanwhile(opener: Opener) -> None:
    """An iteration is one instant's."""
    rows = opener()
    rows.open()
    rows.write([(b"ta", b"1"), (b"tc", b"1")], mark_at(1))
    scan = rows.scan(b"t", b"t")
    assert (b"ta", b"1") == next(scan)
    rows.annotate([(b"tb", b"2"), (b"tc", b"2")])
    assert [(b"tc", b"1")] == list(scan)


def test_annotations_move_no_mark(opener: Opener) -> None:
    """What belongs to the local store alone says nothing of the log."""
    rows = opener()
    rows.open()
    rows.write([], mark_at(4))
    rows.annotate([(b"\x00due", b"x")])
    rows.close()
    again = opener()
    assert mark_at(4) == again.open()
    assert b"x" == again.get(b"\x00due")


def test_a_wiped_store_is_new_and_open(opener: Opener) -> None:
    """Nothing of the old content comes back."""
    rows = opener()
    rows.open()
    rows.write([(b"ta", b"1")], mark_at(4))
    rows.wipe()
    assert rows.get(b"ta") is None
    rows.write([(b"tb", b"2")], mark_at(1))
    rows.close()
    again = opener()
    assert mark_at(1) == again.open()
    assert (None, b"2") == (again.get(b"ta"), again.get(b"tb"))


def test_closing_twice_is_harmless(opener: Opener) -> None:
    """A lane may close what never opened."""
    rows = opener()
    rows.close()
    rows.open()
    rows.close()
    rows.close()


def simulated_clock() -> Clock:
    """Return a worker's clock of a simulation."""
    return SimClock(World(Plan(1, events=20)), 5.0)


@pytest.mark.parametrize("make", [SystemClock, simulated_clock])
def test_a_clock_tells_a_date_and_never_runs_back(make: Callable[[], Clock]) -> None:
    """The stop watch is monotonic; the date is after this code was written or its log began."""
    clock = make()
    first = clock.elapsed()
    assert clock.now() > 1_600_000_000
    assert clock.elapsed() >= first


class LogBench:
    """Partition logs over a simulated broker."""

    def __init__(self) -> None:
        self.loop = SimLoop(1)
        self.broker = SimBroker(self.loop, 1, lambda: 1_700_000_000.0 + self.loop.time())
        self._faults = NetworkFaults(Random(1), Counter(), {})

    def log(self) -> PartitionLog[Any]:
        """Return another owner of partition 0."""
        return KafkaPartitionLog(Settings(app_id="a"), 0, SystemClock(), NoFaults())

    def run(self, script: Callable[["LogBench"], Any]) -> None:
        """Run a script in simulated time."""
        with simulated_clients(self.broker, self._faults):
            self.loop.drive(script(self))
            self.loop.close_tasks()


def writes_to(source_next: int, *tenants: str) -> ChunkWrites:
    """Return a chunk's writes: a ledger line and a row for each tenant."""
    keys = [tenant.encode() for tenant in tenants]
    return ChunkWrites(
        Position(source_next, None, "log"),
        ledger=[(key, b"line of " + key) for key in keys],
        dead_letters=[(None, b"letter")],
        rows=([(key, b"row of " + key) for key in keys], [], [], []),
    )


async def rows_in(log: PartitionLog[Any], starts: tuple[int, ...]) -> list[bytes]:
    """Return the keys of the tenants' changelog."""
    return [
        key
        async for part in log.read_changelogs(starts)
        for key, _ in part.rows
        if key != POSITION_KEY
    ]


START = (0,) * len(TABLES)


def test_a_new_log_has_no_position() -> None:
    """None tells a partition where nothing was ever committed."""

    async def script(bench: LogBench) -> None:
        log = bench.log()
        await log.fence()
        assert await log.last_position() is None
        assert await log.last_ledger_line() is None
        assert await log.last_dead_letter() is None
        assert [None] * len(TABLES) == await log.changelog_heads()
        assert (0, 0) == await log.source_range()
        assert [] == await rows_in(log, START)

    LogBench().run(script)


def test_a_commit_is_one_unit_and_tells_where_changelogs_go_on() -> None:
    """After a commit ledger, rows and position are all there."""

    async def script(bench: LogBench) -> None:
        log = bench.log()
        await log.fence()
        following = await log.commit(log.prepare(writes_to(4, "one", "two")))
        assert [3, -1, -1, -1] == following
        successor = bench.log()
        await successor.fence()
        raw = await successor.last_position()
        assert raw is not None
        assert Position(4, None, "log") == unpack_position(raw)
        assert (b"two", b"line of two") == await successor.last_ledger_line()
        assert b"letter" == await successor.last_dead_letter()
        assert [b"one", b"two"] == await rows_in(successor, START)
        assert [] == await rows_in(successor, (following[0], 0, 0, 0))

    LogBench().run(script)


def test_whoever_was_fenced_cannot_commit() -> None:
    """The old owner's commit fails with the exit code of a takeover and leaves nothing."""

    async def script(bench: LogBench) -> None:
        old, new = bench.log(), bench.log()
        await old.fence()
        prepared = old.prepare(writes_to(4, "one"))
        await new.fence()
        with pytest.raises(LaneStop) as stopped:
            await old.commit(prepared)
        assert ExitCode.FENCED is stopped.value.code
        assert await new.last_position() is None
        assert [] == await rows_in(new, START)

    LogBench().run(script)


def test_a_start_behind_the_end_is_told() -> None:
    """A changelog that lost records is not read on as if nothing had happened."""

    async def script(bench: LogBench) -> None:
        log = bench.log()
        await log.fence()
        await log.commit(log.prepare(writes_to(4, "one")))
        with pytest.raises(ChangelogShorterError):
            await rows_in(log, (99, 0, 0, 0))

    LogBench().run(script)


def test_every_changelog_begins_with_the_log_s_id() -> None:
    """The first transaction names the log in each, also where it has no row; no other one does."""

    async def script(bench: LogBench) -> None:
        log = bench.log()
        await log.fence()
        await log.commit(log.prepare(replace(writes_to(4, "one"), begins=True)))
        await log.commit(log.prepare(writes_to(5, "two")))
        heads = await log.changelog_heads()
        assert [(LOG_KEY, b"log")] * len(TABLES) == heads
        keys = [key async for part in log.read_changelogs(START) for key, _ in part.rows]
        assert len(TABLES) == keys.count(LOG_KEY)

    LogBench().run(script)


def test_commits_follow_each_other() -> None:
    """Several chunks make one log in their order."""

    async def script(bench: LogBench) -> None:
        log = bench.log()
        await log.fence()
        for number in range(1, 6):
            await log.commit(log.prepare(writes_to(number, f"tenant-{number}")))
        await log.close()
        successor = bench.log()
        await successor.fence()
        assert [f"tenant-{n}".encode() for n in range(1, 6)] == await rows_in(successor, START)

    LogBench().run(script)
