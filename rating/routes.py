"""What kind of call it is and who may make it: everything that is decided before any purse.

The steps, each of which may end the matter: the type's treatment (`rating.call_types`); internal
and emergency; the number, which may refuse the call (D-28); the class; then authorisation in the
order policy, premium, plan (D-05, D-76). What comes out is a `Route`: free, blocked, or a family of
purses and how a minute of it is priced. Nothing here looks at minutes or money.
"""

from functools import lru_cache
from typing import Final

from mypy_extensions import mypyc_attr

from rating.call_types import CALL_TYPES
from rating.destination import Callee
from rating.numbering import NumberingIndex
from rating.purses import Entitlement, Family
from rating.rate_deck import RateDeck, RateRow
from rating.tenant_view import TenantView
from schemas.calls import CallEnded
from schemas.ledger import BlockReason, Destination, DestinationClass, Direction, Outcome

ROUTES_KEPT: Final = 65_536
"""Routes kept, of 300 bytes: more than the prefixes of the default deck times the classes that one
prefix can have, so usual traffic builds none twice."""

_FAMILY_OF_CLASS: Final[dict[DestinationClass, Family]] = {
    "premium": "premium",
    "global": "out_of_plan",
    "domestic": "domestic",
    "international": "international",
    "out_of_plan": "out_of_plan",
}


@mypyc_attr(acyclic=True)
class Route:
    """How a call is treated.

    `outcome` is set for calls that move nothing (free, not rated), `blocked` for calls that
    authorisation refuses; otherwise `family` names the purses and `price` finds the rate row.
    `unlimited` is the conference call that no purse pays for (D-33). Routes are immutable and
    shared by calls. What belongs to the single call stands only in routes of rare ones, which are
    not shared: the caller's country `origin` of toll-free calls, and `digits` where those of the
    number are not the text as it stands.
    """

    __slots__ = (
        "blocked",
        "destination",
        "digits",
        "direction",
        "family",
        "foreign_origin",
        "origin",
        "outcome",
        "reason",
        "unlimited",
    )

    def __init__(
        self,
        direction: Direction,
        destination: Destination,
        *,
        outcome: Outcome | None = None,
        reason: BlockReason | None = None,
        blocked: BlockReason | None = None,
        family: Family = "out_of_plan",
        digits: str | None = None,
        origin: str | None = None,
        foreign_origin: bool = False,
        unlimited: bool = False,
    ) -> None:
        self.direction: Direction = direction
        self.destination = destination
        self.outcome = outcome
        self.reason = reason
        self.blocked = blocked
        self.family: Family = family
        self.digits = digits
        self.origin = origin
        self.foreign_origin = foreign_origin
        self.unlimited = unlimited

    def price(self, deck: RateDeck, call: CallEnded, currency: str) -> RateRow | None:
        """Return the row that prices a minute at the call's start (R-508), None: no rate."""
        assert call.callee is not None, "no number, no route"  # noqa: S101  stays on
        digits = self.digits or call.callee[1:]
        if self.family == "toll_free":
            return deck.toll_free(digits, self.origin, call.started_at, currency)
        premium = self.family in _PREMIUM_FAMILIES
        return deck.outbound(digits, call.started_at, currency, premium=premium)


_PREMIUM_FAMILIES: Final[frozenset[Family]] = frozenset({"premium", "conference_premium"})
_INTERNAL: Final = Route("internal", Destination("internal", None, None), outcome="free_internal")
_NOWHERE: Final = Destination(None, None, None)


@lru_cache(maxsize=16)
def _free(direction: Direction, class_: DestinationClass | None, outcome: Outcome) -> Route:
    reason: BlockReason | None = "direct_routing" if outcome == "not_rated" else None
    where = _NOWHERE if class_ is None else Destination(class_, None, None)
    return Route(direction, where, outcome=outcome, reason=reason)


# A plain dictionary: to move what was asked for to the front costs more than it saves.
_outbound_routes: Final[
    dict[tuple[DestinationClass, str | None, str | None, BlockReason | None], Route]
] = {}


