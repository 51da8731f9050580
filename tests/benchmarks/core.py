"""Calls a second of the rating core on one processor: `python -m tests.benchmarks.core`.

What is measured: the calls of `streams.bench.call_log`, about 600 bytes each, no two with the same
called number, over 10,000 tenants in log order. Three ways are timed, each over a store of its own
in which the tenants were set up before:

    apply                  decoded events to records
    apply, seal            and records to canonical, chained ledger lines
    decode, apply, seal    from raw bytes to ledger lines, all that the engine does for a call, some
                           dozens together as `rate` and the worker do

Before the timed repeats one more runs untimed, in which most tenants are met for the first time.
Each repeat has as many new calls as the others; the figure is their median, in processor time.
Processor time still grows on a machine that others share, to the double and more; so a plain loop
is timed before and after each repeat. Where either took a tenth longer than the shortest of the
same way, the repeat was disturbed: it does not count, but the table tells how many were left and
what the median of all was. The loop knows nothing of the engine, so this favours nobody.

`--profile` runs the last way under cProfile and prints the ten functions with most time of their
own; a profiler makes small functions look dearer than they are.
"""

import argparse
import cProfile
import dataclasses
import json
import pstats
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from rating.ledger_chain import seal
from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.codec import decode, encode_event
from schemas.dead_letter import Refusal
from schemas.envelope import Event
from streams.bench.call_log import CallLog, LogShape
from streams.bench.machine import provenance
from streams.collector import without_collector
from streams.engine import EVENTS_AT_ONCE, Engine, build_engine

TARGETS: Final = {"apply": 100_000, "decode, apply, seal": 50_000}
"""Calls a second asked for (issue 5)."""
LOOP_STEPS: Final = 1_000_000
DISTURBED: Final = 1.1
"""Times the shortest loop of its way that a loop took, at least, where others used the machine."""
TOP: Final = 10
ROOT: Final = Path(__file__).parents[2]

Way = Callable[[Engine, MemoryStore, Sequence[Any]], None]


def apply_alone(engine: Engine, store: MemoryStore, events: Sequence[Event]) -> None:
    """Turn decoded events into records."""
    apply = engine.rater.apply
    for event in events:
        apply(store, event)


def apply_and_seal(engine: Engine, store: MemoryStore, events: Sequence[Event]) -> None:
    """Turn decoded events into ledger lines."""
    apply = engine.rater.apply
    for event in events:
        records = apply(store, event)
        assert not isinstance(records, Refusal)
        seal(store, records)


def all_of_it(engine: Engine, store: MemoryStore, raws: Sequence[bytes]) -> None:
    """Turn raw bytes into ledger lines."""
    for begin in range(0, len(raws), EVENTS_AT_ONCE):
        engine.handle_all(store, [decode(raw) for raw in raws[begin : begin + EVENTS_AT_ONCE]])


WAYS: Final[dict[str, Way]] = {
    "apply": apply_alone,
    "apply, seal": apply_and_seal,
    "decode, apply, seal": all_of_it,
}


class Bench:
    """The calls, and stores in which their tenants are set up."""

    def __init__(self, options: argparse.Namespace, repeats: int) -> None:
        self.calls = options.calls
        self.repeats = repeats
        self._log = CallLog(LogShape(options.tenants, options.calls * (repeats + 1), options.seed))
        self._events = [self._log.call(number) for number in range(options.calls * (repeats + 1))]
        self._raws = [encode_event(event) for event in self._events]
        self.engine = build_engine(ShippedReferences())
        self.event_bytes = round(sum(map(len, self._raws)) / len(self._raws))

    def inputs(self, way: Way, repeat: int) -> Sequence[Any]:
        """Return the calls of a repeat; that of number 0 is not timed."""
        source: Sequence[Any] = self._raws if way is all_of_it else self._events
        return source[repeat * self.calls : (repeat + 1) * self.calls]

    def prepared(self, way: Way) -> MemoryStore:
        """Return a store in which all tenants are set up and the untimed calls were made."""
        store = MemoryStore()
        for tenant in range(self._log.shape.tenants):
            for event in self._log.set_up(tenant):
                records = self.engine.rater.apply(store, event)
                assert not isinstance(records, Refusal), records
                seal(store, records)
        way(self.engine, store, self.inputs(way, 0))
        return store


