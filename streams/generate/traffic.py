"""Random calls of a population, with the disturbances that real feeds have.

The distributions are the tables below; shares are weights, not percent, unless named so. Lengths
of connected calls are exponential around `MEAN_SECONDS`, one in fifty is long. Calls end evenly
spread over the log's time; the rate does not follow the hour of the day, since rating does not.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from schemas.calls import CallCancelled, CallCorrected, CallEnded, NumberType
from schemas.credits import CreditsPurchased
from schemas.envelope import EventData
from schemas.money import ONE
from schemas.tenants import LicenseAssigned, LicenseRemoved
from streams.generate.numbers import (
    ABROAD,
    EMERGENCY,
    OUT_OF_PLAN,
    PREMIUM,
    TOLL_FREE,
    complete,
    number_in,
)
from streams.generate.population import Tenant, User
from streams.generate.sent import Sent

MEAN_SECONDS: Final = 210
LONG_SECONDS: Final = 5_400
LONG_ONE_IN: Final = 50
UNANSWERED_PERCENT: Final = 3
WARM_UP: Final = timedelta(hours=12, minutes=20)
"""The tenants are set up before the first call ends."""
RECENT_CALLS: Final = 16
"""Calls of a tenant that a disturbance may come back to."""
MONTHS_DELAY_DAYS: Final = 20
"""How late a late call is at most; some of them belong to the month before."""

# After a call, something else may follow; per ten thousand calls.
DISTURBANCES: Final = (
    ("duplicate", 100),
    ("correction", 40),
    ("cancellation", 30),
    ("late_call", 60),
    ("purchase", 25),
    ("license_change", 20),
)


@dataclass(slots=True)
class _Feed:
    """One tenant's feed: its dice, its recent calls, its counters."""

    tenant: Tenant
    random: Random
    recent: deque[CallEnded] = field(default_factory=lambda: deque(maxlen=RECENT_CALLS))
    calls: int = 0
    payments: int = 0

    def usage_id(self) -> str:
        self.calls += 1
        return f"{self.tenant.name}-call-{self.calls}"


