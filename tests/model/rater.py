"""The model's engine: lines in; ledger records, dead letters and balances out.

One event: refuse it or accept it; work out all pools before; apply it; work out all pools after;
write what differs in the order of contracts section 3.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC
from fractions import Fraction
from typing import Any

from tests.model import calls, ledger, money, pools, wallet, wire
from tests.model.deck import Rate
from tests.model.ledger import Record
from tests.model.plans import LICENCES, Catalogue
from tests.model.pools import Pool
from tests.model.tenant import Tenant, Versions
from tests.model.wire import Refused

THRESHOLDS = (80, 100)
CHANGE_REASON = {  # D-59, D-79
    "license.assigned": "license_assigned",
    "license.removed": "license_removed",
    "user.configured": "usage_location",
    "tenant.configured": "usage_location",
    "reference.activated": "catalogue",
}
NO_RECHARGE_AFTER = ("tenant.configured", "recharge.succeeded", "recharge.failed")  # D-12


@dataclass
class References:
    """Reference data by version; the default of each kind is in force until an activation."""

    catalogues: dict[str, Catalogue]
    decks: dict[str, list[Rate]]
    default_catalogue: str
    default_rates: str
    fixed: dict[str, Any] = field(  # per release (D-81)
        default_factory=lambda: {"rules": 1, "numbering": "9.0.43", "calendar": "2026.6"}
    )


@dataclass
class Model:
    """All tenants; `ledger` and `dead_letters` in the order of the input."""

    references: References
    tenants: dict[str, Tenant] = field(default_factory=dict)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    dead_letters: list[dict[str, Any]] = field(default_factory=list)

    def run(self, lines: Iterable[bytes]) -> "Model":
        """Consume lines in order (D-61); blank ones are ignored (D-55)."""
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                event = wire.read_event(line)
                records = self.consume(event)
            except Refused as refused:
                self.dead_letters.append(
                    {
                        "tenant": wire.tenant_of_line(line),
                        "reason": refused.reason,
                        "raw": line,
                        "line": number,
                    }
                )
            else:
                self.ledger += records
        return self

    def consume(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        """Apply one event to its tenant; return its numbered records."""
        tenant = self.tenants.get(event["tenant"])
        if tenant is None:
            if event["type"] != "tenant.configured":
                raise Refused("tenant_unknown")  # D-47
            tenant = Tenant(
                event["tenant"],
                Versions(self.references.default_catalogue, self.references.default_rates),
                self.references.catalogues,
                self.references.decks,
            )
        check, handler = HANDLERS[event["type"]]
        check(tenant, event)
        self.tenants[event["tenant"]] = tenant
        known = bool(tenant.events)
        event["month"] = tenant.month_of_event(event)
        months = watched_months(tenant, event)
        pools_before = pools.snapshot(tenant, months) if known else {}
        balance_before = wallet.balance(tenant)

        tenant.events.append(event)
        changed = self.changed_ruleset(tenant, event)
        written = [ledger.append(tenant, event, record) for record in changed]
        direct = handler(tenant, event)
        pools_after = pools.snapshot(tenant, months)
        records = [
            *direct,
            *capacity_changes(tenant, event, pools_before, pools_after),
            *period_resets(tenant, event),
            *threshold_records(tenant, pools_before, pools_after),
            *joint_cap_records(pools_before, pools_after),
            *money_records(tenant, event, balance_before),
        ]
        return written + [ledger.append(tenant, event, record) for record in records]

    def changed_ruleset(self, tenant: Tenant, event: dict[str, Any]) -> list[Record]:
        """Write `ruleset.changed` if it is the tenant's first record or a version changed."""
        if event["type"] == "reference.activated":
            setattr(tenant.versions, event["data"]["kind"], event["data"]["version"])
        data = ledger.ruleset(tenant, self.references.fixed)
        if data["ruleset"] == tenant.ruleset:
            return []
        tenant.ruleset = data["ruleset"]
        return [("ruleset.changed", data)]

    def balances(self) -> dict[str, Any]:
        """Write the balances file (contracts 4, D-56, D-83)."""
        return {"tenants": {name: tenant_balances(self.tenants[name]) for name in self.tenants}}


def watched_months(tenant: Tenant, event: dict[str, Any]) -> list[str]:
    """List the months whose pools this event may change: the kept ones and its own."""
    tenant.events.append(event)
    try:
        months = {*tenant.kept_months(), event["month"]}
        for call in (event["data"], event["data"].get("call") or {}):
            if "started_at" in call:
                months.add(tenant.month_of(call["started_at"]))
        return sorted(month for month in months if tenant.accepts(month))
    finally:
        tenant.events.pop()


