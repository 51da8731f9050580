"""The verdict on a deployment: everything in Kafka compared with its events topic.

Checked, partition by partition, whatever was done to the workers before:

- `lost`, `double`: each input call in exactly one of rated, duplicate, dead letter;
- `ledger`, `dead_letter`: committed records are, byte for byte and in order, those of rating the
  log from zero;
- `rows`: the changelogs folded are its rows; `position`: the newest position is the log's end;
- `local_rows`: so are the local stores that are up to date;
- `open_transaction`: nothing keeps readers of committed records from any topic's end.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import ConsumerRecord

from streams.lane.ports import LocalMark
from streams.lane.position import unpack_position
from streams.settings import Settings
from streams.tables.declaration import CALLS, LOG_KEY, POSITION_KEY, TABLES, TENANTS, Table
from tests.kafka.rig.accounting import CallCount, count_calls
from tests.kafka.rig.expected import Expected, Output, Rows, rate_records
from tests.kafka.rig.local_stores import read_store
from tests.kafka.rig.reading import Place, end_offsets, folded, read_all

TIMER = b'"tollstream/timer"'
FAULTS_SHOWN = 5
"""Faults of one kind that are spelled out; the rest is only counted."""


@dataclass(slots=True)
class Verdict:
    """Counts for the report, and faults by kind: none means that every promise held."""

    inputs: int = 0
    timer_inputs: int = 0
    ledger: int = 0
    dead_letters: int = 0
    aborted: int = 0
    stores_checked: int = 0
    calls: CallCount = field(default_factory=CallCount)
    faults: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    expected: dict[int, Expected] = field(default_factory=dict)

    def fault(self, kind: str, text: str, count: int = 1) -> None:
        """Note a fault."""
        if self.faults[kind] < FAULTS_SHOWN:
            self.lines.append(f"{kind}: {text}")
        self.faults[kind] += count

    @property
    def right(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.faults

    def text(self) -> str:
        """Return the faults in lines, for a failing test's message."""
        return "\n".join([f"{dict(self.faults)}", *self.lines])


def verify(settings: Settings, stores: Iterable[Path] = ()) -> Verdict:
    """Read everything back and compare. `stores`: local stores of workers that have stopped."""
    verdict = Verdict()
    changelogs = [table.changelog(settings.app_id) for table in TABLES]
    outputs = (settings.ledger_topic, settings.dead_letter_topic)
    read = asyncio.run(read_all(settings, settings.events_topic, *outputs, *changelogs))
    for partition in range(settings.partitions):
        inputs, ledger, letters = (
            read[topic, partition] for topic in (settings.events_topic, *outputs)
        )
        _check_outputs(verdict, partition, inputs, ledger, letters)
        for table, changelog in zip(TABLES, changelogs, strict=True):
            _check_changelog(verdict, table, partition, read[changelog, partition])
    uncommitted = asyncio.run(
        read_all(settings, settings.ledger_topic, isolation="read_uncommitted")
    )
    verdict.aborted = sum(map(len, uncommitted.values())) - verdict.ledger
    _check_transactions(verdict, settings, [*outputs, *changelogs])
    ends = asyncio.run(end_offsets(settings, *changelogs))
    for directory in stores:
        _check_store(verdict, settings, directory, ends)
    return verdict


def _check_outputs(
    verdict: Verdict,
    partition: int,
    inputs: list[ConsumerRecord],
    ledger: list[ConsumerRecord],
    letters: list[ConsumerRecord],
) -> None:
    where = f"partition {partition}"
    expected = verdict.expected[partition] = rate_records(inputs)
    calls = count_calls(inputs, ledger, letters)
    verdict.calls += calls
    verdict.inputs += len(inputs)
    verdict.timer_inputs += sum(TIMER in (record.value or b"") for record in inputs)
    verdict.ledger += len(ledger)
    verdict.dead_letters += len(letters)
    if calls.lost:
        verdict.fault("lost", f"{where}: {calls.lost} calls", calls.lost)
    if calls.double:
        verdict.fault("double", f"{where}: {calls.double} outcomes too many", calls.double)
    _compare(verdict, "ledger", where, expected.ledger, ledger)
    _compare(verdict, "dead_letter", where, expected.dead_letters, letters)


def _compare(
    verdict: Verdict, kind: str, where: str, expected: Output, found: Sequence[ConsumerRecord]
) -> None:
    """Compare one partition of an output topic record by record; name the first difference."""
    have = [(record.key, record.value) for record in found]
    if have == expected:
        return
    places = range(max(len(have), len(expected)))
    first = next(
        place for place in places if have[place : place + 1] != expected[place : place + 1]
    )
    verdict.fault(
        kind,
        f"{where}: {len(expected)} expected, {len(have)} found, differ at {first}: "
        f"{expected[first : first + 1]!r:.300} | {have[first : first + 1]!r:.300}",
    )


def _check_changelog(
    verdict: Verdict, table: Table, partition: int, records: list[ConsumerRecord]
) -> None:
    where = f"partition {partition} of the changelog of {table.name}"
    expected, rows = verdict.expected[partition], folded(records)
    rows.pop(LOG_KEY, None)
    if table is TENANTS:
        raw = rows.pop(POSITION_KEY, None)
        at = 0 if raw is None else unpack_position(raw).source_next
        if at != expected.inputs:
            verdict.fault("position", f"{where}: at {at} of {expected.inputs}")
    differing = _differing(table.name, rows, expected)
    if differing:
        verdict.fault("rows", f"{where}: {differing[0]!r}", len(differing))


def _differing(table: str, rows: Rows, expected: Expected) -> list[bytes]:
    """Return the keys whose rows are not what they must be."""
    wanted = expected.rows[table]
    differing = {key for key in wanted.keys() | rows.keys() if wanted.get(key) != rows.get(key)}
    if table == CALLS.name:
        # A call whose month is no longer accepted counts as absent, removed or not (D-84).
        differing -= {key for key in expected.forgettable if key not in rows}
    return sorted(differing)


def _check_transactions(verdict: Verdict, settings: Settings, topics: list[str]) -> None:
    """Look for a transaction still open: committed readers would end before it (LSO < end)."""
    committed = asyncio.run(end_offsets(settings, *topics, isolation="read_committed"))
    for place, end in asyncio.run(end_offsets(settings, *topics)).items():
        if committed[place] != end:
            verdict.fault("open_transaction", f"{place}: {committed[place]} of {end}")


def _check_store(
    verdict: Verdict, settings: Settings, directory: Path, ends: dict[Place, int]
) -> None:
    """Compare a local store that says it is complete; an older one proves nothing."""
    if not directory.exists():
        return
    try:
        copy = read_store(directory)
    except Exception:  # noqa: BLE001 - a store left damaged is the next worker's to rebuild
        return
    mark = copy.mark
    if mark is None or mark.position is None or mark.app_id != settings.app_id:
        return
    if not _is_complete(settings, mark, ends):
        return
    verdict.stores_checked += 1
    for table, rows in copy.rows.items():
        differing = _differing(table, rows, verdict.expected[mark.partition])
        if differing:
            verdict.fault("local_rows", f"{directory}: {table}: {differing[0]!r}", len(differing))


def _is_complete(settings: Settings, mark: LocalMark, ends: dict[Place, int]) -> bool:
    """Say whether the store has read every changelog to its end but for the last marker."""
    return all(
        following >= ends[table.changelog(settings.app_id), mark.partition] - 1
        for table, following in zip(TABLES, mark.changelog_next, strict=True)
    )
