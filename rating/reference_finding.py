"""What is wrong with a reference file (catalogue or rate deck), as values with line numbers.

A loader refuses a file with every error it found, so that a person mends them in one go; the
linter (`rating.reference_check`) lists the same errors and adds warnings.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]

PROBLEMS_MAX: Final = 100
"""Errors listed of one file; a file with more is of the wrong kind, not mistyped. Bounds the
report of a hostile file of millions of lines."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a reference file.

    `line` counts from 1. `error`: the file is refused; `warning`: it loads but may not mean what
    was intended. `code` is stable, `text` is one line for a person.
    """

    line: int
    severity: Severity
    code: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


class ReferenceFileError(ValueError):
    """A reference file is refused. `problems` holds at least one error, in order of lines."""

    def __init__(self, what: str, problems: tuple[Finding, ...]) -> None:
        self.problems = problems
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{what}, {problems[0]}{more}")


class Problems:
    """The errors of one file while it is read."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def add(self, line: int, code: str, text: str) -> None:
        """Note one error."""
        self._found.append(Finding(line, "error", code, text))

    @property
    def full(self) -> bool:
        """Whether reading on would not help a person any more."""
        return len(self._found) >= PROBLEMS_MAX

    def listed(self) -> tuple[Finding, ...]:
        """All errors in order of lines, at most PROBLEMS_MAX."""
        return tuple(sorted(self._found, key=lambda found: found.line)[:PROBLEMS_MAX])


def version_of(raw: bytes) -> str:
    """Return the version of a reference file: the SHA-256 of its bytes, lower-case hex."""
    return hashlib.sha256(raw).hexdigest()


def decode_text(raw: bytes, problems: Problems) -> str | None:
    """Return the file's text, or None after noting why it is no plain UTF-8."""
    if raw.startswith(b"\xef\xbb\xbf"):
        problems.add(1, "byte_order_mark", "the file begins with a byte order mark; remove it")
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.add(line, "bad_encoding", "not UTF-8")
        return None
    if "\x00" in text:
        problems.add(text.count("\n", 0, text.index("\x00")) + 1, "bad_encoding", "a NUL character")
        return None
    return text


def day_start(day: date) -> datetime:
    """Return the first instant of a day written without a time: 00:00 UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
