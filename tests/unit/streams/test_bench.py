"""What `tollstream bench` measures with, and how it does its sums."""

import json
import os
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from click.testing import CliRunner

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from streams.bench.call_log import (
    CallLog,
    LogShape,
    encoded_calls,
    encoded_set_up,
    tenant_name,
)
from streams.bench.campaign import month_start_seconds
from streams.bench.copy_baseline import ledger_lines, read_lines
from streams.bench.core_baseline import measure_core
from streams.bench.jobs import Job, MeasurementError
from streams.bench.long_log import encoded_months
from streams.bench.machine import provenance
from streams.bench.place import Place
from streams.bench.process_figures import cpu_seconds, cpu_wait_seconds, memory_peak_bytes
from streams.bench.rates import LatencySummary, Rate, RateSummary, percentile, value_at
from streams.bench.results import CatchUp, Figures, Live, LongRun, to_json
from streams.bench.table import report
from streams.bench.topic_fill import partition_finder
from streams.bench.worker_run import (
    ChunkLine,
    ReadyLine,
    parse_line,
    part_edges,
    reached,
    window,
)
from streams.commands.bench import command
from streams.engine import build_engine
from streams.settings import Settings

CALLS = 1_000
SHAPE = LogShape(tenants=20, calls=CALLS)


def rated_records() -> list[dict[str, object]]:
    """Rate the whole log with the engine and return its records; no event may be refused."""
    log, engine, store = CallLog(SHAPE), build_engine(ShippedReferences()), MemoryStore()
    records = []
    for key, raw in [*encoded_set_up(log), *encoded_calls(log, range(CALLS))]:
        handled = engine.handle(store, raw, key)
        assert handled.refusal is None
        records += [orjson.loads(line) for line in handled.lines]
    return records


def test_of_a_hundred_calls_ten_are_split_and_two_are_toll_free() -> None:
    """The shares are those that the targets are stated for, as the engine itself rates them."""
    found: Counter[object] = Counter()
    for record in rated_records():
        if record["type"] == "tollstream.call.rated.v1":
            data = record["data"]
            found[data["outcome"], tuple(leg["purse"] for leg in data["legs"])] += 1
    assert {
        ("rated", ("pool",)): 580,
        ("rated", ("user_pool",)): 200,
        ("rated", ("user_pool", "credits")): 100,
        ("free_inbound", ()): 100,
        ("rated", ("credits",)): 20,
    } == found


def test_no_two_calls_have_the_same_called_number() -> None:
    """A cache of numbers that were looked up before must not make the figures better."""
    log = CallLog(LogShape(tenants=3, calls=20_000))
    called = {log.call(number).data.callee for number in range(20_000)}
    assert 20_000 == len(called)


def test_an_event_has_about_600_bytes() -> None:
    """The targets are stated for events of this size."""
    sizes = [len(raw) for _, raw in encoded_calls(CallLog(SHAPE), range(CALLS))]
    assert 550 < sum(sizes) / CALLS < 650


def test_the_same_shape_gives_the_same_bytes_and_another_seed_others() -> None:
    """Every process of a run makes the log anew and must get the same one."""

    def raws(seed: int) -> list[tuple[bytes, bytes]]:
        return list(encoded_calls(CallLog(LogShape(20, 200, seed)), range(200)))

    assert raws(1) == raws(1)
    assert raws(1) != raws(2)


def test_calls_are_in_order_of_time_and_all_in_march() -> None:
    """Otherwise the timer would begin a month in the middle of a measurement."""
    times = [CallLog(SHAPE).call(number).time for number in range(0, CALLS, 10)]
    assert all(before <= after for before, after in pairwise(times))
    assert datetime(2021, 3, 31, tzinfo=UTC) > times[-1]