@dataclasses.dataclass(frozen=True, slots=True)
class Repeat:
    """What a call took in one repeat, and the longer of the two loops around it."""

    microseconds: float
    loop_milliseconds: float


def plain_loop() -> float:
    """Return the milliseconds of a loop that only shows how busy the machine is."""
    begun, total = time.process_time_ns(), 0
    for step in range(LOOP_STEPS):
        total += step & 7
    return (time.process_time_ns() - begun) / 1_000_000


def timed(way: Way, bench: Bench) -> list[Repeat]:
    """Return what each repeat took."""
    store = bench.prepared(way)
    repeats = []
    with without_collector():  # as `rate` does
        for repeat in range(1, bench.repeats + 1):
            inputs = bench.inputs(way, repeat)
            before = plain_loop()
            begun = time.process_time_ns()
            way(bench.engine, store, inputs)
            microseconds = (time.process_time_ns() - begun) / len(inputs) / 1_000
            repeats.append(Repeat(microseconds, max(before, plain_loop())))
    return repeats


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return all figures."""
    bench = Bench(options, options.repeats)
    repeats = {name: timed(way, bench) for name, way in WAYS.items()}
    ways = {}
    for name, each in repeats.items():
        shortest = min(repeat.loop_milliseconds for repeat in each)
        quiet = [
            repeat.microseconds
            for repeat in each
            if repeat.loop_milliseconds <= DISTURBED * shortest
        ]
        median = statistics.median(quiet)
        ways[name] = {
            "calls_per_second": round(1_000_000 / median),
            "microseconds_median": round(median, 2),
            "quiet_repeats": len(quiet),
            "microseconds_median_of_all": round(
                statistics.median(repeat.microseconds for repeat in each), 2
            ),
            "microseconds_each": [round(repeat.microseconds, 2) for repeat in each],
            "loop_milliseconds_each": [round(repeat.loop_milliseconds, 1) for repeat in each],
            "target_calls_per_second": TARGETS.get(name),
        }
    return {
        "provenance": dataclasses.asdict(provenance()),
        "tenants": options.tenants,
        "calls_per_repeat": options.calls,
        "repeats": options.repeats,
        "seed": options.seed,
        "event_bytes_mean": bench.event_bytes,
        "ways": ways,
    }


def table(figures: dict[str, Any]) -> str:
    """Return the figures as a Markdown table, with a line on where they come from."""
    lines = [
        "| way | calls/s | us a call | quiet repeats | us, all | loop, ms | target, calls/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, way in figures["ways"].items():
        target, rate = way["target_calls_per_second"], way["calls_per_second"]
        lines.append(
            f"| {name} | {rate:,} | {way['microseconds_median']} "
            f"| {way['quiet_repeats']} of {figures['repeats']} "
            f"| {way['microseconds_median_of_all']} | {min(way['loop_milliseconds_each'])} "
            f"| {'' if target is None else f'{target:,}'} |"
        )
    lines.append(
        f"\n{provenance().line()}; medians of {figures['repeats']} repeats of "
        f"{figures['calls_per_repeat']:,} calls, {figures['tenants']:,} tenants, events of "
        f"{figures['event_bytes_mean']} bytes."
    )
    return "\n".join(lines)


def profile(options: argparse.Namespace) -> str:
    """Return the functions that take most time of their own, as a Markdown table."""
    bench = Bench(options, 1)
    store = bench.prepared(all_of_it)
    profiler = cProfile.Profile(time.process_time)
    profiler.runcall(all_of_it, bench.engine, store, bench.inputs(all_of_it, 1))
    stats: Any = pstats.Stats(profiler)
    rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:TOP]
    lines = ["| function | share of the time | calls of it a call |", "|---|---|---|"]
    for (file, _, name), (_, count, own, _, _) in rows:
        where = "" if file == "~" else f"{_short(file)}: "
        share = 100 * own / stats.total_tt
        lines.append(f"| `{where}{name}` | {share:.1f} % | {count / bench.calls:.2f} |")
    return "\n".join(lines)


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.core", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--calls", type=int, default=20_000, help="of one repeat")
    parser.add_argument("--tenants", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", action="store_true", help="print the top ten functions")
    options = parser.parse_args()
    if options.profile:
        sys.stdout.write(profile(options) + "\n")
        return
    figures = measure(options)
    sys.stdout.write(table(figures) + "\n\n" + json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
