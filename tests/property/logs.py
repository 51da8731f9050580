"""Random logs of valid events, for the properties.

Theory. A log is drawn as a list of *throws*, a few bytes each, and a `Writer` turns each throw into
one event ("the third last call is cancelled", "a month later"). A throw knows nothing of the
others, so any of them can be left out and the rest is still a log, and a lower byte picks a simpler
value: hypothesis shrinks a failure to the few plain events that make it. Drawing each field by
itself would take five times as long, most of a property's time.

Whatever a throw refers to that is not there, it leaves out or gets wrong; the engine must refuse it
then. Events are valid as the codec sees them; the test of coverage counts that all outcomes,
reasons, purses and notices do occur.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, TypeAlias, TypeVar

from hypothesis import strategies as st

from rating.calendar import month_text
from schemas.calls import CallCancelled, CallCorrected, CallEnded
from schemas.credits import CreditsAdjusted, CreditsPurchased, RechargeFailed, RechargeSucceeded
from schemas.envelope import Event, EventData
from schemas.tenants import (
    LicenseAssigned,
    LicenseRemoved,
    TenantConfigured,
    UserConfigured,
)
from schemas.timers import LotExpired, PeriodStarted, ReferenceActivated
from tests.property import alphabets

Log: TypeAlias = list[Event]
V = TypeVar("V")

THROW_BYTES: Final = 16
"""More than any event picks; what is not used makes no difference."""


class Throw:
    """The bytes that decide one event, used up one pick after the other."""

    def __init__(self, raw: bytes) -> None:
        self._bytes = iter(raw)

    def pick(self, values: Sequence[V]) -> V:
        """Return one of the values; byte 0 picks the first."""
        return values[next(self._bytes) % len(values)]


@dataclass
class _Told:
    """What was said of one tenant so far."""

    events: list[Event] = field(default_factory=list)
    calls: list[CallEnded] = field(default_factory=list)
    recharges: int = 0


class Writer:
    """Turns throws into events, one after the other."""

    def __init__(self, tenants: Sequence[str]) -> None:
        self.log: Log = []
        self._now = alphabets.BEGIN
        self._tenants = tenants
        self._tenant = tenants[0]
        self._told = {tenant: _Told() for tenant in tenants}

    def begin(self, tenant: str, throw: Throw) -> None:
        """Write a tenant's beginning: configured, with money, with licences that users need."""
        self._tenant = tenant
        currency = throw.pick(alphabets.CURRENCIES)
        self._say(replace(self._tenant_configured(throw), currency=currency))
        if throw.pick((True, True, False)):
            amount = throw.pick(alphabets.AMOUNTS)
            self._say(CreditsPurchased("first-payment", amount, currency))
        for user in alphabets.USERS:
            for _ in range(throw.pick((1, 2, 3))):
                self._say(LicenseAssigned(user, throw.pick(alphabets.LICENCES)))

    def write(self, throw: Throw) -> None:
        """Write one event, or none if there is nothing that it could refer to."""
        self._tenant = throw.pick((*(self._tenants[0],) * 2, *self._tenants))
        self._now += timedelta(hours=throw.pick(alphabets.WAIT_HOURS), seconds=1)
        content = throw.pick(_KINDS)(self, throw)
        if content is not None:
            self._say(content)

    def _say(self, content: EventData) -> None:
        event = Event(self._tenant, "property", f"e{len(self.log)}", self._now, content)
        self.log.append(event)
        self._told[self._tenant].events.append(event)

    def _repeated(self, throw: Throw) -> None:
        """Write an earlier event of the tenant once more, as it was."""
        back = throw.pick(alphabets.BACKS)
        events = self._told[self._tenant].events
        self.log.append(events[-1 - back % len(events)])

    def _call(self, throw: Throw) -> EventData:
        user = throw.pick((*alphabets.USERS[:1] * 4, *alphabets.USERS, *alphabets.USERS, None))
        seconds = throw.pick(alphabets.SECONDS)
        callee = throw.pick(alphabets.NUMBERS)
        call_type = throw.pick(alphabets.CALL_TYPES)
        ended_at = self._now - timedelta(hours=throw.pick(alphabets.AGE_HOURS))
        toll_free = throw.pick((None,) * 20 + alphabets.TOLL_FREE_NUMBERS)
        caller = throw.pick(alphabets.CALLERS)
        lasted = throw.pick((seconds,) * 12 + (seconds // 2,))  # D-89
        calls = self._told[self._tenant].calls
        same_id = bool(calls) and throw.pick((False,) * 20 + (True,))
        call = CallEnded(
            usage_id=calls[-1].usage_id if same_id else f"call-{len(self.log)}",
            call_type=call_type,
            user_id=user,
            caller=caller,
            callee=toll_free or callee,
            started_at=ended_at - timedelta(seconds=lasted),
            ended_at=ended_at,
            duration_seconds=seconds,
            number_type="service_toll_free" if toll_free else "user",
        )
        if not same_id:
            calls.append(call)
        return call

    def _correction(self, throw: Throw) -> EventData | None:
        calls = self._told[self._tenant].calls
        if not calls:
            return None
        place = len(calls) - 1 - throw.pick(alphabets.BACKS) % len(calls)
        wrong = calls[place]
        seconds = throw.pick((wrong.duration_seconds, *alphabets.SECONDS))
        ended_at = wrong.ended_at
        if throw.pick((False, False, True)):
            ended_at = self._now - timedelta(hours=throw.pick(alphabets.AGE_HOURS))
        right = replace(
            wrong,
            duration_seconds=seconds,
            callee=throw.pick((wrong.callee, throw.pick(alphabets.NUMBERS))),
            user_id=throw.pick((wrong.user_id, throw.pick(alphabets.USERS))),
            started_at=ended_at - timedelta(seconds=seconds),
            ended_at=ended_at,
        )
        calls[place] = right
        return CallCorrected(wrong.usage_id, "a check", right)

    def _cancellation(self, throw: Throw) -> EventData | None:
        calls = self._told[self._tenant].calls
        if not calls:
            return None
        back = throw.pick(alphabets.BACKS)
        return CallCancelled(calls[-1 - back % len(calls)].usage_id, "a check")

    def _licence(self, throw: Throw) -> EventData:
        change = throw.pick((LicenseAssigned, LicenseAssigned, LicenseRemoved))
        licences = (*alphabets.LICENCES, alphabets.UNKNOWN_LICENCE)
        return change(throw.pick(alphabets.USERS), throw.pick(licences))

    def _user_configured(self, throw: Throw) -> EventData:
        return UserConfigured(
            user_id=throw.pick(alphabets.USERS),
            usage_location=throw.pick(alphabets.LOCATIONS),
            outbound_policy=throw.pick(alphabets.OUTBOUND_POLICIES),
            conference_dial_out_policy=throw.pick(alphabets.CONFERENCE_POLICIES),
        )

    def _tenant_configured(self, throw: Throw) -> TenantConfigured:
        return TenantConfigured(
            country=throw.pick(alphabets.COUNTRIES),
            currency="USD",
            time_zone=throw.pick(alphabets.ZONES),
            credits_for_all_users=throw.pick((False, False, True)),
            postpaid=throw.pick((False, False, False, True)),
            overdraft=throw.pick(alphabets.OVERDRAFTS),
            auto_recharge=throw.pick(alphabets.RECHARGES),
        )

    def _reconfigured(self, throw: Throw) -> EventData:
        """Change settings but keep the first zone and currency, which calls freeze (mostly)."""
        first = self._told[self._tenant].events[0].data
        assert isinstance(first, TenantConfigured)
        new = self._tenant_configured(throw)
        kept = replace(new, time_zone=first.time_zone, currency=first.currency)
        return throw.pick((kept, kept, new))

    def _money(self, throw: Throw) -> EventData:
        amount = throw.pick(alphabets.AMOUNTS)
        sign = throw.pick((0, 0, 0, 1, -1, -1))
        currency = throw.pick(alphabets.CURRENCIES)
        name = f"money-{len(self.log)}"
        if not sign:
            return CreditsPurchased(name, amount, currency)
        return CreditsAdjusted(name, sign * amount, currency, "a check")

    def _settlement(self, throw: Throw) -> EventData:
        # No answer is ever known to have been due, so some of these are refused.
        told = self._told[self._tenant]
        told.recharges += throw.pick((1, 1, 0, 0, -1))
        name = f"{self._tenant}/r{max(1, told.recharges)}"
        succeeded = RechargeSucceeded(name)
        return throw.pick((succeeded, succeeded, RechargeFailed(name, "expired card")))

    def _period(self, throw: Throw) -> EventData:
        month = self._now.year * 12 + self._now.month - 1
        return PeriodStarted(month_text(month + throw.pick((0, 0, 0, 0, 0, 0, -1, 1))))

    def _expiry(self, throw: Throw) -> EventData:
        self._now += timedelta(days=throw.pick((0, 0, 0, 366)))
        return LotExpired(f"{self._tenant}/l{throw.pick((1, 2, 3, 4))}")

    def _activation(self, throw: Throw) -> EventData:
        kind = throw.pick(alphabets.KINDS)
        return ReferenceActivated(kind, throw.pick(alphabets.FILES[kind]))


_Maker: TypeAlias = Callable[[Writer, Throw], EventData | None]
_SHARES: Final[tuple[tuple[_Maker, int], ...]] = (
    (Writer._call, 26),
    (Writer._correction, 5),
    (Writer._cancellation, 2),
    (Writer._licence, 4),
    (Writer._money, 4),
    (Writer._user_configured, 2),
    (Writer._reconfigured, 2),
    (Writer._settlement, 2),
    (Writer._period, 2),
    (Writer._expiry, 2),
    (Writer._activation, 1),
    (Writer._repeated, 2),
)
_KINDS: Final = tuple(maker for maker, share in _SHARES for _ in range(share))


@st.composite
def logs(
    draw: st.DrawFn,
    tenants: Sequence[str] = alphabets.TENANTS[:2],
    events: tuple[int, int] = (40, 100),
) -> Log:
    """Return a log of some tenants; `events` are the fewest and most after their beginnings."""
    writer = Writer(tenants)
    for tenant in tenants:
        writer.begin(tenant, Throw(draw(st.binary(min_size=24, max_size=24))))
    fewest, most = events
    throw = st.binary(min_size=THROW_BYTES, max_size=THROW_BYTES)
    for raw in draw(st.lists(throw, min_size=fewest, max_size=most)):
        writer.write(Throw(raw))
    return writer.log