def capacity_changes(
    tenant: Tenant, event: dict[str, Any], before: dict[str, Pool], after: dict[str, Pool]
) -> list[Record]:
    """Write `pool.changed`: of the event's own month, by an activation of every month (D-59)."""
    reason = CHANGE_REASON.get(event["type"])
    if reason is None:
        return []
    months = tenant.kept_months() if reason == "catalogue" else [event["month"]]
    nothing = Pool(0, 0, closed=False)
    found: list[Record] = []
    for name in sorted({*before, *after}):
        old, new = before.get(name, nothing), after.get(name, nothing)
        if pools.month_in(name) in months and old.capacity != new.capacity:
            data = {
                "pool": name,
                "capacity": new.capacity,
                "used": new.used,
                "remaining": new.remaining,
                "reason": reason,
            }
            found.append(("pool.changed", data))
    return found


def period_resets(tenant: Tenant, event: dict[str, Any]) -> list[Record]:
    """Begin a new period: reset all months before it that were not yet posted (D-42)."""
    period = event["data"].get("period")
    if event["type"] != "period.started" or period <= (tenant.newest_started or ""):
        return []
    found: list[Record] = [("pool.reset", data) for data in pools.resets(tenant, period)]
    month = tenant.earliest_month()
    tenant.reset_months |= {*pools.clock.months_between(month, period)}
    tenant.newest_started = period
    return found


def threshold_records(
    tenant: Tenant, before: dict[str, Pool], after: dict[str, Pool]
) -> list[Record]:
    """Write `pool.threshold_reached` once per pool, percent and month (R-220, D-41)."""
    found: list[Record] = []
    for name, pool in sorted(after.items()):
        old = before.get(name, Pool(0, 0, closed=False))
        if pool.capacity == 0 or (old.capacity, old.used) == (pool.capacity, pool.used):
            continue
        for percent in THRESHOLDS:
            reached = pool.used * 100 >= percent * pool.capacity
            if reached and (name, percent) not in tenant.thresholds:
                tenant.thresholds.add((name, percent))
                found.append(("pool.threshold_reached", {"pool": name, "percent": percent}))
    return found


def joint_cap_records(before: dict[str, Pool], after: dict[str, Pool]) -> list[Record]:
    """Write `pool.closed` and `pool.reopened` where the joint cap's state changed (D-40)."""
    closed, reopened = [], []
    nothing = Pool(0, 0, closed=False)
    for name in sorted({*before, *after}):
        was, now = before.get(name, nothing).closed, after.get(name, nothing).closed
        if was == now:
            continue
        by = pools.OTHER_BUCKET[name.split("/", 4)[2]]
        data = {"pool": name, "by": by}
        (closed if now else reopened).append(data)
    return [
        *(("pool.closed", data) for data in closed),
        *(("pool.reopened", data) for data in reopened),
    ]


def money_records(tenant: Tenant, event: dict[str, Any], before: Fraction) -> list[Record]:
    """Write `recharge.due` and `wallet.empty` after an event that lowered the balance."""
    now = wallet.balance(tenant)
    found: list[Record] = []
    recharge = tenant.settings["auto_recharge"]
    if (
        recharge
        and now < before
        and event["type"] not in NO_RECHARGE_AFTER
        and now < recharge["trigger"]  # strict: A-16
        and tenant.outstanding is None
    ):
        recharge_id = f"{tenant.name}/r{len(tenant.recharges) + 1}"  # D-01
        tenant.recharges[recharge_id] = recharge["amount"]  # D-50
        tenant.outstanding = recharge_id
        due = {
            "recharge_id": recharge_id,
            "amount": money.show(recharge["amount"]),
            "currency": tenant.settings["currency"],
            "balance": money.show(now),
        }
        found.append(("recharge.due", due))
    if before > 0 >= now:
        found.append(("wallet.empty", {"balance": money.show(now)}))  # R-503, D-54
    return found


def tenant_balances(tenant: Tenant) -> dict[str, Any]:
    """Write one tenant of the balances file."""
    kept = pools.listed(pools.snapshot(tenant, tenant.kept_months()))
    return {
        "seq": tenant.seq,
        "hash": tenant.last_hash.hex(),
        "wallet": {
            "balance": money.show(wallet.balance(tenant)),
            "currency": tenant.settings["currency"],
            "lots": [
                {
                    "lot_id": lot.lot_id,
                    "remaining": money.show(lot.remaining),
                    "expires_at": wallet.clock.show(lot.expires),
                }
                for lot in wallet.open_lots(tenant)
                if lot.remaining > 0
            ],
        },
        "pools": {
            name: {
                "capacity": pool.capacity,
                "used": pool.used,
                "remaining": pool.remaining,
                "closed": pool.closed,
            }
            for name, pool in kept.items()
        },
    }


# What each event is refused for, and what it does directly.


def check_tenant(tenant: Tenant, event: dict[str, Any]) -> None:
    """Refuse a change of currency or zone once there was a lot or an accepted call."""
    if tenant.events and (tenant.lots or tenant.calls):
        for name in ("currency", "time_zone"):
            if event["data"][name] != tenant.settings[name]:
                raise Refused("frozen_setting")


