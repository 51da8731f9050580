"""Users' own buckets of later months, when an event of an earlier one changes their size."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from rating.decks import CURRENT, shipped
from rating.references import ShippedReferences
from schemas.ledger import PoolChanged, PoolThresholdReached

MARCH = datetime(2021, 3, 1, tzinfo=UTC)
APRIL = datetime(2021, 4, 1, tzinfo=UTC)


def catalogue_with_smaller_buckets_in_puerto_rico() -> bytes:
    """Return the shipped catalogue, but 60 minutes per user in PR, which shares US's group."""
    raw = shipped("catalogue", CURRENT["catalogue"])
    assert raw is not None
    before, plan = raw.decode().split('capability = "MCOPSTN8"')
    plan = plan.replace('"CA", "PR", "GB"', '"CA", "GB"', 1)
    plan = plan.replace(
        "domestic = 120",
        'domestic = 120\n\n[[plan.minutes]]\ncountries = ["PR"]\ndomestic = 60',
        1,
    )
    return f'{before}capability = "MCOPSTN8"{plan}'.encode()


def test_a_change_of_an_open_month_tells_thresholds_of_later_own_buckets(
    new_scenario: Callable[..., Any],
) -> None:
    """D-08, D-41: April's bucket of 120 with 60 used becomes one of 60 by an event of March."""
    small = catalogue_with_smaller_buckets_in_puerto_rico()
    tenant = new_scenario(ShippedReferences(catalogue=small))
    tenant.tenant("US")
    tenant.assign("ann", "MCOPSTN8")
    tenant.period("2021-04")
    call = tenant.call("ann", seconds=3600, at=APRIL + timedelta(days=2))
    assert ("user_pool", 60) == (call.legs[0].purse, call.legs[0].remaining)
    april = "US/MCOPSTN8/domestic/2021-04/ann"
    assert [
        PoolChanged("US/MCOPSTN8/domestic/2021-03/ann", 60, 0, 60, "usage_location"),
        PoolThresholdReached(april, 80),
        PoolThresholdReached(april, 100),
    ] == tenant.user("ann", at=MARCH + timedelta(days=3), usage_location="PR")
