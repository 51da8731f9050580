"""What kind of call it is and who may make it: everything that is decided before any purse.

The steps, each of which may end the matter: the type's treatment (`rating.call_types`); internal
and emergency; the number, which may refuse the call (D-28); the class; then authorisation in the
order policy, premium, plan (D-05, D-76). What comes out is a `Route`: free, blocked, or a family of
purses and how a minute of it is priced. Nothing here looks at minutes or money.
"""

from datetime import datetime
from functools import lru_cache
from typing import Final

from rating.call_types import CALL_TYPES
from rating.destination import (
    Callee,
    classify,
    destination,
    digits_of,
    premium_allowed,
    region_of,
)
from rating.numbering import NumberingIndex
from rating.purses import Entitlement, Family
from rating.rate_deck import RateDeck, RateRow
from rating.tenant_view import TenantView
from schemas.calls import CallEnded
from schemas.ledger import BlockReason, Destination, DestinationClass, Direction, Outcome

_FAMILY_OF_CLASS: Final[dict[DestinationClass, Family]] = {
    "premium": "premium",
    "global": "out_of_plan",
    "domestic": "domestic",
    "international": "international",
    "out_of_plan": "out_of_plan",
}


class Route:
    """How a call is treated.

    `outcome` is set for calls that move nothing (free, not rated), `blocked` for calls that
    authorisation refuses; otherwise `family` names the purses and `price` finds the rate row.
    `unlimited` is the conference call that no purse pays for (D-33).
    """

    __slots__ = (
        "_digits",
        "_origin",
        "blocked",
        "destination",
        "direction",
        "family",
        "foreign_origin",
        "outcome",
        "reason",
        "unlimited",
    )

    def __init__(
        self,
        direction: Direction,
        where: Destination,
        *,
        outcome: Outcome | None = None,
        reason: BlockReason | None = None,
        blocked: BlockReason | None = None,
        family: Family = "out_of_plan",
        digits: str = "",
        origin: str | None = None,
        foreign_origin: bool = False,
        unlimited: bool = False,
    ) -> None:
        self.direction: Direction = direction
        self.destination = where
        self.outcome = outcome
        self.reason = reason
        self.blocked = blocked
        self.family: Family = family
        self._digits = digits
        self._origin = origin
        self.foreign_origin = foreign_origin
        self.unlimited = unlimited

    def price(self, deck: RateDeck, at: datetime, currency: str) -> RateRow | None:
        """Return the row that prices a minute, None: no rate. `at` is the call's start (R-508)."""
        if self.family == "toll_free":
            return deck.toll_free(self._digits, self._origin, at, currency)
        premium = self.family in _PREMIUM_FAMILIES
        return deck.outbound(self._digits, at, currency, premium=premium)


_PREMIUM_FAMILIES: Final[frozenset[Family]] = frozenset({"premium", "conference_premium"})
_INTERNAL: Final = Route("internal", destination("internal", None, None), outcome="free_internal")
_EMERGENCY: Final = destination("emergency", None, None)
_NOWHERE: Final = destination(None, None, None)


@lru_cache(maxsize=16)
def _free(direction: Direction, where: Destination, outcome: Outcome) -> Route:
    reason: BlockReason | None = "direct_routing" if outcome == "not_rated" else None
    return Route(direction, where, outcome=outcome, reason=reason)


def find_route(
    call: CallEnded, user: Entitlement, view: TenantView, numbering: NumberingIndex
) -> Route | None:
    """Return how a call is treated, None if its number is invalid (D-28)."""
    _, direction, treatment = CALL_TYPES[call.call_type]
    if treatment == "inbound":
        if call.number_type == "service_toll_free":  # D-68
            return _toll_free(call, view, numbering)
        return _free("inbound", _NOWHERE, "free_inbound")  # R-401, D-35, D-37
    if treatment == "internal":
        return _INTERNAL
    if treatment == "emergency":  # D-39: whatever the number
        where = _EMERGENCY if direction == "outbound" else _NOWHERE
        return _free(direction, where, "free_emergency")
    if treatment == "not_rated":
        return _free(direction, _NOWHERE, "not_rated")  # D-36
    return _called(call, user, view, numbering, conference=treatment == "conference")


def _called(
    call: CallEnded,
    user: Entitlement,
    view: TenantView,
    numbering: NumberingIndex,
    *,
    conference: bool,
) -> Route | None:
    number = call.callee
    if number is not None and number[:1] != "+":
        if "@" in number:  # D-38
            return _INTERNAL
        if numbering.is_emergency(number, user.location):  # D-39
            return _free("outbound", _EMERGENCY, "free_emergency")
    callee = classify(number, user.location, numbering, view.catalogue)
    if callee is None:
        return None
    return _conference(callee, user, view) if conference else _outbound(callee, user, view)


def _outbound(callee: Callee, user: Entitlement, view: TenantView) -> Route:
    digits, class_, region = callee
    where = destination(class_, region, view.deck.outbound_prefix(digits))
    policy = user.settings.outbound_policy
    blocked: BlockReason | None = None
    # D-31: the policy's "domestic" is the very same country, not the domestic zone.
    if policy != "international" and (policy == "none" or region != user.location):
        blocked = "policy"  # R-310a
    elif class_ == "premium" and not premium_allowed(digits, region, user.location, view.catalogue):
        blocked = "premium_not_supported"  # R-310b, R-311
    elif not user.may_call:
        blocked = "no_plan"  # R-310c
    return Route("outbound", where, blocked=blocked, family=_FAMILY_OF_CLASS[class_], digits=digits)


def _conference(callee: Callee, user: Entitlement, view: TenantView) -> Route:
    digits, class_, region = callee
    catalogue = view.catalogue
    where = destination(class_, region, view.deck.outbound_prefix(digits))
    in_zone = region in catalogue.dial_out_zone
    premium = class_ == "premium"
    allowed = {  # R-609, D-31
        "any": True,
        "organizer_country": region == user.location,
        "zone_a": in_zone,
        "none": False,
    }[user.settings.conference_policy]
    blocked: BlockReason | None = None
    if not allowed:
        blocked = "policy"
    elif premium and not premium_allowed(digits, region, user.location, catalogue):
        blocked = "premium_not_supported"  # D-34
    elif not user.may_dial_out:
        blocked = "no_plan"
    family: Family = "conference_in_zone" if in_zone else "conference"
    return Route(
        "outbound",
        where,
        blocked=blocked,
        family="conference_premium" if premium else family,
        digits=digits,
        unlimited=not premium
        and "dial_out_us" in user.rights
        and region in catalogue.unlimited_dial_out,
    )


def _toll_free(call: CallEnded, view: TenantView, numbering: NumberingIndex) -> Route | None:
    callee, caller = call.callee, call.caller
    facts = numbering.facts(callee) if callee is not None and callee[:1] == "+" else None
    if callee is None or facts is None:
        return None  # D-28
    origin_facts = numbering.facts(caller) if caller is not None and caller[:1] == "+" else None
    # D-28, D-58: an unusable caller has no origin.
    origin = None if origin_facts is None else region_of(origin_facts, numbering, view.catalogue)
    return Route(
        "inbound",
        _NOWHERE,
        family="toll_free",
        digits=digits_of(callee),
        origin=origin,
        # R-406; the countries of one calling code share their toll-free numbers.
        foreign_origin=origin_facts is not None and origin_facts.calling_code != facts.calling_code,
    )
