"""What the random logs are made of: numbers, places, licences, zones, decks, a second catalogue.

Each list is chosen so that every class, purse, reason and edge of the rules can happen.
"""

import re
from dataclasses import replace
from typing import Final

from rating.decks import CURRENT, shipped
from tests.model.plans import PLANS, Catalogue, Plan

LOCATIONS: Final = ("US", "US", "US", "PR", "CA", "GB", "GB", "FR", "DE", "AT", "IT", "ZA")
ODD_LOCATIONS: Final = ("MX", "HK", "BR", "JP", "ZW", "AX", "GG", "SJ")
ZONES: Final = (
    "UTC",
    "UTC",
    "UTC",
    "America/New_York",
    "Europe/London",
    "Australia/Sydney",
    "America/Asuncion",  # midnight of 2023-10-01 does not exist
    "Africa/Cairo",  # 2024-10-31 has its last hour twice
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Etc/GMT+12",
)
COMMON_LICENCES: Final = (
    "MCOPSTN1",
    "MCOPSTN2",
    "MCOPSTN5",
    "MCOPSTN8",
    "MCOPSTN9",
    "MCOPSTNPP",
    "MCOPSTNPP",
    "MCOMEETADD",
    "BUSINESS_VOICE",
    "MCOPSTN2",
    "MCOMEETADD_DIALOUT_US",
)
SELDOM_LICENCES: Final = (
    "MCOPSTN6",
    "MCOPSTN_PAYG_1",
    "MCOMEETACPEA",
    "MCOMEETADV",
    "BUSINESS_VOICE_MED2",
)
RARE_LICENCES: Final = (
    "MCOPSTN6",
    "MCOPSTNC",
    "MCOPSTN1MX",
    "MCOPSTN2MX",
    "MCOPSTN1BR",
    "MCOPSTN2BR",
    "MCOPSTN_PAYG_1",
    "MCOPSTN_PAYG_2",
    "MCOMEETADV",
    "MCOMEETADD_DIALOUT_US",
    "MCOMEETACPEA",
    "MCOPSTNCAP",
    "MCOEV",
    "MCOEV_VIRTUALUSER",
    "BUSINESS_VOICE_MED",
    "BUSINESS_VOICE_MED2",
    "BUSINESS_VOICE_MED2_TELCO",
    "BUSINESS_VOICE_DIRECTROUTING",
    "BUSINESS_VOICE_DIRECTROUTING_MED",
)
UNKNOWN_LICENCES: Final = ("MCOPSTN3", "mcopstn1", "E5")
NUMBERS: Final = (
    *("+12065550123", "+12065550123", "+14165550123", "+17872345678", "+13402345678"),
    *("+16715550123", "+442079460123", "+442079460123", "+447700900123", "+441534456789"),
    *("+441624756789", "+441534960123", "+33142680000", "+33142680000", "+33612345678"),
    *("+493012345678", "+393312345678", "+3906123456", "+5371234567", "+260955123456"),
    *("+263242123456", "+81312345678", "+358181234567", "+4779123456", "+59995671234"),
    *("+77172123456", "+76123456789", "+525512345678", "+85221234567", "+551123456789"),
    *("+18005550123", "+448001234567", "+8801812345678", "+27111234567", "+31201234567"),
    *("+43123456789", "+12065550199", "+262262123456", "+212528812345", "+390669812345"),
)
NORTH_AMERICA: Final = ("+12065550123", "+14165550123", "+17872345678", "+18005550123")
HOME: Final = {
    "US": NORTH_AMERICA,
    "PR": NORTH_AMERICA,
    "CA": NORTH_AMERICA[:2],
    "GB": ("+442079460123", "+441534960123", "+448001234567"),
    "FR": ("+33142680000", "+33612345678"),
    "DE": ("+493012345678",),
    "AT": ("+43123456789",),
    "IT": ("+3906123456", "+393312345678"),
    "ZA": ("+27111234567",),
}
SPECIAL_NUMBERS: Final = (
    *("+448715550123", "+448435550123", "+449098790123", "+33899123456", "+43900123456"),
    *("+19005550123", "+80812345678", "+979123456789", "+870773111632", "+88213300655"),
    *("+8881234567", "+878101234567890", "+88312345678901", "911", "112", "999", "933", "110"),
    *("bob@contoso.example", "sip:bob@contoso.example", "+44845550123", "+448455550123"),
)
BAD_NUMBERS: Final = (
    *(None, "", "12065550123", "+120655", "+99912345678", "anonymous", "+", "0012065550123", "12"),
    *("+1 206 555 0123", "+1206555012a", "+120655501231234567", "+12065550123;ext=5"),
    *("+4407700900123", "+44(0)20 7946 0123", "+12065550123@sbc.example", "+44(0)8715550123"),
)
TOLL_FREE_NUMBERS: Final = (
    "+18005550123",
    "+448001234567",
    "+33800123456",
    "+4580123456",
    "+18885550123",
)
CALLERS: Final = (
    *("+12065550100", "+14165550123", "+442079460123", "+33142680000", "+441481256789"),
    *(None, "anonymous", "+120655", "+870773111632", "+590590271234"),
)
EXTRA_OUT_TYPES: Final = (
    *("user_out_conf", "user_out_transfer", "user_out_forwarding", "ucap_out", "ucap_out_conf"),
    *("fmc_out", "emergency_out", "internal"),
)
IN_TYPES: Final = ("user_in", "conf_in", "ucap_in", "unassigned_in", "fmc_in", "emergency_in")
DIRECT_TYPES: Final = (
    *("dr_in", "dr_out", "dr_out_user_conf", "dr_emergency_out", "dr_unassigned_in", "dr_in_bot"),
    *("dr_out_bot", "dr_in_ucap", "dr_out_ucap", "ByotIn", "ByotOut", "ByotOutUserConf"),
    *("ByotOutUserForwarding", "ByotOutUserTransfer", "ByotOutEmergency"),
    *("dr_out_user_forwarding", "dr_out_user_transfer"),
)
# Ends of minutes and of pools, in seconds.
SHORT: Final = (0, 1, 59, 60, 61, 119, 120, 121, 300, 330, 599, 600, 3599, 3600, 3601)
LONG: Final = tuple(
    minutes * 60 + more
    for minutes in (48, 60, 96, 119, 120, 192, 240, 480, 599, 600, 1200, 2400, 2999, 3000, 6000)
    for more in (0, 1)
)
AMOUNTS: Final = ("0.013", "0.05", "0.5", "1", "1.00", "2.5", "10", "0.00000001", "100")
BAD_AMOUNTS: Final = (
    *("+5", ".5", "5.", "1e5", "1_000", " 1", "1 ", "\u0665", "NaN", "Infinity", "0x1", ""),
    *("0.000000001", "1000000000000000", "--1", "1,5", "-", 5, 1.5, None, True, "1\n", ["1"]),
)
BAD_TIMES: Final = (
    *("2021-03-01T00:00:00", "2021-03-01", "2016-12-31T23:59:60Z", "2021-03-01T24:00:00Z"),
    *("2021-02-29T00:00:00Z", "2021-13-01T00:00:00Z", "2021-03-01T00:00:00+25:00", "yesterday"),
    *("2021-03-01T00:00Z", "2021-03-01T00:00:00.Z", "20210301T000000Z", "1614556800"),
    *("1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
)

HEADER: Final = (
    "direction,prefix,origin,destination,kind,price_per_minute,connection_fee,"
    "currency,effective_from,effective_until\n"
)
DECK_ROWS: Final = """
outbound,1,,NANP,mixed,0.01,,USD,,
outbound,1206,,Seattle,mixed,0.0130,0,USD,,2022-02-15
outbound,1206,,Seattle,mixed,0.0140,0,USD,2022-02-15T00:00:00Z,
outbound,1416,,Toronto,landline,0.0130,0.01,USD,,
outbound,1787,,Puerto Rico,mixed,0.0200,0,USD,2021-06-30T23:00:00+02:00,
outbound,44,,GB,landline,0.0150,0,USD,,
outbound,4420,,GB London,landline,0.0150,0.02,USD,2021-11-01,2023-05-01
outbound,447700,,GB mobile,mobile,0.3200,0,USD,,
outbound,44871,,GB special,shared_cost,0.10,0.05,USD,,
outbound,44871,,GB special,landline,0.01,0,USD,,
outbound,44843,,GB special,premium,0.25,0,USD,2022-06-01,
outbound,33,,FR,landline,0.0160,0,USD,,
outbound,331,,FR Paris,landline,0.0160,0,USD,,
outbound,3361,,FR mobile,mobile,0.12512345,0.00000001,USD,,
outbound,33899,,FR premium,premium,0.80,0,USD,,
outbound,3314268,,FR premium,premium,9,0,USD,,
outbound,43900,,AT premium,premium,1.1,0.5,USD,,
outbound,4930,,DE Berlin,landline,0,0,USD,,
outbound,49,,DE,landline,0.015,0,USD,,
outbound,39,,IT,landline,0.0160,0,USD,,
outbound,39331,,IT mobile,mobile,0.3150,0,USD,,
outbound,3120,,NL,landline,0.02,0,EUR,,
outbound,31,,NL,landline,0.3500,0,USD,,
outbound,3906,,IT Rome,landline,0,0.3,USD,,
outbound,81,,JP,landline,0.0610,0,USD,,
outbound,263,,ZW,mixed,0.2230,0,USD,,
outbound,870,,Inmarsat,non_geographic,2.5,0,USD,,
outbound,880,,BD,mixed,0.05,0,USD,,
outbound,9,,leading nine,mixed,0.7,0,USD,,
outbound,27,,ZA,landline,0.04,0,EUR,,
inbound_toll_free,1800,US,US toll-free,toll_free,0.0220,0,USD,,
inbound_toll_free,1800,CA,CA toll-free,toll_free,0.0300,0.01,USD,,
inbound_toll_free,1,,US toll-free,toll_free,0.0250,0,USD,,
inbound_toll_free,18005,,US toll-free,premium,7,0,USD,,
inbound_toll_free,44800,,GB toll-free,toll_free,0.0290,0,USD,,
inbound_toll_free,4480012,GB,GB toll-free,toll_free,0.0190,0,USD,,2022-09-01
inbound_toll_free,33800,FR,FR toll-free,toll_free,0.0390,0,USD,,
inbound_toll_free,4580,,DK toll-free,toll_free,0.0343,0,EUR,,
"""
DECK: Final = (HEADER + DECK_ROWS.strip() + "\n").encode()
SECOND_DECK: Final = re.sub(rb",0\.0", b",0.1", DECK)

SMALLER: Final = (("domestic", 1200, 12), ("domestic", 120, 24), ("international", 600, 60))


def second_catalogue() -> tuple[bytes, Catalogue]:
    """Return the shipped catalogue with some minutes made smaller, as a file and as a table."""
    text = shipped("catalogue", CURRENT["catalogue"]).decode()
    plans: dict[str, Plan] = dict(PLANS)
    for bucket, old, new in SMALLER:
        text = re.sub(rf"(?m)^{bucket} = {old}$", f"{bucket} = {new}", text)
        for code, plan in plans.items():
            rows = {
                location: [(since, new if minutes == old else minutes) for since, minutes in dated]
                for location, dated in plan.buckets.get(bucket, {}).items()
            }
            if rows:
                plans[code] = replace(plan, buckets={**plan.buckets, bucket: rows})
    return text.encode(), Catalogue(plans)
