"""The rules of the house: layout, sizes, names, style, types and the direction of imports."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "rating", "streams")
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "data", "info", "misc", "common"}
TOP_LEVEL = {
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "NOTICE",
    ".gitignore",
    ".ci",
    "streams",
    "rating",
    "schemas",
    "deploy",
    "tests",
}
# What `python -m venv` itself brings along; nothing of ours runs on it.
VENV_SEEDS = {"pip", "setuptools", "wheel"}
# Written so that this file does not match itself.
MACHINE_PATH = re.compile(r"(?<![\w.$}~])/(?:work|root|farm|home)/" + r"\w|/tmp" + r"/[a-z]")


def tracked_files() -> list[Path]:
    """Files that git tracks, or every file where this is no checkout (an unpacked archive)."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - git of the path is what a developer has
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode:
        return [path for path in ROOT.rglob("*") if path.is_file()]
    return [ROOT / name for name in listing.stdout.decode().split("\0") if name]


def package_modules() -> Iterator[Path]:
    """Yield every Python module of the three packages."""
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def functions_of(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions and methods that a module defines."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def run_tool(*command: str) -> str:
    """Run a checking tool of this environment; return its complaints, empty if it has none."""
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stdout + result.stderr


def tool(name: str) -> str:
    """Path of a console script in this environment."""
    return str(Path(sys.executable).with_name(name))


def test_top_level_is_the_given_one() -> None:
    """Nothing stands at the top but what the project's layout names."""
    names = {path.relative_to(ROOT).parts[0] for path in tracked_files()}
    assert names <= TOP_LEVEL


def test_modules_stay_readable_in_one_sitting() -> None:
    """No module of the packages is longer than the limit."""
    too_long = {
        str(module.relative_to(ROOT)): length
        for module in package_modules()
        if (length := len(module.read_text(encoding="utf-8").splitlines())) > MODULE_LINES_MAX
    }
    assert too_long == {}


def test_functions_stay_on_one_screen() -> None:
    """No function of the packages is longer than the limit."""
    too_long = {
        f"{module.relative_to(ROOT)}:{node.name}": length
        for module in package_modules()
        for node in functions_of(module)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert too_long == {}


def test_module_names_say_what_is_inside() -> None:
    """No module or folder of the packages has a name that fits anything."""
    vague = [
        str(module.relative_to(ROOT))
        for module in package_modules()
        if VAGUE_NAMES & {module.stem, *module.relative_to(ROOT).parts[:-1]}
    ]
    assert vague == []


def test_every_package_has_a_readme() -> None:
    """Each package says on one page what it owns and what it does not."""
    missing = [name for name in PACKAGES if not (ROOT / name / "README.md").is_file()]
    assert missing == []


def test_the_core_uses_no_float() -> None:
    """P5: no float literal, no true division, no float() in the rating core."""
    found = [
        f"{module.relative_to(ROOT)}:{node.lineno}"
        for module in sorted((ROOT / "rating").rglob("*.py"))
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not is_path(node))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]
    assert found == []


def is_path(node: ast.BinOp) -> bool:
    """Tell whether a `/` joins a path: its right side is a string."""
    return isinstance(node.right, ast.Constant) and isinstance(node.right.value, str)


def test_no_path_of_a_machine_is_written_down() -> None:
    """The repository names no folder of anybody's machine."""
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked_files()
        if path.is_file() and (match := MACHINE_PATH.search(path.read_text("utf-8", "replace")))
    ]
    assert found == []


def test_pins_hold_for_what_is_installed() -> None:
    """What the tests run on is what deploy/constraints.txt pins."""
    pins = dict(
        line.split("==")
        for line in (ROOT / "deploy/constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )
    installed = {
        re.sub(r"[-_.]+", "-", dist.metadata["Name"]).lower(): dist.version
        for dist in distributions()
    }
    drift = {
        name: (version, installed[name])
        for name, version in pins.items()
        if name not in VENV_SEEDS and installed.get(name, version) != version
    }
    assert drift == {}


def test_production_pins_equal_the_tested_ones() -> None:
    """The hash-locked file holds only versions of deploy/constraints.txt, and no addresses."""
    lock = (ROOT / "deploy/requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9-]+==[^ ]+)", lock, re.MULTILINE))
    pinned = set((ROOT / "deploy/constraints.txt").read_text(encoding="utf-8").split())
    assert locked - pinned == set()
    assert locked
    assert "://" not in lock


@pytest.mark.parametrize(
    "command",
    [
        pytest.param((tool("ruff"), "check", "."), id="ruff"),
        pytest.param((tool("ruff"), "format", "--check", "."), id="format"),
        pytest.param((tool("mypy"),), id="mypy"),
        pytest.param((tool("lint-imports"),), id="imports"),
    ],
)
def test_checkers_find_nothing(command: tuple[str, ...]) -> None:
    """Style, types and the direction of imports hold."""
    assert run_tool(*command) == ""
