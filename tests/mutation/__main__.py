"""The mutation score of the rating core: how many small faults the fast tests notice.

usage: python -m tests.mutation --sample 200 --seed 1

`--sample 0` tries every mutant. `--only rating/pools.py` (may be repeated) keeps to some modules,
`--match pools.py:80` to some mutants, `--list` only says what would be tried. Prints each survivor
as it is found, then the score; exits 1 below `--at-least` percent. What survives and why stands in
tests/mutation/README.md.

`--results FILE` keeps each verdict; what stands there is not tried again, so a run stopped anywhere
goes on where it was. `--again` tries the survivors of the file again, `--table` prints the score of
each module from it and tries nothing. `--near` runs nothing farther than the worked cases, for a
look at a module while its tests are being written: what survives that counts as survived until a
run without `--near` tries the rest.
"""

import argparse
import multiprocessing
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.mutation.operators import Mutant, mutants_of
from tests.mutation.results import Kept, Results, percent, table
from tests.mutation.trials import (
    CASES,
    DIFFERENTIAL,
    NEAR,
    RANDOM_LOGS,
    UNIT,
    Result,
    preload,
    run_stage,
    try_mutant,
)

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("rating", "schemas", "streams", "tests", "pyproject.toml")
NOT_COPIED: Final = ("__pycache__", "*.so")
"""Compiled modules would call each other past a mutant."""
NOT_RULES: Final = {"rating/decks/make_default.py"}
"""A script that wrote a shipped file once."""


def say(text: str) -> None:
    """Write a line to standard output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def modules(root: Path) -> list[str]:
    """Return the modules that are mutated."""
    found = sorted(str(path.relative_to(root)) for path in (root / "rating").rglob("*.py"))
    return [module for module in found if module not in NOT_RULES]


def sampled(root: Path, options: argparse.Namespace) -> tuple[list[Mutant], int]:
    """Return the mutants to try, and how many there are in all."""
    chosen = options.only or modules(root)
    everyone = [
        mutant
        for module in chosen
        for mutant in mutants_of(root, module)
        if options.match in mutant.name
    ]
    if not 0 < options.sample < len(everyone):
        return everyone, len(everyone)
    return random.Random(options.seed).sample(everyone, options.sample), len(everyone)


def copied_tree(folder: str) -> Path:
    """Copy what the tests need, so that edits meanwhile disturb nothing."""
    root = Path(folder, "tree")
    root.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns(*NOT_COPIED))
        else:
            shutil.copy(source, root)
    return root


def commit() -> str:
    """Return the short commit, with a plus if the tree differs from it."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"],  # noqa: S607 - the developer's own git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "no checkout"


def _try(arguments: tuple[Path, Mutant, argparse.Namespace]) -> Result:
    root, mutant, options = arguments
    return try_mutant(root, mutant, options.examples, near=options.near)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--sample", type=int, default=200, help="mutants to try, 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--examples", type=int, default=6, help="random logs per property")
    parser.add_argument("--only", action="append", default=[], help="a module of rating/")
    parser.add_argument("--match", default="", help="part of a mutant's name, as printed")
    parser.add_argument("--at-least", type=int, default=0, help="percent below which to exit 1")
    parser.add_argument("--trusted", action="store_true", help="do not run the tests unchanged")
    parser.add_argument("--near", action="store_true", help="only near tests; see above")
    parser.add_argument("--list", action="store_true", help="say what would be tried")
    parser.add_argument("--results", type=Path, help="a file of verdicts to go on with")
    parser.add_argument("--again", action="store_true", help="try its survivors again")
    parser.add_argument("--table", action="store_true", help="print its score per module")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        root = copied_tree(folder)
        chosen, everyone = sampled(root, options)
        say(f"seed {options.seed}, commit {commit()}, {len(chosen)} of {everyone} mutants")
        results = Results(root, options.results)
        untried = [mutant for mutant in chosen if _is_to_try(results.of(mutant), options)]
        if options.list:
            for mutant in untried:
                say(mutant.name)
            return 0
        if options.table:
            say(table(results, chosen))
            return 0
        preload(root)
        for stage in () if options.trusted else ((UNIT,), CASES, DIFFERENTIAL, RANDOM_LOGS):
            if run_stage(root, stage, options.examples, None) != "survived":
                say(f"the tests fail without any mutant: {' '.join(stage)}")
                return 1
        _try_all(root, untried, options, results)
        return report(results.known(chosen), options.at_least)


def _is_to_try(kept: Kept | None, options: argparse.Namespace) -> bool:
    if kept is None:
        return True
    more = options.again or (kept.stage == NEAR and not options.near)
    return kept.verdict == "survived" and more


def _try_all(
    root: Path, mutants: list[Mutant], options: argparse.Namespace, results: Results
) -> None:
    begun = time.monotonic()
    at = commit()
    work = [(root, mutant, options) for mutant in mutants]
    with multiprocessing.get_context("fork").Pool(options.processes) as pool:
        for done, result in enumerate(pool.imap_unordered(_try, work), 1):
            results.add(result, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", at)
            if result.verdict == "survived":
                say(f"survived  {result.mutant.name}")
                source = (root / result.mutant.module).read_text(encoding="utf-8").splitlines()
                say(f"          {source[result.mutant.line - 1].strip()}")
            stage = "" if result.stage is None else result.stage[0]
            sys.stderr.write(
                f"{done:>5} {time.monotonic() - begun:6.0f} s  {result.verdict:<9} "
                f"{result.seconds:5.1f} s  {result.mutant.name}  {stage}\n"
            )


def report(kept: list[Kept], at_least: int) -> int:
    """Print the score and what killed; return the exit code."""
    verdicts = Counter(each.verdict for each in kept)
    killers = Counter(each.stage for each in kept if each.verdict != "survived")
    for stage, count in killers.most_common():
        say(f"{count:>6} by {stage}")
    score = percent(kept)
    say(
        f"{len(kept)} mutants: {verdicts['killed']} killed, {verdicts['timed out']} timed out, "
        f"{verdicts['survived']} survived; score {score:.1f} %"
    )
    return 0 if score >= at_least else 1


if __name__ == "__main__":
    sys.exit(main())
