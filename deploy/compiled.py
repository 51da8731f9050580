"""Build hook: compiles the hot path of a call to machine code while a wheel is built.

The same Python files are compiled by mypyc; nothing is written twice. Where no C compiler is at
hand, or it fails, the wheel holds the files alone and works the same at a third of the speed.
`tollstream --version` says which it is. An editable install is never compiled: what a developer
edits is what runs.

    TOLLSTREAM_COMPILE=0 pip install .     never compile
    TOLLSTREAM_COMPILE=1 pip install .     fail where it cannot be compiled

A test builds this wheel and holds it against the worked cases and the independent model.
"""

import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE: Final = "TOLLSTREAM_COMPILE"
BUILD_TOOLS: Final = ["mypy==2.4.1", "setuptools==84.2.1"]
"""As pinned in `constraints.txt`: the compiler is part of what was tested."""
OPTIMISATION: Final = "3"
COMPILER: Final = ["-fno-semantic-interposition"]
"""Nobody puts a function of another library in place of one of ours; so a call from one to another
needs no detour, and a short one is written out where it is called. A twentieth of a call's time."""
CHECKER: Final = ("--config-file=", "--ignore-missing-imports")
"""Only what the compiler needs: libraries and their types are not at hand where wheels are built.
The tests check the types strictly."""

INTERPRETED: Final = {
    "rating/__init__.py": "holds no code",
    "rating/catalogue_file.py": "reads files, once",
    "rating/catalogue_lines.py": "reads files, once",
    "rating/catalogue_table.py": "reads files, once",
    "rating/decks/__init__.py": "reads files, once",
    "rating/decks/make_default.py": "reads files, once",
    "rating/numbering_compiler.py": "reads metadata, once",
    "rating/numbering_patterns.py": "reads metadata, once",
    "rating/rate_deck_file.py": "reads files, once",
    "rating/reference_check.py": "reads files, once",
    "rating/reference_finding.py": "reads files, once",
    "rating/reference_regions.py": "reads files, once",
    "rating/references.py": "an exception class has no native form",
    "rating/unknown_zone.py": "an exception class has no native form",
}
"""What of `rating` stays Python, and why; all else is on a call's way."""
COMPILED_BESIDE: Final = (
    "schemas/calls.py",
    "schemas/dead_letter.py",
    "schemas/envelope.py",
    "schemas/ledger.py",
    "schemas/money.py",
    "schemas/codec/canonical.py",
    "schemas/codec/decoding.py",
    "schemas/codec/instants.py",
    "schemas/codec/records.py",
    "schemas/codec/rows.py",
    "schemas/codec/usual_call.py",
    "streams/engine.py",
    "streams/lane/chunk_rating.py",
    "streams/tables/call_sweep.py",
    "streams/tables/due_index.py",
    "streams/tables/row_cache.py",
    "streams/tables/table_store.py",
)


def compiled_modules(root: Path) -> list[str]:
    """Return the files that are compiled, relative to the root."""
    rating = (str(path.relative_to(root)) for path in sorted((root / "rating").rglob("*.py")))
    return [*(path for path in rating if path not in INTERPRETED), *COMPILED_BESIDE]


def can_compile() -> bool:
    """Say whether a C compiler and Python's headers are at hand."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    headers = Path(sysconfig.get_paths()["include"], "Python.h")
    return shutil.which(compiler) is not None and headers.exists()


def wanted() -> bool:
    """Say whether to compile, by the environment and by what the machine can do."""
    choice = os.environ.get(VARIABLE, "")
    if choice not in ("", "0", "1"):
        raise SystemExit(f"{VARIABLE} must be 0 or 1")
    return choice == "1" or (choice == "" and can_compile())


def compile_into(root: Path, folder: Path) -> list[Path]:
    """Compile into a folder, laid out as a wheel; return the files, relative to it."""
    from mypyc.build import mypycify  # noqa: PLC0415 - at hand only where wheels are built
    from setuptools import Distribution  # noqa: PLC0415 - as above

    before = Path.cwd()
    os.chdir(root)
    try:
        extensions = mypycify(
            [*CHECKER, f"--cache-dir={folder / 'cache'}", *compiled_modules(root)],
            opt_level=OPTIMISATION,
            target_dir=str(folder / "c"),
        )
        for extension in extensions:
            extension.extra_compile_args += COMPILER
        build = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
        build.build_lib, build.build_temp = str(folder / "lib"), str(folder / "o")
        build.ensure_finalized()
        build.run()
    finally:
        os.chdir(before)
    lib = folder / "lib"
    return [path.relative_to(lib) for path in sorted(lib.rglob("*")) if path.is_file()]


class CompiledHook(BuildHookInterface[Any]):
    """Adds the compiled modules to a wheel."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what building needs beside the backend."""
        return BUILD_TOOLS if wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile and name the results, unless the install is editable."""
        if version == "editable" or not wanted():
            return
        self._folder = tempfile.TemporaryDirectory(prefix="tollstream-compiled-")
        folder = Path(self._folder.name)
        try:
            made = compile_into(Path(self.root), folder)
        except (Exception, SystemExit) as error:
            if os.environ.get(VARIABLE) == "1":
                raise
            self.app.display_warning(f"tollstream: not compiled, runs as Python ({error})")
            return
        for path in made:
            build_data["force_include"][str(folder / "lib" / path)] = str(path)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was only needed while building."""
        del version, build_data, artifact_path
        if hasattr(self, "_folder"):
            self._folder.cleanup()


if __name__ == "__main__":  # python deploy/compiled.py FOLDER: for trying and for tests
    for made in compile_into(Path(__file__).resolve().parents[1], Path(sys.argv[1]).resolve()):
        sys.stdout.write(f"{made}\n")
