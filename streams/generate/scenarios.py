"""Scripted tenants `show-…`: together they make every kind of fact that a ledger can hold.

`tests/unit/streams/test_generate.py` counts that nothing is missing. Each scenario fits into the
first days of the log's first month, so it is whole however short the log is.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from rating.calendar import month_text
from rating.decks import CURRENT
from schemas.calls import CallCancelled, CallCorrected
from schemas.credits import CreditsAdjusted, RechargeFailed, RechargeSucceeded
from schemas.money import parse_money
from schemas.tenants import (
    AutoRecharge,
    LicenseAssigned,
    LicenseRemoved,
    TenantConfigured,
    UserConfigured,
)
from schemas.timers import LotExpired, PeriodStarted, ReferenceActivated
from streams.generate.refusals import refusals
from streams.generate.script import Script
from streams.generate.sent import Sent

SEATTLE: Final = "+12065550123"
PARIS: Final = "+33142680000"
FRENCH_MOBILE: Final = "+33612345678"
ITALIAN_MOBILE: Final = "+393311234567"
LONDON: Final = "+442079460000"
ZAMBIA: Final = "+260211123456"
US_TOLL_FREE: Final = "+18005550100"
MINUTE: Final = 60


def pools_and_credits(begin: datetime) -> Script:
    """One small pool is used up; what follows goes to credits, where the user may draw on them."""
    script = Script("show-pools", begin, TenantConfigured("US"))
    script.user("ann", "MCOPSTN5", "MCOPSTNPP")
    script.user("bob", "MCOPSTN5")
    script.say(LicenseAssigned("gone", "MCOPSTN5"))
    script.say(LicenseRemoved("gone", "MCOPSTN5"))
    script.buy("0.10")
    script.call("ann", "colleague@example.com", 45 * MINUTE, "internal")
    script.call("ann", "911", 90)
    script.call("ann", SEATTLE, 30 * MINUTE, "user_in")
    script.call("ann", SEATTLE, 0)
    script.call("ann", PARIS, 2 * MINUTE)
    script.call("bob", PARIS, 2 * MINUTE)
    script.call("ann", SEATTLE, 178 * MINUTE)
    script.call("bob", SEATTLE, 64 * MINUTE)
    script.call("bob", SEATTLE, 5 * MINUTE)
    script.call("ann", SEATTLE, 3 * MINUTE)
    script.call("ann", SEATTLE, 90 * MINUTE)
    script.call("ann", SEATTLE, 5 * MINUTE)
    script.call("ann", PARIS, 5 * MINUTE)
    return script


def joint_cap(begin: datetime) -> Script:
    """Use up the international bucket: it closes the domestic one; a licence reopens it."""
    script = Script("show-joint-cap", begin, TenantConfigured("GB", time_zone="Europe/London"))
    script.user("eve", "MCOPSTN2", "MCOPSTNPP")
    script.buy("25")
    for _ in range(4):
        script.call("eve", PARIS, 150 * MINUTE, caller=LONDON)
    script.call("eve", LONDON, 4 * MINUTE, caller=LONDON)
    script.user("fay", "MCOPSTN2")
    script.call("eve", LONDON, 4 * MINUTE, caller=LONDON)
    script.say(UserConfigured("fay", "DE"))
    return script


def auto_recharge(begin: datetime) -> Script:
    """C34: the balance falls below the trigger; the first recharge succeeds, the second fails."""
    recharge = AutoRecharge(parse_money("20"), parse_money("50"))
    script = Script("show-recharge", begin, TenantConfigured("US", auto_recharge=recharge))
    script.user("gus", "MCOPSTNPP")
    script.buy("21")
    script.call("gus", FRENCH_MOBILE, 10 * MINUTE)
    script.wait()
    script.say(RechargeSucceeded("show-recharge/r1"))
    script.call("gus", ITALIAN_MOBILE, 160 * MINUTE)
    script.wait()
    script.say(RechargeFailed("show-recharge/r2", "card expired"))
    return script


def expiry(begin: datetime) -> Script:
    """Let a lot of last year expire: its rest is forfeited, then the wallet is empty."""
    script = Script("show-expiry", begin, TenantConfigured("CA"))
    script.user("hal", "BUSINESS_VOICE_MED")
    bought_at = (begin + timedelta(days=2)).replace(year=begin.year - 1)
    expires_at = begin + timedelta(days=2)
    script.buy("12.40", bought_at)
    script.call("hal", PARIS, 10 * MINUTE)
    script.now = expires_at + timedelta(hours=24)
    script.say(LotExpired("show-expiry/l1"), expires_at)
    script.call("hal", PARIS, 3 * MINUTE)
    return script


def overdraft(begin: datetime) -> Script:
    """Overdraw the wallet with the last call, then nothing more connects (A-13, D-24)."""
    script = Script("show-overdraft", begin, TenantConfigured("US", overdraft="allow_negative"))
    script.user("ida", "MCOPSTNPP")
    script.buy("1")
    script.call("ida", ITALIAN_MOBILE, 5 * MINUTE)
    script.call("ida", ITALIAN_MOBILE, 5 * MINUTE)
    return script


def postpaid(begin: datetime) -> Script:
    """Overage is invoiced; what has no price is given free (R-338)."""
    script = Script("show-postpaid", begin, TenantConfigured("GB", postpaid=True))
    script.user("jim", "MCOPSTN_PAYG_1")
    script.buy("0.05")
    script.call("jim", LONDON, 10 * MINUTE, caller=LONDON)
    script.call("jim", ZAMBIA, 2 * MINUTE, caller=LONDON)
    script.buy("0.05")
    script.call("jim", ZAMBIA, 2 * MINUTE, caller=LONDON)
    return script


def per_user_buckets(begin: datetime) -> Script:
    """MCOPSTN8: each user has his own 120 minutes."""
    script = Script("show-per-user", begin, TenantConfigured("FR", time_zone="Europe/Paris"))
    script.user("kim", "MCOPSTN8", "MCOPSTN1")
    script.call("kim", PARIS, 130 * MINUTE, caller=PARIS)
    return script


def conferences(begin: datetime) -> Script:
    """Pay Zone A from the organiser's dial-out pool; the US/CA add-on pays without counting."""
    script = Script("show-conference", begin, TenantConfigured("US"))
    script.user("lea", "MCOMEETADD", "MCOPSTNPP")
    script.user("max", "MCOMEETADD", "MCOMEETADD_DIALOUT_US")
    script.say(UserConfigured("nan", conference_dial_out_policy="organizer_country"))
    script.user("nan", "MCOMEETADD")
    script.buy("5")
    script.call("max", SEATTLE, 20 * MINUTE, "conf_out", caller=None)
    script.call("lea", PARIS, 175 * MINUTE, "conf_out", caller=None)
    script.call("lea", LONDON, 8 * MINUTE, "conf_out", caller=None)
    script.call("nan", PARIS, 8 * MINUTE, "conf_out", caller=None)
    return script


