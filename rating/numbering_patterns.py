r"""Turns the patterns of a numbering plan into one automaton over digits.

The problem. The metadata describes a plan by some ten patterns a country, written as regular
expressions, and a number is matched against them one after the other: 58 us a number. The question
that is really asked, "which of all these patterns does this number fit?", is one walk along its
digits.

The idea. Each pattern becomes a small non-deterministic automaton (Thompson's construction, built
backwards from its end, so that a counted repetition is only its body built n times). A set of its
states is all that matters of the digits read so far, for all patterns of a country at once. What
follows from such a set, digit by digit, is made once, at compile time (`numbering_compiler`).

The metadata uses a small part of the language of regular expressions: digits, `\d`, `[...]`,
groups, `|`, `?`, `{n}`, `{n,m}` and a closing `$`. Anything else is refused, so that new metadata
can never be compiled wrongly; there are no loops, so every automaton is finite in length.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

ALL_DIGITS = frozenset("0123456789")
States = frozenset[int]


class PatternError(ValueError):
    """A pattern uses what this reader does not know."""


@dataclass(slots=True)
class Automaton:
    """A growing set of patterns over digits, read together.

    `edges[state]` is (the digits it accepts, the state after), None for a state that accepts an
    end. `accepts[state]` is the label of the pattern that ends there.
    """

    edges: list[tuple[frozenset[str], States] | None] = field(default_factory=list)
    accepts: dict[int, str] = field(default_factory=dict)

    def add(self, pattern: str, label: str, *, as_prefix: bool = False) -> States:
        """Add a pattern; return its first states. As a prefix it accepts any digits after it.

        States of different patterns are different, so sets of them may be united.
        """
        end = self._new_state(None)
        self.accepts[end] = label
        open_end = self._new_state(None)
        if as_prefix:
            self.accepts[open_end] = label
            self.edges[open_end] = (ALL_DIGITS, frozenset((open_end,)))
        then = open_end if as_prefix else end
        return _Reader(pattern, self, frozenset((end,))).read(frozenset((then,)))

    def longest(self, states: States) -> int:
        """Return how many digits can be read from these states on, if they never go round."""
        steps = 0
        while states := frozenset().union(*(self.after(states, digit) for digit in ALL_DIGITS)):
            steps += 1
        return steps

    def after(self, states: States, digit: str) -> States:
        """Return the states that follow on one more digit."""
        following: set[int] = set()
        for state in states:
            edge = self.edges[state]
            if edge is not None and digit in edge[0]:
                following |= edge[1]
        return frozenset(following)

    def labels(self, states: States) -> frozenset[str]:
        """Return the labels of the patterns that the digits read so far fit."""
        accepts = self.accepts
        return frozenset(accepts[state] for state in states if state in accepts)

    def words(self, states: States, so_far: str = "") -> Iterator[str]:
        """Yield every string of digits that fits from these states on, in order."""
        if self.labels(states):
            yield so_far
        for digit in sorted(ALL_DIGITS):
            following = self.after(states, digit)
            if following:
                yield from self.words(following, so_far + digit)

    def _new_state(self, edge: tuple[frozenset[str], States] | None) -> int:
        self.edges.append(edge)
        return len(self.edges) - 1

    def step(self, digits: frozenset[str], then: States) -> States:
        """Make the state that reads one of these digits and goes on to the given states."""
        return frozenset((self._new_state((digits, then)),))


@dataclass(frozen=True, slots=True)
class _End:
    """`$`: the number must end here, whatever follows in the pattern."""


@dataclass(frozen=True, slots=True)
class _Digits:
    accepted: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Repeat:
    body: "_Node"
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple["_Node", ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    branches: tuple["_Node", ...]


_Node = _End | _Digits | _Repeat | _Sequence | _Choice


class _Reader:
    """Reads one pattern by recursive descent and lays its states before those of its end."""

    def __init__(self, pattern: str, automaton: Automaton, end_of_number: States) -> None:
        self._pattern = pattern
        self._automaton = automaton
        self._end_of_number = end_of_number  # where `$` leads
        self._at = 0

    def read(self, then: States) -> States:
        """Return the first states of the pattern, whose last ones lead to the given states."""
        node = self._choice()
        if self._at != len(self._pattern):
            raise self._error()
        return self._lay(node, then)

    def _error(self) -> PatternError:
        return PatternError(f"cannot read {self._pattern!r} at {self._at}")

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _skip(self, text: str) -> bool:
        if not self._pattern.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _choice(self) -> _Node:
        branches = [self._sequence()]
        while self._skip("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(_End() if self._skip("$") else self._repeat(self._atom()))
        return _Sequence(tuple(parts))

    def _atom(self) -> _Node:
        if self._skip("(?:") or self._skip("("):
            node = self._choice()
            if not self._skip(")"):
                raise self._error()
            return node
        if self._skip("\\d"):
            return _Digits(ALL_DIGITS)
        if self._skip("["):
            return self._class()
        digit = self._peek()
        if digit not in ALL_DIGITS:
            raise self._error()
        self._at += 1
        return _Digits(frozenset(digit))

    def _class(self) -> _Node:
        accepted: set[str] = set()
        while not self._skip("]"):
            first = self._peek()
            self._at += 1
            last = first
            if self._skip("-"):
                last = self._peek()
                self._at += 1
            if not first <= last or not {first, last} <= ALL_DIGITS:
                raise self._error()
            accepted.update(chr(code) for code in range(ord(first), ord(last) + 1))
        if not accepted:
            raise self._error()
        return _Digits(frozenset(accepted))

    def _repeat(self, body: _Node) -> _Node:
        if self._skip("?"):
            return _Repeat(body, 0, 1)
        if not self._skip("{"):
            return body
        least = self._number()
        most = self._number() if self._skip(",") else least
        if not self._skip("}") or most < least:
            raise self._error()
        return _Repeat(body, least, most)

    def _number(self) -> int:
        digits = ""
        while self._peek() and self._peek() in ALL_DIGITS:
            digits += self._peek()
            self._at += 1
        if not digits:
            raise self._error()
        return int(digits)

    def _lay(self, node: _Node, then: States) -> States:
        match node:
            case _End():
                return self._end_of_number
            case _Digits(accepted):
                return self._automaton.step(accepted, then)
            case _Sequence(parts):
                for part in reversed(parts):
                    then = self._lay(part, then)
                return then
            case _Choice(branches):
                return frozenset().union(*(self._lay(branch, then) for branch in branches))
            case _Repeat(body, least, most):
                start = then
                for _ in range(most - least):
                    start = then | self._lay(body, start)
                for _ in range(least):
                    start = self._lay(body, start)
                return start
