"""Flags as bits."""

from rating.flags import (
    CANCELLED,
    DURATION_MISMATCH,
    FACTS,
    LATE,
    NO_RATE,
    OVERDRAFT,
    TOLL_FREE_ORIGIN,
    flags_of,
)


def test_flags_stand_in_the_order_of_the_contract() -> None:
    """Contracts 3: late no_rate duration_mismatch toll_free_origin overdraft."""
    every = LATE | NO_RATE | DURATION_MISMATCH | TOLL_FREE_ORIGIN | OVERDRAFT
    assert (
        "late",
        "no_rate",
        "duration_mismatch",
        "toll_free_origin",
        "overdraft",
    ) == flags_of(every)


def test_each_bit_is_its_flag() -> None:
    """One bit, one flag; none, none."""
    assert [(), ("late",), ("overdraft",)] == [flags_of(0), flags_of(LATE), flags_of(OVERDRAFT)]


def test_facts_are_what_a_cancellation_tells_again() -> None:
    """A rating taken back has no rate and no overdraft, but the call stays what it was."""
    assert ("duration_mismatch", "toll_free_origin") == flags_of(FACTS)


def test_stored_bits_never_move() -> None:
    """Rows of calls hold them; a new flag takes the next bit."""
    assert (1, 2, 4, 8, 16, 32) == (
        LATE,
        NO_RATE,
        DURATION_MISMATCH,
        TOLL_FREE_ORIGIN,
        OVERDRAFT,
        CANCELLED,
    )
