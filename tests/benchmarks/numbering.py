"""Proves that the numbering index equals the library, and says how much faster it is.

`python -m tests.benchmarks.numbering` makes two million numbers over all regions from a seed, asks
the index and the `phonenumbers` library about each, prints what it made and every difference, and
exits 1 if there is one. `--count` and `--seed` change the dose; the unit tests run a small one.

The library is given its pattern cache, so the ratio is against its fastest form. Only the plain
numbers are timed, in processor time, all of them different; none was asked before.
"""

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.re_util import enable_pattern_cache

from rating.numbering import NumberFacts, NumberingIndex
from streams.numbering_metadata import PhonenumbersLibrary, load_numbering

DEFAULT_COUNT = 2_000_000
DEFAULT_SEED = 2021_03_31
CHUNK = 20_000  # numbers timed at once: a second of the library's work
DIFFERENCES_SHOWN = 20
KIND_PATTERNS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number"),
    *("voip", "pager", "uan", "voicemail", "general_desc"),
)
GROUPING = " -./()"
ODD_CHARACTERS = "+x#;,*~_ab Z\u00a0\u2010\u3000\uff0d\uff0b\uff11\u0661\u0967\U0001d7d7\u00b2e\n\t"
ODD_ENDINGS = (
    *(" ext. 12", ";ext=123", "x4", " #55", ";isub=1", ";phone-context=+44", ",,7", "- 503#"),
    *(
        ";phone-context=example.com",
        " / x9",
        "//",
        "\uff11",
        "ABC",
        "abc",
        "e5",
        "\u0662",
        "(",
        "-",
    ),
)


@dataclass(frozen=True, slots=True)
class Region:
    """One region's metadata, as numbers are made from it."""

    calling_code: int
    name: str
    patterns: dict[str, str]
    lengths: tuple[int, ...]
    prefix: str | None


@cache
def regions() -> tuple[Region, ...]:
    """Return every region of every calling code."""
    made = []
    for code, names in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        main = PhoneMetadata.metadata_for_region_or_calling_code(code, names[0])
        for name in names:
            plan = PhoneMetadata.metadata_for_region_or_calling_code(code, name)
            described = {kind: getattr(plan, kind) for kind in KIND_PATTERNS}
            patterns = {
                kind: numbers.national_number_pattern
                for kind, numbers in described.items()
                if numbers is not None and numbers.national_number_pattern
            }
            general: Any = main and main.general_desc
            lengths = (*general.possible_length, *general.possible_length_local_only)
            prefix = main.national_prefix_for_parsing if main else None
            made.append(Region(code, name, patterns, lengths, prefix))
    return tuple(made)


@cache
def parsed(pattern: str) -> Any:
    """Read a pattern with Python's own reader, which the compiled index knows nothing of."""
    return re._parser.parse(pattern)  # type: ignore[attr-defined]  # has no public name


def fitting(pattern: Any, chance: random.Random) -> str:
    """Make a text that fits a parsed pattern of digits."""
    text = ""
    for operation, value in pattern:
        match str(operation):
            case "LITERAL":
                text += chr(value)
            case "IN":
                text += one_of(value, chance)
            case "MAX_REPEAT":
                least, most, body = value
                times = chance.randint(least, most)
                text += "".join(fitting(body, chance) for _ in range(times))
            case "SUBPATTERN":
                text += fitting(value[3], chance)
            case "BRANCH":
                text += fitting(chance.choice(value[1]), chance)
            case "AT":
                pass
            case other:
                raise NotImplementedError(other)
    return text


def one_of(choices: list[tuple[Any, Any]], chance: random.Random) -> str:
    """Choose a digit of a class."""
    digits = ""
    for operation, value in choices:
        match str(operation):
            case "LITERAL":
                digits += chr(value)
            case "RANGE":
                digits += "".join(map(chr, range(value[0], value[1] + 1)))
            case "CATEGORY":
                digits += "0123456789"
    return chance.choice(digits)


def some_digits(length: int, chance: random.Random) -> str:
    """Make that many digits."""
    return "".join(chance.choices("0123456789", k=length))


def valid(region: Region, chance: random.Random) -> str:
    """Make a number of one of the region's kinds, each kind as often as the others."""
    pattern = region.patterns[chance.choice(list(region.patterns))]
    return f"+{region.calling_code}{fitting(parsed(pattern), chance)}"


def nearly_valid(region: Region, chance: random.Random) -> str:
    """Change one digit of a valid number, wherever it is."""
    number = valid(region, chance)
    at = chance.randrange(1, len(number))
    return number[:at] + chance.choice("0123456789") + number[at + 1 :]


def possible(region: Region, chance: random.Random) -> str:
    """Make any digits of a possible length."""
    return f"+{region.calling_code}{some_digits(chance.choice(region.lengths), chance)}"


def too_short(region: Region, chance: random.Random) -> str:
    """Cut the end off a valid number."""
    return valid(region, chance)[: -chance.randint(1, 6)]


def too_long(region: Region, chance: random.Random) -> str:
    """Add digits to a valid number."""
    return valid(region, chance) + some_digits(chance.choice((1, 1, 2, 3, 8)), chance)


def with_prefix(region: Region, chance: random.Random) -> str:
    """Leave the national prefix in, or what its pattern takes for one."""
    prefix = fitting(parsed(region.prefix), chance) if region.prefix else chance.choice("018")
    follows = chance.choice((valid, possible, too_short))(region, chance)
    return f"+{region.calling_code}{prefix}{follows[len(str(region.calling_code)) + 1 :]}"