def toll_free(begin: datetime) -> Script:
    """Callers of a toll-free number do not pay; the wallet does, or the call is refused."""
    script = Script("show-toll-free", begin, TenantConfigured("US"))

    def called_from(caller: str, seconds: int) -> None:
        script.call(
            None,
            US_TOLL_FREE,
            seconds,
            "ucap_in",
            caller=caller,
            number_type="service_toll_free",
        )

    called_from("+12065550100", 61)
    script.buy("0.40")
    called_from("+12065550100", 725)
    called_from("+14165550100", 60)
    called_from(LONDON, 60)
    return script


def refused_by_rule(begin: datetime) -> Script:
    """Policies, premium numbers, users without any plan, another carrier's calls."""
    script = Script("show-blocked", begin, TenantConfigured("GB", time_zone="Europe/London"))
    script.user("oda", "BUSINESS_VOICE")
    script.say(UserConfigured("pat", outbound_policy="domestic"))
    script.user("pat", "BUSINESS_VOICE")
    script.buy("2")
    script.call("pat", PARIS, MINUTE, caller=LONDON)
    script.call("oda", "+449098790000", MINUTE, caller=LONDON)
    script.call("oda", "+448712345678", 140, caller=LONDON)
    script.call("oda", "+88213512345678", MINUTE, caller=LONDON)
    script.call("oda", "+261202212345", MINUTE, caller=LONDON)
    script.call("quy", LONDON, MINUTE, caller=LONDON)
    script.call("oda", LONDON, MINUTE, "dr_out", caller=LONDON)
    return script


def history(begin: datetime) -> Script:
    """Do what feeds do: duplicates, corrections, cancellations, late calls, adjustments."""
    script = Script("show-history", begin, TenantConfigured("US"))
    script.user("ray", "MCOPSTN1", "MCOPSTNPP")
    script.buy("30")
    call = script.call("ray", SEATTLE, 10 * MINUTE)
    script.say(call)
    right = replace(call, callee=PARIS, duration_seconds=3 * MINUTE)
    script.say(CallCorrected(call.usage_id, "wrong callee", right))
    other = script.call("ray", PARIS, 4 * MINUTE)
    script.say(CallCancelled(other.usage_id, "test call"))
    script.call("ray", SEATTLE, 10 * MINUTE, measured_seconds=9 * MINUTE)
    month = begin.year * 12 + begin.month - 1
    script.say(PeriodStarted(month_text(month)), begin)
    script.call("ray", SEATTLE, 5 * MINUTE, ended_at=begin - timedelta(days=3))
    script.say(CreditsAdjusted("adj-1", parse_money("2.5"), "USD", "goodwill"))
    script.say(CreditsAdjusted("adj-2", parse_money("-1"), "USD", "goodwill taken back"))
    script.say(ReferenceActivated("rates", CURRENT["rates"]))
    return script


SCENARIOS: Final[tuple[Callable[[datetime], Script], ...]] = (
    pools_and_credits,
    joint_cap,
    auto_recharge,
    expiry,
    overdraft,
    postpaid,
    per_user_buckets,
    conferences,
    toll_free,
    refused_by_rule,
    history,
    refusals,
)


def scripted_lines(begin: datetime) -> Iterator[Sent]:
    """Yield the events of all scenarios, in the order in which they are sent."""
    sent = [line for scenario in SCENARIOS for line in scenario(begin).sent]
    yield from sorted(sent, key=lambda line: line.at)
