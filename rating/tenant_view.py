"""What follows from a tenant's row and the reference data, built once and thrown away on change.

A view joins one tenant row with its zone, catalogue and deck, and keeps what would be costly to
find for every call: the pools of each month with their capacities, and (on the subscriber's row)
each user's purses. It is never stored and never repaired: whatever changes a setting, a licence, a
version or the months kept drops it (`TenantRow.view = None`), and what was built for it is told by
identity, so a row that was stored and read back cannot meet another row's pools.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from rating.acceptance import oldest_accepted
from rating.calendar import Zone
from rating.catalogue import Catalogue, Grant
from rating.dated import Dated
from rating.destination import Classifier
from rating.pools import Pool, build_pools
from rating.purses import CREDIT_RIGHTS, Entitlement
from rating.rate_deck import RateDeck
from rating.rows import SubscriberRow, TenantRow, UserSettings, Versions
from rating.store import Store

LAST_INSTANT: Final = datetime.max.replace(tzinfo=UTC)


class TenantView:
    """One tenant as calls see it.

    `maker` is who built it: its marks are in `versions`. `origin` is no other view's: what was
    derived from a view bears it. `oldest` is the oldest accepted month,
    None for all; `earliest_start` the first instant of the row's earliest month, the end of
    time where there is none yet.
    """

    __slots__ = (
        "_pools",
        "anonymous",
        "catalogue",
        "classifier",
        "deck",
        "earliest_start",
        "maker",
        "oldest",
        "origin",
        "row",
        "ruleset",
        "versions",
        "zone",
    )

    def __init__(
        self,
        maker: object,
        row: TenantRow,
        *,
        versions: Versions,
        ruleset: str,
        zone: Zone,
        catalogue: Catalogue,
        classifier: Classifier,
        deck: RateDeck,
    ) -> None:
        self.maker = maker
        self.origin = object()
        self.row = row
        self.versions = versions
        self.ruleset = ruleset
        self.zone = zone
        self.catalogue = catalogue
        self.classifier = classifier
        self.deck = deck
        self.oldest = oldest_accepted(row)
        self.earliest_start = (
            LAST_INSTANT if row.earliest is None else zone.month_start(row.earliest)
        )
        self.anonymous = SubscriberRow()  # who calls without a user (D-37)
        self._pools: dict[int, dict[str, Pool]] = {}

    def see(self, instant: datetime) -> None:
        """Note an instant that may lie in an earlier month than all before (D-42)."""
        month = self.zone.month_of(instant)
        if self.row.earliest is None or month < self.row.earliest:
            self.row.earliest = month
            self.earliest_start = self.zone.month_start(month)

    def pools(self, month: int) -> dict[str, Pool]:
        """Return the tenant's shared pools of a month by key."""
        pools = self._pools.get(month)
        if pools is None:
            uses = self.row.uses.setdefault(month, {})
            pools = self._pools[month] = build_pools(self._shared_grants(month), uses, month)
        return pools

    def _shared_grants(self, month: int) -> Iterator[tuple[Grant, int]]:
        start = self.zone.month_start(month)
        country = self.row.countries.at(month)  # D-08
        for (licence, location), changes in self.row.licences.items():
            count = sum(change for since, change in changes.items() if since <= month)
            if count:
                grant = self.catalogue.grant(licence, location or country, start)
                if grant is not None and not grant.per_user:
                    yield grant, count

    def location(self, settings: UserSettings, month: int) -> str:
        """Return a user's usage location; if unset it is the tenant's country (D-08)."""
        return settings.location or self.row.countries.at(month)

    def user_pools(self, subscriber: SubscriberRow, user_id: str, month: int) -> dict[str, Pool]:
        """Return the user's own buckets of a month by key (R-215)."""
        pools = of_view(self, subscriber).pools
        found = pools.get(month)
        if found is None:
            settings = subscriber.settings.at(month)
            location = self.location(settings, month)
            start = self.zone.month_start(month)
            grants = (self.catalogue.grant(name, location, start) for name in settings.licences)
            own = [(grant, 1) for grant in grants if grant is not None and grant.per_user]
            uses = subscriber.uses.get(month)
            if not own and not uses:
                found = {}
            else:
                uses = subscriber.uses.setdefault(month, {})
                found = build_pools(own, uses, month, user_id)
            pools[month] = found
        return found


