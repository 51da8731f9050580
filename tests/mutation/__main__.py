"""The mutation score of the rating core: how many small faults the fast tests notice.

usage: python -m tests.mutation --sample 200 --seed 1

`--sample 0` tries every mutant. `--only rating/pools.py` (may be repeated) keeps to some modules,
`--match pools.py:80` to some mutants, `--list` only says what would be tried. Prints each survivor
as it is found, then the score; exits 1 below `--at-least` percent. What survives and why stands in
tests/mutation/README.md.
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
from pathlib import Path
from typing import Final

from tests.mutation.operators import Mutant, mutants_of
from tests.mutation.trials import (
    CASES,
    DIFFERENTIAL,
    RANDOM_LOGS,
    UNIT,
    Result,
    preload,
    run_stage,
    try_mutant,
)

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("rating", "schemas", "streams", "tests", "pyproject.toml")
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
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
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


def _try(arguments: tuple[Path, Mutant, int]) -> Result:
    return try_mutant(*arguments)


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
    parser.add_argument("--list", action="store_true", help="say what would be tried")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        root = copied_tree(folder)
        chosen, everyone = sampled(root, options)
        say(f"seed {options.seed}, commit {commit()}, {len(chosen)} of {everyone} mutants")
        if options.list:
            for mutant in chosen:
                say(mutant.name)
            return 0
        preload()
        for stage in () if options.trusted else ((UNIT,), CASES, DIFFERENTIAL, RANDOM_LOGS):
            if run_stage(root, stage, options.examples, None) != "survived":
                say(f"the tests fail without any mutant: {' '.join(stage)}")
                return 1
        return report(_all_tried(root, chosen, options), options.at_least)


def _all_tried(root: Path, chosen: list[Mutant], options: argparse.Namespace) -> list[Result]:
    begun = time.monotonic()
    results: list[Result] = []
    work = [(root, mutant, options.examples) for mutant in chosen]
    with multiprocessing.get_context("fork").Pool(options.processes) as pool:
        for result in pool.imap_unordered(_try, work):
            results.append(result)
            if result.verdict == "survived":
                say(f"survived  {result.mutant.name}")
                source = (root / result.mutant.module).read_text(encoding="utf-8").splitlines()
                say(f"          {source[result.mutant.line - 1].strip()}")
            stage = "" if result.stage is None else result.stage[0]
            sys.stderr.write(
                f"{len(results):>5} {time.monotonic() - begun:6.0f} s  {result.verdict:<9} "
                f"{result.seconds:5.0f} s  {result.mutant.name}  {stage}\n"
            )
    return results


def report(results: list[Result], at_least: int) -> int:
    """Print the score and what killed; return the exit code."""
    verdicts = Counter(result.verdict for result in results)
    stages = Counter(result.stage[0] for result in results if result.stage)
    for stage, count in stages.most_common():
        say(f"{count:>6} by {stage}")
    killed = verdicts["killed"] + verdicts["timed out"]
    percent = 100 * killed / len(results)
    say(
        f"{len(results)} mutants: {verdicts['killed']} killed, {verdicts['timed out']} timed out, "
        f"{verdicts['survived']} survived; score {percent:.1f} %"
    )
    return 0 if percent >= at_least else 1


if __name__ == "__main__":
    sys.exit(main())