def traffic(
    tenants: Sequence[Tenant], calls: int, seed: int, begin: datetime, end: datetime
) -> Iterator[Sent]:
    """Yield `calls` random calls and what disturbs them, in the order in which they are sent."""
    if not tenants:
        return
    random = Random(f"{seed}/traffic")
    feeds = [_Feed(t, Random(f"{seed}/feed/{t.name}")) for t in tenants]
    weights = _running_sum([tenant.weight for tenant in tenants])
    first = begin + WARM_UP
    span = (end - first) // timedelta(microseconds=1)
    for number in range(calls):
        at = first + timedelta(microseconds=span * number // calls)
        (feed,) = random.choices(feeds, cum_weights=weights)
        call = _call(feed, at.replace(microsecond=0))
        feed.recent.append(call)
        yield Sent(at, feed.tenant.name, call)
        disturbance = _disturbance(feed.random)
        if disturbance is not None:
            yield from disturbance(feed, at)


def _running_sum(weights: Sequence[int]) -> list[int]:
    total, sums = 0, []
    for weight in weights:
        total += weight
        sums.append(total)
    return sums


def _seconds(random: Random) -> int:
    if random.randrange(100) < UNANSWERED_PERCENT:
        return 0
    mean = LONG_SECONDS if random.randrange(LONG_ONE_IN) == 0 else MEAN_SECONDS
    return 1 + int(random.expovariate(1 / mean))


def _call(feed: _Feed, ended_at: datetime) -> CallEnded:
    random = feed.random
    kind = random.choices(_KINDS, _KIND_WEIGHTS)[0]
    user = random.choice(feed.tenant.users)
    seconds = _seconds(random)
    shape = kind(user, feed.tenant, random)
    return CallEnded(
        usage_id=feed.usage_id(),
        call_type=shape.call_type,
        user_id=user.user_id if shape.of_user else None,
        caller=shape.caller,
        callee=shape.callee,
        started_at=ended_at - timedelta(seconds=seconds),
        ended_at=ended_at,
        duration_seconds=seconds,
        number_type=shape.number_type,
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    call_type: str
    caller: str | None
    callee: str | None
    number_type: NumberType = "user"
    of_user: bool = True


def _own(user: User, random: Random) -> str:
    return number_in(user.location, random)


def _domestic(user: User, _: Tenant, random: Random) -> _Shape:
    return _Shape("user_out", _own(user, random), number_in(user.location, random))


def _international(user: User, _: Tenant, random: Random) -> _Shape:
    return _Shape("user_out", _own(user, random), number_in(random.choice(ABROAD), random))


def _out_of_plan(user: User, _: Tenant, random: Random) -> _Shape:
    return _Shape("user_out", _own(user, random), number_in(random.choice(OUT_OF_PLAN), random))


def _forwarded(user: User, _: Tenant, random: Random) -> _Shape:
    call_type = random.choice(("user_out_forwarding", "user_out_transfer", "user_out_conf"))
    return _Shape(call_type, _own(user, random), number_in(user.location, random))


def _inbound(user: User, _: Tenant, random: Random) -> _Shape:
    return _Shape("user_in", number_in(random.choice(ABROAD), random), _own(user, random))


def _internal(user: User, _: Tenant, random: Random) -> _Shape:
    return _Shape("internal", _own(user, random), f"colleague-{random.randrange(1000)}@example.com")


def _conference(user: User, _: Tenant, random: Random) -> _Shape:
    country = random.choice((user.location, *ABROAD))
    return _Shape("conf_out", None, number_in(country, random))


def _dial_in(_: User, tenant: Tenant, random: Random) -> _Shape:
    caller = number_in(tenant.configuration.country, random)
    callee = number_in(tenant.configuration.country, random)
    return _Shape("conf_in", caller, callee, "service_toll", of_user=False)


def _toll_free(_: User, tenant: Tenant, random: Random) -> _Shape:
    country = tenant.configuration.country
    caller = number_in(country, random)
    callee = complete(*TOLL_FREE[country], random)
    return _Shape("ucap_in", caller, callee, "service_toll_free", of_user=False)


def _premium(user: User, _: Tenant, random: Random) -> _Shape:
    shapes = PREMIUM.get(user.location, PREMIUM["US"])
    return _Shape("user_out", _own(user, random), complete(*random.choice(shapes), random))


def _emergency(user: User, _: Tenant, random: Random) -> _Shape:
    return _Shape("user_out", _own(user, random), EMERGENCY.get(user.location, "112"))


def _direct_routing(user: User, _: Tenant, random: Random) -> _Shape:
    return _Shape("dr_out", _own(user, random), number_in(user.location, random))


_SHARES: Final[tuple[tuple[Callable[[User, Tenant, Random], _Shape], int], ...]] = (
    (_domestic, 500),
    (_international, 130),
    (_out_of_plan, 12),
    (_forwarded, 40),
    (_inbound, 170),
    (_internal, 60),
    (_conference, 35),
    (_dial_in, 25),
    (_toll_free, 20),
    (_premium, 4),
    (_emergency, 2),
    (_direct_routing, 10),
)
_KINDS: Final = [kind for kind, _ in _SHARES]
_KIND_WEIGHTS: Final = [share for _, share in _SHARES]


def _disturbance(random: Random) -> Callable[[_Feed, datetime], Iterator[Sent]] | None:
    dice = random.randrange(10_000)
    for name, share in DISTURBANCES:
        if dice < share:
            return _MAKERS[name]
        dice -= share
    return None


def _duplicate(feed: _Feed, at: datetime) -> Iterator[Sent]:
    yield Sent(at, feed.tenant.name, feed.random.choice(feed.recent))


def _correction(feed: _Feed, at: datetime) -> Iterator[Sent]:
    wrong = feed.random.choice(feed.recent)
    seconds = feed.random.randrange(1, 1_200)
    right = replace(
        wrong, duration_seconds=seconds, ended_at=wrong.started_at + timedelta(seconds=seconds)
    )
    content: EventData = CallCorrected(wrong.usage_id, "operator sent the right duration", right)
    yield Sent(at, feed.tenant.name, content, max(at, right.ended_at))


def _cancellation(feed: _Feed, at: datetime) -> Iterator[Sent]:
    call = feed.random.choice(feed.recent)
    yield Sent(at, feed.tenant.name, CallCancelled(call.usage_id, "test call"))


def _late_call(feed: _Feed, at: datetime) -> Iterator[Sent]:
    days = feed.random.randrange(1, MONTHS_DELAY_DAYS)
    call = _call(feed, at.replace(microsecond=0) - timedelta(days=days))
    yield Sent(at, feed.tenant.name, call)


def _purchase(feed: _Feed, at: datetime) -> Iterator[Sent]:
    feed.payments += 1
    amount = feed.random.choice((10, 20, 50)) * ONE
    yield Sent(at, feed.tenant.name, CreditsPurchased(f"payment-{feed.payments}", amount, "USD"))


def _license_change(feed: _Feed, at: datetime) -> Iterator[Sent]:
    user = feed.random.choice(feed.tenant.users)
    change = feed.random.choice((LicenseAssigned, LicenseRemoved))
    yield Sent(at, feed.tenant.name, change(user.user_id, feed.random.choice(user.licenses)))


_MAKERS: Final[dict[str, Callable[[_Feed, datetime], Iterator[Sent]]]] = {
    "duplicate": _duplicate,
    "correction": _correction,
    "cancellation": _cancellation,
    "late_call": _late_call,
    "purchase": _purchase,
    "license_change": _license_change,
}
