"""One line of a synthetic log on its way."""

from dataclasses import dataclass
from datetime import datetime

from schemas.envelope import EventData


@dataclass(frozen=True, slots=True)
class Sent:
    """An event, or the bytes of a bad line, sent at the instant `at`.

    `time` is the envelope's time where it differs from `at`: late and back-dated events.
    """

    at: datetime
    tenant: str
    content: EventData | bytes
    time: datetime | None = None
