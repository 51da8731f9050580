"""What a number is: its country, its kind, and whether it can be a number at all.

The problem. Destination classes, zones and prices go by the region and kind of a number as the
`phonenumbers` metadata has them (domain 3.1, 5.2), and a call is refused when its number does not
parse or has no possible length (D-28). The library takes 58 us a number, more than all the rest of
rating.

The idea. All patterns of all regions of a calling code are compiled into one tree over digits
(`numbering_compiler`). A branch ends as soon as the digits to come do not matter any more, only how
many there are; equal subtrees are one. So the answer is a walk of five to ten dictionary look-ups
and one look-up by length.

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
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

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
DIGITS = "0123456789"
_FIRST_COLUMN = ord("0")
_END_COLUMN = ord("9") + 1
_COLUMNS = len(DIGITS) + 1
_DROP_GROUPING = str.maketrans("", "", " -./()")


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What the metadata knows of a number that is possible.

    `region` is ISO 3166 alpha-2, `001` for codes of no country (+800), None where the number fits
    no region of its calling code; `kind` is `unknown` for a number that is in no assigned range.
    """

    calling_code: int
    region: str | None
    kind: NumberKind


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
    """What follows for a number that ends here: whether it is possible, and what it is then.

    With `may_lose_prefix` the calling code's prefix rule is to be tried first.
    """

    possible: bool
    region: str | None
    kind: NumberKind
    may_lose_prefix: bool


# A leaf gives the index of an outcome by the number of digits, those of the calling code included.
# A branch gives a node by its index for each next digit, then the leaf for a number that ends here.
CompiledLeaf: TypeAlias = Mapping[int, int]
CompiledBranch: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CompiledPlan:
    """The numbering plan of one calling code. Nodes come after the nodes they name; last is top."""

    calling_code: int
    main_region: str
    prefix_rule: PrefixRule | None
    outcomes: tuple[Outcome, ...]
    nodes: tuple[CompiledLeaf | CompiledBranch, ...]


@dataclass(frozen=True, slots=True)
class CompiledNumbering:
    """All plans of one edition of the metadata; emergency codes by region."""

    version: str
    plans: tuple[CompiledPlan, ...]
    emergency: Mapping[str, frozenset[str]]


class _Prefix:
    """The prefix rule of one calling code, its patterns compiled on first use."""

    __slots__ = ("_general", "_lengths", "_pattern", "_rule", "code_length")

    def __init__(self, rule: PrefixRule, code_length: int) -> None:
        self.code_length = code_length
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

    __slots__ = ("facts", "prefix")

    def __init__(self, facts: NumberFacts | None, prefix: _Prefix) -> None:
        self.facts = facts  # those of the number as it stands
        self.prefix = prefix


class NumberingIndex:
    """Answers what a number is, from compiled metadata; `version` is the metadata's.

    Equal to the library for every text that begins with a plus, at a fraction of its time.
    """

    __slots__ = ("_emergency", "_library", "_main_regions", "_tree", "version")

    def __init__(self, compiled: CompiledNumbering, library: Library) -> None:
        self.version = compiled.version
        self._library = library
        self._emergency = compiled.emergency
        self._main_regions = {plan.calling_code: plan.main_region for plan in compiled.plans}
        self._tree = _Tree(compiled.plans)

    def facts(self, number: str) -> NumberFacts | None:
        """Return what a number is, None if it does not parse or is not possible (D-28).

        `number` begins with a plus; anything else may follow.
        """
        digits = number[1:]
        if not (digits.isdigit() and number.isascii() and number[0] == "+"):
            return self._facts_of_text(number)
        ending = self._tree.ending(digits)
        if isinstance(ending, _Ending):
            return self._facts_without_prefix(digits, ending)
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

    def _facts_without_prefix(self, digits: str, ending: _Ending) -> NumberFacts | None:
        code_length = ending.prefix.code_length
        national = digits[code_length:]
        rest = ending.prefix.take_off(national)
        if rest == national:
            return ending.facts
        # Taken off once only: what is left is the number, even if it begins like a prefix again.
        ending_of_rest = self._tree.ending(digits[:code_length] + rest)
        return ending_of_rest.facts if isinstance(ending_of_rest, _Ending) else ending_of_rest

    def _facts_of_text(self, number: str) -> NumberFacts | None:
        if len(number) > LONGEST_TEXT:
            return None
        plain = number.translate(_DROP_GROUPING)
        if number[:1] == "+" and plain[1:].isdigit() and plain.isascii():
            return self.facts(plain)
        return self._library.facts(number)


