"""Purchases, adjustments, recharges, expiries."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.credits import CreditsAdjusted, CreditsPurchased, RechargeFailed, RechargeSucceeded
from schemas.ledger import (
    CreditsAdded,
    CreditsCorrected,
    CreditsForfeited,
    RechargeDue,
    RechargeSettled,
    WalletEmpty,
)
from schemas.money import ONE
from schemas.tenants import AutoRecharge, TenantConfigured
from schemas.timers import LotExpired

MARCH = datetime(2021, 3, 1, tzinfo=UTC)
EXPIRY = datetime(2022, 3, 1, tzinfo=UTC)
FRENCH_MOBILE = "+33612345678"
TICK = timedelta(microseconds=1)


@pytest.fixture
def us(scenario: Any) -> Any:
    """Return a US tenant whose user ann may spend credits."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTNPP")
    return scenario


def test_a_purchase_makes_a_lot_for_twelve_months(us: Any) -> None:
    """R-505, D-01."""
    assert [CreditsAdded("contoso/l1", 10 * ONE, EXPIRY, 10 * ONE)] == us.buy("10")


def test_a_payment_counts_once(us: Any) -> None:
    """D-84: a payment id seen before changes nothing, whatever its amount."""
    us.buy("10", payment="p")
    assert ([], "10") == (us.buy("99", payment="p"), us.wallet)


def test_payments_and_adjustments_have_ids_of_their_own(us: Any) -> None:
    """D-84: the same id in both is two events."""
    us.buy("10", payment="x")
    us.adjust("1", name="x")
    assert "11" == us.wallet


@pytest.mark.parametrize(
    "data", [CreditsPurchased("p", ONE, "EUR"), CreditsAdjusted("a", ONE, "EUR", "x")]
)
def test_another_currency_is_refused(us: Any, data: Any) -> None:
    """R-509."""
    assert "wrong_currency" == us.refused(data)


def test_a_positive_adjustment_is_a_lot(us: Any) -> None:
    """D-44: one record, a lot bought at the event's time."""
    assert [CreditsCorrected(3 * ONE, 3 * ONE)] == us.adjust("3")
    assert "contoso/l1" == us.balances()["wallet"]["lots"][0]["lot_id"]


def test_the_smallest_adjustment_is_a_lot(us: Any) -> None:
    """D-44, D-77: 10^-8 of the currency is more than nothing."""
    assert [CreditsCorrected(1, 1)] == us.adjust("0.00000001")


def test_a_positive_adjustment_freezes_currency_and_zone(us: Any) -> None:
    """Contracts 2: once the tenant ever had a lot."""
    us.adjust("5")
    assert "frozen_setting" == us.refused(TenantConfigured("US", currency="EUR"))


def test_a_clamped_adjustment_of_a_debt_takes_nothing(us: Any) -> None:
    """D-44: what was owed before the clamp came is not taken from."""
    us.tenant(overdraft="allow_negative")
    us.adjust("-5")
    us.tenant(overdraft="clamp")
    assert [CreditsCorrected(0, -5 * ONE)] == us.adjust("-1")


def test_a_wallet_is_empty_once_it_held_anything(us: Any) -> None:
    """D-54: the smallest balance will do, and one that was not above 0 does not."""
    us.buy("0.00000001")
    assert [CreditsCorrected(-1, 0), WalletEmpty(0)] == us.adjust("-0.00000001")
    us.tenant(overdraft="allow_negative")
    assert [CreditsCorrected(-5 * ONE, -5 * ONE)] == us.adjust("-5")


def test_an_adjustment_counts_once(us: Any) -> None:
    """D-44: seen id, nothing."""
    us.adjust("3", name="a")
    assert ([], "3") == (us.adjust("3", name="a"), us.wallet)


def test_a_negative_adjustment_takes_the_oldest_lots(us: Any) -> None:
    """D-44, R-506."""
    us.buy("1")
    us.buy("5")
    assert [CreditsCorrected(-2 * ONE, 4 * ONE)] == us.adjust("-2")
    assert ["4"] == [lot["remaining"] for lot in us.balances()["wallet"]["lots"]]


def test_a_clamped_adjustment_takes_what_is_there(us: Any) -> None:
    """D-44: the record says what was taken, and nothing is taken twice."""
    us.buy("1")
    assert [CreditsCorrected(-ONE, 0), WalletEmpty(0)] == us.adjust("-2")
    assert [CreditsCorrected(0, 0)] == us.adjust("-2")


def test_an_adjustment_cannot_take_a_lapsed_lot(us: Any) -> None:
    """D-09: usable at the event's time."""
    us.buy("1")
    assert [CreditsCorrected(0, ONE)] == us.adjust("-2", EXPIRY)


def test_an_adjustment_may_overdraw(us: Any) -> None:
    """D-44: under allow_negative the rest becomes debt."""
    us.tenant(overdraft="allow_negative")
    us.buy("1")
    assert [CreditsCorrected(-3 * ONE, -2 * ONE), WalletEmpty(-2 * ONE)] == us.adjust("-3")


