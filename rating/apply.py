"""The reducer: one input event and a tenant's state in, new state and ledger records out.

The problem. Every charge must follow from the tenant's own log and the reference data alone, in the
log's order, so that rating again, anywhere, gives the same bytes (design promises 1 to 4).

The idea. `Rater.apply` is the only place where anything is decided. It sees decoded events and
plain rows, reads no clock, draws no number, and knows nothing of partitions or offsets. Time comes
only from events: a call belongs to the month of its start in the tenant's zone, a lot is usable if
the call starts before it expires. Timer events post what time has done; no charge waits for them.

Its shape. A table names one handler for each class of event; adding an event means adding a row. A
handler first looks and may refuse, and only then changes rows: *a refusal has changed nothing*. It
returns its direct record and what follows for pools, in the order of contracts section 3. What can
follow from any event stands here, after the handler: the earliest month seen, the recharge, the
empty wallet, the change of versions, the numbers of the records.

Kinds of failure. Bad input is a `Refusal`, a value. A version that is nowhere found raises
UnknownReference: the caller stops, for guessing a price is worse (design promise 5). Anything else
that raises is our own bug, and stops the worker as well.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rating.calendar import Calendar
from rating.calls import call_ended
from rating.configuration import (
    license_assigned,
    license_removed,
    reference_activated,
    tenant_configured,
    user_configured,
)
from rating.corrections import call_cancelled, call_corrected
from rating.kit import RULES, Kit, Records, References, refuse
from rating.money import (
    credits_adjusted,
    credits_purchased,
    lot_expired,
    recharge_failed,
    recharge_id,
    recharge_succeeded,
)
from rating.numbering import NumberingIndex
from rating.periods import period_started
from rating.quote import quote
from rating.references import UnknownReference
from rating.rows import TenantRow
from rating.store import Store
from rating.tenant_view import TenantView
from schemas.calls import CallCancelled, CallCorrected, CallEnded
from schemas.credits import CreditsAdjusted, CreditsPurchased, RechargeFailed, RechargeSucceeded
from schemas.dead_letter import Reason, Refusal
from schemas.envelope import Event
from schemas.ledger import CallRated, LedgerRecord, RechargeDue, RulesetChanged, WalletEmpty
from schemas.tenants import LicenseAssigned, LicenseRemoved, TenantConfigured, UserConfigured
from schemas.timers import LotExpired, PeriodStarted, ReferenceActivated

__all__ = ["RULES", "Rater", "References", "UnknownReference"]

Handler = Callable[[Kit, Store, TenantRow, Event, Any], Records | Refusal]

HANDLERS: Final[Mapping[type, Handler]] = {
    TenantConfigured: tenant_configured,
    UserConfigured: user_configured,
    LicenseAssigned: license_assigned,
    LicenseRemoved: license_removed,
    CreditsPurchased: credits_purchased,
    RechargeSucceeded: recharge_succeeded,
    RechargeFailed: recharge_failed,
    CreditsAdjusted: credits_adjusted,
    CallEnded: call_ended,
    CallCorrected: call_corrected,
    CallCancelled: call_cancelled,
    PeriodStarted: period_started,
    LotExpired: lot_expired,
    ReferenceActivated: reference_activated,
}


class Rater:
    """Applies events to a store. Holds no state of any tenant.

    `rules`, `numbering` and `calendar` are the marks in force (D-81); `audit replay` gives those
    that its ledger names.
    """

    def __init__(
        self,
        *,
        references: References,
        numbering: NumberingIndex,
        calendar: Calendar,
        rules: int = RULES,
    ) -> None:
        self.kit: Final = Kit(references, numbering, calendar, rules)

    def apply(self, store: Store, event: Event) -> list[LedgerRecord] | Refusal:
        """Return the numbered ledger records of an event, or why it has no effect.

        Raises UnknownReference.
        """
        kit, data = self.kit, event.data
        row = store.get_tenant(event.tenant)
        if row is None:
            if not isinstance(data, TenantConfigured):
                return refuse(event, Reason.TENANT_UNKNOWN, "the tenant was never configured")
            row = TenantRow(kit.first_versions(), data.country, data.currency, data.time_zone)
        versions = row.versions
        balance = row.wallet.balance
        if isinstance(data, CallEnded):  # nearly always; compiled code calls it without a detour
            made = call_ended(kit, store, row, event, data)
        else:
            made = HANDLERS[type(data)](kit, store, row, event, data)
        if isinstance(made, Refusal):
            return made
        view = kit.view(row)
        if event.time < view.earliest_start:
            view.see(event.time)  # D-42
        if row.wallet.balance < balance:
            _tell_lowered(row, event.tenant, balance, made)
        if row.seq == 0 or view.versions is not versions:
            _tell_versions(row, view, made)
        return self._number(store, row, event, made)

    def quote(self, store: Store, tenant: str, call: CallEnded) -> CallRated | Refusal:
        """Return what a call would cost now, or why it would be blocked; changes nothing."""
        return quote(self.kit, store, tenant, call)

    @staticmethod
    def _number(store: Store, row: TenantRow, event: Event, made: Records) -> list[LedgerRecord]:
        seq, tenant, time, cause = row.seq, event.tenant, event.time, event.cause
        records = []
        for data in made:
            seq += 1
            records.append(LedgerRecord(tenant, seq, time, cause, data))
        row.seq = seq
        store.put_tenant(tenant, row)
        return records


def _tell_lowered(row: TenantRow, tenant: str, before: int, made: Records) -> None:
    """Add what follows when an event lowered the balance: recharge, then empty wallet."""
    balance, auto = row.wallet.balance, row.auto_recharge
    # D-12, A-16: strictly below, and one at a time.
    if auto is not None and balance < auto.trigger and row.recharge is None:
        row.recharges_made += 1
        row.recharge = auto.amount  # D-50
        made.append(RechargeDue(recharge_id(row, tenant), auto.amount, row.currency, balance))
    if before > 0 >= balance:
        made.append(WalletEmpty(balance))  # D-54


def _tell_versions(row: TenantRow, view: TenantView, made: Records) -> None:
    """Put the versions in force before everything else (D-81)."""
    versions = row.versions = view.versions
    made.insert(
        0,
        RulesetChanged(
            ruleset=view.ruleset,
            rules=versions.rules,
            catalogue=versions.catalogue,
            rates=versions.rates,
            numbering=versions.numbering,
            calendar=versions.calendar,
        ),
    )
