"""Lots that one charge cannot use and a later one can."""

from datetime import UTC, datetime, timedelta

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