def test_many_months_begin_for_all_tenants_and_refuse_nothing() -> None:
    """Months, money and calls stand in the order in which a worker would have met them."""
    shape = LogShape(tenants=5, calls=600)
    log, engine, store = CallLog(shape), build_engine(ShippedReferences()), MemoryStore()
    types: Counter[object] = Counter()
    for key, raw in [*encoded_set_up(log), *encoded_months(log, 600, 24)]:
        handled = engine.handle(store, raw, key)
        assert handled.refusal is None
        for line in handled.lines:
            record = orjson.loads(line)
            types[record["type"]] += 1
            if record["type"] == "tollstream.call.rated.v1":
                types[record["data"]["outcome"]] += 1
                types["split"] += len(record["data"]["legs"]) > 1
    assert 600 == types["tollstream.call.rated.v1"]
    assert 600 == types["rated"] + types["free_inbound"]
    assert 60 == types["split"]
    periods = [raw for _, raw in encoded_months(log, 600, 24) if b"period.started" in raw]
    assert 23 * 5 == len(periods)


def test_a_log_goes_on_behind_its_end_with_calls_of_their_own() -> None:
    """A feed may be longer than the log: the same owners come round, no call comes twice."""
    log = CallLog(SHAPE)
    before, behind = log.call(7), log.call(7 + CALLS)
    assert before.tenant == behind.tenant
    assert before.data.usage_id != behind.data.usage_id
    assert before.data.callee != behind.data.callee


def test_a_key_falls_where_a_producer_would_send_it() -> None:
    """The topic is filled partition by partition, as its keys say; every partition gets some."""
    find = partition_finder(4)
    partitions = [find(tenant_name(number).encode()) for number in range(200)]
    assert partitions == [find(tenant_name(number).encode()) for number in range(200)]
    assert {0, 1, 2, 3} == set(partitions)


def test_the_copies_write_the_bytes_that_the_core_wrote(tmp_path: Path) -> None:
    """Real ledger lines, each call's own number of them, so their size is the ledger's own."""
    job = Job("core", 20, CALLS, 1, 0, CALLS, lines_file=str(tmp_path / "calls.lines"))
    answer = measure_core(job, Settings())
    samples = read_lines(job.lines_file)
    calls = [SimpleNamespace(key=b"t", offset=offset) for offset in range(len(samples))]
    lines = ledger_lines(calls, samples)
    assert answer["calls"] == len(samples)
    assert answer["ledger_bytes"] == sum(len(line) for _, line in lines) / len(samples)
    assert {b"t"} == {key for key, _ in lines}
    assert len(lines) > len(samples)


def test_a_percentile_is_the_smallest_value_not_exceeded_by_that_share() -> None:
    """The nearest-rank definition, without values between those measured."""
    ordered = [float(value) for value in range(1, 201)]
    assert 100.0 == percentile(ordered, 50)
    assert 198.0 == percentile(ordered, 99)
    assert 200.0 == percentile(ordered, 100)
    assert 7.0 == percentile([7.0], 50)
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


def test_a_summary_of_repeats_is_their_median() -> None:
    """Wall and CPU have medians of their own."""
    summary = RateSummary.of([Rate(100, 1.0, 4.0), Rate(100, 2.0, 1.0), Rate(100, 4.0, 2.0)])
    assert 50.0 == summary.per_second
    assert 50.0 == summary.per_cpu_second


def test_latencies_are_told_in_milliseconds() -> None:
    """Measured in seconds, in any order."""
    assert LatencySummary(3, 20.0, 30.0, 30.0) == LatencySummary.of([0.03, 0.01, 0.02])


def test_a_value_between_samples_lies_on_the_line_between_them() -> None:
    """Before the first and after the last sample it is theirs."""
    samples = [(10.0, 1.0), (20.0, 5.0)]
    assert [1.0, 1.0, 3.0, 5.0, 5.0] == [
        value_at(samples, moment) for moment in (0.0, 10.0, 15.0, 20.0, 30.0)
    ]


