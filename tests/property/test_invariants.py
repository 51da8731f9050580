"""The nine invariants of domain section 10, with D-86, after every event of random logs.

Invariant 6, replay, has a module of its own: `test_replay.py`.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from rating.memory_store import MemoryStore
from schemas.calls import CallCancelled, CallCorrected, CallEnded
from schemas.credits import CreditsAdjusted, CreditsPurchased, RechargeSucceeded
from schemas.envelope import Event
from schemas.money import parse_money, parse_shortest_money
from schemas.tenants import AutoRecharge, LicenseAssigned, TenantConfigured
from tests.property.alphabets import BEGIN, SECONDS
from tests.property.doses import dose
from tests.property.licences_held import Holdings
from tests.property.logs import logs
from tests.property.rated import ENGINE, Step, changes, debited, state_of, steps, worth

FREE: Final = {"free_internal", "free_inbound", "free_emergency"}
UNBILLED: Final = FREE | {"cancelled", "not_rated"}
"""Outcomes that invariant 1 excepts (D-03, D-86)."""
NO_POOL_CLASSES: Final = {"premium", "global", "out_of_plan"}


def calls_of(log: list[Event]) -> Iterator[tuple[Step, dict[str, Any]]]:
    """Yield the steps that rated a call, with the `call.rated`."""
    for step in steps(log):
        if step.call is not None:
            yield step, step.call


def money(text: str) -> int:
    """Return an amount of a record in units of 10^-8."""
    return parse_shortest_money(text)


@dose()
@given(logs())
def test_legs_and_uncovered_minutes_are_the_billed_ones(log: list[Event]) -> None:
    """Invariant 1, D-03, D-86: legs + uncovered = billed = ceil(s / 60); no legs, no charge."""
    for _, call in calls_of(log):
        legs = call["legs"]
        billed = 0
        if call["outcome"] not in UNBILLED:
            billed = (call["duration_seconds"] + 59) // 60
        assert billed == call["billed_minutes"]
        assert billed == sum(leg["minutes"] for leg in legs) + call["uncovered_minutes"]
        assert money(call["charge"]) == sum(money(leg["amount"]) for leg in legs)
        assert money(call["connection_fee"]) == sum(money(leg["connection_fee"]) for leg in legs)
        if not legs:
            assert "0" == call["charge"]


@dose()
@given(logs())
def test_a_leg_costs_its_minutes_at_its_rate(log: list[Event]) -> None:
    """R-335, D-13: amount = minutes x rate + fee, the fee once a call; each leg has a minute."""
    for _, call in calls_of(log):
        fees = 0
        for leg in call["legs"]:
            rate = 0 if leg["rate"] is None else money(leg["rate"])
            fee = money(leg["connection_fee"])
            assert money(leg["amount"]) == leg["minutes"] * rate + fee
            assert leg["minutes"] >= 1
            fees += fee > 0
        assert fees <= 1


@dose()
@given(logs())
def test_used_stays_between_zero_and_the_highest_capacity(log: list[Event]) -> None:
    """Invariant 2: 0 <= used <= highest capacity; remaining = max(0, capacity - used)."""
    highest: dict[tuple[str, str], int] = {}
    for step in steps(log):
        for tenant, state in state_of(step.store, step.event.tenant).items():
            for name, pool in state["pools"].items():
                key = (tenant, name)
                highest[key] = max(highest.get(key, 0), pool["capacity"])
                assert 0 <= pool["used"] <= highest[key]
                assert pool["remaining"] == max(0, pool["capacity"] - pool["used"])


@dose()
@given(logs())
def test_only_corrections_give_minutes_back(log: list[Event]) -> None:
    """Invariant 2: used never falls within a month but by a correction or cancellation."""
    for change in changes(log):
        if not isinstance(change.step.event.data, CallCorrected | CallCancelled):
            moved = debited(change, change.step.event.tenant) if change.after else {}
            assert [] == [name for name, minutes in moved.items() if minutes < 0]


@dose()
@given(logs())
def test_the_wallet_is_its_lots_and_what_the_ledger_says(log: list[Event]) -> None:
    """Invariant 3: balance = lots - debt = added - charged - forfeited +- adjusted."""
    told: dict[str, int] = {}
    for step in steps(log):
        tenant = step.event.tenant
        for record in step.records:
            told[tenant] = told.get(tenant, 0) + money_moved(record)
        row = step.store.get_tenant(tenant)
        if row is not None:
            lots = sum(lot.remaining for lot in row.wallet.lots)
            assert told.get(tenant, 0) == row.wallet.balance == lots - row.wallet.debt
            assert all(lot.remaining >= 0 for lot in row.wallet.lots)
            assert row.wallet.debt >= 0


def money_moved(record: dict[str, Any]) -> int:
    """Return by how much a ledger record says that the balance changes."""
    data = record["data"]
    match record["type"].split(".", 1)[1]:
        case "credits.added.v1" | "credits.adjusted.v1":
            return money(data["amount"])
        case "credits.forfeited.v1":
            return -money(data["amount"])
        case "call.rated.v1" if data["difference"] is not None:
            rows = [row for row in data["difference"] if row["purse"] == "credits"]
            return -sum(money(row["amount"]) for row in rows)
        case "call.rated.v1":
            legs = [leg for leg in data["legs"] if leg["purse"] == "credits"]
            return -sum(money(leg["amount"]) for leg in legs)
        case _:
            return 0


@dose()
@given(logs())
def test_a_clamped_wallet_is_never_below_zero(log: list[Event]) -> None:
    """Invariant 3: without `allow_negative` there is no debt and no balance below zero."""
    overdrawn: set[str] = set()
    for step in steps(log):
        data = step.event.data
        if isinstance(data, TenantConfigured) and data.overdraft == "allow_negative":
            overdrawn.add(step.event.tenant)
        row = step.store.get_tenant(step.event.tenant)
        if row is not None and step.event.tenant not in overdrawn:
            assert 0 == row.wallet.debt
            assert row.wallet.balance >= 0


Lots = list[tuple[int, int, Any, Any]]
"""Number, remaining, bought at, expires at; in the order of the wallet."""


def lots_of(step: Step) -> Lots:
    """Return the lots of the step's tenant."""
    row = step.store.get_tenant(step.event.tenant)
    lots = [] if row is None else row.wallet.lots
    return [(lot.number, lot.remaining, lot.bought_at, lot.expires_at) for lot in lots]


