"""Verdicts kept in a file, so that a run of hours can be made in pieces.

One JSON object a line, one line a verdict; of two lines about one mutant the later one holds. A
verdict is about one text of its module: after any edit of the module all its mutants are untried
again. Edits of other modules, and of tests, leave it as it is, so a survivor for which a test was
written is tried again on request.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from tests.mutation.operators import Mutant
from tests.mutation.trials import NEAR, Result, Verdict

KILLED: Final = ("killed", "timed out")


@dataclass(frozen=True, slots=True)
class Kept:
    """A verdict as it stands in the file, with the instant and the commit it was found at."""

    module: str
    text: str  # hash of the module's text
    number: int
    name: str
    verdict: Verdict
    stage: str | None
    seconds: float
    date: str
    commit: str


class Results:
    """The verdicts of a file, or of this run alone where no file is given."""

    def __init__(self, root: Path, path: Path | None) -> None:
        self._root = root
        self._path = path
        self._texts: dict[str, str] = {}
        self._kept: dict[tuple[str, str, int], Kept] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                self._hold(Kept(**json.loads(line)))

    def add(self, result: Result, date: str, commit: str) -> None:
        """Keep a verdict, on disk at once."""
        mutant = result.mutant
        kept = Kept(
            module=mutant.module,
            text=self._text(mutant.module),
            number=mutant.number,
            name=mutant.name,
            verdict=result.verdict,
            stage=result.stage[0] if result.stage else None,
            seconds=round(result.seconds, 2),
            date=date,
            commit=commit,
        )
        self._hold(kept)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({name: getattr(kept, name) for name in Kept.__slots__}))
                file.write("\n")

    def of(self, mutant: Mutant) -> Kept | None:
        """Return what is known of a mutant of the module as it is now."""
        kept = self._kept.get((mutant.module, self._text(mutant.module), mutant.number))
        assert kept is None or kept.name == mutant.name, "one text has one list of mutants"
        return kept

    def known(self, mutants: Iterable[Mutant]) -> list[Kept]:
        """Return what is known of these mutants."""
        return [kept for mutant in mutants if (kept := self.of(mutant)) is not None]

    def _hold(self, kept: Kept) -> None:
        assert kept.verdict in get_args(Verdict)
        self._kept[kept.module, kept.text, kept.number] = kept

    def _text(self, module: str) -> str:
        if module not in self._texts:
            raw = (self._root / module).read_bytes()
            self._texts[module] = hashlib.sha256(raw).hexdigest()[:12]
        return self._texts[module]


def percent(kept: list[Kept]) -> float:
    """Return the share of mutants tried that were noticed."""
    return 100 * sum(each.verdict in KILLED for each in kept) / len(kept) if kept else 0.0


def table(results: Results, mutants: list[Mutant]) -> str:
    """Write the score of each module as a Markdown table, a last row for all together.

    `near` are the survivors that only near tests have tried; `text` begins the SHA-256 of the
    module that was tried, which outlives a rebase.
    """
    lines = [
        "| module | mutants | tried | killed | timed out | left | near | score | date | text |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|---|",
    ]
    modules = list(dict.fromkeys(mutant.module for mutant in mutants))
    for module in modules:
        own = [mutant for mutant in mutants if mutant.module == module]
        lines.append(_row(f"`{module.removeprefix('rating/')}`", own, results))
    lines.append(_row("all", mutants, results))
    return "\n".join(lines)


def _row(name: str, mutants: list[Mutant], results: Results) -> str:
    kept = results.known(mutants)
    count = Counter(each.verdict for each in kept)
    last = max(kept, key=lambda each: each.date, default=None)
    when = (last.date[:10], last.text) if last is not None and name != "all" else ("", "")
    score = f"{percent(kept):.1f} %" if kept else ""
    cells = (
        *(name, len(mutants), len(kept), count["killed"], count["timed out"], count["survived"]),
        *(sum(each.stage == NEAR for each in kept), score, *when),
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"
