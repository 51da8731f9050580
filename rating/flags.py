"""The flags of a `call.rated`, as bits in the order in which they are written."""

from typing import Final, get_args

from schemas.ledger import Flag

LATE: Final = 1  # D-70
NO_RATE: Final = 2  # D-64
DURATION_MISMATCH: Final = 4  # D-89
TOLL_FREE_ORIGIN: Final = 8
OVERDRAFT: Final = 16  # D-24
CANCELLED: Final = 32
"""No flag: the bit by which a call's row says that it was taken back."""

FACTS: Final = DURATION_MISMATCH | TOLL_FREE_ORIGIN
"""What stays true of a call when its rating is taken back."""

_NAMES: Final[tuple[Flag, ...]] = get_args(Flag)
_LISTS: Final[tuple[tuple[Flag, ...], ...]] = tuple(
    tuple(name for place, name in enumerate(_NAMES) if bits >> place & 1)
    for bits in range(1 << len(_NAMES))
)


def flags_of(bits: int) -> tuple[Flag, ...]:
    """Return the flags of these bits, in the order of contracts section 3."""
    return _LISTS[bits]