def chunk(at: float, partition: int, next_offset: int) -> ChunkLine:
    """Return a chunk of ten events."""
    return ChunkLine(at, partition, 10, next_offset, 0, 10)


def test_the_window_is_while_every_partition_has_work() -> None:
    """It begins when the last one is past its warm-up and ends when the first one is done."""
    chunks = [
        chunk(1.0, 0, 10),
        chunk(2.0, 1, 10),
        chunk(3.0, 0, 20),
        chunk(4.0, 0, 30),
        chunk(5.0, 1, 20),
        chunk(6.0, 1, 30),
    ]
    assert (2.0, 4.0) == window(chunks, [10, 10], [30, 30])


def test_too_few_calls_are_no_measurement() -> None:
    """One chunk has a beginning and no duration."""
    with pytest.raises(MeasurementError, match="too few calls"):
        window([chunk(1.0, 0, 30)], [10], [30])


def test_a_topic_is_done_when_every_partition_is() -> None:
    """The newest offset of each partition counts."""
    chunks = [chunk(1.0, 0, 20), chunk(2.0, 1, 10)]
    assert reached(chunks, [20, 10])
    assert not reached(chunks, [20, 11])


def test_a_run_is_cut_into_parts_of_as_many_events() -> None:
    """Behind the set-up, at the ends of chunks."""
    chunks = [chunk(float(number), 0, 10 * number) for number in range(1, 10)]
    assert [1.0, 3.0, 5.0, 7.0, 9.0] == part_edges(chunks, 10, 80, 4)
    with pytest.raises(MeasurementError, match="too few chunks"):
        part_edges(chunks[:2], 10, 10, 4)


def test_a_month_begins_as_long_as_the_timer_announces_it() -> None:
    """But no longer than a quarter of an hour, and no shorter than the usual feed."""

    def seconds(tenants: int) -> float:
        place = Place("place", Path(), {}, LogShape(tenants, 10), 10)
        return month_start_seconds(place, 20.0)

    assert [20.0, 55.0, 900.0] == [round(seconds(n), 6) for n in (200, 100_000, 10_000_000)]


def test_the_lines_of_a_worker_are_understood() -> None:
    """Chunks and opened partitions; everything else is passed over."""
    line = {
        "dead_letters": {"bad_data": 2},
        "events": 7,
        "message": "chunk",
        "next_offset": 9,
        "partition": 3,
        "rows": [1, 2, 5, 0],
        "time": "2026-01-01T00:00:01.500+00:00",
    }
    at = datetime(2026, 1, 1, 0, 0, 1, 500_000, UTC).timestamp()
    assert ChunkLine(at, 3, 7, 9, 2, 5) == parse_line(json.dumps(line).encode())
    ready = b'{"message":"partition 3: ready at offset 9 after 1.25 s, 40 rows caught up"}'
    assert ReadyLine(3, rows=40, seconds=1.25) == parse_line(ready)
    assert parse_line(b'{"message":"waiting"}') is None
    assert parse_line(b"Traceback") is None


def test_a_job_is_read_as_it_was_written() -> None:
    """It goes to its process as JSON."""
    job = Job(
        "live", 2, 10, 1, 0, 10, (1, 2), (6, 7), "calls.lines", "out", pace=((9, 0.5), (1, 2.0))
    )
    assert job == Job.from_json(job.to_json())


def test_the_operating_system_knows_our_cpu_time_and_memory() -> None:
    """Both have grown by the time that a test runs."""
    assert cpu_seconds(os.getpid()) > 0
    assert cpu_wait_seconds(os.getpid()) >= 0
    assert memory_peak_bytes(os.getpid()) > 1 << 20


