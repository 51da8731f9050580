"""The balances file."""

from datetime import UTC, datetime
from typing import Any

from rating.balances import balances

APRIL = datetime(2021, 4, 1, tzinfo=UTC)


def test_balances_have_the_form_of_the_contract(scenario: Any) -> None:
    """Contracts 4, D-56: seq, hash, wallet, pools."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN5")
    scenario.buy("9.948")
    scenario.records(seconds=120)
    assert {
        "seq": 4,
        "hash": "0" * 64,
        "wallet": {
            "balance": "9.948",
            "currency": "USD",
            "lots": [
                {
                    "lot_id": "contoso/l1",
                    "remaining": "9.948",
                    "expires_at": "2022-03-01T00:00:00Z",
                }
            ],
        },
        "pools": {
            "US/MCOPSTN5/domestic/2021-03": {
                "capacity": 120,
                "used": 2,
                "remaining": 118,
                "closed": False,
            }
        },
    } == scenario.balances()


def test_empty_lots_are_not_listed(scenario: Any) -> None:
    """D-56: remaining > 0 only, FIFO order."""
    scenario.tenant()
    scenario.buy("2")
    scenario.buy("1", at=datetime(2021, 1, 1, tzinfo=UTC))
    scenario.adjust("-1")
    scenario.buy("3")
    lots = scenario.balances()["wallet"]["lots"]
    assert ["contoso/l1", "contoso/l3"] == [lot["lot_id"] for lot in lots]


def test_months_go_to_the_newest_seen(scenario: Any) -> None:
    """D-56: of a call, licence or period event; D-83: no closed months."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN5")
    scenario.user("ann", at=APRIL)
    assert ["03"] == [name[-2:] for name in scenario.pools]
    scenario.assign("ann", "MCOPSTN5", at=APRIL)
    assert ["03", "04"] == [name[-2:] for name in scenario.pools]
    scenario.records("bob", at=datetime(2021, 5, 1, tzinfo=UTC))
    assert ["03", "04", "05"] == [name[-2:] for name in scenario.pools]
    scenario.period("2021-07")
    assert ["04", "05", "06", "07"] == [name[-2:] for name in scenario.pools]


def test_unknown_tenants_are_left_out(scenario: Any) -> None:
    """Only tenants with a row."""
    assert {"tenants": {}} == balances(scenario.store, ["nobody"])


def test_a_tenant_without_pools_has_none(scenario: Any) -> None:
    """No call, licence or period yet."""
    scenario.tenant()
    assert {} == scenario.pools


def test_a_lot_with_the_smallest_amount_is_listed(scenario: Any) -> None:
    """D-56: all that hold more than nothing, and no empty one."""
    scenario.tenant()
    scenario.buy("0.00000001")
    assert ["0.00000001"] == [lot["remaining"] for lot in scenario.balances()["wallet"]["lots"]]
    scenario.adjust("-0.00000001")
    assert [] == scenario.balances()["wallet"]["lots"]
