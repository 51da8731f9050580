"""Lots that one charge cannot use and a later one can; charges that meet emptied lots or none."""

from datetime import UTC, datetime, timedelta

import pytest

from rating.wallet import Wallet

BOUGHT = datetime(2020, 3, 1, tzinfo=UTC)
LATER = timedelta(days=30)
BEFORE_EXPIRY = datetime(2021, 2, 27, tzinfo=UTC)
AFTER_EXPIRY = datetime(2021, 3, 2, tzinfo=UTC)


def test_a_lot_passed_over_as_expired_pays_an_older_call_afterwards() -> None:
    """D-09: an emptied younger lot does not hide the older one, whose forfeiture is not posted."""
    wallet = Wallet()
    old = wallet.add_lot(5, BOUGHT)
    young = wallet.add_lot(3, BOUGHT + LATER)
    assert ((young.number, 3),) == wallet.take(3, AFTER_EXPIRY).lots
    assert (0, 5) == (young.remaining, old.remaining)
    taking = wallet.take(4, BEFORE_EXPIRY)
    assert (((old.number, 4),), 0) == (taking.lots, taking.debt)
    assert 1 == old.remaining == wallet.balance


def test_after_an_emptied_lot_comes_the_next_one() -> None:
    """R-506: first in, first out, however many lots stand behind it."""
    wallet = Wallet()
    lots = [wallet.add_lot(5, BOUGHT + LATER * place) for place in range(3)]
    wallet.take(5, BOUGHT + LATER * 3)
    wallet.take(4, BOUGHT + LATER * 3)
    assert [0, 1, 5] == [lot.remaining for lot in lots]


def test_an_older_lot_that_comes_later_pays_before_the_emptied_ones_successors() -> None:
    """D-45: the place goes by the purchase, also before a lot that is used up."""
    wallet = Wallet()
    lots = [wallet.add_lot(5, BOUGHT + LATER), wallet.add_lot(5, BOUGHT + LATER * 2)]
    wallet.take(5, BOUGHT + LATER * 3)
    oldest = wallet.add_lot(5, BOUGHT)
    wallet.take(4, BOUGHT + LATER * 3)
    assert [1, 0, 5] == [oldest.remaining, *(lot.remaining for lot in lots)]


def test_a_forfeited_lot_leaves_its_place_to_the_next_one() -> None:
    """R-505: what moves up when an emptied lot leaves is not passed over."""
    wallet = Wallet()
    lots = [wallet.add_lot(5, BOUGHT + LATER * place) for place in range(3)]
    wallet.take(5, BOUGHT + LATER * 3)
    wallet.forfeit(lots[0])
    wallet.take(4, BOUGHT + LATER * 3)
    assert [1, 5] == [lot.remaining for lot in wallet.lots]


def test_a_wallet_without_lots_can_only_owe() -> None:
    """D-24: a charge of a tenant who never bought anything is debt in full."""
    wallet = Wallet()
    taking = wallet.take(5, BOUGHT)
    assert ((), 5, 5, -5) == (taking.lots, taking.debt, wallet.debt, wallet.balance)


def test_a_lot_takes_its_place_among_many() -> None:
    """D-45: after all that were bought before or at the same time, before all bought later."""
    wallet = Wallet()
    for days in (0, 10, 20, 15, 5, 10, 0):
        wallet.add_lot(1, BOUGHT + timedelta(days=days))
    assert [1, 7, 5, 2, 6, 4, 3] == [lot.number for lot in wallet.lots]


def test_the_newest_of_lots_bought_at_once_is_the_last_made() -> None:
    """D-45, D-91: ties by log order."""
    wallet = Wallet()
    wallet.add_lot(1, BOUGHT)
    wallet.add_lot(1, BOUGHT)
    assert (BOUGHT, 2) == wallet.newest


@pytest.mark.parametrize("later_lots", [1, 2, 3])
def test_a_debt_paid_meanwhile_comes_back_into_the_newest_lot(later_lots: int) -> None:
    """D-91: what reduces no present debt goes into the newest lot not posted as forfeited."""
    wallet = Wallet()
    first = wallet.add_lot(5, BOUGHT)
    taking = wallet.take(8, BOUGHT)
    wallet.forfeit(first)
    lots = [wallet.add_lot(10, BOUGHT + LATER * place) for place in range(1, later_lots + 1)]
    before = [lot.remaining for lot in lots]
    assert ((first.number, 5),) == wallet.give_back(taking)
    assert [*before[:-1], before[-1] + 3] == [lot.remaining for lot in lots]
    assert sum(lot.remaining for lot in lots) == wallet.balance
