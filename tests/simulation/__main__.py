"""Campaigns: `python -m tests.simulation --seeds N --start S`.

Prints how often each fault struck, whether every step of the lane was passed, killed and frozen,
in which seed each planted bug was first noticed, and each failing seed with its trace's hash.
"""

import argparse
import logging
import sys
import time
from collections import Counter
from pathlib import Path

from streams.lane.fault_points import FaultPoint
from tests.simulation.faults import plan_of
from tests.simulation.plants import PLANTS
from tests.simulation.worker import Parts
from tests.simulation.world import Result, World

FAILING_SEEDS = Path(__file__).with_name("failing_seeds.txt")


def run_seed(seed: int, parts: Parts | None = None) -> Result:
    """Run one seed."""
    return World(plan_of(seed), parts).run()


def failing_seeds() -> list[int]:
    """Return the seeds that failed once; text after `#` says why."""
    lines = FAILING_SEEDS.read_text(encoding="utf-8").splitlines()
    return [int(number) for line in lines if (number := line.partition("#")[0].strip())]


def show(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def campaign(start: int, seeds: int) -> int:
    """Run the seeds; return how many failed."""
    hits: Counter[str] = Counter()
    points: Counter[FaultPoint] = Counter()
    failed: list[Result] = []
    events = steps = 0
    began = time.process_time()
    for seed in range(start, start + seeds):
        result = run_seed(seed)
        hits += result.hits
        points += result.points
        events += result.events
        steps += result.steps
        if result.violation:
            failed.append(result)
            show(f"FAILED seed {seed}, trace {result.trace_hash}: {result.violation}")
    seconds = time.process_time() - began
    show(f"seeds {start} to {start + seeds - 1}: {len(failed)} failed; {events} events, ")
    show(f"  {steps} steps, {seconds:.0f} s of CPU")
    show("faults: " + ", ".join(f"{name} {count}" for name, count in sorted(hits.items())))
    show("steps passed: " + ", ".join(f"{point} {points[point]}" for point in FaultPoint))
    return len(failed)


def planted(start: int, seeds: int) -> int:
    """Run each planted bug until it is noticed; return how many were not."""
    missed = 0
    for name, make in PLANTS.items():
        for seed in range(start, start + seeds):
            result = run_seed(seed, make())
            if result.violation:
                show(f"planted: {name}: noticed in seed {seed}: {result.violation[:120]}")
                break
        else:
            missed += 1
            show(f"planted: {name}: NOT NOTICED in {seeds} seeds")
    return missed


def main() -> int:
    """Run a campaign as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first")
    parser.add_argument("--without-plants", action="store_true", help="leave out planted bugs")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    bad = campaign(options.start, options.seeds)
    if not options.without_plants:
        bad += planted(options.start, min(options.seeds, 500))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