def check_licence(tenant: Tenant, event: dict[str, Any]) -> None:
    """Refuse a licence that the catalogue in force does not know."""
    known = LICENCES | set(tenant.catalogue.plans)
    if event["data"]["license"] not in known:
        raise Refused("unknown_license")


def check_currency(tenant: Tenant, event: dict[str, Any]) -> None:
    """Refuse money in another currency than the tenant's (R-509)."""
    if event["data"]["currency"] != tenant.settings["currency"]:
        raise Refused("wrong_currency")


def check_recharge(tenant: Tenant, event: dict[str, Any]) -> None:
    """Refuse an answer to no outstanding recharge."""
    if event["data"]["recharge_id"] != tenant.outstanding:
        raise Refused("unknown_recharge")


def check_period(tenant: Tenant, event: dict[str, Any]) -> None:
    """Refuse a month that has not begun at the envelope's time (D-42)."""
    if tenant.month_start(event["data"]["period"]) > event["time"]:
        raise Refused("not_due")


def check_lot(tenant: Tenant, event: dict[str, Any]) -> None:
    """Refuse an unknown lot or one whose time is not up (D-43)."""
    lot = next((lot for lot in tenant.lots if lot.lot_id == event["data"]["lot_id"]), None)
    if lot is None:
        raise Refused("unknown_lot")
    if event["time"] < lot.expires and not lot.forfeited:
        raise Refused("not_due")


def check_reference(tenant: Tenant, event: dict[str, Any]) -> None:
    """Stop at a version that is nowhere found (D-79)."""
    stored = {"catalogue": tenant.catalogues, "rates": tenant.decks}[event["data"]["kind"]]
    assert event["data"]["version"] in stored, "no such version"


def check_nothing(_tenant: Tenant, _event: dict[str, Any]) -> None:
    """Refuse nothing."""


def nothing(_tenant: Tenant, _event: dict[str, Any]) -> list[Record]:
    """Do nothing directly: the event's being in the log is its effect."""
    return []


def purchase(tenant: Tenant, event: dict[str, Any]) -> list[Record]:
    """Add a lot, once per payment id."""
    if event["data"]["payment_id"] in tenant.payments:
        return []
    tenant.payments.add(event["data"]["payment_id"])
    return [wallet.added(tenant, event["time"], event["data"]["amount"])]


def settle(tenant: Tenant, event: dict[str, Any]) -> list[Record]:
    """Settle the outstanding recharge; success adds a lot (R-502)."""
    recharge_id = event["data"]["recharge_id"]
    tenant.outstanding = None
    outcome = event["type"].removeprefix("recharge.")
    records: list[Record] = [("recharge.settled", {"recharge_id": recharge_id, "outcome": outcome})]
    if outcome == "succeeded":
        records.append(wallet.added(tenant, event["time"], tenant.recharges[recharge_id]))
    return records


def adjust(tenant: Tenant, event: dict[str, Any]) -> list[Record]:
    """Apply an operator's correction, once per id (D-44)."""
    if event["data"]["adjustment_id"] in tenant.adjustments:
        return []
    tenant.adjustments.add(event["data"]["adjustment_id"])
    moved = wallet.adjust(tenant, event["time"].astimezone(UTC), event["data"]["amount"])
    data = {"amount": money.show(moved), "balance": money.show(wallet.balance(tenant))}
    return [("credits.adjusted", data)]


def expire(tenant: Tenant, event: dict[str, Any]) -> list[Record]:
    """Forfeit what is left in a lot, once (D-43)."""
    lot = next(lot for lot in tenant.lots if lot.lot_id == event["data"]["lot_id"])
    if lot.forfeited:
        return []
    lot.forfeited = True
    lost, lot.remaining = lot.remaining, Fraction(0)
    return [wallet.forfeited(tenant, lot.lot_id, lost)] if lost > 0 else []


HANDLERS: dict[str, tuple[Callable[..., None], Callable[..., list[Record]]]] = {
    "tenant.configured": (check_tenant, nothing),
    "user.configured": (check_nothing, nothing),
    "license.assigned": (check_licence, nothing),
    "license.removed": (check_licence, nothing),
    "credits.purchased": (check_currency, purchase),
    "recharge.succeeded": (check_recharge, settle),
    "recharge.failed": (check_recharge, settle),
    "credits.adjusted": (check_currency, adjust),
    "call.ended": (calls.check_ended, calls.ended),
    "call.corrected": (calls.check_corrected, calls.corrected),
    "call.cancelled": (calls.check_cancelled, calls.cancelled),
    "period.started": (check_period, nothing),
    "lot.expired": (check_lot, expire),
    "reference.activated": (check_reference, nothing),
}


def rate_lines(lines: Iterable[bytes], references: References) -> Model:
    """Rate a whole log with the model."""
    return Model(references).run(lines)
