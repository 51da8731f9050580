"""Compare engine and model over many random logs.

usage: python -m tests.property.differential --logs 100000 --seed 1
"""

import argparse
import sys
import time
from collections import Counter

from tests.property.differential import compare, coverage

PROGRESS_EVERY = 1000  # logs, about two minutes


def say(text: str) -> None:
    """Write a line to standard output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run; exit 1 if any log differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1, help="seed of the first log")
    parser.add_argument("--differences", type=int, default=1, help="stop after so many")
    options = parser.parse_args()
    found: Counter[str] = Counter()
    different = 0
    begun = time.monotonic()
    say(f"seeds {options.seed} to {options.seed + options.logs - 1}")
    for index in range(options.logs):
        seed = options.seed + index
        lines = compare.log_of(seed)
        model, difference = compare.run(lines)
        found += coverage.count(model)
        if difference:
            different += 1
            say(compare.tell(seed, lines))
            if different == options.differences:
                break
        if (index + 1) % PROGRESS_EVERY == 0:
            sys.stderr.write(f"{index + 1} logs, {different} different\n")
    for name, number in sorted(found.items()):
        say(f"{number:>9} {name}")
    for name in coverage.missing(found):
        say(f"  missing {name}")
    seconds = time.monotonic() - begun
    say(f"{index + 1} logs in {seconds:.0f} s, {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
