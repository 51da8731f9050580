"""Corrections and cancellations: exact give-back, then a new rating."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rating.wallet import NOTHING_TAKEN
from schemas.calls import CallCancelled, CallCorrected
from schemas.ledger import (
    CallDuplicate,
    CreditsForfeited,
    Difference,
    PoolClosed,
    PoolReopened,
    WalletEmpty,
)
from schemas.money import ONE
from schemas.timers import LotExpired
from tests.property.rated import NotingStore

NOON = datetime(2021, 3, 10, 12, tzinfo=UTC)
PARIS = "+33142680000"
FIRST_SEQ = 4
"""After ruleset.changed, pool.changed and credits.added."""
POOL = "US/MCOPSTN1/domestic/2021-03"


@pytest.fixture
def us(scenario: Any) -> Any:
    """Return a US tenant with money and ann on MCOPSTN1 and credits."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1", "MCOPSTNPP")
    scenario.buy("10")
    return scenario


def test_a_correction_replaces_the_rating(us: Any) -> None:
    """R-701, D-02: full new rating, seq of the old, signed difference."""
    us.records(usage_id="u", seconds=600)
    (rated,) = us.correct(us.a_call(usage_id="u", seconds=180))
    assert (FIRST_SEQ, 3) == (rated.corrects, rated.billed_minutes)
    assert (Difference("pool", POOL, -7, 0),) == rated.difference
    assert 2997 == us.pools[POOL]["remaining"]


def test_a_correction_gives_money_back(us: Any) -> None:
    """R-701: from credits to the pool."""
    us.records(to=PARIS, usage_id="u", seconds=180)
    (rated,) = us.correct(us.a_call(usage_id="u", seconds=180))
    assert (
        Difference("pool", POOL, 3, 0),
        Difference("credits", None, -3, -4_800_000),
    ) == rated.difference
    assert "10" == us.wallet


def test_an_equal_rating_has_no_difference(us: Any) -> None:
    """D-02: empty for equal."""
    us.records(usage_id="u", seconds=61)
    (rated,) = us.correct(us.a_call(usage_id="u", seconds=62))
    assert () == rated.difference


def test_corrections_chain(us: Any) -> None:
    """R-701: the second one replaces the first one's record."""
    us.records(usage_id="u", seconds=60)
    us.correct(us.a_call(usage_id="u", seconds=120))
    (rated,) = us.correct(us.a_call(usage_id="u", seconds=60))
    assert (FIRST_SEQ + 1, 2999) == (rated.corrects, us.pools[POOL]["remaining"])


def test_a_correction_may_move_the_user_and_the_month(us: Any) -> None:
    """R-701, D-74: the old user's own bucket gets its minutes back."""
    us.assign("bob", "MCOPSTN8")
    us.records("bob", usage_id="u", seconds=60)
    own = "US/MCOPSTN8/domestic/2021-03/bob"
    (rated,) = us.correct(us.a_call("ann", usage_id="u", seconds=60, at=NOON + timedelta(days=31)))
    assert (
        Difference("pool", "US/MCOPSTN1/domestic/2021-04", 1, 0),
        Difference("user_pool", own, -1, 0),
    ) == rated.difference
    assert [0, 1] == [us.pools[name]["used"] for name in (own, "US/MCOPSTN1/domestic/2021-04")]


def test_the_first_and_the_newest_data_are_duplicates(us: Any) -> None:
    """D-22: the first record is named; other data is refused."""
    first, newest = (us.a_call(usage_id="u", seconds=s) for s in (60, 120))
    between = us.a_call(usage_id="u", seconds=180)
    us.send(first, first.ended_at)
    us.correct(between)
    us.correct(newest)
    known = [CallDuplicate("u", FIRST_SEQ)]
    assert [known, known] == [us.send(call, call.ended_at) for call in (first, newest)]
    assert "id_payload_mismatch" == us.refused(between, between.ended_at)
    assert [CallDuplicate("u", FIRST_SEQ)] == us.correct(newest)


