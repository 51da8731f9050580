"""The one line that a refused file is told in."""

import pytest

from rating.reference_finding import Finding, ReferenceFileError


@pytest.mark.parametrize(("problems", "end"), [(1, ""), (2, " (and 1 more)"), (3, " (and 2 more)")])
def test_the_first_problem_is_told_and_the_others_counted(problems: int, end: str) -> None:
    """Contracts 5: refused with line numbers; the list itself is in `problems`."""
    found = tuple(Finding(line, "error", "bad", "is bad") for line in range(1, problems + 1))
    error = ReferenceFileError("rate deck refused", found)
    assert f"rate deck refused, line 1: is bad{end}" == str(error)
    assert found == error.problems