@dose()
@given(logs())
def test_lots_are_used_oldest_first_and_never_expired(log: list[Event]) -> None:
    """Invariant 3, D-09, D-45: a debit takes from the oldest usable lots, by their purchase."""
    earlier: dict[str, Lots] = {}
    for step in steps(log):
        tenant, data = step.event.tenant, step.event.data
        later = lots_of(step)
        before = {number: remaining for number, remaining, *_ in earlier.get(tenant, [])}
        at = None
        if isinstance(data, CallEnded):
            at = data.started_at
        elif isinstance(data, CreditsAdjusted) and data.amount < 0:
            at = step.event.time
        if at is not None:
            usable = [lot for lot in later if at < lot[3]]
            taken = [before[number] - remaining for number, remaining, *_ in usable]
            assert all(amount >= 0 for amount in taken)
            youngest = max((place for place, amount in enumerate(taken) if amount), default=0)
            assert [0] * youngest == [remaining for _, remaining, *_ in usable[:youngest]]
            expired = [lot for lot in later if at >= lot[3]]
            assert all(before[number] == remaining for number, remaining, *_ in expired)
        ages = [(bought_at, number) for number, _, bought_at, _ in later]
        assert sorted(ages) == ages
        earlier[tenant] = later


@dose()
@given(logs())
def test_a_debit_touches_the_callers_own_pools_of_the_calls_month_only(log: list[Event]) -> None:
    """Invariant 4, R-210, R-214, R-340: own tenant, region group, plan and month."""
    holdings: dict[str, Holdings] = {}
    for change in changes(log, of_all=True):
        event = change.step.event
        if change.step.refusal is None:
            holdings.setdefault(event.tenant, Holdings()).see(event)
        for tenant in change.after:
            if tenant != event.tenant:
                assert change.before[tenant] == change.after[tenant]
        if not isinstance(event.data, CallEnded) or change.step.call is None:
            continue
        held, call = holdings[event.tenant], change.step.call
        moved = debited(change, event.tenant)
        paid = {leg["pool"]: leg["minutes"] for leg in call["legs"] if leg["pool"] is not None}
        assert paid == moved
        for name in moved:
            group, capability, _, month, *user = name.split("/")
            assert month == call["period"]
            assert capability in held.capabilities(call["user_id"], month)
            expected = "*" if capability == "MCOMEETADD" else None
            assert (expected or held.region_group(call["user_id"], month)) == group
            assert user in ([], [call["user_id"]])


