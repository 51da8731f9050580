"""Names for the kinds of values that events and records hold.

Only the meaning stands here; how each is read from and written to JSON is decided in
`schemas.codec`, the only place that knows JSON.
"""

from datetime import datetime
from typing import Annotated, Final

# The markers tell the codec how a value stands on the wire.
MONEY: Final = "money"
INSTANT: Final = "instant"
IDENTIFIER: Final = "identifier"
COUNTRY: Final = "country"
CURRENCY: Final = "currency"
TIME_ZONE: Final = "time_zone"
MONTH: Final = "month"
VERSION: Final = "version"
SECONDS: Final = "seconds"
TEXT: Final = "text"

Money = Annotated[int, MONEY]
"""An exact amount in units of 10^-8 of the currency; on the wire a plain decimal string."""
Instant = Annotated[datetime, INSTANT]
"""An aware UTC datetime; on the wire RFC 3339, written with `Z`."""
Identifier = Annotated[str, IDENTIFIER]
"""1 to 128 characters without control characters."""
Country = Annotated[str, COUNTRY]
"""ISO 3166-1 alpha-2, upper case."""
Currency = Annotated[str, CURRENCY]
"""ISO 4217 alphabetic code, upper case."""
TimeZone = Annotated[str, TIME_ZONE]
"""An IANA zone name of the pinned tzdata (D-82)."""
Month = Annotated[str, MONTH]
"""A calendar month, `YYYY-MM`."""
Version = Annotated[str, VERSION]
"""Lower-case hex SHA-256 of a reference file's bytes."""
Seconds = Annotated[int, SECONDS]
"""Whole seconds, 0 to 10,000,000."""
Text = Annotated[str, TEXT]
"""Free text without NUL."""
