"""What a number is: its country, its kind, and whether it can be a number at all.

The problem. Destination classes, zones and prices go by the region and kind of a number as the
`phonenumbers` metadata has them (domain 3.1, 5.2), and a call is refused when its number does not
parse or has no possible length (D-28). The library takes 58 us a number, more than all the rest of
rating.

The idea. All patterns of all regions of a calling code are compiled into one tree over digits
(`numbering_compiler`). A branch ends as soon as the digits to come do not matter any more, only how
many there are; equal subtrees are one. So the answer is a walk of five to ten steps
through one flat table of some 260 KB, and one look-up by length in a dictionary.

Three things cannot be walked, and are done in the library's own order:

- A national prefix that was left in (+44 (0)20 …) is taken off or rewritten by the library while
  parsing, under conditions on the whole number. The tree marks the lengths at which the plan's
  prefix pattern may apply; only then the pattern is tried and the rest is walked once more.
- Spaces, hyphens, dots, slashes and parentheses are dropped. With nothing else beside digits the
  library drops them likewise.
- Any other text after the plus (letters, extensions, other scripts' digits) goes to the library
  itself, which comes in through the constructor. It is rare, and hostile input cannot make it dear:
  the library reads no more than 250 characters.

Proof of equality: `python -m tests.benchmarks.numbering`.
"""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol, TypeAlias

from mypy_extensions import i64

NumberKind: TypeAlias = Literal[
    "fixed_line",
    "mobile",
    "fixed_or_mobile",
    "toll_free",
    "premium",
    "shared_cost",
    "voip",
    "personal",
    "pager",
    "uan",
    "voicemail",
    "unknown",
]

# Characters; the library's limit, beyond which a text does not parse.
LONGEST_TEXT = 250
FIRST_COLUMN = ord("0")
END_COLUMN = ord("9") + 1
_PLACE_BYTES: Final = 4
_LEAF: Final = 1 << 24
"""Beyond every position. Three bytes of a leaf, which is negative, read as this much more."""
_DROP_GROUPING = str.maketrans("", "", " -./()")


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What the metadata knows of a number that is possible.

    `region` is ISO 3166 alpha-2, `001` for codes of no country (+800), None where the number fits
    no region of its calling code; `kind` is `unknown` for a number that is in no assigned range.
    `digits` are the E.164 digits as read, None where the text was a plus and just these digits: it
    differs where a national prefix or grouping was left in.
    """

    calling_code: int
    region: str | None
    kind: NumberKind
    digits: str | None = field(default=None, compare=False)


class Library(Protocol):
    """The numbering library, asked for texts that are not plain digits."""

    def facts(self, number: str) -> NumberFacts | None:
        """Return the facts of a number as text, None if it does not parse or is not possible."""

    def is_emergency(self, code: str, region: str) -> bool:
        """Tell whether a text is an emergency number of a region."""


@dataclass(frozen=True, slots=True)
class PrefixRule:
    """How a calling code's national prefix is taken off.

    `pattern` and `general` are regular expressions (the prefix; any number of the plan),
    `transform` is the text that replaces the prefix, or None. `lengths` are the plan's possible
    lengths without those that only work locally.
    """

    pattern: str
    transform: str | None
    general: str
    lengths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a number that ends at some place is: whether it is possible, and what it is then.

    With `may_lose_prefix` the calling code's prefix rule is to be tried first.
    """

    calling_code: int
    possible: bool
    region: str | None
    kind: NumberKind
    may_lose_prefix: bool


@dataclass(frozen=True, slots=True)
class CompiledNumbering:
    """All plans of one edition of the metadata, as `numbering_compiler` lays them out.

    `rows` is the tree over digits, flat: a row has a column for each digit, then one for the end
    of the number. A column holds the position of the next row, or the negative of a leaf's
    position. `rows` begins with `FIRST_COLUMN` unused places, so that a row's position plus the
    ASCII code of a digit is the place to look at; the first row's position is 0. A leaf's position
    plus the number of digits, at most `longest`, is a key of `leaves`, which gives the index of the
    outcome; where it has none the number is not possible.
    """

    version: str
    rows: Sequence[int]
    leaves: Mapping[int, int]
    longest: int
    outcomes: Sequence[Outcome]
    prefix_rules: Mapping[int, PrefixRule]
    main_regions: Mapping[int, str]
    emergency: Mapping[str, frozenset[str]]


class _Prefix:
    """The prefix rule of one calling code, its patterns compiled on first use."""

    __slots__ = ("_general", "_lengths", "_pattern", "_rule")

    def __init__(self, rule: PrefixRule) -> None:
        self._rule = rule
        self._lengths = frozenset(rule.lengths)
        self._pattern: re.Pattern[str] | None = None
        self._general: re.Pattern[str] | None = None

    def take_off(self, national: str) -> str:
        """Return a national number without its prefix, as the library does while parsing."""
        if self._pattern is None or self._general is None:
            self._pattern = re.compile(self._rule.pattern)
            self._general = re.compile(self._rule.general)
        match = self._pattern.match(national)
        if match is None:
            return national
        rest = national[match.end() :]
        if self._rule.transform is not None and match[match.re.groups] is not None:
            rest = match.expand(self._rule.transform) + rest
        if self._general.fullmatch(national) and not self._general.fullmatch(rest):
            return national
        # What is left must be a possible length or too long, else the digits were no prefix.
        length = len(rest)
        return rest if length in self._lengths or length > self._rule.lengths[-1] else national


