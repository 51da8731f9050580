"""The words for everything a ledger record can say. Tables only, one entry for each value.

A test holds every table to its closed list, so a new outcome or reason cannot be left without
words. Sentences avoid our own terms: who reads them knows invoices, not event streams.
"""

from typing import Final

from schemas.dead_letter import Reason
from schemas.ledger import BlockReason, DestinationClass, Flag, Outcome, PurseKind, Why

OUTCOMES: Final[dict[Outcome, str]] = {
    "free_internal": "free, because both sides are users of Teams and no telephone line was used",
    "free_inbound": "free, because incoming calls to this kind of number cost nothing",
    "free_emergency": "free, because emergency calls are always allowed and never charged",
    "rated": "fully covered",
    "truncated": "covered only in part",
    "blocked": "blocked, nothing was charged",
    "freecall": "given free where no price is known",
    "cancelled": "taken back, everything it took was returned",
    "not_rated": "not charged here",
}
REASONS: Final[dict[BlockReason, str]] = {
    "policy": "The user's calling policy does not allow calls to this destination.",
    "premium_not_supported": (
        "Premium and shared-cost numbers of this kind cannot be called from the user's country."
    ),
    "no_plan": (
        "The user has no calling plan for this kind of call and no right to use prepaid credits."
    ),
    "pool_exhausted_no_credits": (
        "The included minutes ran out or were closed, and nothing else could pay the rest."
    ),
    "no_cc_licence": (
        "Only prepaid credits could pay this, and the user has no Communications Credits licence."
    ),
    "wallet_empty": "The prepaid credits do not hold enough for another minute.",
    "no_rate": "The price list has no price for this destination on that day.",
    "direct_routing": (
        "The call ran over the organisation's own carrier (Direct Routing), which bills it."
    ),
}
WHYS: Final[dict[Why, str]] = {
    "not_for_this_class": "these minutes are not for this kind of call",
    "closed_by_joint_cap": "closed until the month ends, because the plan's other part is used up",
    "exhausted": "no minutes were left",
    "no_cc_licence": "the user has no Communications Credits licence (MCOPSTNPP)",
    "wallet_empty": "not enough for one minute",
    "no_rate": "the price list has no price for this destination",
    "postpaid_off": "paying by invoice afterwards is not switched on for this organisation",
}
CLASSES: Final[dict[DestinationClass, str]] = {
    "internal": "a user of Teams",
    "emergency": "an emergency number",
    "premium": "a premium or shared-cost number",
    "global": "a satellite or worldwide number",
    "domestic": "a number that counts as domestic",
    "international": "a number abroad that international minutes cover",
    "out_of_plan": "a number abroad that no plan covers",
}
PURSES: Final[dict[PurseKind, str]] = {
    "pool": "shared minutes",
    "user_pool": "the user's own minutes",
    "dial_out_pool": "conference dial-out minutes",
    "credits": "prepaid credits",
    "postpaid": "invoice afterwards",
}
FLAGS: Final[dict[Flag, str]] = {
    "late": "It arrived after its month had ended; its own month's minutes paid.",
    "no_rate": "Someone should look at the price list: this destination has no price.",
    "duration_mismatch": (
        "It is said to be connected longer than from its start to its end; the connected "
        "seconds count."
    ),
    "toll_free_origin": "The caller was in another country than this toll-free number serves.",
    "overdraft": "The prepaid credits went below zero, as this organisation allows.",
}
BUCKETS: Final = {
    "domestic": "domestic minutes",
    "international": "international minutes",
    "dial_out": "conference dial-out minutes",
}
CAPABILITIES: Final = {
    "MCOPSTN1": "Domestic Calling Plan",
    "MCOPSTN2": "Domestic and International Calling Plan",
    "MCOPSTN5": "Domestic Calling Plan, 120 minutes",
    "MCOPSTN6": "Domestic Calling Plan, 240 minutes",
    "MCOPSTN8": "Domestic Calling Plan, 120 minutes per user",
    "MCOPSTN9": "International Calling Plan",
    "MCOPSTNPP": "Communications Credits",
    "MCOMEETADD": "Audio Conferencing",
    "MCOMEETADD_DIALOUT_US": "Audio Conferencing, unlimited calls to US and Canada",
}
"""Plans by capability; one that is missing here (another catalogue's) is shown by its code."""
REFUSALS: Final[dict[Reason, str]] = {
    Reason.NOT_JSON: "it is not JSON",
    Reason.BAD_ENVELOPE: "its outer part (CloudEvents envelope) is wrong",
    Reason.UNKNOWN_TYPE: "its event type is not known",
    Reason.UNKNOWN_VERSION: "its version of the event type is not known",
    Reason.BAD_DATA: "a value in it is missing or wrong",
    Reason.BAD_TIME: "a time in it cannot be read",
    Reason.BAD_AMOUNT: "an amount in it is not a plain decimal or not allowed",
    Reason.TOO_LARGE: "it is larger than 64 KiB",
    Reason.TOO_DEEP: "it is nested too deeply",
    Reason.DUPLICATE_KEY: "it names one member twice",
    Reason.BAD_ENCODING: "it is not UTF-8 text",
    Reason.TENANT_UNKNOWN: "the organisation was not configured before it",
    Reason.ID_PAYLOAD_MISMATCH: "a call with this id but other data was rated before",
    Reason.TOO_LATE: "its month is more than three months before the newest one, books are closed",
    Reason.IN_FUTURE: "the call ended more than a day after the event says it was sent",
    Reason.INVALID_NUMBER: "the called number cannot be a telephone number",
    Reason.UNKNOWN_CALL: "the call it wants to change was never rated",
    Reason.ALREADY_CANCELLED: "the call it wants to change was taken back before",
    Reason.UNKNOWN_LICENSE: "the licence is not in the catalogue",
    Reason.UNKNOWN_RECHARGE: "this recharge was not asked for, or is settled",
    Reason.UNKNOWN_LOT: "these credits were never bought",
    Reason.NOT_DUE: "it comes before its time",
    Reason.WRONG_CURRENCY: "its currency is not the organisation's",
    Reason.FROZEN_SETTING: "currency and time zone cannot change once money or calls exist",
}
"""Why an input was refused, to follow "because"."""
