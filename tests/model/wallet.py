"""The prepaid wallet: a list of lots beside a debt (R-5xx)."""

from datetime import datetime
from fractions import Fraction
from typing import Any

from tests.model import clock, money
from tests.model.tenant import ZERO, Leg, Lot, Tenant


def balance(tenant: Tenant) -> Fraction:
    """Add up all lots not yet posted as forfeited, minus the debt (D-10, D-24)."""
    return sum((lot.remaining for lot in open_lots(tenant)), ZERO) - tenant.debt


def open_lots(tenant: Tenant) -> list[Lot]:
    """List the lots not posted as forfeited, oldest purchase first, ties by log order (D-45)."""
    return sorted((lot for lot in tenant.lots if not lot.forfeited), key=lambda lot: lot.bought)


def usable_lots(tenant: Tenant, instant: datetime) -> list[Lot]:
    """List the lots that may pay at this instant: it is before their expiry (D-09)."""
    return [lot for lot in open_lots(tenant) if instant < lot.expires]


def spendable(tenant: Tenant, instant: datetime) -> Fraction:
    """Return the money that may be spent at this instant (D-10); a debt is paid first (D-24)."""
    return sum((lot.remaining for lot in usable_lots(tenant, instant)), ZERO) - tenant.debt


def add_lot(tenant: Tenant, bought: datetime, amount: Fraction) -> Lot:
    """Make a lot; it pays the debt first (R-506, D-01, D-24)."""
    paid = min(tenant.debt, amount)
    tenant.debt -= paid
    lot = Lot(
        lot_id=f"{tenant.name}/l{len(tenant.lots) + 1}",
        bought=bought,
        expires=clock.a_year_after(bought),
        remaining=amount - paid,
    )
    tenant.lots.append(lot)
    return lot


def added(tenant: Tenant, bought: datetime, amount: Fraction) -> tuple[str, dict[str, Any]]:
    """Make a lot and its `credits.added` record."""
    lot = add_lot(tenant, bought, amount)
    return "credits.added", {
        "lot_id": lot.lot_id,
        "amount": money.show(amount),
        "expires_at": clock.show(lot.expires),
        "balance": money.show(balance(tenant)),
    }


def take(tenant: Tenant, instant: datetime, amount: Fraction) -> list[tuple[str, Fraction]]:
    """Take money from the oldest usable lots; what they lack becomes debt (R-506, D-24)."""
    parts = []
    for lot in usable_lots(tenant, instant):
        part = min(lot.remaining, amount)
        if part > 0:
            lot.remaining -= part
            amount -= part
            parts.append((lot.lot_id, part))
    tenant.debt += amount
    return parts


def forfeited(tenant: Tenant, lot_id: str, amount: Fraction) -> tuple[str, dict[str, Any]]:
    """Write a `credits.forfeited` record."""
    return "credits.forfeited", {
        "lot_id": lot_id,
        "amount": money.show(amount),
        "balance": money.show(balance(tenant)),
    }


def give_back(tenant: Tenant, legs: list[Leg]) -> dict[str, Fraction]:
    """Return the money of these legs to where it came from; say what is forfeited at once.

    D-23: into the same lot, same place; into a forfeited lot: forfeited. D-91: a part that was
    debt reduces the present debt, the rest goes into the newest lot not forfeited.
    """
    lost: dict[str, Fraction] = {}
    by_id = {lot.lot_id: lot for lot in tenant.lots}
    for leg in legs:
        parts = list(leg.parts)
        if leg.debt:
            paid = min(tenant.debt, leg.debt)
            tenant.debt -= paid
            open_ones = open_lots(tenant)
            everything = sorted(tenant.lots, key=lambda lot: lot.bought)
            parts.append(((open_ones or everything)[-1].lot_id, leg.debt - paid))
        for lot_id, amount in parts:
            if by_id[lot_id].forfeited:
                lost[lot_id] = lost.get(lot_id, ZERO) + amount
            else:
                by_id[lot_id].remaining += amount
    order = [lot.lot_id for lot in sorted(tenant.lots, key=lambda lot: lot.bought)]
    return {lot_id: lost[lot_id] for lot_id in order if lost.get(lot_id)}


def adjust(tenant: Tenant, instant: datetime, amount: Fraction) -> Fraction:
    """Apply an operator's correction; return what it really moved (D-44)."""
    if amount > 0:
        add_lot(tenant, instant, amount)
        return amount
    wanted = -amount
    if tenant.settings["overdraft"] == "clamp":
        wanted = min(wanted, max(ZERO, spendable(tenant, instant)))
    take(tenant, instant, wanted)
    return -wanted
