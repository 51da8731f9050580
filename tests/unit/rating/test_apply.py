"""The reducer as a whole."""

from datetime import UTC, datetime
from typing import Any

from rating.apply import HANDLERS
from schemas.envelope import EVENT_TYPES
from schemas.ledger import CallRated, RechargeDue, WalletEmpty
from schemas.money import ONE
from schemas.tenants import AutoRecharge

NOON = datetime(2021, 3, 10, 12, tzinfo=UTC)


def test_every_event_type_has_its_handler() -> None:
    """Contracts 2: the table is complete."""
    assert set(EVENT_TYPES.values()) == set(HANDLERS)


def test_records_are_numbered_without_gaps(scenario: Any) -> None:
    """Contracts 3: seq, time and cause of each record."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    call = scenario.a_call(seconds=3000 * 60)
    scenario.attempt(call, call.ended_at)
    row = scenario.row
    assert (5, 3) == (row.seq, row.wallet.lots_made + 3)


def test_the_end_of_an_event_tells_recharge_then_empty_wallet(scenario: Any) -> None:
    """Contracts 3: recharge.due before wallet.empty, after all else."""
    scenario.tenant(auto_recharge=AutoRecharge(ONE, ONE))
    scenario.assign("ann", "MCOPSTNPP")
    scenario.buy("0.016")
    made = scenario.records(to="+33142680000")
    assert [CallRated, RechargeDue, WalletEmpty] == [type(record) for record in made]


def test_any_accepted_event_may_show_an_earlier_month(scenario: Any) -> None:
    """D-42: also one without effect, but none that is refused."""
    scenario.tenant()
    first = scenario.row.earliest
    scenario.remove("ann", "MCOPSTN1", at=datetime(2020, 1, 1, tzinfo=UTC))
    assert (2021 * 12 + 2, 2020 * 12) == (first, scenario.row.earliest)


def test_two_raters_may_work_on_one_row(scenario: Any) -> None:
    """Views belong to the rater that made them."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    scenario.rater = scenario.new_rater(1)
    scenario.records(seconds=60)
    assert 2999 == scenario.pools["US/MCOPSTN1/domestic/2021-03"]["remaining"]
