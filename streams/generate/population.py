"""Random tenants: where they are, what they bought, who their users are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from rating.calendar import month_text
from schemas.credits import CreditsPurchased
from schemas.envelope import EventData
from schemas.money import ONE
from schemas.tenants import AutoRecharge, LicenseAssigned, TenantConfigured, UserConfigured
from schemas.timers import PeriodStarted
from streams.calendar_zones import load_calendar
from streams.generate.sent import Sent

# country -> (weight, time zone, licences that its users may have with their weights)
COUNTRIES: Final[dict[str, tuple[int, str, tuple[tuple[str, int], ...]]]] = {
    "US": (
        8,
        "America/New_York",
        (("MCOPSTN1", 5), ("BUSINESS_VOICE_MED2", 3), ("MCOPSTN2", 2), ("MCOPSTN5", 3)),
    ),
    "GB": (5, "Europe/London", (("BUSINESS_VOICE", 4), ("MCOPSTN1", 3), ("MCOPSTN2", 2))),
    "CA": (3, "America/Toronto", (("BUSINESS_VOICE_MED", 4), ("MCOPSTN1", 2), ("MCOPSTN5", 1))),
    "DE": (3, "Europe/Berlin", (("MCOPSTN1", 4), ("MCOPSTN2", 3), ("MCOPSTN6", 2))),
    "FR": (3, "Europe/Paris", (("MCOPSTN1", 4), ("MCOPSTN5", 2), ("MCOPSTN8", 2))),
    "NL": (2, "UTC", (("MCOPSTN1", 3), ("MCOPSTN_PAYG_2", 1))),
    "IE": (1, "UTC", (("MCOPSTN5", 3), ("MCOPSTN8", 1))),
    "PR": (1, "America/Puerto_Rico", (("MCOPSTN1", 3), ("MCOPSTN5", 1))),
}
# Beside the plan: (licence, share of users in percent).
ADD_ONS: Final = (("MCOPSTNPP", 55), ("MCOPSTN9", 15), ("MCOMEETADD", 25), ("MCOMEETACPEA", 2))
USERS_MAX: Final = 40
ABROAD_PERCENT: Final = 12
"""Users whose usage location is another country than the tenant's."""
SETTING_UP_SPREAD_SECONDS: Final = 600
"""All tenants are set up within the log's first ten minutes; traffic begins after them."""


@dataclass(frozen=True, slots=True)
class User:
    """A user: `location` is the usage location, `licenses` what is assigned at the start."""

    user_id: str
    location: str
    licenses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant with its users; `weight` is its share of the traffic."""

    name: str
    configuration: TenantConfigured
    users: tuple[User, ...]
    funds: int
    weight: int


def make_tenants(count: int, seed: int) -> list[Tenant]:
    """Make `count` tenants; tenant n of a seed is the same whatever the count."""
    return [_tenant(number, Random(f"{seed}/tenant/{number}")) for number in range(1, count + 1)]


def _chance(percent: int, random: Random) -> bool:
    return random.randrange(100) < percent


def _tenant(number: int, random: Random) -> Tenant:
    names = list(COUNTRIES)
    country = random.choices(names, [COUNTRIES[name][0] for name in names])[0]
    size = min(USERS_MAX, 1 + int(random.expovariate(1 / 8)))
    users = tuple(_user(f"user-{n}", country, random) for n in range(1, size + 1))
    recharge = AutoRecharge(20 * ONE, 50 * ONE) if _chance(30, random) else None
    configuration = TenantConfigured(
        country=country,
        time_zone=COUNTRIES[country][1],
        credits_for_all_users=_chance(10, random),
        postpaid=_chance(10, random),
        overdraft="allow_negative" if _chance(5, random) else "clamp",
        auto_recharge=recharge,
    )
    funds = random.choice((0, 10, 25, 50, 200)) * ONE
    return Tenant(f"tenant-{number:05d}", configuration, users, funds, size)


def _user(user_id: str, country: str, random: Random) -> User:
    location = country
    if _chance(ABROAD_PERCENT, random):
        location = random.choice(list(COUNTRIES))
    plans = COUNTRIES[location][2]
    licenses = [random.choices([p for p, _ in plans], [weight for _, weight in plans])[0]]
    licenses += [name for name, percent in ADD_ONS if _chance(percent, random)]
    return User(user_id, location, tuple(licenses))


def set_up(tenants: Sequence[Tenant], begin: datetime) -> Iterator[Sent]:
    """Yield each tenant's configuration, funds, users and licences, tenant after tenant."""
    for index, tenant in enumerate(tenants):
        seconds = SETTING_UP_SPREAD_SECONDS * index // len(tenants)
        at = begin + timedelta(hours=12, seconds=seconds)
        for content in _set_up_of(tenant):
            yield Sent(at, tenant.name, content)


def _set_up_of(tenant: Tenant) -> Iterator[EventData]:
    yield tenant.configuration
    if tenant.funds:
        yield CreditsPurchased("first-payment", tenant.funds, "USD")
    for user in tenant.users:
        if user.location != tenant.configuration.country:
            yield UserConfigured(user.user_id, user.location)
        for license_name in user.licenses:
            yield LicenseAssigned(user.user_id, license_name)


def month_starts(tenants: Sequence[Tenant], first_month: int, months: int) -> Iterator[Sent]:
    """Yield `period.started` of every later month, at its first instant in the tenant's zone."""
    calendar = load_calendar()
    for month in range(first_month + 1, first_month + months):
        begins = [
            Sent(
                calendar.zone(tenant.configuration.time_zone).month_start(month),
                tenant.name,
                PeriodStarted(month_text(month)),
            )
            for tenant in tenants
        ]
        yield from sorted(begins, key=lambda sent: sent.at)
