"""Configuration events: tenant, users, licences, reference files (D-08, D-59, D-79).

What they have in common: they move no minute and no money, but the capacities of pools follow from
them. So each takes the pools as they were, changes settings, and tells what became of the pools
(`rating.notices.compare`). A change of month M acts on M and all later months (D-08); months no
longer accepted are not kept (D-83), so an older change acts from the oldest accepted month on.
"""

from collections.abc import Callable, Iterable

from rating.acceptance import kept_months, oldest_accepted
from rating.calendar import month_text
from rating.dated import Dated
from rating.due import TIMER_SOURCE
from rating.kit import Kit, Records, refuse
from rating.notices import compare
from rating.pools import Pool
from rating.rows import DEFAULT_SETTINGS, SubscriberRow, TenantRow, UserSettings
from rating.store import Store
from rating.tenant_view import TenantView, may_have_user_pools
from schemas.dead_letter import Reason, Refusal
from schemas.envelope import Event
from schemas.ledger import LedgerData, PoolReason
from schemas.tenants import LicenseAssigned, LicenseRemoved, TenantConfigured, UserConfigured
from schemas.timers import ReferenceActivated

_Users = list[tuple[str, SubscriberRow]]


def tenant_configured(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: TenantConfigured
) -> Records | Refusal:
    """Replace the tenant's configuration; only the country is dated (D-08)."""
    moved = data.currency != row.currency or data.time_zone != row.time_zone
    if moved and row.frozen:
        return refuse(
            event,
            Reason.FROZEN_SETTING,
            "currency and time zone stay once there was a lot or an accepted call",
        )
    view = kit.view(row)
    month, own = _event_month(row, view, event)
    countries = row.countries.changed(month, lambda _: data.country)
    concerned = may_have_user_pools(row, view.catalogue, countries)
    users = list(store.subscribers(event.tenant)) if concerned else []
    survey = _Survey(row, users, [month])
    before = survey.pools(view)
    row.countries = countries
    row.currency = data.currency
    row.time_zone = data.time_zone
    row.credits_for_all_users = data.credits_for_all_users
    row.postpaid = data.postpaid
    row.overdraft = data.overdraft
    row.auto_recharge = data.auto_recharge
    row.view = None
    return compare(before, survey.pools(kit.view(row)), own, "usage_location")


def user_configured(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: UserConfigured
) -> Records | Refusal:
    """Replace a user's settings; a change of location moves the licences (R-219)."""

    def change(settings: UserSettings) -> UserSettings:
        return UserSettings(
            settings.licences,
            data.usage_location,
            data.outbound_policy,
            data.conference_dial_out_policy,
        )

    return _change_user(
        kit, store, row, event, user_id=data.user_id, change=change, reason="usage_location"
    )


def license_assigned(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: LicenseAssigned
) -> Records | Refusal:
    """Give a user a licence; assigning twice changes nothing."""
    view = kit.view(row)
    if not view.catalogue.knows(data.license):
        return _unknown_license(event)

    def change(settings: UserSettings) -> UserSettings:
        return settings._replace(licences=tuple(sorted({*settings.licences, data.license})))

    _see_month(row, view.zone.month_of(event.time))
    return _change_user(
        kit, store, row, event, user_id=data.user_id, change=change, reason="license_assigned"
    )


def license_removed(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: LicenseRemoved
) -> Records | Refusal:
    """Take a licence from a user; removing what is not there changes nothing."""
    view = kit.view(row)
    if not view.catalogue.knows(data.license):
        subscriber = store.get_subscriber(event.tenant, data.user_id)
        held = [] if subscriber is None else [s.licences for _, s in subscriber.settings.entries]
        if not any(data.license in licences for licences in held):
            return _unknown_license(event)

    def change(settings: UserSettings) -> UserSettings:
        kept = tuple(name for name in settings.licences if name != data.license)
        return settings._replace(licences=kept)

    _see_month(row, view.zone.month_of(event.time))
    return _change_user(
        kit, store, row, event, user_id=data.user_id, change=change, reason="license_removed"
    )


