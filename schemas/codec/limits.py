"""What input may measure at most; over it the input is refused, whole, into the dead letter."""

from typing import Final

EVENT_BYTES_MAX: Final = 64 * 1024
"""Contracts section 1. A usual call has 0.6 KB; the broker's own limit of 1 MiB is far above."""
DEPTH_MAX: Final = 16
"""Contracts section 1: nested objects and arrays. Our deepest event, a correction, has 3."""
IDENTIFIER_CHARACTERS_MAX: Final = 128
"""Contracts section 1."""
TENANT_CHARACTERS_MAX: Final = 64
"""Contracts section 1."""
SOURCE_CHARACTERS_MAX: Final = 256
"""Source and id stand in every ledger record as its `cause`; without a bound one event of 64 KB
could make a ledger of gigabytes (one record per pool)."""
DURATION_SECONDS_MAX: Final = 10_000_000
"""Contracts section 1; 115 days."""
YEAR_MIN: Final = 1970
YEAR_MAX: Final = 9998
"""Instants outside cannot be moved by a year (D-46) or into every time zone: they would raise in
the core long after they were accepted. So they are refused here (`bad_time`)."""
EXTENSION_INTEGER_MAX: Final = 2**31 - 1
"""CloudEvents 1.0: the type Integer has 32 bits with sign."""