@dose()
@given(logs())
def test_free_calls_move_nothing(log: list[Event]) -> None:
    """Invariant 5: inbound non-toll-free, internal, emergency and not rated calls move nothing."""
    for change in changes(log):
        call, event = change.step.call, change.step.event
        if isinstance(event.data, CallEnded) and call is not None and call["outcome"] in UNBILLED:
            before, after = change.before[event.tenant], change.after[event.tenant]
            assert worth(before) == worth(after) | {"wallet": before["wallet"]}
            assert before["wallet"] == after["wallet"]
            assert "call.rated.v1" == change.step.records[-1]["type"].split(".", 1)[1]


@dose()
@given(logs())
def test_calls_outside_the_plans_use_no_pool(log: list[Event]) -> None:
    """Invariant 5: premium, global and out-of-plan calls change no pool."""
    for _, call in calls_of(log):
        if call["destination"]["class"] in NO_POOL_CLASSES and call["call_type"] != "conf_out":
            assert [] == [leg for leg in call["legs"] if leg["pool"] is not None]


@dose()
@given(logs())
def test_an_event_repeated_at_once_changes_no_balance(log: list[Event]) -> None:
    """Invariant 7 as D-86 has it: wallet and pools are as they were after the first time."""
    doubled = [event for original in log for event in (original, original)]
    first: dict[str, Any] = {}
    for number, step in enumerate(steps(doubled)):
        state = state_of(step.store, step.event.tenant)
        for each in state.values():
            del each["seq"], each["hash"]  # a duplicate is told, so the ledger goes on
        if number % 2:
            assert first == state
        first = state


@dose()
@given(logs())
def test_a_call_of_an_old_month_leaves_the_present_pools(log: list[Event]) -> None:
    """Invariant 7, R-340: whatever a call debits is of its own month."""
    for change in changes(log):
        call = change.step.call
        if isinstance(change.step.event.data, CallEnded) and call is not None:
            moved = debited(change, change.step.event.tenant)
            assert {call["period"]} >= {name.split("/")[3] for name in moved}


def paid_from_credits(call_seconds: list[int], delays: list[int]) -> tuple[int, bool]:
    """Rate calls while each recharge succeeds some calls after it fell due.

    Returns what credits paid, and whether every call was rated in full.
    """
    begin = [
        TenantConfigured("US", auto_recharge=AutoRecharge(parse_money("2"), parse_money("1.5"))),
        LicenseAssigned("ann", "MCOPSTNPP"),
        LicenseAssigned("ann", "MCOPSTN2"),
        CreditsPurchased("first", parse_money("4"), "USD"),
    ]
    store, paid, complete = MemoryStore(), 0, True
    waiting: dict[str, int] = {}
    queue: list[Any] = [*begin, *call_seconds]
    for number, item in enumerate(queue):
        at = BEGIN + timedelta(minutes=number)
        due = [name for name, calls_left in waiting.items() if calls_left <= 0]
        waiting = {name: left - 1 for name, left in waiting.items() if name not in due}
        ended = CallEnded(f"c{number}", "user_out", "ann", None, "+442079460123", at, at, 0)
        data = replace(ended, duration_seconds=item) if isinstance(item, int) else item
        for content in (*map(RechargeSucceeded, due), data):
            event = Event("acme", "property", f"e{number}", at, content)
            for record in map(json.loads, ENGINE.handle_event(store, event).lines):
                paid -= money_moved(record) if "call" in record["type"] else 0
                complete &= record["data"].get("outcome") not in ("truncated", "blocked")
                if record["type"] == "tollstream.recharge.due.v1":
                    waiting[record["data"]["recharge_id"]] = delays[number % len(delays)]
    return paid, complete