def reference_activated(
    kit: Kit, store: Store, row: TenantRow, event: Event, data: ReferenceActivated
) -> Records | Refusal:
    """Put a version in force from here on (D-79). Raises UnknownReference."""
    view = kit.view(row)
    catalogues = [view.catalogue]
    if data.kind == "catalogue":
        catalogues.append(kit.references.catalogue(data.version))
        versions = row.versions._replace(catalogue=data.version)
        offered = (data.version, row.offered[1])
    else:
        kit.references.rates(data.version)
        versions = row.versions._replace(rates=data.version)
        offered = (row.offered[0], data.version)
    if event.source == TIMER_SOURCE:
        row.offered = offered
    if versions == row.versions:
        return []
    months = kept_months(row)
    concerned = any(may_have_user_pools(row, found, row.countries) for found in catalogues)
    users = list(store.subscribers(event.tenant)) if concerned else []
    survey = _Survey(row, users, months)
    before = survey.pools(view)
    row.versions = versions
    row.view = None
    told = frozenset(month_text(month) for month in months)
    return compare(before, survey.pools(kit.view(row)), told, "catalogue")


def recount(row: TenantRow, old: Dated[UserSettings], new: Dated[UserSettings]) -> None:
    """Replace a user's old history by the new one in the tenant's count of licences (R-212)."""
    for sign, history in ((-1, old), (1, new)):
        previous = DEFAULT_SETTINGS
        for month, settings in history.entries:
            for step, state in ((-sign, previous), (sign, settings)):
                for name in state.licences:
                    changes = row.licences.setdefault((name, state.location), {})
                    changes[month] = changes.get(month, 0) + step
            previous = settings
    for key in [
        (name, s.location) for h in (old, new) for _, s in h.entries for name in s.licences
    ]:
        changes = {month: step for month, step in row.licences.get(key, {}).items() if step}
        if changes:
            row.licences[key] = changes
        else:
            row.licences.pop(key, None)


def _change_user(
    kit: Kit,
    store: Store,
    row: TenantRow,
    event: Event,
    *,
    user_id: str,
    change: Callable[[UserSettings], UserSettings],
    reason: PoolReason,
) -> list[LedgerData]:
    """Change a user's settings from the event's month on, and tell what became of the pools."""
    view = kit.view(row)
    month, own = _event_month(row, view, event)
    subscriber = store.get_subscriber(event.tenant, user_id) or SubscriberRow()
    old = subscriber.settings
    new = old.changed(month, change)
    if new.entries == old.entries:
        return []
    survey = _Survey(row, [(user_id, subscriber)], [month])
    before = survey.pools(view)
    recount(row, old, new)
    oldest = oldest_accepted(row)
    subscriber.settings = new if oldest is None else new.pruned(oldest)
    if oldest is not None:
        subscriber.uses = {m: uses for m, uses in subscriber.uses.items() if m >= oldest}
    store.put_subscriber(event.tenant, user_id, subscriber)
    row.view = None
    return compare(before, survey.pools(kit.view(row)), own, reason)


class _Survey:
    """The pools that a change may touch: of the given months and of all months with use."""

    def __init__(self, row: TenantRow, users: _Users, months: Iterable[int]) -> None:
        oldest = oldest_accepted(row)
        used = {month for month, uses in row.uses.items() if any(u.used for u in uses.values())}
        self._months = used | set(months)
        self._users = [
            (
                user_id,
                subscriber,
                self._months
                | {month for month in subscriber.uses if oldest is None or month >= oldest},
            )
            for user_id, subscriber in users
        ]

    def pools(self, view: TenantView) -> dict[str, Pool]:
        """Return the pools by id, as a view has them."""
        found = [pool for month in self._months for pool in view.pools(month).values()]
        for user_id, subscriber, months in self._users:
            for month in months:
                found += view.user_pools(subscriber, user_id, month).values()
        return {pool.id: pool for pool in found}


def _event_month(row: TenantRow, view: TenantView, event: Event) -> tuple[int, frozenset[str]]:
    """Return from which month on an event acts, and the months whose changes are told (D-59)."""
    month = view.zone.month_of(event.time)
    oldest = oldest_accepted(row)
    if oldest is not None and month < oldest:
        return oldest, frozenset()  # D-83
    return month, frozenset((month_text(month),))


def _see_month(row: TenantRow, month: int) -> None:
    row.latest = month if row.latest is None else max(row.latest, month)


def _unknown_license(event: Event) -> Refusal:
    return refuse(event, Reason.UNKNOWN_LICENSE, "the catalogue in force has no such licence")
