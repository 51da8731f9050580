"""Money events: purchases, recharges, adjustments, expiries (domain 5, D-43, D-44, D-50).

`recharge.due` and `wallet.empty` are not here: they follow from how the balance moved, whatever
moved it, and are told at the end of every event (`rating.apply`).
"""

from datetime import datetime

from rating.kit import Kit, Records, refuse
from rating.rows import TenantRow
from rating.store import Store
from schemas.credits import CreditsAdjusted, CreditsPurchased, RechargeFailed, RechargeSucceeded
from schemas.dead_letter import Reason, Refusal
from schemas.envelope import Event
from schemas.ledger import CreditsAdded, CreditsCorrected, CreditsForfeited, RechargeSettled
from schemas.timers import LotExpired


def credits_purchased(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: CreditsPurchased
) -> Records | Refusal:
    """Make a lot, once per payment id."""
    del kit
    if data.currency != row.currency:
        return _wrong_currency(row, event)
    key = f"p{data.payment_id}"
    if store.get_money_id(event.tenant, key):
        return []
    store.put_money_id(event.tenant, key)
    return [_add_lot(row, event.tenant, data.amount, event.time)]


def credits_adjusted(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: CreditsAdjusted
) -> Records | Refusal:
    """Add a lot, or take from the oldest lots, once per adjustment id (D-44)."""
    del kit
    assert data.amount != 0, "the codec refuses an adjustment of nothing (D-44)"  # noqa: S101  stays on
    if data.currency != row.currency:
        return _wrong_currency(row, event)
    key = f"a{data.adjustment_id}"
    if store.get_money_id(event.tenant, key):
        return []
    store.put_money_id(event.tenant, key)
    amount, wallet = data.amount, row.wallet
    if amount > 0:
        row.frozen = True
        wallet.add_lot(amount, event.time)
    else:
        if row.overdraft == "clamp":
            amount = -min(-amount, max(0, wallet.spendable(event.time)))
        wallet.take(-amount, event.time)  # D-09: usable at the event's time
    return [CreditsCorrected(amount, wallet.balance)]


def recharge_succeeded(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: RechargeSucceeded
) -> Records | Refusal:
    """Make a lot of the amount that fell due (D-50)."""
    del kit, store
    amount = row.recharge
    if amount is None or data.recharge_id != recharge_id(row, event.tenant):
        return _unknown_recharge(event)
    row.recharge = None
    settled = RechargeSettled(data.recharge_id, "succeeded")
    return [settled, _add_lot(row, event.tenant, amount, event.time)]


def recharge_failed(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: RechargeFailed
) -> Records | Refusal:
    """Close the recharge; the next debit below the trigger asks again."""
    del kit, store
    if row.recharge is None or data.recharge_id != recharge_id(row, event.tenant):
        return _unknown_recharge(event)
    row.recharge = None
    return [RechargeSettled(data.recharge_id, "failed")]


def lot_expired(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: LotExpired
) -> Records | Refusal:
    """Post the forfeiture of a lot, once (R-505, D-43)."""
    del kit, store
    wallet = row.wallet
    number = _lot_number(event.tenant, data.lot_id)
    if number is None or number > wallet.lots_made:
        return refuse(event, Reason.UNKNOWN_LOT, "no such lot was ever made")
    lot = wallet.find(number)
    if lot is None:
        return []
    if event.time < lot.expires_at:
        return refuse(event, Reason.NOT_DUE, "the lot has not expired at the event's time")
    forfeited = wallet.forfeit(lot)
    if not forfeited:
        return []
    return [CreditsForfeited(data.lot_id, forfeited, wallet.balance)]


def recharge_id(row: TenantRow, tenant: str) -> str:
    """Return the id of the newest recharge (D-01)."""
    return f"{tenant}/r{row.recharges_made}"


def lot_id(tenant: str, number: int) -> str:
    """Return the id of a lot (D-01)."""
    return f"{tenant}/l{number}"


def _lot_number(tenant: str, text: str) -> int | None:
    """Return n of `<tenant>/l<n>`, None for any other text."""
    digits = text.removeprefix(f"{tenant}/l")
    if not (digits.isascii() and digits.isdigit()):
        return None
    number = int(digits)
    return number if number > 0 and text == lot_id(tenant, number) else None


def _add_lot(row: TenantRow, tenant: str, amount: int, bought_at: datetime) -> CreditsAdded:
    row.frozen = True
    lot = row.wallet.add_lot(amount, bought_at)
    return CreditsAdded(lot_id(tenant, lot.number), amount, lot.expires_at, row.wallet.balance)


def _wrong_currency(row: TenantRow, event: Event) -> Refusal:
    return refuse(event, Reason.WRONG_CURRENCY, f"the wallet is in {row.currency}")


def _unknown_recharge(event: Event) -> Refusal:
    return refuse(event, Reason.UNKNOWN_RECHARGE, "no such recharge is outstanding")
