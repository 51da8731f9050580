"""The one line that a refused file is told in."""

import pytest

from rating.reference_finding import Finding, Problems, ReferenceFileError


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
