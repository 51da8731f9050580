"""One run equals the same run cut anywhere, mixed anyhow, done again: to the last byte."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.memory_store import MemoryStore
from schemas.calls import CallCancelled, CallCorrected, CallEnded
from schemas.codec import pack_row, unpack_row
from schemas.envelope import Event
from schemas.ledger import CallRated
from schemas.tenants import LicenseRemoved
from tests.property import rated_digest
from tests.property.alphabets import NUMBERS, TENANTS
from tests.property.doses import dose
from tests.property.logs import Log, logs
from tests.property.rated import (
    ENGINE,
    NotingStore,
    Rows,
    lines_of,
    new_engine,
    packed_rows,
    state_of,
    store_of,
    worth,
)

HASH_SEEDS = ("0", "1", "4242")


def rated(log: Sequence[Event], store: MemoryStore) -> list[bytes]:
    """Rate with an engine that has seen nothing; return all lines."""
    engine = new_engine()
    return [line for event in log for line in engine.handle_event(store, event).lines]


@dose()
@given(logs())
def test_rating_again_from_zero_gives_the_same_bytes(log: Log) -> None:
    """Invariant 6: same lines, same rows, also by an engine that has seen other logs."""
    first, second = MemoryStore(), MemoryStore()
    lines = rated(log, first)
    again = [line for event in log for line in ENGINE.handle_event(second, event).lines]
    assert lines == again
    assert packed_rows(first) == packed_rows(second)


@dose()
@given(logs(), st.lists(st.integers(0, 160), min_size=1, max_size=4))
def test_a_log_cut_anywhere_continues_from_packed_rows(log: Log, cuts: list[int]) -> None:
    """P3: rows packed to bytes and read back by a new engine go on to the same bytes."""
    whole = MemoryStore()
    expected = rated(log, whole)
    lines: list[bytes] = []
    rows: Rows = {}
    places = [0, *sorted(min(cut, len(log)) for cut in cuts), len(log)]
    for begin, end in pairwise(places):
        store = store_of(rows)
        lines += rated(log[begin:end], store)
        rows = packed_rows(store)
    assert expected == lines
    assert packed_rows(whole) == rows


@dose(0.4)
@given(logs(events=(20, 50)))
def test_a_log_cut_after_every_event_gives_the_same_bytes(log: Log) -> None:
    """P3: nothing that a later record depends on is missing from the rows."""
    lines: list[bytes] = []
    rows: Rows = {}
    for event in log:
        store = store_of(rows)
        lines += ENGINE.handle_event(store, event).lines
        rows = packed_rows(store)
    assert rated(log, MemoryStore()) == lines


@dose()
@given(logs())
def test_rows_read_back_are_packed_to_the_same_bytes(log: Log) -> None:
    """A table row is written one way only: bytes, row, bytes."""
    store = MemoryStore()
    rated(log, store)
    rows = packed_rows(store)
    assert rows == packed_rows(store_of(rows))
    for raw in rows.values():
        if raw:
            assert raw == pack_row(unpack_row(raw))


@dose()
@given(logs(tenants=TENANTS), st.lists(st.integers(0, 2), min_size=200, max_size=200))
def test_any_order_of_tenants_gives_the_same_bytes_per_tenant(log: Log, turns: list[int]) -> None:
    """D3: a tenant's ledger depends on its own events alone, however they are mixed."""
    own: dict[str, Log] = {tenant: [] for tenant in TENANTS}
    for event in log:
        own[event.tenant].append(event)
    left = {tenant: list(reversed(events)) for tenant, events in own.items()}
    mixed: Log = []
    for turn in turns:
        if left[TENANTS[turn]]:
            mixed.append(left[TENANTS[turn]].pop())
    mixed += [event for events in left.values() for event in reversed(events)]
    expected = lines_of(log)
    assert expected == lines_of(mixed)
    for tenant, events in own.items():
        assert expected[tenant] == lines_of(events)[tenant]


@dose()
@given(logs())
def test_every_changed_row_is_put(log: Log) -> None:
    """A store keeps what it is handed: no row changes behind its back."""
    store = NotingStore()
    before = packed_rows(store.rows)
    for event in log:
        store.noted.clear()
        ENGINE.handle_event(store, event)
        after = packed_rows(store.rows)
        changed = {key for key, raw in after.items() if raw != before.get(key)}
        assert set() == changed - store.noted
        before = after


@dose()
@given(logs())
def test_a_refusal_changes_no_byte_of_any_row(log: Log) -> None:
    """Bad input is a value: nothing is written, nothing is remembered."""
    store = MemoryStore()
    before = packed_rows(store)
    for event in log:
        handled = ENGINE.handle_event(store, event)
        after = packed_rows(store)
        if handled.refusal is not None:
            assert () == handled.lines
            assert before == after
        before = after