def _outbound_route(
    class_: DestinationClass,
    region: str | None,
    prefix: str | None,
    blocked: BlockReason | None,
    digits: str | None,
) -> Route:
    if digits is not None:
        return _new_route(class_, region, prefix, blocked, digits)
    key = (class_, region, prefix, blocked)
    route = _outbound_routes.get(key)
    if route is None:
        if len(_outbound_routes) >= ROUTES_KEPT:
            _outbound_routes.clear()
        route = _outbound_routes[key] = _new_route(class_, region, prefix, blocked, None)
    return route


def _new_route(
    class_: DestinationClass,
    region: str | None,
    prefix: str | None,
    blocked: BlockReason | None,
    digits: str | None,
) -> Route:
    where = Destination(class_, region, prefix)
    family = _FAMILY_OF_CLASS[class_]
    return Route("outbound", where, blocked=blocked, family=family, digits=digits)


def find_route(
    call: CallEnded, user: Entitlement, view: TenantView, numbering: NumberingIndex
) -> Route | None:
    """Return how a call is treated, None if its number is invalid (D-28)."""
    call_type = CALL_TYPES[call.call_type]
    treatment, direction = call_type.treatment, call_type.direction
    if treatment == "outbound":  # first, as most calls are
        return _called(call, user, view, numbering, conference=False)
    if treatment == "inbound":
        if call.number_type == "service_toll_free":  # D-68
            return _toll_free(call, view)
        return _free("inbound", None, "free_inbound")  # R-401, D-35, D-37
    if treatment == "internal":
        return _INTERNAL
    if treatment == "emergency":  # D-39: whatever the number
        class_: DestinationClass | None = "emergency" if direction == "outbound" else None
        return _free(direction, class_, "free_emergency")
    if treatment == "not_rated":
        return _free(direction, None, "not_rated")  # D-36
    return _called(call, user, view, numbering, conference=True)


def _called(
    call: CallEnded,
    user: Entitlement,
    view: TenantView,
    numbering: NumberingIndex,
    *,
    conference: bool,
) -> Route | None:
    number = call.callee
    if number is None:
        return None  # D-28
    if "@" in number:  # D-38
        return _INTERNAL
    if number[:1] != "+" and numbering.is_emergency(number, user.location):  # D-39
        return _free("outbound", "emergency", "free_emergency")
    callee = view.classifier.classify(number, user.location)
    if callee is None:
        return None
    return _conference(callee, user, view) if conference else _outbound(callee, user, view)


def _outbound(callee: Callee, user: Entitlement, view: TenantView) -> Route:
    digits, class_, region, odd = callee
    policy = user.settings.outbound_policy
    blocked: BlockReason | None = None
    # D-31: the policy's "domestic" is the very same country, not the domestic zone.
    if policy != "international" and (policy == "none" or region != user.location):
        blocked = "policy"  # R-310a
    elif class_ == "premium" and not view.classifier.premium_allowed(digits, region, user.location):
        blocked = "premium_not_supported"  # R-310b, R-311
    elif not user.may_call:
        blocked = "no_plan"  # R-310c
    prefix = view.deck.outbound_prefix(digits)
    return _outbound_route(class_, region, prefix, blocked, odd)


def _conference(callee: Callee, user: Entitlement, view: TenantView) -> Route:
    digits, class_, region, odd = callee
    catalogue = view.catalogue
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
    elif premium and not view.classifier.premium_allowed(digits, region, user.location):
        blocked = "premium_not_supported"  # D-34
    elif not user.may_dial_out:
        blocked = "no_plan"
    family: Family = "conference_in_zone" if in_zone else "conference"
    return Route(
        "outbound",
        Destination(class_, region, view.deck.outbound_prefix(digits)),
        blocked=blocked,
        family="conference_premium" if premium else family,
        digits=odd,
        unlimited=not premium
        and "dial_out_us" in user.rights
        and region in catalogue.unlimited_dial_out,  # R-607, D-33
    )


def _toll_free(call: CallEnded, view: TenantView) -> Route | None:
    facts = view.classifier.facts(call.callee)
    if facts is None:
        return None  # D-28
    # D-28, D-58: an unusable caller has no origin.
    caller = view.classifier.facts(call.caller)
    return Route(
        "inbound",
        _NOWHERE,
        family="toll_free",
        digits=facts.digits,
        origin=None if caller is None else view.classifier.region_of(caller),
        # R-406; the countries of one calling code share their toll-free numbers.
        foreign_origin=caller is not None and caller.calling_code != facts.calling_code,
    )
