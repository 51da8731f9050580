"""The process's log: one JSON object a line on stderr, repeated complaints of clients counted.

Each line has `time`, `level`, `logger` and `message`; an entry made with `extra={"fields": ...}`
has those members too. Whatever a message holds, a line is one line.

aiokafka writes thousands of lines while a broker is away. Each place in a library may write
`LINES_PER_WINDOW` lines per window; what is held back is counted and told with the next one.
"""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Final

LINES_PER_WINDOW: Final = 3
WINDOW_SECONDS: Final = 10.0

_LIBRARIES: Final = ("faust", "mode", "aiokafka")


class JsonLines(logging.Formatter):
    """Writes an entry as one canonical JSON object: keys sorted, no blanks, no line breaks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        }
        # asyncio passes False for no exception.
        if record.exc_info and record.exc_info[0] is not None:
            # The text of an exception might hold a phone number, its class does not.
            line["error"] = record.exc_info[0].__name__
        line |= getattr(record, "fields", {})
        return json.dumps(line, sort_keys=True, separators=(",", ":"))


class RepeatFilter(logging.Filter):
    """Lets each place in a library write a few lines per window, and counts the rest."""

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the entry is written; adds how many like it were held back before."""
        if not record.name.startswith(_LIBRARIES):
            return True
        place = (record.pathname, record.lineno)
        now = time.monotonic()
        began, count = self._windows.get(place, (now, 0))
        if now - began >= WINDOW_SECONDS:
            held_back = count - LINES_PER_WINDOW
            if held_back > 0:
                record.msg = f"{record.getMessage()} (and {held_back} more like it)"
                record.args = None
            began, count = now, 0
        self._windows[place] = (began, count + 1)
        return count < LINES_PER_WINDOW


def configure_logging(level: int = logging.INFO) -> None:
    """Send the log to stderr; libraries only from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
