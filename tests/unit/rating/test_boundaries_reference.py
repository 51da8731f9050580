"""The one line that a refused file is told in."""

import pytest

from rating.reference_finding import Finding, Problems, ReferenceFileError, decode_text


@pytest.mark.parametrize(("problems", "end"), [(1, ""), (2, " (and 1 more)"), (3, " (and 2 more)")])
def test_the_first_problem_is_told_and_the_others_counted(problems: int, end: str) -> None:
    """Contracts 5: refused with line numbers; the list itself is in `problems`."""
    found = tuple(Finding(line, "error", "bad", "is bad") for line in range(1, problems + 1))
    error = ReferenceFileError("rate deck refused", found)
    assert f"rate deck refused, line 1: is bad{end}" == str(error)
    assert found == error.problems


def test_a_hundred_problems_are_enough() -> None:
    """A file with more is of the wrong kind: the first hundred by line are listed."""
    problems = Problems()
    for line in range(101, 1, -1):
        assert not problems.full
        problems.add(line, "bad", "is bad")
    assert problems.full
    problems.add(1, "bad", "is bad")
    assert [*range(1, 101)] == [found.line for found in problems.listed()]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"\xff", 1),
        (b"\n\xff", 2),
        (b"\n\n\xff\n", 3),
        (b"\x00", 1),
        (b"\n\x00", 2),
        (b"\na\x00", 2),
    ],
)
def test_a_byte_that_is_no_text_is_found_on_its_line(raw: bytes, line: int) -> None:
    """Contracts 5: also where the file begins with an empty line."""
    problems = Problems()
    assert decode_text(raw, problems) is None
    assert [(line, "bad_encoding")] == [(found.line, found.code) for found in problems.listed()]
