"""Money events of the prepaid wallet (contracts section 2). Amounts are in 10^-8 units."""

from dataclasses import dataclass

from schemas.fields import Currency, Identifier, MoneyAboveZero, MoneyNotZero, Text


@dataclass(frozen=True, slots=True)
class CreditsPurchased:
    """A manual funding; makes a lot bought at the event's time (R-505, R-506)."""

    payment_id: Identifier
    amount: MoneyAboveZero
    currency: Currency


@dataclass(frozen=True, slots=True)
class RechargeSucceeded:
    """The card was charged for a `recharge.due`; makes a lot."""

    recharge_id: Identifier


@dataclass(frozen=True, slots=True)
class RechargeFailed:
    """The card was refused for a `recharge.due`."""

    recharge_id: Identifier
    reason: Text


@dataclass(frozen=True, slots=True)
class CreditsAdjusted:
    """An operator's correction; negative takes from the oldest lots (D-44)."""

    adjustment_id: Identifier
    amount: MoneyNotZero
    currency: Currency
    reason: Text