def any_digits(_: Region, chance: random.Random) -> str:
    """Make any digits at all."""
    return "+" + some_digits(chance.randint(0, 22), chance)


def grouped(region: Region, chance: random.Random) -> str:
    """Write a number as people do."""
    number = chance.choice((valid, with_prefix, too_short))(region, chance)
    return number[0] + "".join(
        digit + chance.choice(GROUPING) * (chance.random() < 0.3) for digit in number[1:]
    )


def odd_text(region: Region, chance: random.Random) -> str:
    """Spoil a number with other characters, an extension or a parameter."""
    number = chance.choice((valid, grouped, too_short))(region, chance)
    for _ in range(chance.choice((0, 1, 1, 2))):
        at = chance.randint(1, len(number))
        number = number[:at] + chance.choice(ODD_CHARACTERS) + number[at:]
    return number + (chance.choice(ODD_ENDINGS) if chance.random() < 0.5 else "")


# Way of making, its share in percent. Each region has the same share of each.
SHARES: tuple[tuple[Callable[[Region, random.Random], str], int], ...] = (
    (valid, 40),
    (nearly_valid, 15),
    (possible, 15),
    (too_short, 7),
    (too_long, 7),
    (with_prefix, 7),
    (any_digits, 5),
    (grouped, 2),
    (odd_text, 2),
)
WAYS = tuple(way for way, _ in SHARES)
WEIGHTS = tuple(share for _, share in SHARES)


def numbers(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Make that many different numbers; yield each with the name of its way."""
    chance = random.Random(seed)
    seen: set[str] = set()
    everywhere = regions()
    while len(seen) < count:
        region = everywhere[len(seen) % len(everywhere)]
        way = chance.choices(WAYS, WEIGHTS)[0]
        number = way(region, chance)
        if number not in seen:
            seen.add(number)
            yield way.__name__, number


def asked_of_library(number: str) -> NumberFacts | None:
    """Ask the library itself."""
    return LIBRARY.facts(number)


LIBRARY = PhonenumbersLibrary(phonenumbers.__version__)


@dataclass(slots=True)
class Comparison:
    """What was compared so far."""

    made: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    regions: set[str] = field(default_factory=set)
    differences: list[tuple[str, NumberFacts | None, NumberFacts | None]] = field(
        default_factory=list
    )
    timed: int = 0
    index_seconds: float = 0.0  # of the processor, as is the library's
    library_seconds: float = 0.0

    def add(self, index: NumberingIndex, chunk: list[tuple[str, str]]) -> None:
        """Compare some numbers and time the plain ones."""
        plain = [number for _, number in chunk if number[1:].isdigit() and number.isascii()]
        text = [number for _, number in chunk if not (number[1:].isdigit() and number.isascii())]
        start = time.process_time()
        found = [index.facts(number) for number in plain]
        middle = time.process_time()
        expected = [asked_of_library(number) for number in plain]
        end = time.process_time()
        self.timed += len(plain)
        self.index_seconds += middle - start
        self.library_seconds += end - middle
        found += [index.facts(number) for number in text]
        expected += [asked_of_library(number) for number in text]
        for number, ours, theirs in zip([*plain, *text], found, expected, strict=True):
            self.answers["not possible" if theirs is None else theirs.kind] += 1
            if theirs is not None and theirs.region is not None:
                self.regions.add(theirs.region)
            if ours != theirs:
                self.differences.append((number, ours, theirs))
        self.made.update(way for way, _ in chunk)

    @property
    def ratio(self) -> float:
        """How many times as fast as the library the index is on the plain numbers."""
        return self.library_seconds / self.index_seconds

    def line(self) -> str:
        """Say it all in one line."""
        made = ", ".join(f"{way} {count}" for way, count in self.made.most_common())
        answers = ", ".join(f"{kind} {count}" for kind, count in self.answers.most_common())
        return (
            f"{sum(self.made.values())} numbers of {len(self.regions)} regions ({made}); "
            f"answers: {answers}; differences {len(self.differences)}; "
            f"index {1e6 * self.index_seconds / self.timed:.2f} us, "
            f"library {1e6 * self.library_seconds / self.timed:.1f} us a number, "
            f"ratio {self.ratio:.0f}"
        )


def compare(count: int, seed: int, report: Callable[[str], object] = lambda _: None) -> Comparison:
    """Compare the index with the library on that many numbers."""
    enable_pattern_cache()
    index = load_numbering()
    comparison = Comparison()
    chunk: list[tuple[str, str]] = []
    for made in numbers(count, seed):
        chunk.append(made)
        if len(chunk) == CHUNK:
            comparison.add(index, chunk)
            chunk = []
            report(f"{sum(comparison.made.values())} compared\n")
    comparison.add(index, chunk)
    return comparison


def main() -> int:
    """Run the proof; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=DEFAULT_COUNT)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    options = parser.parse_args()
    sys.stdout.write(f"seed {options.seed}, phonenumbers {phonenumbers.__version__}\n")
    comparison = compare(options.count, options.seed, sys.stderr.write)
    sys.stdout.write(comparison.line() + "\n")
    for number, ours, theirs in comparison.differences[:DIFFERENCES_SHOWN]:
        sys.stdout.write(f"{number!r}: index {ours}, library {theirs}\n")
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