class SubscriberView:
    """What was derived for one user from one tenant view: own pools and entitlements by month.

    `origin` is that view's; the view itself would keep a whole tenant alive. `newest` is the
    entitlement asked for last: calls come month by month.
    """

    __slots__ = ("entitlements", "newest", "origin", "pools")

    def __init__(self, origin: object) -> None:
        self.origin = origin
        self.pools: dict[int, dict[str, Pool]] = {}
        self.entitlements: dict[int, Entitlement] = {}
        self.newest: Entitlement | None = None


def of_view(view: TenantView, subscriber: SubscriberRow) -> SubscriberView:
    """Return what was derived for this user from this view, empty if it was from another one."""
    own: SubscriberView | None = subscriber.view
    if own is None or own.origin is not view.origin:
        own = subscriber.view = SubscriberView(view.origin)
    return own


def entitlement(
    store: Store, view: TenantView, tenant: str, user_id: str | None, month: int
) -> Entitlement:
    """Return what the user that a call is charged to may use in a month (D-08)."""
    subscriber = None if user_id is None else store.get_subscriber(tenant, user_id)
    if subscriber is None:
        # D-37; a user never seen has the same: nothing.
        subscriber, user_id = view.anonymous, None
    own = of_view(view, subscriber)
    newest = own.newest
    if newest is None or newest.month != month:
        found = own.entitlements.get(month)
        if found is None:
            found = own.entitlements[month] = _entitle(view, subscriber, user_id, month)
        newest = own.newest = found
    return newest


def _entitle(
    view: TenantView, subscriber: SubscriberRow, user_id: str | None, month: int
) -> Entitlement:
    settings = subscriber.settings.at(month)
    location = view.location(settings, month)
    catalogue, start = view.catalogue, view.zone.month_start(month)
    rights: set[str] = set()
    has_plan = False
    held: dict[str, Pool] = {}
    shared = view.pools(month)
    own = view.user_pools(subscriber, user_id, month) if user_id is not None else {}
    for name in settings.licences:
        rights |= catalogue.rights(name, location)
        has_plan = has_plan or catalogue.has_plan_row(name, location, start)
        grant = catalogue.grant(name, location, start)
        if grant is not None:
            # only pools of plans that the user himself is assigned in that region.
            for key, _ in grant.shares:
                pool = own[key] if grant.per_user else shared[key]
                held[pool.id] = pool
    if view.row.credits_for_all_users:
        rights |= CREDIT_RIGHTS
    return Entitlement(
        month,
        location,
        settings,
        rights=frozenset(rights),
        has_plan=has_plan,
        pools=tuple(held.values()),
        subscriber=None if user_id is None else subscriber,
        user_id=user_id,
    )


def may_have_user_pools(row: TenantRow, catalogue: Catalogue, countries: Dated[str]) -> bool:
    """Return whether any user of the tenant can have a bucket of its own (R-215).

    If not, nobody has to look through all users. `countries` is the tenant's own, by month.
    """
    per_user = {plan.capability for plan in catalogue.file.plans if plan.per_user}
    default = {countries.before, *(country for _, country in countries.entries)}
    return row.has_user_pools or any(
        catalogue.capability(licence, country) in per_user
        for licence, location in row.licences
        for country in (default if location is None else (location,))
    )


def ruleset_of(versions: Versions) -> str:
    """Return the short name of the versions in force: 12 hex digits (contracts section 3).

    The versions hold no character that JSON would escape, so the canonical form is this text.
    """
    canonical = (
        f'{{"calendar":"{versions.calendar}","catalogue":"{versions.catalogue}",'
        f'"numbering":"{versions.numbering}","rates":"{versions.rates}","rules":{versions.rules}}}'
    )
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]