class _Tree:
    """The plans of all calling codes as one tree, laid out flat so that it stays in the cache.

    A row has a column for each digit and one for the end. It holds the position of another row, or
    the negative of a leaf's position; a leaf holds the index of an ending for each length. Position
    plus the ASCII code of a digit is the place to look at, so the first row stands at 0 and the
    columns before the digits' are never read.
    """

    __slots__ = ("_endings", "_leaves", "_longest", "_positions", "_rows")

    def __init__(self, plans: tuple[CompiledPlan, ...]) -> None:
        leaves = (node for plan in plans for node in plan.nodes if not isinstance(node, tuple))
        self._longest = max(max(leaf, default=0) for leaf in leaves)
        self._rows = [0] * _FIRST_COLUMN
        self._leaves = array("H", [0])  # position 0 is no leaf's, as its negative would be a row's
        self._endings: list[NumberFacts | _Ending | None] = [None]
        self._positions: dict[tuple[int, ...], int] = {}  # of leaves; equal ones are one
        nowhere = self._leaf({}, 0)
        top = self._row([nowhere] * _COLUMNS)
        for plan in plans:
            row = top
            *leading, last = (int(digit) for digit in str(plan.calling_code))
            for digit in leading:
                below = self._rows[row + _FIRST_COLUMN + digit]
                if below < 0:
                    below = self._row([nowhere] * _COLUMNS)
                    self._rows[row + _FIRST_COLUMN + digit] = below
                row = below
            self._rows[row + _FIRST_COLUMN + last] = self._plant(plan)

    def ending(self, digits: str) -> NumberFacts | _Ending | None:
        """Return what becomes of a number of these ASCII digits."""
        length = len(digits)
        if length > self._longest:
            return None
        rows = self._rows
        row = 0
        for column in digits.encode():
            row = rows[row + column]
            if row < 0:
                return self._endings[self._leaves[length - row]]
        return self._endings[self._leaves[length - rows[row + _END_COLUMN]]]

    def _plant(self, plan: CompiledPlan) -> int:
        first_ending = len(self._endings)
        self._endings += _endings(plan)
        positions: list[int] = []
        for node in plan.nodes:
            if isinstance(node, tuple):
                positions.append(self._row([positions[index] for index in node]))
            else:
                positions.append(self._leaf(node, first_ending))
        return positions[-1]

    def _row(self, columns: list[int]) -> int:
        position = len(self._rows) - _FIRST_COLUMN
        self._rows += columns
        return position

    def _leaf(self, leaf: CompiledLeaf, first_ending: int) -> int:
        """Store a leaf; return the negative of its position, as rows hold it."""
        by_length = [0] * (self._longest + 1)
        for length, outcome in leaf.items():
            by_length[length] = first_ending + outcome
        key = tuple(by_length)
        position = self._positions.setdefault(key, len(self._leaves))
        if position == len(self._leaves):
            self._leaves.extend(key)
        return -position


def _endings(plan: CompiledPlan) -> list[NumberFacts | _Ending | None]:
    rule = plan.prefix_rule
    prefix = _Prefix(rule, len(str(plan.calling_code))) if rule else None
    endings: list[NumberFacts | _Ending | None] = []
    for outcome in plan.outcomes:
        facts = None
        if outcome.possible:
            facts = NumberFacts(plan.calling_code, outcome.region, outcome.kind)
        if outcome.may_lose_prefix:
            assert prefix is not None, "only a prefix can be lost"  # noqa: S101  stays on
            endings.append(_Ending(facts, prefix))
        else:
            endings.append(facts)
    return endings
