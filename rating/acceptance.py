"""Which months are still open to calls, and so which pools are kept (R-700, D-18, D-83)."""

from typing import Final

from rating.rows import TenantRow

ACCEPTANCE_MONTHS: Final = 3
"""Months before the newest started period that are still accepted (R-700); part of the rules."""


def oldest_accepted(row: TenantRow) -> int | None:
    """Return the oldest month that is still accepted, None while every month is (D-18)."""
    return None if row.newest is None else row.newest - ACCEPTANCE_MONTHS


def kept_months(row: TenantRow) -> range:
    """Return the months whose pools are kept and known: the earliest still accepted to the newest.

    The newest is the newest month seen in a call, licence or period event (D-56, D-83).
    """
    if row.earliest is None or row.latest is None:
        return range(0)
    oldest = oldest_accepted(row)
    first = row.earliest if oldest is None else max(row.earliest, oldest)
    return range(first, row.latest + 1)
