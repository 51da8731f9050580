"""Rows packed and read back."""

import gc
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from rating.call_row import CallRow, stale_call
from rating.pools import JOINT, Pool, PoolUse
from rating.rows import SubscriberRow, TenantRow
from rating.tenant_view import TenantView
from schemas.codec import pack_row, unpack_row
from schemas.tenants import AutoRecharge

NOON = datetime(2021, 3, 10, 12, tzinfo=UTC)
PARIS = "+33142680000"
TENANT_ROW_BYTES_MAX = 10_000
CALL_ROW_BYTES_MAX = 150
GUID = "2b9f8ad5-5a5f-4d44-9fb0-0f3d1c4f9d11"


def stored(packed: list[Any]) -> list[Any]:
    """Return primitives as they come back from a table."""
    return unpack_row(pack_row(packed))


def busy(scenario: Any) -> Any:
    """Return a scenario in which every field of every row has been used."""
    scenario.tenant("GB", overdraft="allow_negative", auto_recharge=AutoRecharge(5, 7))
    scenario.tenant("US", overdraft="allow_negative", auto_recharge=AutoRecharge(5, 7), at=NOON)
    scenario.user("ann", usage_location="FR", outbound_policy="domestic", at=NOON)
    scenario.user("ann", conference_dial_out_policy="zone_a", at=NOON + timedelta(days=60))
    scenario.assign("ann", "MCOPSTN8", "MCOPSTN2", "MCOPSTNPP")
    scenario.buy("1")
    scenario.buy("2")
    scenario.user("bob")
    scenario.assign("bob", "MCOPSTN8", "MCOPSTNPP")
    scenario.records("bob", seconds=119 * 60, usage_id="own")
    scenario.records("bob", to=PARIS, seconds=60_000, usage_id="u")
    scenario.correct(scenario.a_call("bob", to=PARIS, seconds=54_000, usage_id="u"))
    scenario.records(None, usage_id="nobody")
    scenario.period("2021-04")
    return scenario


def test_rows_read_back_pack_to_the_same(scenario: Any) -> None:
    """A log cut anywhere goes on from the stored rows."""
    store = busy(scenario).store
    for _, row in store.all_tenants():
        assert stored(row.pack()) == TenantRow.unpack(stored(row.pack())).pack()
    for _, _, row in store.all_subscribers():
        assert stored(row.pack()) == SubscriberRow.unpack(stored(row.pack())).pack()
    for _, _, row in store.all_calls():
        assert stored(row.pack()) == CallRow.unpack(stored(row.pack())).pack()


def test_kept_is_what_was_used_or_posted_of_a_pool() -> None:
    """D-41: a threshold posted once stays posted, also when all minutes came back."""
    row = SubscriberRow()
    uses = {"used": PoolUse(1), "at 80": PoolUse(0, 1), "at 100": PoolUse(0, 2)}
    row.uses = {24254: {**uses, "never": PoolUse(), "joint only": PoolUse(0, JOINT)}}
    back = SubscriberRow.unpack(stored(row.pack())).uses[24254]
    expected = {key: (use.used, use.marks) for key, use in uses.items()}
    assert expected == {key: (use.used, use.marks) for key, use in back.items()}


def test_rows_are_primitives(scenario: Any) -> None:
    """Plain lists that JSON can hold."""
    store = busy(scenario).store
    rows = [*store.all_tenants(), *store.all_calls()]
    packed = [row.pack() for *_, row in rows]
    assert packed == json.loads(json.dumps(packed))


def test_a_call_cancelled_after_a_restart_gives_all_back(scenario: Any) -> None:
    """D-23: what was taken from where is in the row."""
    busy(scenario)
    store = scenario.store
    for tenant, usage_id, row in list(store.all_calls()):
        store.put_call(tenant, usage_id, CallRow.unpack(stored(row.pack())))
    store.put_tenant("contoso", TenantRow.unpack(stored(scenario.row.pack())))
    for usage_id in ("u", "own"):
        scenario.cancel(usage_id)
    assert "3" == scenario.wallet
    assert {0} == {pool["used"] for pool in scenario.pools.values()}


def test_a_tenant_row_stays_under_10_kilobytes(scenario: Any) -> None:
    """Design 2: ten countries, three plans, five months, all pools used."""
    scenario.tenant()
    for country in ("US", "CA", "GB", "FR", "DE", "IE", "ES", "NL", "BE", "AT"):
        for month in range(3, 8):
            user, at = f"{country}{month}", datetime(2021, month, 15, tzinfo=UTC)
            scenario.user(user, usage_location=country, at=at)
            scenario.assign(user, "MCOPSTN1", "MCOPSTN2", "MCOPSTN6", at=at)
    scenario.balances()
    uses = [use for month in scenario.row.uses.values() for use in month.values()]
    for use in uses:
        use.used = 2_999_999
    assert 200 == len(uses)
    assert len(pack_row(scenario.row.pack())) < TENANT_ROW_BYTES_MAX


def test_a_usual_call_row_stays_under_150_bytes(scenario: Any) -> None:
    """Design 5: ids as long as they usually are, in a long ledger."""
    scenario.tenant()
    scenario.assign(GUID, "MCOPSTN1")
    scenario.row.seq = 99_990
    scenario.records(GUID, usage_id=GUID, seconds=754)
    ((_, _, row),) = scenario.store.all_calls()
    assert len(pack_row(row.pack())) < CALL_ROW_BYTES_MAX


def test_a_call_row_is_stale_when_its_month_is_closed(scenario: Any) -> None:
    """D-74, D-84: by the newest data's start."""
    scenario.tenant()
    scenario.records(usage_id="u")
    ((_, _, row),) = scenario.store.all_calls()
    stale = [stale_call(row, scenario.row)]
    for period in ("2021-06", "2021-07"):
        scenario.period(period)
        stale.append(stale_call(row, scenario.row))
    assert [False, False, True] == stale


def test_rows_that_shed_leave_nothing_for_the_collector(scenario: Any) -> None:
    """What a cache drops is free at once: derived parts and rows refer to each other otherwise."""
    store = busy(scenario).store
    gc.collect()
    gc.disable()
    try:
        rows = [row for *_, row in (*store.all_tenants(), *store.all_subscribers())]
        for row in rows:
            row.shed()
        scenario.store = store = None
        del row, rows
        assert 0 == sum(isinstance(each, (Pool, TenantView)) for each in gc.get_objects())
    finally:
        gc.enable()