def test_the_next_purchase_pays_the_debt(us: Any) -> None:
    """D-24: the record has the full amount."""
    us.tenant(overdraft="allow_negative")
    us.adjust("-3")
    assert [CreditsAdded("contoso/l1", 10 * ONE, EXPIRY, 7 * ONE)] == us.buy("10")


def recharging(us: Any, wallet: str) -> Any:
    """Configure a recharge of 50 below 20 and fill the wallet."""
    us.tenant(auto_recharge=AutoRecharge(20 * ONE, 50 * ONE))
    us.buy(wallet)
    return us


def test_a_balance_below_the_trigger_asks_for_money(us: Any) -> None:
    """C34, R-502: due, and after success 69.75."""
    made = recharging(us, "21").records(to=FRENCH_MOBILE, seconds=600)
    assert [RechargeDue("contoso/r1", 50 * ONE, "USD", 1975 * ONE // 100)] == made[1:]
    settled = us.send(RechargeSucceeded("contoso/r1"))
    assert RechargeSettled("contoso/r1", "succeeded") == settled[0]
    assert "69.75" == us.wallet


def test_a_balance_at_the_trigger_asks_for_nothing(us: Any) -> None:
    """C35, A-16: strictly below."""
    assert 1 == len(recharging(us, "21.25").records(to=FRENCH_MOBILE, seconds=600))


def test_one_recharge_is_outstanding_at_a_time(us: Any) -> None:
    """R-502: the next debit below asks only after the answer."""
    recharging(us, "20").records(to=FRENCH_MOBILE)
    assert 1 == len(us.records(to=FRENCH_MOBILE))
    us.send(RechargeFailed("contoso/r1", "expired card"))
    assert "contoso/r2" == us.records(to=FRENCH_MOBILE)[1].recharge_id


def test_the_amount_is_that_of_the_day_it_fell_due(us: Any) -> None:
    """D-50."""
    recharging(us, "20").records(to=FRENCH_MOBILE)
    us.tenant(auto_recharge=AutoRecharge(20 * ONE, ONE))
    assert 50 * ONE == us.send(RechargeSucceeded("contoso/r1"))[1].amount


@pytest.mark.parametrize(
    "data", [RechargeSucceeded("contoso/r1"), RechargeFailed("contoso/r1", "")]
)
def test_an_answer_to_nothing_is_refused(us: Any, data: Any) -> None:
    """Contracts 2: unknown or settled."""
    assert "unknown_recharge" == us.refused(data)
    recharging(us, "20").records(to=FRENCH_MOBILE)
    us.send(data)
    assert "unknown_recharge" == us.refused(data)


def test_an_answer_to_another_recharge_is_refused(us: Any) -> None:
    """Contracts 2: ids are exact."""
    recharging(us, "20").records(to=FRENCH_MOBILE)
    for name in ("contoso/r2", "contoso/r01", "r1", "other/r1"):
        assert "unknown_recharge" == us.refused(RechargeSucceeded(name))


def test_only_what_lowers_the_balance_asks(us: Any) -> None:
    """D-12: neither a configuration nor a success that is still below."""
    assert [] == us.tenant(auto_recharge=AutoRecharge(100 * ONE, ONE))
    us.buy("5")
    assert "recharge_id" in dir(us.adjust("-1")[1])
    assert 2 == len(us.send(RechargeSucceeded("contoso/r1")))


def test_an_expired_lot_is_forfeited_once(us: Any) -> None:
    """R-505, D-43: posted, then nothing; D-54: the wallet is empty."""
    us.buy("10")
    made = us.send(LotExpired("contoso/l1"), EXPIRY)
    assert [CreditsForfeited("contoso/l1", 10 * ONE, 0), WalletEmpty(0)] == made
    assert [] == us.send(LotExpired("contoso/l1"), EXPIRY)


def test_an_empty_lot_is_forfeited_silently(us: Any) -> None:
    """D-43: remaining 0, nothing posted; but it is closed (D-23)."""
    us.buy("0.125")
    us.records(to=FRENCH_MOBILE, usage_id="u")
    assert [] == us.send(LotExpired("contoso/l1"), EXPIRY)
    assert [CreditsForfeited("contoso/l1", 12_500_000, 0)] == us.cancel("u")[1:]


def test_a_lot_does_not_expire_before_its_time(us: Any) -> None:
    """D-43: not_due."""
    us.buy("10")
    assert "not_due" == us.refused(LotExpired("contoso/l1"), EXPIRY - TICK)


@pytest.mark.parametrize(
    "name", ["contoso/l2", "contoso/l0", "contoso/l01", "contoso/l", "l1", "other/l1", "contoso/l²"]
)
def test_an_unknown_lot_is_refused(us: Any, name: str) -> None:
    """D-43: ids are exact (D-01)."""
    us.buy("10")
    assert "unknown_lot" == us.refused(LotExpired(name), EXPIRY)


def test_forfeiture_may_ask_for_a_recharge(us: Any) -> None:
    """D-12: whatever lowers the balance."""
    recharging(us, "21")
    made = us.send(LotExpired("contoso/l1"), EXPIRY)
    assert ["CreditsForfeited", "RechargeDue", "WalletEmpty"] == [type(x).__name__ for x in made]
