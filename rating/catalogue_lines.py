"""Where the tables and keys of a TOML text stand, for messages with line numbers.

`tomllib` gives no positions for what it has read, so this reads the lines once more and notes
each header (`[a]`, `[[a.b]]`) and each key at the beginning of a line. It is a locator, not a
second parser: it runs after `tomllib` accepted the text, and where it does not see a key (inside
an inline table) it gives the line of the table around it.
"""

import re
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and array indexes from the top of the document: `("plan", 0, "minutes", 2, "countries")`."""

_NAME: Final = r"""(?:[A-Za-z0-9_-]+|"[^"\\]*"|'[^']*')"""
_DOTTED: Final = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_PART = re.compile(_NAME)
_BLOCK_QUOTES: Final = ('"""', "'''")


class Lines:
    """Lines of one TOML text, by path."""

    def __init__(self, text: str) -> None:
        self._text_lines: Final = text.split("\n")
        self._lines: Final[dict[Path, int]] = {(): 1}
        counts: dict[Path, int] = {}
        table: Path = ()
        quote: str | None = None
        for number, line in enumerate(self._text_lines, start=1):
            if quote is None:
                if header := _HEADER.match(line):
                    table = self._enter(header[1] == "[[", _parts(header[2]), counts)
                    self._lines.setdefault(table, number)
                elif key := _KEY.match(line):
                    self._lines.setdefault((*table, *_parts(key[1])), number)
            quote = _open_quote(line, quote)

    @staticmethod
    def _enter(array: bool, parts: tuple[str, ...], counts: dict[Path, int]) -> Path:
        """Return the path of the table that a header begins."""
        path: Path = ()
        for part in parts[:-1]:
            path = (*path, part)
            if path in counts:
                path = (*path, counts[path] - 1)
        path = (*path, parts[-1])
        if array:
            counts[path] = counts.get(path, 0) + 1
            path = (*path, counts[path] - 1)
        return path

    def of(self, path: Path, containing: str | None = None, occurrence: int = 1) -> int:
        """Return the line of a path, or of the nearest table around it that is known.

        With `containing`, the line from there on that holds this text (an element of an array over
        several lines) for the `occurrence`-th time, if there is one.
        """
        while path not in self._lines:
            path = path[:-1]
        line = self._lines[path]
        if containing is not None:
            for number in range(line, len(self._text_lines) + 1):
                occurrence -= self._text_lines[number - 1].count(containing)
                if occurrence <= 0:
                    return number
        return line


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _open_quote(line: str, quote: str | None) -> str | None:
    """Return the mark of the multi-line string that is open after this line."""
    rest = line
    while True:
        marks = (quote,) if quote else _BLOCK_QUOTES
        found = [(rest.index(mark), mark) for mark in marks if mark in rest]
        if not found:
            return quote
        position, mark = min(found)
        rest = rest[position + len(mark) :]
        quote = None if quote else mark
