"""Typed reading of a TOML table that notes errors with their lines instead of raising."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

from rating.catalogue_lines import Lines, Path
from rating.reference_finding import Problems, day_start
from schemas.codes import COUNTRY_CODES


class Table:
    """One table of a catalogue; every key has to be asked for, the rest is refused by `close`."""

    def __init__(
        self, content: dict[str, Any], path: Path, lines: Lines, problems: Problems
    ) -> None:
        self._content: Final = content
        self._path: Final = path
        self._lines: Final = lines
        self._problems: Final = problems
        self._asked: Final[set[str]] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def line(self, key: str | None = None, containing: str | None = None) -> int:
        """Return the line of the table, of a key, or of an element that a key holds."""
        return self._lines.of(self._path if key is None else (*self._path, key), containing)

    def problem(self, key: str | None, code: str, text: str, containing: str | None = None) -> None:
        """Note an error at this table or a key of it."""
        self._problems.add(self.line(key, containing), code, text)

    def close(self) -> None:
        """Refuse keys that nobody asked for: a mistyped key would silently mean nothing."""
        for key in self._content:
            if key not in self._asked:
                self.problem(key, "unknown_key", f"unknown key {key!r}")

    def keys(self) -> Iterator[str]:
        """Yield every key of a table whose keys are free, as asked for."""
        for key in self._content:
            self._asked.add(key)
            yield key

    def _value(self, key: str, kind: type, what: str) -> Any:
        """Return the key's value if it is of the kind, else None after noting why not."""
        self._asked.add(key)
        if key not in self._content:
            self.problem(None, "missing_key", f"{key} is missing")
            return None
        value = self._content[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.problem(key, "wrong_type", f"{key} is not {what}")
            return None
        return value

    def text(self, key: str) -> str | None:
        """Return a required text."""
        value: str | None = self._value(key, str, "a text in quotes")
        return value

    def integer(self, key: str, least: int, most: int) -> int | None:
        """Return a required whole number within its bounds."""
        value: int | None = self._value(key, int, "a whole number")
        if value is not None and not least <= value <= most:
            self.problem(key, "out_of_range", f"{key} is not within {least} to {most:,}")
            return None
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return an optional true or false."""
        if key not in self._content:
            return default
        value: bool | None = self._value(key, bool, "true or false")
        return default if value is None else value

    def instant(self, key: str) -> datetime | None:
        """Return an optional instant: a date (its first instant in UTC) or one with an offset."""
        if key not in self._content:
            return None
        value: date | None = self._value(key, date, "a date or an instant with an offset")
        if isinstance(value, datetime):
            if value.tzinfo is None:
                self.problem(key, "date", f"{key} has a time without an offset")
                return None
            try:
                return value.astimezone(UTC)
            except OverflowError:
                self.problem(key, "date", f"{key} is out of range")
                return None
        return None if value is None else day_start(value)

    def texts(self, key: str, *, required: bool = True) -> tuple[str, ...]:
        """Return an array of texts without repetition."""
        if not required and key not in self._content:
            return ()
        found: dict[str, None] = {}
        for element in self._value(key, list, "an array") or ():
            if not isinstance(element, str):
                self.problem(key, "wrong_type", f"{key} holds {element!r}, which is not a text")
            elif element in found:
                line = self._lines.of((*self._path, key), f'"{element}"', occurrence=2)
                self._problems.add(line, "twice", f"{key} holds {element!r} twice")
            else:
                found[element] = None
        return tuple(found)

    def countries(
        self, key: str, *, required: bool = True, also: frozenset[str] = frozenset()
    ) -> tuple[str, ...]:
        """Return an array of country codes, or of what else is allowed."""
        found = self.texts(key, required=required)
        for element in found:
            if element not in COUNTRY_CODES and element not in also:
                self.problem(
                    key, "country", f"{element!r} is no ISO 3166 country code", f'"{element}"'
                )
        return found

    def choices(
        self, key: str, allowed: tuple[str, ...], *, required: bool = True
    ) -> tuple[str, ...]:
        """Return an array of names from a closed list."""
        found = self.texts(key, required=required)
        for element in found:
            if element not in allowed:
                self.problem(
                    key, "choice", f"{element!r} is none of {', '.join(allowed)}", f'"{element}"'
                )
        return found

    def table(self, key: str) -> "Table":
        """Return a table below this one; an empty one after noting that it is missing."""
        content = self._value(key, dict, "a table")
        return Table(content or {}, (*self._path, key), self._lines, self._problems)

    def tables(self, key: str) -> Iterator["Table"]:
        """Yield the tables of an optional array of tables."""
        if key not in self._content:
            return
        for index, content in enumerate(self._value(key, list, "an array of tables") or ()):
            path = (*self._path, key, index)
            if isinstance(content, dict):
                yield Table(content, path, self._lines, self._problems)
            else:
                self._problems.add(self._lines.of(path), "wrong_type", f"{key} holds no table")
