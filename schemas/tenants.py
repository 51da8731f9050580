"""Configuration events: tenant, user, licences (contracts section 2)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from schemas.fields import Country, Currency, Identifier, MoneyAboveZero, MoneyFromZero, TimeZone

Overdraft: TypeAlias = Literal["clamp", "allow_negative"]
OutboundPolicy: TypeAlias = Literal["international", "domestic", "none"]
ConferencePolicy: TypeAlias = Literal["any", "organizer_country", "zone_a", "none"]


@dataclass(frozen=True, slots=True)
class AutoRecharge:
    """Below `trigger` the wallet asks for `amount` more (R-502); both in 10^-8 units."""

    trigger: MoneyFromZero
    amount: MoneyAboveZero


@dataclass(frozen=True, slots=True)
class TenantConfigured:
    """Replaces the tenant's whole configuration."""

    country: Country
    currency: Currency = "USD"
    time_zone: TimeZone = "UTC"
    credits_for_all_users: bool = False
    postpaid: bool = False
    overdraft: Overdraft = "clamp"
    auto_recharge: AutoRecharge | None = None


@dataclass(frozen=True, slots=True)
class UserConfigured:
    """Creates or replaces a user's settings; `usage_location` None means the tenant's country."""

    user_id: Identifier
    usage_location: Country | None = None
    outbound_policy: OutboundPolicy = "international"
    conference_dial_out_policy: ConferencePolicy = "any"


@dataclass(frozen=True, slots=True)
class LicenseAssigned:
    """A capability or SKU of the catalogue is given to a user."""

    user_id: Identifier
    license: Identifier


@dataclass(frozen=True, slots=True)
class LicenseRemoved:
    """A capability or SKU of the catalogue is taken from a user."""

    user_id: Identifier
    license: Identifier
