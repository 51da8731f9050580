"""Finding dead letters again, in a file or in the topic, and what of them may be shown."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from schemas.codec import DeadLetterFormatError, decode_dead_letter, parse_instant
from schemas.dead_letter import DeadLetter, FilePosition
from streams.kafka.log import read_records
from streams.line_files import FilesError, read_files
from streams.phone_numbers import mask_numbers, shown_number
from streams.settings import Settings

NUMBER_MEMBERS: Final = frozenset({"caller", "callee"})
"""Members of an event that hold a person's number."""


class FoundLetter(NamedTuple):
    """A dead letter; `name` tells it from all others of the same source."""

    name: str
    letter: DeadLetter
    key: bytes | None


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters are meant; a member that is None or empty lets all pass."""

    names: frozenset[str] = frozenset()
    reason: str | None = None
    tenant: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether every letter passes."""
        return self == LetterFilter()

    def passes(self, found: FoundLetter) -> bool:
        """Tell whether a letter is meant; one without any time passes no limit of time."""
        refusal = found.letter.refusal
        if self.names and found.name not in self.names:
            return False
        if self.reason is not None and refusal.reason.value != self.reason:
            return False
        if self.tenant is not None and refusal.tenant != self.tenant:
            return False
        if self.since is None and self.until is None:
            return True
        at = letter_time(found.letter)
        if at is None:
            return False
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def letters_of_files(names: Sequence[str]) -> Iterator[FoundLetter]:
    """Yield the letters of files; raises FilesError for a line that is none."""
    for line in read_files(names):
        try:
            letter = decode_dead_letter(line.raw)
        except DeadLetterFormatError as error:
            place = f"{line.position.file} line {line.position.line}"
            raise FilesError(f"{place} is no dead letter") from error
        key = None if letter.refusal.tenant is None else letter.refusal.tenant.encode()
        yield FoundLetter(_name(letter), letter, key)


def letters_of_topic(settings: Settings) -> Iterator[FoundLetter]:
    """Yield the letters of the dead-letter topic; raises KafkaUnreadableError."""
    for record in read_records(settings, settings.dead_letter_topic):
        try:
            letter = decode_dead_letter(record.value or b"")
        except DeadLetterFormatError as error:
            place = f"{record.topic}[{record.partition}] offset {record.offset}"
            raise FilesError(f"{place} is no dead letter of this engine") from error
        yield FoundLetter(_name(letter), letter, record.key)


def choose(letters: Iterable[FoundLetter], chosen: LetterFilter) -> Iterator[FoundLetter]:
    """Yield the letters that pass."""
    return (found for found in letters if chosen.passes(found))


def letter_time(letter: DeadLetter) -> datetime | None:
    """Return when the input was received, for a file the `time` it names, None where it cannot."""
    if letter.received_at is not None:
        return letter.received_at
    try:
        return parse_instant(json.loads(letter.raw)["time"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def shown_input(raw: bytes) -> str:
    """Return an input for a screen: indented if it is JSON, phone numbers masked in any case.

    Whatever the bytes are, what is returned can be printed and moves no cursor.
    """
    try:
        text = json.dumps(_masked(json.loads(raw), None), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        text = mask_numbers(raw.decode("utf-8", "backslashreplace"))
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    """Return a character that a terminal prints, as an escape where it would obey or fail."""
    if character.isprintable() or character == "\n":
        return character
    return character.encode("unicode_escape").decode("ascii")


def _masked(value: Any, member: str | None) -> Any:
    if isinstance(value, dict):
        return {name: _masked(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, member) for item in value]
    if isinstance(value, str):
        return shown_number(value) if member in NUMBER_MEMBERS else mask_numbers(value)
    if isinstance(value, int) and member in NUMBER_MEMBERS:
        return shown_number(str(value))
    return value


def _name(letter: DeadLetter) -> str:
    position = letter.position
    if isinstance(position, FilePosition):
        return f"{position.file}:{position.line}"
    return f"{position.partition}:{position.offset}"
