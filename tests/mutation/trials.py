"""Trying one mutant: does any fast test notice it.

The tests run in a process forked for each stage, with all third-party packages and `schemas`
loaded before, and the shipped files read, as far as the mutant has no part in reading them. The
mutant is never written anywhere: a finder in front of all others hands its code to the import of
that one module. The packages and tests are a copy made at the start, so edits while it runs disturb
nothing.

Stages go from near to far: the module's own tests, all worked cases, a few logs against the model,
a few logs for each property, the other modules' tests. The first failing test kills the mutant; a
survivor has passed them all. A mutant that loops for ever is stopped by a limit of processor time
for each test, which a busy machine does not shorten, and counts as killed.
"""

import compileall
import gc
import importlib.abc
import importlib.util
import math
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final, Literal, TypeAlias

from tests.mutation.operators import Mutant, mutated_code

Verdict: TypeAlias = Literal["killed", "timed out", "survived"]
Stage: TypeAlias = tuple[str, ...]
"""Arguments of pytest."""

CPU_SECONDS_MAX: Final = 5
"""Of one test, and of collecting a stage; the longest of either takes 1 s by itself."""
TESTS_PASSED: Final = 0
TESTS_FAILED: Final = (1, 2, 3, 4)
"""Exit codes of pytest: a test failed; the mutant could not be imported by a test, or by a conftest
(4); pytest itself fell. That no test was found (5) is no verdict."""
QUIET: Final = (
    *("-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist"),
    "--hypothesis-seed=0",
)
CASES: Final[Stage] = ("tests/cases", "-k", "engine")
RANDOM_LOGS: Final[Stage] = (
    "tests/property/test_conservation.py",
    "tests/property/test_invariants.py",
    "tests/property/test_replay.py",
    "-k",
    "not hash_seed",
)
NEAR: Final = "near"
DIFFERENTIAL: Final[Stage] = ("tests/mutation/few_differential_logs.py",)
UNIT: Final = "tests/unit/rating"
ELSEWHERE: Final = {
    "numbering": ("tests/unit/streams/test_numbering_metadata.py",),
    "reference": (f"{UNIT}/test_catalogue_file.py", f"{UNIT}/test_rate_deck_file.py"),
    "apply": (f"{UNIT}/test_configuration.py", f"{UNIT}/test_money.py"),
    "call": (f"{UNIT}/test_rows.py", f"{UNIT}/test_corrections.py"),
    "calls": (f"{UNIT}/test_rate_call.py", f"{UNIT}/test_configuration.py"),
    "kit": (f"{UNIT}/test_configuration.py",),
    "routes": (f"{UNIT}/test_rate_call.py", f"{UNIT}/test_quote.py"),
    "rate": (f"{UNIT}/test_corrections.py", f"{UNIT}/test_quote.py"),
    "rows": (f"{UNIT}/test_configuration.py", f"{UNIT}/test_money.py"),
    "tenant": (f"{UNIT}/test_configuration.py", f"{UNIT}/test_rate_call.py"),
}
"""Tests of a module under other names, by its first word."""
OF_THEIR_MODULE_ALONE: Final = {
    *("test_numbering", "test_numbering_patterns", "test_calendar", "test_decks"),
}
"""The longest ones, which touch nothing but their own modules."""
THIRD_PARTY: Final = (
    *("pytest", "hypothesis", "hypothesis.strategies", "pydantic_core", "orjson", "phonenumbers"),
    *("rich", "click"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant, and by which stage; a survivor that was only tried near: `NEAR`."""

    mutant: Mutant
    verdict: Verdict
    stage: Stage | None
    seconds: float


def stages_of(module: str, root: Path) -> Iterator[Stage]:
    """Yield the stages for a module, nearest first.

    A module's own tests are those whose name begins with the module's first word.
    """
    topic = Path(module).stem.split("_")[0]
    tests = sorted((root / UNIT).glob("test_*.py"))
    own = {path for path in tests if path.stem.removeprefix("test_").split("_")[0] == topic}
    own |= {path for path in tests if path.stem.startswith(f"test_boundaries_{topic}")}
    elsewhere = ELSEWHERE.get(topic, ())
    far = [path for path in tests if path not in own and path.stem not in OF_THEIR_MODULE_ALONE]
    for stage in (
        (*(str(path.relative_to(root)) for path in sorted(own)), *elsewhere),
        CASES,
        DIFFERENTIAL,
        RANDOM_LOGS,
        tuple(str(path.relative_to(root)) for path in far),
    ):
        if stage:
            yield stage


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from given code."""

    def __init__(self, module: str, code: CodeType, path: Path) -> None:
        self._name = _module_name(module)
        self._code = code
        self._path = path

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        """Find the mutant."""
        del path, target
        if fullname != self._name:
            return None
        package = [str(self._path.parent)] if self._path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            fullname, self._path, loader=self, submodule_search_locations=package
        )

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutant's code."""
        exec(self._code, module.__dict__)  # noqa: S102 - the code is our own, with one change


class _Trial:
    """A plugin of pytest: tests of few cases first, and a limit of processor time for each."""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave a test of hundreds of cases for what the others let pass."""
        cases = Counter(item.function for item in items)
        items.sort(key=lambda item: cases[item.function])

    def pytest_runtest_logstart(self) -> None:
        """Move the limit on before each test."""
        _limit_processor_time()


def _limit_processor_time() -> None:
    end = math.ceil(time.process_time()) + CPU_SECONDS_MAX
    resource.setrlimit(resource.RLIMIT_CPU, (end, resource.RLIM_INFINITY))


def preload(root: Path) -> None:
    """Import what every stage needs and no mutant touches; compile the rest.

    The shipped files are read as well, which takes longer than most tests: a mutant of what reads
    them is tried without (`_forget_warm`), all others find them read.
    """
    compileall.compile_dir(root, quiet=1)
    sys.path.insert(0, str(root))
    for name in THIRD_PARTY:
        importlib.import_module(name)
    for path in sorted((root / "schemas").glob("*.py")):
        importlib.import_module(f"schemas.{path.stem}".removesuffix(".__init__"))
    decks = importlib.import_module("rating.decks")
    for kind, module, reader in (
        ("catalogue", "rating.catalogue", "Catalogue"),
        ("rates", "rating.rate_deck", "RateDeck"),
    ):
        type_ = getattr(importlib.import_module(module), reader)
        type_.load = lru_cache(maxsize=None)(type_.load)  # files are immutable once read
        type_.load(decks.shipped(kind, decks.CURRENT[kind]))
    importlib.import_module("streams.numbering_metadata").load_numbering()
    importlib.import_module("streams.calendar_zones").load_calendar()
    gc.collect()
    gc.freeze()


def _forget_warm(module: str) -> None:
    """Forget the engine as far as it is loaded if the mutant is a part of that."""
    engine = [name for name in sys.modules if name.split(".")[0] in ("rating", "streams")]
    if _module_name(module) in engine:
        for name in engine:
            del sys.modules[name]


def _module_name(module: str) -> str:
    return module.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def try_mutant(root: Path, mutant: Mutant, examples: int, *, near: bool = False) -> Result:
    """Run the stages until a test notices; `near` ends with the worked cases."""
    begun = time.monotonic()
    code = mutated_code(root, mutant)
    stages = list(stages_of(mutant.module, root))
    for stage in stages[: stages.index(CASES) + 1] if near else stages:
        verdict = run_stage(root, stage, examples, (mutant.module, code))
        if verdict != "survived":
            return Result(mutant, verdict, stage, time.monotonic() - begun)
    reached = (NEAR,) if near else None
    return Result(mutant, "survived", reached, time.monotonic() - begun)


def run_stage(
    root: Path, stage: Stage, examples: int, changed: tuple[str, CodeType] | None
) -> Verdict:
    """Run pytest in a forked process, with one module changed if given.

    Raises RuntimeError where pytest had no tests to run: the command would be worthless.
    """
    child = os.fork()
    if child == 0:
        os._exit(_run_tests(root, stage, examples, changed))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        by_limit = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        return "timed out" if by_limit else "killed"
    code = os.WEXITSTATUS(status)
    if code == TESTS_PASSED:
        return "survived"
    if code in TESTS_FAILED:
        return "killed"
    raise RuntimeError(f"pytest exits with {code} for {' '.join(stage)}")


def _run_tests(
    root: Path, stage: Sequence[str], examples: int, changed: tuple[str, CodeType] | None
) -> int:
    _limit_processor_time()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.chdir(root)
    os.environ |= {"TOLLSTREAM_EXAMPLES": str(examples), "TOLLSTREAM_SHRINK": "0"}
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]  # those of the tree that was copied
    sys.dont_write_bytecode = True
    if changed is not None:
        module, code = changed
        _forget_warm(module)
        sys.meta_path.insert(0, _Finder(module, code, root / module))
    import pytest  # noqa: PLC0415 - loaded before the fork; here only its name is bound

    return int(pytest.main([*QUIET, *stage], plugins=[_Trial()]))
