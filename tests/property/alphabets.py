"""What the logs of the properties are made of: few values, chosen so that every limit is hit.

The catalogue is the shipped one with its minutes divided by two hundred or so: a pool of 6 minutes
ends after a few calls, and a joint cap closes. The deck has a few round prices, so a wallet of some
units empties. All else is as shipped, zones, aliases and premium lists among it.
"""

import re
from datetime import UTC, datetime
from typing import Final

from rating.decks import CURRENT, shipped
from rating.reference_finding import version_of
from schemas.money import parse_money
from schemas.tenants import AutoRecharge, ConferencePolicy, OutboundPolicy, Overdraft
from schemas.timers import ReferenceKind

FEWER_MINUTES: Final = {"3000": "9", "1200": "6", "600": "4", "240": "5", "120": "3", "60": "2"}
"""Minutes of the shipped catalogue and what stands for them here."""
_MINUTES: Final = re.compile(r"(?m)^(domestic|international|dial_out) = ([0-9]+)$")


def _small(fewer: dict[str, str]) -> bytes:
    raw = shipped("catalogue", CURRENT["catalogue"])
    assert raw is not None
    return _MINUTES.sub(lambda found: f"{found[1]} = {fewer[found[2]]}", raw.decode()).encode()


CATALOGUE: Final = _small(FEWER_MINUTES)
SMALLER_CATALOGUE: Final = _small(FEWER_MINUTES | {"1200": "4", "600": "2", "120": "2", "60": "5"})
DECK: Final = b"""\
direction,prefix,origin,destination,kind,price_per_minute,connection_fee,currency,\
effective_from,effective_until
outbound,1206,,Seattle,mixed,0.01,0,USD,,
outbound,1416,,Toronto,landline,0.02,0.01,USD,,2023-01-20
outbound,1416,,Toronto,landline,0.03,0.01,USD,2023-01-20T00:00:00Z,
outbound,44,,GB,landline,0.015,0,USD,,
outbound,447,,GB mobile,mobile,0.3,0,USD,,
outbound,44871,,GB special,shared_cost,0.1,0.05,USD,,
outbound,33,,FR,landline,0.016,0,USD,,
outbound,33899,,FR premium,premium,0.8,0,USD,,
outbound,4930,,DE Berlin,landline,0,0.02,USD,,
outbound,39,,IT,landline,0.00000001,0,USD,,
outbound,870,,Inmarsat,non_geographic,0.9,0,USD,,
inbound_toll_free,1800,US,US toll-free,toll_free,0.022,0,USD,,
inbound_toll_free,1800,,US toll-free,toll_free,0.03,0,USD,,
inbound_toll_free,44800,GB,GB toll-free,toll_free,0.029,0,USD,,
"""
DEARER_DECK: Final = DECK.replace(b",0.0", b",0.1")
FILES: Final = {
    "catalogue": (version_of(CATALOGUE), version_of(SMALLER_CATALOGUE)),
    "rates": (version_of(DECK), version_of(DEARER_DECK)),
}
"""Versions that a log may activate, by kind; the first is the default."""

BACKS: Final = (0, 0, 0, 1, 2, 5)
"""How many events or calls ago."""
BEGIN: Final = datetime(2022, 11, 29, 9, tzinfo=UTC)
"""Two months before the British minutes change (R-203, D-15), two days before a month's end."""
TENANTS: Final = ("acme", "zeta", "mu")
USERS: Final = ("ann", "bob", "cy")
COUNTRIES: Final = ("US", "GB", "FR", "DE")
LOCATIONS: Final = (None, None, None, "US", "PR", "CA", "GB", "FR", "DE", "AT")
ZONES: Final = ("UTC", "UTC", "America/New_York", "Pacific/Apia")
CURRENCIES: Final = (*("USD",) * 12, "EUR")
OUTBOUND_POLICIES: Final[tuple[OutboundPolicy, ...]] = (
    *("international", "international", "international", "domestic", "none"),
)
CONFERENCE_POLICIES: Final[tuple[ConferencePolicy, ...]] = (
    *("any", "any", "organizer_country", "zone_a", "none"),
)
OVERDRAFTS: Final[tuple[Overdraft, ...]] = ("clamp", "clamp", "allow_negative")
KINDS: Final[tuple[ReferenceKind, ...]] = ("catalogue", "rates")
RECHARGES: Final = (
    None,
    AutoRecharge(parse_money("0.5"), parse_money("1")),
    AutoRecharge(parse_money("2"), parse_money("0.3")),
)
LICENCES: Final = (
    *("MCOPSTN2",) * 5,
    *("MCOPSTNPP",) * 6,
    *("MCOPSTN1", "MCOPSTN1", "MCOPSTN5", "MCOPSTN9", "MCOPSTN9"),
    *("MCOPSTN8",) * 6,
    *("MCOMEETADD", "MCOMEETADD", "MCOMEETADD_DIALOUT_US", "MCOMEETACPEA", "BUSINESS_VOICE"),
    *("MCOPSTN_PAYG_1", "MCOPSTNC", "MCOEV", "BUSINESS_VOICE_DIRECTROUTING"),
)
UNKNOWN_LICENCE: Final = "E5"
NUMBERS: Final = (
    *("+12065550123",) * 8,
    *("+442079460123",) * 8,
    *("+14165550123", "+17872345678", "+447911123456", "+447911123456", "+33142680000"),
    *("+493012345678", "+390612345678", "+5371234567", "+260955123456", "+870773111632"),
    *("+88213300655", "+448715550123", "+449098790123", "+33899123456", "911", "112"),
    *("bob@contoso.example", None),
)
TOLL_FREE_NUMBERS: Final = ("+18005550123",) * 3 + ("+448001234567",) * 3 + ("+12",)
CALLERS: Final = ("+12065550100", "+14165550123", "+442079460123", None)
CALL_TYPES: Final = (
    *("user_out",) * 24,
    *("conf_out",) * 6,
    *("user_in", "ucap_in", "conf_in", "internal", "emergency_out", "emergency_in"),
    *("user_out_forwarding", "dr_out", "dr_in", "unassigned_in"),
)
SECONDS: Final = (60, 0, 1, 59, 61, 120, 120, 180, 180, 240, 299, 300, 360, 540, 720, 3600)
AMOUNTS: Final = tuple(map(parse_money, ("1", "0.00000001", "0.05", "0.2", "0.5", "3", "3", "9")))
WAIT_HOURS: Final = (*(0,) * 60, *(1,) * 6, *(24,) * 3, *(24 * 8,) * 2, 24 * 31)
"""How long after the event before an event happens: a hundred events make three months or so."""
AGE_HOURS: Final = (*(0,) * 24, 1, 1, 30, 24 * 12, 24 * 40, 24 * 75, 24 * 130, -30)
"""How long before the event's time a call ended; late, too late, in the future."""
