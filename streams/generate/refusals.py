"""A scripted tenant whose feed is broken in every way that has a reason code (D-19)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from rating.calendar import month_text
from schemas.calls import CallCancelled, CallCorrected
from schemas.codec import encode_event
from schemas.credits import CreditsPurchased, RechargeSucceeded
from schemas.envelope import Event
from schemas.money import parse_money
from schemas.tenants import LicenseAssigned, TenantConfigured
from schemas.timers import LotExpired, PeriodStarted
from streams.generate.script import Script

TENANT: Final = "show-refused"
SEATTLE: Final = "+12065550123"
ACCEPTED_MONTHS: Final = 3
EVENT_BYTES_MAX: Final = 64 << 10
NESTING_MAX: Final = 16


def refusals(begin: datetime) -> Script:
    """Make one refused event for every reason code, beside one good call."""
    script = Script(TENANT, begin, TenantConfigured("US"))
    script.user("sue", "MCOPSTN1")
    good = script.call("sue", SEATTLE, 60)
    _refused_calls(script)
    script.say(replace(good, duration_seconds=61))
    script.say(CallCorrected("unheard-of", "wrong", replace(good, usage_id="unheard-of")))
    script.say(CallCancelled(good.usage_id, "test call"))
    script.say(CallCorrected(good.usage_id, "too late for that", replace(good, callee="+14165550")))
    script.say(CallCorrected(good.usage_id, "cancelled", replace(good, duration_seconds=30)))
    script.say(LicenseAssigned("sue", "MCOPSTN77"))
    script.say(RechargeSucceeded(f"{TENANT}/r9"))
    script.say(LotExpired(f"{TENANT}/l9"))
    script.say(CreditsPurchased("pay-euro", parse_money("5"), "EUR"))
    script.buy("5")
    script.say(LotExpired(f"{TENANT}/l1"))
    script.say(TenantConfigured("US", time_zone="Europe/Rome"))
    for line in _unreadable(script.now):
        script.say(line)
    return script


def _refused_calls(script: Script) -> None:
    month = script.begin.year * 12 + script.begin.month - 1
    script.say(PeriodStarted(month_text(month)), script.begin)
    script.call("sue", None, 60)
    script.call(
        "sue", SEATTLE, 60, ended_at=script.begin - timedelta(days=31 * (ACCEPTED_MONTHS + 1))
    )
    script.call("sue", SEATTLE, 60, ended_at=script.now + timedelta(days=3))


def _unreadable(now: datetime) -> list[bytes]:
    event = Event(TENANT, "generate", "broken", now, CreditsPurchased("p", parse_money("1"), "USD"))
    line = encode_event(event)
    nobody = encode_event(Event("show-unknown", "generate", "broken", now, event.data))
    deep = b'{"a":' * (NESTING_MAX + 1) + b"1" + b"}" * (NESTING_MAX + 1)
    return [
        b"not JSON at all",
        line.replace(b'"specversion":"1.0"', b'"specversion":"0.3"'),
        line.replace(b"credits.purchased.v1", b"credits.minted.v1"),
        line.replace(b"credits.purchased.v1", b"credits.purchased.v9"),
        line.replace(b'"payment_id"', b'"payment_ref"'),
        line.replace(b'"time":"20', b'"time":"late 20'),
        line.replace(b'"amount":"1"', b'"amount":"1e3"'),
        line + b" " * EVENT_BYTES_MAX,
        deep,
        line.replace(b'"amount":"1"', b'"amount":"1","amount":"2"'),
        line.replace(b'"payment_id":"p"', b'"payment_id":"\xff"'),
        nobody,
    ]
