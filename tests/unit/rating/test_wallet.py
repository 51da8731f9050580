"""Lots, first in first out, and the debt beside them."""

from datetime import UTC, datetime, timedelta

import pytest

from rating.wallet import Lot, Taking, Wallet

BOUGHT = datetime(2021, 3, 1, tzinfo=UTC)
LATER = BOUGHT + timedelta(days=1)
EXPIRY = datetime(2022, 3, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def wallet_of(*lots: tuple[int, datetime]) -> Wallet:
    """Return a wallet with lots of these amounts and purchase times."""
    wallet = Wallet()
    for amount, bought_at in lots:
        wallet.add_lot(amount, bought_at)
    return wallet


def left_of(wallet: Wallet) -> list[tuple[int, int]]:
    """Return (number, remaining) of all lots in order."""
    return [(lot.number, lot.remaining) for lot in wallet.lots]


def test_the_oldest_lot_pays_first() -> None:
    """R-506: first in, first out."""
    wallet = wallet_of((5, BOUGHT), (7, LATER))
    taking = wallet.take(6, LATER)
    assert (((1, 5), (2, 1)), 0) == (taking.lots, taking.debt)
    assert [(1, 0), (2, 6)] == left_of(wallet)


def test_oldest_goes_by_purchase_not_by_order_of_arrival() -> None:
    """D-45: by purchase time, ties by log order."""
    wallet = wallet_of((5, LATER), (7, BOUGHT), (3, LATER))
    assert [2, 1, 3] == [lot.number for lot in wallet.lots]


def test_a_lot_is_usable_until_just_before_its_expiry() -> None:
    """R-506: usable while t < expiry."""
    wallet = wallet_of((5, BOUGHT))
    assert [5, 0] == [wallet.spendable(EXPIRY - TICK), wallet.spendable(EXPIRY)]


def test_the_balance_still_holds_a_lapsed_lot() -> None:
    """D-10: until the forfeiture is posted."""
    wallet = wallet_of((5, BOUGHT), (7, LATER))
    assert (12, 7) == (wallet.balance, wallet.spendable(EXPIRY))


def test_a_lapsed_lot_is_passed_over() -> None:
    """D-09: a charge takes from the lots usable for it only."""
    wallet = wallet_of((5, BOUGHT), (7, LATER))
    wallet.take(6, EXPIRY)
    assert [(1, 5), (2, 1)] == left_of(wallet)


def test_a_lapsed_lot_still_pays_for_an_older_call() -> None:
    """D-45: a lot is usable for calls that start before its expiry, whenever they are consumed."""
    wallet = wallet_of((5, BOUGHT), (7, LATER))
    wallet.take(6, EXPIRY)
    wallet.take(3, BOUGHT)
    assert [(1, 2), (2, 1)] == left_of(wallet)


def test_what_no_lot_has_becomes_debt() -> None:
    """D-24: the overdraft is a debt beside the lots."""
    wallet = wallet_of((5, BOUGHT))
    taking = wallet.take(8, BOUGHT)
    assert (3, 3, -3) == (taking.debt, wallet.debt, wallet.balance)


def test_the_next_lot_pays_the_debt_first() -> None:
    """D-24: its remaining starts smaller."""
    wallet = wallet_of((5, BOUGHT))
    wallet.take(8, BOUGHT)
    wallet.add_lot(10, LATER)
    assert ([(1, 0), (2, 7)], 0, 7) == (left_of(wallet), wallet.debt, wallet.balance)


def test_a_debt_larger_than_the_next_lot_stays() -> None:
    """D-24: the lot is empty, the rest of the debt waits for another."""
    wallet = wallet_of((5, BOUGHT))
    wallet.take(8, BOUGHT)
    wallet.add_lot(1, LATER)
    assert ([(1, 0), (2, 0)], 2, -2) == (left_of(wallet), wallet.debt, wallet.balance)


def test_a_debt_lowers_what_can_be_spent() -> None:
    """D-24: spendable is the usable lots minus the debt."""
    wallet = Wallet()
    wallet.restore([Lot(1, 5, BOUGHT)], 3)
    assert [2, -3] == [wallet.spendable(LATER), wallet.spendable(EXPIRY)]


def test_giving_back_refills_the_same_lots() -> None:
    """D-23: the same lots, the same places, also when they were empty."""
    wallet = wallet_of((5, BOUGHT), (7, LATER))
    taking = wallet.take(6, LATER)
    assert () == wallet.give_back(taking)
    assert ([(1, 5), (2, 7)], 12) == (left_of(wallet), wallet.balance)


def test_a_refilled_lot_pays_first_again() -> None:
    """D-23: the same FIFO place."""
    wallet = wallet_of((5, BOUGHT), (7, LATER))
    wallet.give_back(wallet.take(5, LATER))
    wallet.take(1, LATER)
    assert [(1, 4), (2, 7)] == left_of(wallet)


def test_what_comes_back_to_a_forfeited_lot_is_forfeited() -> None:
    """D-23: into a lot already forfeited it is forfeited at once."""
    wallet = wallet_of((5, BOUGHT), (7, LATER))
    taking = wallet.take(6, LATER)
    wallet.forfeit(wallet.lots[0])
    assert ((1, 5),) == wallet.give_back(taking)
    assert ([(2, 7)], 7) == (left_of(wallet), wallet.balance)


def test_a_debt_given_back_reduces_the_debt() -> None:
    """D-91: a part taken as debt reduces the present debt."""
    wallet = wallet_of((5, BOUGHT))
    taking = wallet.take(8, BOUGHT)
    wallet.give_back(taking)
    assert ([(1, 5)], 0, 5) == (left_of(wallet), wallet.debt, wallet.balance)


def test_a_debt_paid_meanwhile_comes_back_into_the_newest_lot() -> None:
    """D-91: the rest goes into the newest lot not forfeited."""
    wallet = wallet_of((5, BOUGHT))
    taking = wallet.take(8, BOUGHT)
    wallet.add_lot(10, LATER)
    wallet.give_back(taking)
    assert ([(1, 5), (2, 10)], 15) == (left_of(wallet), wallet.balance)


def test_without_any_lot_the_rest_is_forfeited_on_the_newest() -> None:
    """D-91: the newest lot in FIFO order names it."""
    wallet = wallet_of((5, LATER), (1, BOUGHT))
    taking = wallet.take(8, LATER)
    wallet.add_lot(2, BOUGHT)
    for lot in list(wallet.lots):
        wallet.forfeit(lot)
    assert ((2, 1), (1, 5), (1, 2)) == wallet.give_back(taking)
    assert (0, 0) == (wallet.debt, wallet.balance)


def test_a_lot_of_leap_day_expires_on_28_february() -> None:
    """D-46: 29 February becomes the 28th."""
    leap = datetime(2024, 2, 29, 1, tzinfo=UTC)
    assert datetime(2025, 2, 28, 1, tzinfo=UTC) == Lot(1, 1, leap).expires_at


def test_an_older_lot_may_expire_later() -> None:
    """D-46: 28 February 23:00 outlives the 29th 01:00; what is spendable still adds up."""
    wallet = wallet_of(
        (5, datetime(2024, 2, 28, 23, tzinfo=UTC)), (7, datetime(2024, 2, 29, 1, tzinfo=UTC))
    )
    between = datetime(2025, 2, 28, 12, tzinfo=UTC)
    assert 5 == wallet.spendable(between)
    wallet.take(5, between)
    assert [(1, 0), (2, 7)] == left_of(wallet)


def test_finding_ends_with_the_forfeiture() -> None:
    """A lot leaves the wallet when its forfeiture is posted."""
    wallet = wallet_of((5, BOUGHT))
    assert 5 == wallet.forfeit(wallet.lots[0])
    assert (None, 0) == (wallet.find(1), wallet.balance)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_lot_without_money_is_our_own_bug(amount: int) -> None:
    """Assertions stay on."""
    with pytest.raises(AssertionError):
        Wallet().add_lot(amount, BOUGHT)


def test_a_negative_taking_is_our_own_bug() -> None:
    """Assertions stay on."""
    with pytest.raises(AssertionError):
        Wallet().take(-1, BOUGHT)


def test_nothing_taken_gives_nothing_back() -> None:
    """A call that cost nothing leaves the wallet alone."""
    wallet = wallet_of((5, BOUGHT))
    assert () == wallet.give_back(Taking((), 0))
    assert 5 == wallet.balance