def test_a_correction_with_a_bad_number_gives_nothing_back(us: Any) -> None:
    """D-75: refused as a whole."""
    us.records(to=PARIS, usage_id="u")
    bad = us.a_call(to="12", usage_id="u")
    assert "invalid_number" == us.refused(CallCorrected("u", "x", bad), bad.ended_at)


def test_an_unknown_call_cannot_be_changed(us: Any) -> None:
    """D-22: dead letter."""
    call = us.a_call(usage_id="u")
    assert "unknown_call" == us.refused(CallCorrected("u", "x", call), call.ended_at)
    assert "unknown_call" == us.refused(CallCancelled("u", "x"), NOON)


def test_a_call_of_a_closed_month_cannot_be_changed(us: Any) -> None:
    """D-17, D-84: it counts as absent; its new data may be too late."""
    us.records(usage_id="u")
    us.period("2021-07")
    assert "unknown_call" == us.refused(CallCancelled("u", "x"), NOON)
    call = us.a_call(usage_id="u", at=datetime(2021, 7, 1, tzinfo=UTC))
    assert "unknown_call" == us.refused(CallCorrected("u", "x", call), call.ended_at)
    old = us.a_call(usage_id="u")
    assert "too_late" == us.refused(CallCorrected("u", "x", old), old.ended_at)


def test_a_correction_from_the_future_is_refused(us: Any) -> None:
    """D-17: as for the call itself."""
    call = us.a_call(usage_id="u", at=NOON + timedelta(days=9))
    assert "in_future" == us.refused(CallCorrected("u", "x", call), NOON)


def test_a_cancelled_call_costs_nothing(us: Any) -> None:
    """D-02: billed 0, no legs, all given back."""
    us.records(to=PARIS, usage_id="u", seconds=180, ended_at=NOON + timedelta(seconds=9))
    (rated,) = us.cancel("u")
    assert ("cancelled", 0, (), 0, FIRST_SEQ, 180) == (
        rated.outcome,
        rated.billed_minutes,
        rated.legs,
        rated.charge,
        rated.corrects,
        rated.duration_seconds,
    )
    assert (Difference("credits", None, -3, -4_800_000),) == rated.difference
    assert (("duration_mismatch",), "10", "international") == (
        rated.flags,
        us.wallet,
        rated.destination.class_,
    )


def test_a_cancelled_call_tells_its_newest_data(us: Any) -> None:
    """D-02: start, user, type, destination, duration, facts and seq are those of the correction."""
    us.assign("bob", "MCOPSTN1", "MCOPSTNPP")
    first = us.a_call(to=PARIS, usage_id="u", seconds=180, ended_at=NOON + timedelta(seconds=9))
    us.send(first, first.ended_at)
    later = NOON + timedelta(days=31)
    newest = us.a_call("bob", usage_id="u", seconds=61, at=later, call_type="user_out_transfer")
    (corrected,) = us.correct(newest)
    (rated,) = us.cancel("u", later)
    assert ("bob", "user_out_transfer", later, "2021-04", 61, ()) == (
        rated.user_id,
        rated.call_type,
        rated.started_at,
        rated.period,
        rated.duration_seconds,
        rated.flags,
    )
    assert (corrected.destination, FIRST_SEQ + 2) == (rated.destination, rated.corrects)
    april = "US/MCOPSTN1/domestic/2021-04"
    assert (0, (Difference("pool", april, -2, 0),)) == (rated.connection_fee, rated.difference)


def test_a_cancelled_calls_row_keeps_nothing_to_give_back(us: Any) -> None:
    """R-701: what was given back once cannot be given back again; the seq is the new record's."""
    us.records(to=PARIS, usage_id="u", seconds=180)
    us.cancel("u")
    row = us.store.get_call("contoso", "u")
    assert (True, (), NOTHING_TAKEN, FIRST_SEQ + 1) == (
        row.cancelled,
        row.legs,
        row.taking,
        row.last_seq,
    )


