"""The mutation command makes the changes it names, and the fast tests notice a small sample."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.operators import Mutant, mutants_of, mutated_code
from tests.mutation.results import Results, percent, table
from tests.mutation.trials import Result, Verdict

ROOT = Path(__file__).parents[2]
SOURCE = '''\
"""A module."""
LIMIT: int = 3
NAME = "words for people"


def spend(left: int, most: int, *, twice: bool = False) -> int | None:
    """Return what is spent."""
    assert left >= 0
    if left < most and not twice:
        return left + LIMIT
    total = 0
    for each in (left, most):
        if each == 2:
            continue
        total += each
    return total
'''
CHANGES = [
    *("2 3 -> 4", "2 3 -> 2", "6 False -> True", "9 Lt -> GtE", "9 Lt -> LtE", "9 Not dropped"),
    *("9 and -> or", "9 condition negated", "10 Add -> Sub", "10 return None", "11 0 -> -1"),
    *("11 0 -> 1", "13 2 -> 1", "13 2 -> 3", "13 Eq -> NotEq", "13 condition negated"),
    *("14 continue -> break", "15 Add -> Sub", "15 statement deleted", "16 return None"),
]


def results(spend: Any) -> list[Any]:
    """Return what the sample function answers in a few cases."""
    cases = ((1, 2, False), (2, 2, False), (0, 5, True), (3, 0, False), (1, 2, True), (2, 5, True))
    return [spend(left, most, twice=twice) for left, most, twice in cases] + [spend(1, 2)]


def spend_of(code: Any) -> Any:
    """Run a module's code; return its function."""
    scope: dict[str, Any] = {}
    exec(code, scope)  # noqa: S102 - the sample above
    return scope["spend"]


def test_every_change_is_named_and_made(tmp_path: Path) -> None:
    """A mutant's code is the source but for its one change, and does something else."""
    (tmp_path / "sample.py").write_text(SOURCE)
    mutants = mutants_of(tmp_path, "sample.py")
    assert sorted(CHANGES) == sorted(f"{mutant.line} {mutant.what}" for mutant in mutants)
    original = results(spend_of(compile(SOURCE, "sample.py", "exec")))
    unnoticed = [m for m in mutants if original == results(spend_of(mutated_code(tmp_path, m)))]
    assert [] == unnoticed


def kept_in(folder: Path, verdicts: list[Verdict]) -> Results:
    """Keep verdicts of the first mutants of the sample in a file; read it anew."""
    (folder / "sample.py").write_text(SOURCE)
    results = Results(folder, folder / "verdicts.jsonl")
    for mutant, verdict in zip(mutants_of(folder, "sample.py"), verdicts, strict=False):
        results.add(Result(mutant, verdict, ("tests/cases",), 0.5), "2026-11-27T00:00:00Z", "abc")
    return Results(folder, folder / "verdicts.jsonl")


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """What was tried before is known to the next run, the rest is not."""
    results = kept_in(tmp_path, ["killed", "survived", "timed out"])
    known = results.known(mutants_of(tmp_path, "sample.py"))
    assert ["killed", "survived", "timed out"] == [each.verdict for each in known]
    assert "66.7" == f"{percent(known):.1f}"


def test_the_later_of_two_verdicts_holds(tmp_path: Path) -> None:
    """A survivor tried again and noticed is noticed."""
    kept_in(tmp_path, ["survived", "killed"])
    results = kept_in(tmp_path, ["killed"])
    known = results.known(mutants_of(tmp_path, "sample.py"))
    assert ["killed", "killed"] == [each.verdict for each in known]


def test_verdicts_end_with_the_text_they_are_about(tmp_path: Path) -> None:
    """After an edit of a module none of its mutants counts as tried."""
    kept_in(tmp_path, ["killed", "survived"])
    (tmp_path / "sample.py").write_text(SOURCE + "\n")
    results = Results(tmp_path, tmp_path / "verdicts.jsonl")
    assert [] == results.known(mutants_of(tmp_path, "sample.py"))


def test_the_table_tells_what_was_not_tried(tmp_path: Path) -> None:
    """Mutants without a verdict are counted as mutants and not as tried."""
    results = kept_in(tmp_path, ["killed", "survived", "timed out", "killed"])
    rows = table(results, mutants_of(tmp_path, "sample.py")).splitlines()[2:]
    figures = f"{len(CHANGES)} | 4 | 2 | 1 | 1 | 0 | 75.0 %"
    text = hashlib.sha256(SOURCE.encode()).hexdigest()[:12]
    row = f"| `sample.py` | {figures} | 2026-11-27 | {text} |"
    assert [row, f"| all | {figures} |  |  |"] == rows


def test_every_mutant_of_the_core_compiles() -> None:
    """No change makes code that Python cannot read."""
    mutants: list[Mutant] = mutants_of(ROOT, "rating/rate_call.py")
    assert len(mutants) > 50
    for mutant in mutants:
        assert mutated_code(ROOT, mutant) is not None


@pytest.mark.slow
def test_the_fast_tests_notice_a_sample() -> None:
    """M1: five mutants of a fixed seed die, as in every run so far."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.mutation", "--trusted", "--sample", "5", "--seed", "4"),
            *("--only", "rating/pools.py", "--only", "rating/wallet.py", "--at-least", "100"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
