"""A small notation for scripted tenants: a clock that moves on, and one line for each event."""

from datetime import datetime, timedelta

from schemas.calls import CallEnded, NumberType
from schemas.credits import CreditsPurchased
from schemas.envelope import EventData
from schemas.money import parse_money
from schemas.tenants import LicenseAssigned, TenantConfigured, UserConfigured
from streams.generate.sent import Sent

STEP = timedelta(hours=3)
"""Between two calls of a script; the longest scripted call fits into it."""


class Script:
    """The events of one scripted tenant, in the order in which they are sent."""

    def __init__(self, tenant: str, begin: datetime, configuration: TenantConfigured) -> None:
        self.tenant = tenant
        self.begin = begin
        self.now = begin + timedelta(hours=1)
        self.sent: list[Sent] = []
        self.calls = 0
        self.payments = 0
        self.say(configuration)

    def say(self, content: EventData | bytes, time: datetime | None = None) -> None:
        """Send an event now; `time` is its envelope's time where that differs."""
        self.sent.append(Sent(self.now, self.tenant, content, time))

    def wait(self, duration: timedelta = STEP) -> None:
        """Let time pass."""
        self.now += duration

    def user(self, user_id: str, *licenses: str, location: str | None = None) -> None:
        """Give a user a usage location and licences."""
        if location is not None:
            self.say(UserConfigured(user_id, location))
        for name in licenses:
            self.say(LicenseAssigned(user_id, name))

    def buy(self, amount: str, time: datetime | None = None) -> None:
        """Fund the wallet with `amount` US dollars."""
        self.payments += 1
        self.say(CreditsPurchased(f"pay-{self.payments}", parse_money(amount), "USD"), time)

    def call(
        self,
        user_id: str | None,
        callee: str | None,
        seconds: int,
        call_type: str = "user_out",
        *,
        caller: str | None = "+12065550100",
        number_type: NumberType = "user",
        ended_at: datetime | None = None,
        measured_seconds: int | None = None,
    ) -> CallEnded:
        """Send a finished call of `seconds`; returns its data.

        `measured_seconds` is what start and end say where that differs from the connected time.
        """
        self.wait()
        self.calls += 1
        ended_at = ended_at or self.now
        length = seconds if measured_seconds is None else measured_seconds
        call = CallEnded(
            usage_id=f"{self.tenant}-{self.calls}",
            call_type=call_type,
            user_id=user_id,
            caller=caller,
            callee=callee,
            started_at=ended_at - timedelta(seconds=length),
            ended_at=ended_at,
            duration_seconds=seconds,
            number_type=number_type,
        )
        self.say(call)
        return call