@dose()
@given(logs())
def test_a_quote_changes_no_byte_of_any_row(log: Log) -> None:
    """D-73: asking what a call would cost writes nothing, whatever it answers."""
    store = MemoryStore()
    for event in log:
        if isinstance(event.data, CallEnded):
            before = packed_rows(store)
            ENGINE.rater.quote(store, event.tenant, event.data)
            assert before == packed_rows(store)
        ENGINE.handle_event(store, event)


def balances_of(store: MemoryStore, tenant: str) -> dict[str, Any]:
    """Return a tenant's lots, debt and used minutes."""
    row = store.get_tenant(tenant)
    assert row is not None
    lots = [(lot.number, lot.remaining) for lot in row.wallet.lots]
    return worth(state_of(store, tenant)[tenant]) | {"lots": lots, "debt": row.wallet.debt}


def is_new_call(store: MemoryStore, event: Event) -> bool:
    """Return whether an event is a call that the store does not know yet."""
    data = event.data
    return (
        isinstance(data, CallEnded)
        and store.get_tenant(event.tenant) is not None
        and store.get_call(event.tenant, data.usage_id) is None
    )


@dose(0.5)
@given(logs())
def test_a_call_taken_back_at_once_leaves_no_trace_in_the_balances(log: Log) -> None:
    """R-701, D-23, D-91: every minute and every part of a lot goes back to where it came from."""
    store = MemoryStore()
    for event in log:
        new = is_new_call(store, event)
        fork = store_of(packed_rows(store)) if new else store
        refused = ENGINE.handle_event(store, event).refusal is not None
        if new and not refused:
            assert isinstance(event.data, CallEnded)
            taken_back = CallCancelled(event.data.usage_id, "a check")
            # An event without effect, so that the copy has pools to tell of.
            ENGINE.handle_event(fork, replace(event, data=LicenseRemoved("nobody", "MCOEV")))
            before = balances_of(fork, event.tenant)
            ENGINE.handle_event(fork, event)
            ENGINE.handle_event(fork, replace(event, data=taken_back))
            assert before == balances_of(fork, event.tenant)


@dose(0.5)
@given(logs(), st.sampled_from((0, 60, 61, 300, 3600)), st.sampled_from((*NUMBERS[:9], *NUMBERS)))
def test_a_correction_at_once_is_the_right_call_from_the_start(
    log: Log, seconds: int, callee: str | None
) -> None:
    """P3: giving back and rating anew leaves the balances of rating the right data alone."""
    store = MemoryStore()
    for event in log:
        rows = packed_rows(store) if is_new_call(store, event) else None
        refused = ENGINE.handle_event(store, event).refusal is not None
        if rows is None or refused:
            continue
        assert isinstance(event.data, CallEnded)
        better = replace(event.data, duration_seconds=seconds, callee=callee)
        right = store_of(rows)
        if ENGINE.handle_event(right, replace(event, data=better)).refusal is None:
            corrected = store_of(rows)
            ENGINE.handle_event(corrected, event)
            change = CallCorrected(better.usage_id, "a check", better)
            ENGINE.handle_event(corrected, replace(event, data=change))
            assert balances_of(right, event.tenant) == balances_of(corrected, event.tenant)


@pytest.mark.parametrize("longer", [1, 59, 60, 600])
def test_a_longer_call_is_never_cheaper(longer: int) -> None:
    """P3: on the same balances more seconds cost no less, and no fewer minutes are covered."""

    @dose(0.5)
    @given(logs())
    def explore(log: Log) -> None:
        store = MemoryStore()
        for event in log:
            call = event.data
            if isinstance(call, CallEnded):
                extended = replace(call, duration_seconds=call.duration_seconds + longer)
                short, long = (
                    ENGINE.rater.quote(store, event.tenant, each) for each in (call, extended)
                )
                if isinstance(short, CallRated):
                    assert isinstance(long, CallRated)
                    assert short.charge <= long.charge
                    assert covered(short) <= covered(long)
            ENGINE.handle_event(store, event)

    explore()


def covered(rated_call: CallRated) -> int:
    """Return the minutes that purses paid."""
    return rated_call.billed_minutes - rated_call.uncovered_minutes


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    """S6: ledger and rows have one SHA-256 under every PYTHONHASHSEED, and it is ours."""
    here = rated_digest.digest()
    for seed in HASH_SEEDS:
        done = subprocess.run(
            [sys.executable, "-m", "tests.property.rated_digest"],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        assert here == done.stdout.strip(), done.stderr
