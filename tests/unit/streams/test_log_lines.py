"""One entry is one JSON line, and clients that complain all the time are counted."""

import json
import logging

from streams.log_lines import LINES_PER_WINDOW, JsonLines, RepeatFilter


def entry(name: str, message: str, **extra: object) -> logging.LogRecord:
    """Return a log entry."""
    record = logging.LogRecord(name, logging.WARNING, "client.py", 7, message, None, None)
    record.__dict__.update(extra)
    return record


def test_whatever_a_message_holds_it_is_one_line() -> None:
    """X10: line breaks, control characters and quotes do not break the line."""
    line = JsonLines().format(entry("streams", 'a\r\nb\x1b[31m"} {"x":1'))
    assert "\n" not in line
    assert 'a\r\nb\x1b[31m"} {"x":1' == json.loads(line)["message"]


def test_fields_stand_beside_the_message() -> None:
    """A chunk's line carries its numbers as members."""
    line = json.loads(JsonLines().format(entry("streams", "chunk", fields={"events": 3})))
    assert ("chunk", 3) == (line["message"], line["events"])


def test_a_library_writes_a_few_lines_a_window() -> None:
    """The same place of a library is held back after a few lines; ours never is."""
    seen = RepeatFilter()
    written = [seen.filter(entry("aiokafka", "no broker")) for _ in range(10)]
    assert LINES_PER_WINDOW == sum(written)
    assert all(seen.filter(entry("streams.worker", "waiting")) for _ in range(10))