class _Ending:
    """The outcome of a number whose prefix rule is to be tried first."""

    __slots__ = ("code_end", "facts", "prefix")

    def __init__(self, calling_code: int, prefix: _Prefix, facts: NumberFacts | None) -> None:
        self.code_end = len(f"+{calling_code}")
        self.prefix = prefix
        self.facts = facts  # those of the number as it stands


class NumberingIndex:
    """Answers what a number is, from compiled metadata; `version` is the metadata's.

    Equal to the library for every text that begins with a plus, at a fraction of its time.
    """

    __slots__ = (
        *("_emergency", "_endings", "_library", "_longest", "_main_regions", "_rows", "version"),
    )

    def __init__(self, compiled: CompiledNumbering, library: Library) -> None:
        self.version = compiled.version
        self._library = library
        self._emergency = compiled.emergency
        self._main_regions = compiled.main_regions
        self._longest = compiled.longest
        # Four bytes a place, little end first: small enough to stay in the processor's cache, and
        # compiled code reads bytes without making objects. A leaf, being negative, ends in 255.
        assert min(compiled.rows) > -_LEAF, "three bytes hold a leaf"  # noqa: S101  stays on
        assert max(compiled.rows) < _LEAF, "three bytes hold a row"  # noqa: S101  stays on
        self._rows = struct.pack(f"<{len(compiled.rows)}i", *compiled.rows)
        prefixes = {code: _Prefix(rule) for code, rule in compiled.prefix_rules.items()}
        endings = [_ending(outcome, prefixes) for outcome in compiled.outcomes]
        self._endings = {key: endings[outcome] for key, outcome in compiled.leaves.items()}

    def facts(self, number: str, *, prefix_is_off: bool = False) -> NumberFacts | None:
        """Return what a number is, None if it does not parse or is not possible (D-28).

        `number` begins with a plus; anything else may follow. With `prefix_is_off` no national
        prefix is looked for; only the index itself asks so, after it has taken one off.
        """
        # The one loop of this module that every call pays for, so it is not split further.
        digits = number[1:].encode("ascii", "replace")
        if not digits.isdigit() or number[0] != "+":
            return self._facts_of_text(number)
        length: i64 = len(digits)
        if length > self._longest:
            return None
        rows = self._rows
        row: i64 = 0
        place: i64 = 0
        while True:
            column: i64 = digits[place] if place < length else END_COLUMN
            at: i64 = (row + column) * _PLACE_BYTES
            low: i64 = rows[at]
            middle: i64 = rows[at + 1]
            high: i64 = rows[at + 2]
            row = low | middle << 8 | high << 16
            if rows[at + 3]:
                break
            place += 1
        ending = self._endings.get(length + _LEAF - row)
        if isinstance(ending, _Ending):
            return ending.facts if prefix_is_off else self._facts_without_prefix(number, ending)
        return ending

    def main_region(self, calling_code: int) -> str | None:
        """Return the region a calling code stands for if nothing better is known (D-27)."""
        return self._main_regions.get(calling_code)

    def is_emergency(self, code: str, region: str) -> bool:
        """Tell whether a short code reaches the emergency services of a region (D-39).

        Text around the digits is dropped as the library does it; whether a text with more than
        digits may be a short code at all is the caller's to decide (D-38).
        """
        if code.isdigit() and code.isascii():
            return code in self._emergency.get(region.upper(), ())
        return self._library.is_emergency(code, region)

    def _facts_without_prefix(self, number: str, ending: _Ending) -> NumberFacts | None:
        code, national = number[: ending.code_end], number[ending.code_end :]
        rest = ending.prefix.take_off(national)
        # Taken off once only: what is left is the number, even if it begins like a prefix again.
        if rest == national:
            return ending.facts
        return _as_read(self.facts(code + rest, prefix_is_off=True), code + rest)

    def _facts_of_text(self, number: str) -> NumberFacts | None:
        if len(number) > LONGEST_TEXT:
            return None
        plain = number.translate(_DROP_GROUPING)
        if number[:1] == "+" and plain[1:].isdigit() and plain.isascii():
            return _as_read(self.facts(plain), plain)
        return self._library.facts(number)


def _as_read(facts: NumberFacts | None, number: str) -> NumberFacts | None:
    """Return the facts with the digits that were read, unless others were read from them."""
    if facts is None or facts.digits is not None:
        return facts
    return replace(facts, digits=number[1:])


def _ending(outcome: Outcome, prefixes: Mapping[int, _Prefix]) -> NumberFacts | _Ending | None:
    code = outcome.calling_code
    facts = NumberFacts(code, outcome.region, outcome.kind) if outcome.possible else None
    return _Ending(code, prefixes[code], facts) if outcome.may_lose_prefix else facts
