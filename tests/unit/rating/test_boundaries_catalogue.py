"""Line numbers of findings at the very end of a catalogue file."""

import pytest

from rating.catalogue_lines import Lines


def test_an_element_on_the_last_line_is_found_there() -> None:
    """Contracts 5: the file is refused with line numbers, also where it ends without a new line."""
    lines = Lines('global_codes = [\n    "870",\n    "88x"]')
    assert 2 == lines.of(("global_codes",), containing='"870"')
    assert 3 == lines.of(("global_codes",), containing='"88x"')


def test_an_element_that_is_not_there_gives_the_line_of_its_key() -> None:
    """The locator never fails: it knows the nearest line or none better."""
    assert 2 == Lines("format = 1\ndestinations = []").of(("destinations",), containing='"ZZ"')


@pytest.mark.parametrize("quote", ['"""', "'''"])
def test_what_stands_in_a_text_of_several_lines_is_no_key(quote: str) -> None:
    """A header or key inside such a text is a word of it; after its end lines count again."""
    lines = Lines(f"note = {quote}\n[premium]\nown = 1\n{quote}\n[premium]\nown = 2")
    assert 5 == lines.of(("premium",))
    assert 6 == lines.of(("premium", "own"))


def test_a_key_that_is_not_there_gives_the_line_of_its_table() -> None:
    """The nearest one around it, however deep it lies."""
    lines = Lines("format = 1\n[[plan]]\nname = 1\n[[plan.minutes]]\ndomestic = 1")
    assert 4 == lines.of(("plan", 0, "minutes", 0, "countries"))
    assert 2 == lines.of(("plan", 0, "buckets"))
    assert 2 == lines.of(("plan", 0, "a", "b", "c"))
