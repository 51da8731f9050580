"""A row's span is half open, to the microsecond, for every class of calls."""

from datetime import UTC, datetime, timedelta

import pytest

from rating.rate_deck import RateDeck

SINCE, UNTIL = datetime(2021, 3, 1, tzinfo=UTC), datetime(2021, 4, 1, tzinfo=UTC)
DECK = RateDeck.load(
    b"direction,prefix,origin,destination,kind,price_per_minute,connection_fee,currency,"
    b"effective_from,effective_until\n"
    b"outbound,1206,,x,mixed,1,0,USD,2021-03-01,2021-04-01\n"
    b"outbound,1206,,x,premium,2,0,USD,2021-03-01,2021-04-01\n"
    b"inbound_toll_free,1800,US,x,toll_free,3,0,USD,2021-03-01,2021-04-01\n"
)


@pytest.mark.parametrize(
    ("at", "in_force"),
    [
        (SINCE - timedelta.resolution, False),
        (SINCE, True),
        (UNTIL - timedelta.resolution, True),
        (UNTIL, False),
    ],
)
def test_a_row_is_in_force_from_its_first_instant_to_before_its_end(
    at: datetime, *, in_force: bool
) -> None:
    """Contracts 5, D5: `effective_from` <= start < `effective_until`."""
    found = (
        DECK.outbound("12065550123", at, "USD", premium=False),
        DECK.outbound("12065550123", at, "USD", premium=True),
        DECK.toll_free("18005550123", "US", at, "USD"),
    )
    assert (in_force,) * 3 == tuple(row is not None for row in found)
