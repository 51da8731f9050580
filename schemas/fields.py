"""Names for the kinds of values that events and records hold.

Only the meaning stands here; how each is read from and written to JSON is decided in
`schemas.codec`, the only place that knows JSON.
"""

from datetime import datetime
from typing import Annotated, Final

# The markers tell the codec how a value stands on the wire.
MONEY: Final = "money"
MONEY_ABOVE_ZERO: Final = "money_above_zero"
MONEY_FROM_ZERO: Final = "money_from_zero"
MONEY_NOT_ZERO: Final = "money_not_zero"
INSTANT: Final = "instant"
IDENTIFIER: Final = "identifier"
COUNTRY: Final = "country"
CURRENCY: Final = "currency"
TIME_ZONE: Final = "time_zone"
MONTH: Final = "month"
VERSION: Final = "version"
SECONDS: Final = "seconds"
TEXT: Final = "text"
CALL_TYPE: Final = "call_type"
TENANT: Final = "tenant"
SOURCE: Final = "source"

Money = Annotated[int, MONEY]
"""An exact amount in units of 10^-8 of the currency; on the wire a plain decimal string."""
MoneyAboveZero = Annotated[int, MONEY_ABOVE_ZERO]
"""Money that is more than nothing, e.g. a purchase."""
MoneyFromZero = Annotated[int, MONEY_FROM_ZERO]
"""Money that is nothing or more, e.g. the trigger of a recharge."""
MoneyNotZero = Annotated[int, MONEY_NOT_ZERO]
"""Signed money that moves something (D-44)."""
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
CallType = Annotated[str, CALL_TYPE]
"""One of `schemas.calls.CALL_TYPES`."""
Tenant = Annotated[str, TENANT]
"""A tenant id: 1 to 64 of `A-Z a-z 0-9 . _ -`."""
Source = Annotated[str, SOURCE]
"""A CloudEvents source: 1 to 256 characters without control characters."""