def test_when_a_recharge_succeeds_does_not_change_what_calls_cost() -> None:
    """Invariant 8: the same credits are charged, unless a call was truncated or blocked."""
    compared = 0

    @dose(2)
    @given(
        st.lists(st.sampled_from(SECONDS), min_size=30, max_size=60),
        st.lists(st.integers(0, 6), min_size=1, max_size=5),
        st.lists(st.integers(0, 6), min_size=1, max_size=5),
    )
    def explore(call_seconds: list[int], first: list[int], second: list[int]) -> None:
        nonlocal compared
        one, one_complete = paid_from_credits(call_seconds, first)
        other, other_complete = paid_from_credits(call_seconds, second)
        if one_complete and other_complete:
            compared += 1
            assert one == other

    explore()
    assert compared > 0, "no pair of runs was comparable"


def is_closed(name: str, pools: dict[str, Any]) -> bool:
    """Return whether the joint cap closes a bucket, by D-40 alone."""
    other = {"domestic": "international", "international": "domestic"}
    group, capability, bucket, month = name.split("/")[:4]
    twin = pools.get(f"{group}/{capability}/{other.get(bucket)}/{month}")
    return capability == "MCOPSTN2" and twin is not None and twin["used"] > 0 == twin["remaining"]


@dose()
@given(logs())
def test_the_joint_cap_closes_exactly_while_the_other_bucket_is_at_its_end(
    log: list[Event],
) -> None:
    """Invariant 9, R-217, D-40: closed if and only if the other bucket was used and has ended."""
    for step in steps(log):
        for state in state_of(step.store, step.event.tenant).values():
            pools = state["pools"]
            for name, pool in pools.items():
                assert is_closed(name, pools) == pool["closed"]


@dose()
@given(logs())
def test_closings_and_reopenings_are_all_told(log: list[Event]) -> None:
    """Invariant 9: what pool.closed and pool.reopened leave is what is closed, month by month."""
    told: dict[str, set[str]] = {}
    for step in steps(log):
        tenant = step.event.tenant
        closed = told.setdefault(tenant, set())
        for record in step.records:
            kind = record["type"].split(".", 1)[1]
            if kind == "pool.closed.v1":
                assert record["data"]["pool"] not in closed
                closed.add(record["data"]["pool"])
            elif kind == "pool.reopened.v1":
                closed.remove(record["data"]["pool"])
        state = state_of(step.store, tenant).get(tenant)
        if state is not None:
            pools = state["pools"]
            # Not listed are pools without licences and use (D-56) and old months (D-83).
            assert {name for name, pool in pools.items() if pool["closed"]} == closed & pools.keys()


@dose()
@given(logs())
def test_a_closed_or_ended_pool_pays_nothing(log: list[Event]) -> None:
    """R-217, R-337: a call takes no minute of a bucket that was closed, nor more than it had."""
    for change in changes(log):
        event = change.step.event
        if isinstance(event.data, CallEnded) and change.step.call is not None:
            pools = change.before[event.tenant]["pools"]
            for leg in change.step.call["legs"]:
                pool = pools.get(leg["pool"])
                if pool is not None:
                    assert not pool["closed"]
                    assert leg["minutes"] <= pool["remaining"]
