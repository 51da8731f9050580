"""The small language of number patterns, read as Python's own engine reads it."""

import itertools
import re

import pytest

from rating.numbering_patterns import Automaton, PatternError, States

PATTERNS = [
    "",
    "1",
    "12|3",
    r"\d",
    "[13-5]",
    "1?2",
    "(?:12)?3",
    "1{2}",
    "[12]{1,3}",
    r"1\d{0,2}2",
    "1(?:2(?:0|1[12])?|3)",
    "(?:1|12)(?:23|3)",
    "0?(?:(11|2)15)?|0",
    "(12)$|3",
    "(?:1$|2)3?",
]
SHORT_NUMBERS = [
    "".join(digits) for length in range(6) for digits in itertools.product("01235", repeat=length)
]


def walk(automaton: Automaton, states: States, digits: str) -> States:
    """Read digits one by one."""
    for digit in digits:
        states = automaton.after(states, digit)
    return states


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_whole_number_fits_as_python_says(pattern: str) -> None:
    """A number fits a pattern if the whole of it matches."""
    automaton = Automaton()
    first = automaton.add(pattern, "it")
    for number in SHORT_NUMBERS:
        fits = bool(automaton.labels(walk(automaton, first, number)))
        assert (re.fullmatch(pattern, number) is not None) == fits, number


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_prefix_fits_as_python_says(pattern: str) -> None:
    """A number begins with a pattern if a match of it begins the number."""
    automaton = Automaton()
    first = automaton.add(pattern, "it", as_prefix=True)
    for number in SHORT_NUMBERS:
        fits = bool(automaton.labels(walk(automaton, first, number)))
        assert (re.match(pattern, number) is not None) == fits, number


def test_patterns_are_read_together() -> None:
    """The labels name all patterns that fit the same digits."""
    automaton = Automaton()
    first = automaton.add("12?", "a") | automaton.add(r"\d", "b") | automaton.add("[2-9]2", "c")
    assert automaton.labels(walk(automaton, first, "1")) == {"a", "b"}
    assert automaton.labels(walk(automaton, first, "12")) == {"a"}
    assert automaton.labels(walk(automaton, first, "22")) == {"c"}
    assert automaton.labels(walk(automaton, first, "121")) == frozenset()


def test_words_are_all_that_fits() -> None:
    """Emergency codes are listed one by one."""
    automaton = Automaton()
    first = automaton.add("9(?:11|9[79])|112", "it")
    assert list(automaton.words(first)) == ["112", "911", "997", "999"]


@pytest.mark.parametrize(
    ("pattern", "digits"), [("", 0), ("12|3", 2), (r"0(\d{10,11})?", 12), ("(12)$|345", 3)]
)
def test_longest_counts_the_digits_of_the_longest_match(pattern: str, digits: int) -> None:
    """The tree must be deep enough for a prefix before the longest number."""
    automaton = Automaton()
    assert automaton.longest(automaton.add(pattern, "it")) == digits


@pytest.mark.parametrize(
    "pattern",
    [
        *("1*", "1+", ".", "a", "(?=1)", "(?!1)", "^1", "(1", "1)", "[^1]", "[a-z]", "[2-1]"),
        *(
            "[1-3-5]",
            "[1-a]",
            "[-1]",
            r"\w",
            r"\1",
            "1{2",
            "1{a}",
            "1{,2}",
            "1{2,1}",
            "1??",
            "1{2}?",
            "[1",
            "[]",
        ),
    ],
)
def test_unknown_patterns_are_refused(pattern: str) -> None:
    """Metadata of a later edition is never compiled wrongly: what is not known is refused."""
    with pytest.raises(PatternError):
        Automaton().add(pattern, "it")