def figures() -> Figures:
    """Return figures that are easy to divide."""

    def summary(per_second: int) -> RateSummary:
        return RateSummary.of([Rate(per_second, 1.0, 0.5)])

    latency = LatencySummary(1_000, 12.0, 90.0, 100.0)
    return Figures(
        200,
        4,
        1,
        570.0,
        1_150.0,
        core=summary(50_000),
        copy=summary(40_000),
        copy_by_record=summary(25_000),
        stock=summary(1_000),
        worker=summary(20_000),
        memory_peak_bytes=300 << 20,
        live=Live(latency, 10_000.0, 0, 1.0, 0.25),
        month_start=Live(LatencySummary(1_000, 20.0, 180.0, 200.0), 10_000.0, 77, 1.0, 0.0),
        catch_up=CatchUp(5_000, 0.5, 0.25),
    )


def test_ratios_are_the_workers_rate_over_the_others() -> None:
    """Of one run, wall and CPU apart."""
    ratios = figures().ratios
    assert (20.0, 20.0) == (ratios.stock_wall, ratios.stock_cpu)
    assert (0.5, 0.5) == (ratios.copy_wall, ratios.copy_cpu)
    assert (0.8, 0.8) == (ratios.copy_by_record_wall, ratios.copy_by_record_cpu)
    assert 0.4 == ratios.core_cpu


def test_the_report_names_machine_and_every_figure() -> None:
    """A figure without its origin is none."""
    where = provenance()
    text = report(where, [figures()])
    assert where.line() == text.splitlines()[0]
    for shown in (
        "20,000 (40,000)",
        "1,000 (2,000)",
        "20.0 x (20.0 x)",
        "0.50 x (0.50 x)",
        "0.80 x (0.80 x)",
        "12 / 90 (25%)",
        "20 / 180 (0%), 2.0 x, 77 resets",
        "5,000 in 0.5 s (0.2 s)",
        "300 MiB",
        "570 B",
    ):
        assert shown in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(row.count("|") > 1 and row.endswith("|") for row in rows)


def test_many_months_are_told_by_quarters() -> None:
    """With what is left in the calls table, and the last quarter's rate over the first's."""
    quarters = tuple(Rate(1_000, 1.0, seconds) for seconds in (0.1, 0.1, 0.1, 0.125))
    run = LongRun(500, 4, 24, 4_000, quarters, 700, 667, 300 << 20)
    assert 0.8 == run.last_to_first
    text = report(provenance(), [figures()], [run])
    for shown in ("quarter 4", "1,000 (8,000)", "(0.80 x)", "700 (667)"):
        assert shown in text
    content = json.loads(json.dumps(to_json(provenance(), {}, [], [run])))
    assert 0.8 == content["long_runs"][0]["last_to_first"]


def test_the_json_holds_options_repeats_and_ratios() -> None:
    """So that another program needs nothing but the file."""
    content = json.loads(json.dumps(to_json(provenance(), {"calls": 1}, [figures()], [])))
    (configuration,) = content["configurations"]
    assert {"calls": 1} == content["options"]
    assert 20_000 == configuration["worker"]["per_second"]
    assert 20_000 == configuration["worker"]["repeats"][0]["calls"]
    assert 20.0 == configuration["ratios"]["stock_wall"]
    assert {"commit", "date", "processor"} <= set(content["where"])


@pytest.mark.parametrize("value", ["", "0", "1,,2", "1,x", "-1"])
def test_a_wrong_list_of_numbers_is_wrong_usage(value: str) -> None:
    """It is refused before anything is started."""
    done = CliRunner().invoke(command, ["--tenants", value])
    assert 2 == done.exit_code
    assert "is not like" in done.output


def test_two_sizes_at_once_are_wrong_usage() -> None:
    """One of them would be ignored."""
    done = CliRunner().invoke(command, ["--quick", "--medium"])
    assert 2 == done.exit_code


def test_the_month_start_needs_the_latency() -> None:
    """It is told as a latency, so one without the other is wrong usage."""
    done = CliRunner().invoke(command, ["--month-start", "--no-latency"])
    assert 2 == done.exit_code