def test_an_own_bucket_given_back_to_is_put(us: Any) -> None:
    """R-701: only a row that was put reaches a table; the call's and the tenant's with it."""
    us.store = NotingStore()
    us.tenant()
    us.assign("ann", "MCOPSTN8")
    us.records(usage_id="u", seconds=120)
    rows = {("tenants", "contoso"), ("subscribers", "contoso", "ann"), ("calls", "contoso", "u")}
    assert rows <= us.store.noted
    us.store.noted.clear()
    us.cancel("u")
    assert rows == us.store.noted


def test_cancelling_twice_is_a_duplicate(us: Any) -> None:
    """D-22: and the call's data still is."""
    call = us.a_call(usage_id="u")
    us.send(call, call.ended_at)
    us.cancel("u")
    assert [CallDuplicate("u", FIRST_SEQ)] == us.cancel("u")
    assert [CallDuplicate("u", FIRST_SEQ)] == us.send(call, call.ended_at)
    assert [CallDuplicate("u", FIRST_SEQ)] == us.correct(call)


def test_a_cancelled_call_cannot_be_corrected(us: Any) -> None:
    """D-22: dead letter."""
    us.records(usage_id="u")
    us.cancel("u")
    call = us.a_call(usage_id="u", seconds=61)
    assert "already_cancelled" == us.refused(CallCorrected("u", "x", call), call.ended_at)


def test_a_cancelled_internal_call_stays_internal(us: Any) -> None:
    """The record tells the direction again."""
    us.records(to="bob@contoso.com", usage_id="u")
    assert "internal" == us.cancel("u")[0].direction


def test_money_for_a_forfeited_lot_is_forfeited(us: Any) -> None:
    """D-23: credits.forfeited after the call's record, with the final balance."""
    us.records(to=PARIS, usage_id="u", seconds=180)
    us.send(LotExpired("contoso/l1"), datetime(2022, 3, 1, tzinfo=UTC))
    assert [CreditsForfeited("contoso/l1", 4_800_000, 0)] == us.cancel("u")[1:]
    assert "0" == us.wallet


def test_an_overdrawn_call_gives_its_debt_back(us: Any) -> None:
    """D-91: the debt, then the lot."""
    us.tenant(overdraft="allow_negative")
    us.records(to=PARIS, usage_id="u", seconds=60_000)
    assert "-6" == us.wallet
    us.cancel("u")
    assert "10" == us.wallet


def test_a_bucket_that_gets_minutes_back_reopens_the_other(scenario: Any) -> None:
    """D-40, invariant 9: closed by the call, reopened by its cancellation."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN2")
    domestic = "US/MCOPSTN2/domestic/2021-03"
    made = scenario.records(to=PARIS, usage_id="u", seconds=36_000)
    assert PoolClosed(domestic, "international") == made[-1]
    assert [PoolReopened(domestic, "international")] == scenario.cancel("u")[1:]


def test_what_does_not_last_is_not_told(scenario: Any) -> None:
    """A correction to the same use closes and opens nothing."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN2")
    scenario.records(to=PARIS, usage_id="u", seconds=36_000)
    assert 1 == len(scenario.correct(scenario.a_call(to=PARIS, usage_id="u", seconds=35_999)))


def test_a_correction_may_empty_the_wallet(us: Any) -> None:
    """D-54: balance above zero before the event and zero after it."""
    us.records(usage_id="u")
    made = us.correct(us.a_call(to=PARIS, usage_id="u", seconds=625 * 60))
    assert [WalletEmpty(0)] == made[1:]


def test_money_is_conserved_by_a_correction(us: Any) -> None:
    """Invariant 3: given back and taken again adds up."""
    us.buy("5")
    us.records(to=PARIS, usage_id="u", seconds=650 * 60)
    us.correct(us.a_call(to=PARIS, usage_id="u", seconds=60))
    lots = us.balances()["wallet"]["lots"]
    assert ["9.984", "5"] == [lot["remaining"] for lot in lots]
    assert 15 * ONE - 1_600_000 == us.row.wallet.balance
