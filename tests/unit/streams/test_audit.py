"""The auditor finds what was changed, lost, moved, or does not add up."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.dead_letter import FilePosition
from streams.audit.replay import first_difference, replay
from streams.audit.verify import LedgerVerifier
from streams.audit.versions import TenantEngines, VersionNotCarriedError, read_defaults
from streams.engine import build_engine, carried_versions
from streams.line_files import FilesError
from streams.log_source import FileLog, LogEvent, LogLine

Record = dict[str, Any]
REFERENCES = ShippedReferences()
ENGINE = build_engine(REFERENCES)


def event(number: int, kind: str, **data: Any) -> bytes:
    """Return an input of contoso in March 2021."""
    time = data.pop("time", "2021-03-02T12:00:00Z")
    content = {
        "specversion": "1.0",
        "id": str(number),
        "source": "test",
        "type": f"tollstream.{kind}.v1",
        "subject": data.pop("tenant", "contoso"),
        "time": time,
        "data": data,
    }
    return json.dumps(content).encode()


def call(number: int, usage_id: str, seconds: int = 330, tenant: str = "contoso") -> bytes:
    """Return a call of ann to Seattle."""
    return event(number, "call.ended", tenant=tenant, **call_data(usage_id, seconds))


def call_data(usage_id: str, seconds: int) -> Record:
    """Return the data of a call of ann to Seattle."""
    return {
        "usage_id": usage_id,
        "call_type": "user_out",
        "user_id": "ann",
        "caller": "+12065550100",
        "callee": "+12065550123",
        "started_at": "2021-03-02T10:00:00Z",
        "ended_at": "2021-03-02T12:00:00Z",
        "duration_seconds": seconds,
    }


EVENTS = [
    event(1, "tenant.configured", country="US", auto_recharge={"trigger": "9", "amount": "5"}),
    event(2, "license.assigned", user_id="ann", license="MCOPSTN5"),
    event(3, "license.assigned", user_id="ann", license="MCOPSTNPP"),
    event(4, "credits.purchased", payment_id="p", amount="10", currency="USD"),
    call(5, "c-1", 7081),
    call(6, "c-2"),
    call(7, "c-2"),
    event(8, "call.corrected", usage_id="c-2", reason="x", call=call_data("c-2", 61)),
    event(9, "call.cancelled", usage_id="c-1", reason="x"),
    event(10, "credits.adjusted", adjustment_id="a", amount="-20", currency="USD", reason="x"),
    event(11, "recharge.succeeded", recharge_id="contoso/r1"),
    event(12, "period.started", period="2021-04", time="2021-04-01T00:00:00Z"),
    event(13, "lot.expired", lot_id="contoso/l2", time="2022-04-02T00:00:00Z"),
]


def ledger_of(events: list[bytes]) -> list[bytes]:
    """Rate events and return the ledger's lines."""
    store = MemoryStore()
    return [line for raw in events for line in ENGINE.handle(store, raw).lines]


def faults_of(lines: list[bytes]) -> list[str]:
    """Return what the verifier says."""
    verifier = LedgerVerifier()
    faults = [
        fault for number, line in enumerate(lines, 1) for fault in verifier.check(line, f"{number}")
    ]
    return [str(fault) for fault in [*faults, *verifier.finish()]]


def forge(lines: list[bytes], change: Callable[[Record], None]) -> list[bytes]:
    """Change records and seal the chain again, as a forger who knows the form would."""
    forged, before = [], bytes(32)
    for line in lines:
        record = json.loads(line)
        record.pop("hash")
        change(record)
        digest = hashlib.sha256(before + canonical(record))
        before = digest.digest()
        forged.append(canonical(record | {"hash": digest.hexdigest()}))
    return forged


def canonical(record: Record) -> bytes:
    """Return canonical JSON."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def kind_of(record: Record) -> str:
    """Return the short type of a record."""
    return str(record["type"]).removeprefix("tollstream.").removesuffix(".v1")


def test_an_honest_ledger_has_no_fault() -> None:
    """Nothing is wrong with what the engine makes."""
    assert faults_of(ledger_of(EVENTS)) == []


def test_every_single_changed_byte_is_found() -> None:
    """Whatever byte is changed, the record it stands in is named."""
    lines = ledger_of(EVENTS[:6])
    line = lines[-1]
    for at in range(0, len(line), 7):
        changed = bytearray(line)
        changed[at] ^= 1
        assert faults_of([*lines[:-1], bytes(changed)]) != [], f"byte {at}"


@pytest.mark.parametrize("at", range(1, 8))
def test_a_lost_or_moved_record_is_found(at: int) -> None:
    """The sequence and the chain both break."""
    lines = ledger_of(EVENTS)
    lost = faults_of([*lines[:at], *lines[at + 1 :]])
    swapped = faults_of([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]])
    assert any("seq" in fault for fault in lost)
    assert any("seq" in fault for fault in swapped)


FORGERIES: list[tuple[str, str, dict[str, Any], str]] = [
    ("pool used", "pool.reset", {"used": 3, "discarded": 117}, "used is 3"),
    ("pool remaining", "pool.changed", {"remaining": 119}, "remaining is 119"),
    ("discarded", "pool.reset", {"discarded": 1}, "discarded is 1"),
    ("next month", "pool.reset", {"next_pool": "US/MCOPSTN5/domestic/2021-05"}, "next_pool"),
    ("lot", "credits.added", {"amount": "11"}, "the balance is said to be"),
    ("balance", "credits.adjusted", {"balance": "1"}, "the balance is said to be"),
    ("adjustment", "credits.adjusted", {"amount": "-1"}, "the balance is said to be"),
    ("forfeiture", "credits.forfeited", {"amount": "1"}, "the balance is said to be"),
    ("recharge", "recharge.due", {"recharge_id": "contoso/r7"}, "recharge contoso/r7 after 0"),
    ("answer", "recharge.settled", {"recharge_id": "contoso/r9"}, "settled but was not open"),
    ("empty", "wallet.empty", {"balance": "1"}, "said to be empty"),
    ("first", "call.duplicate", {"first_seq": 1}, "first_seq is 1"),
    ("threshold", "pool.threshold_reached", {"percent": 100}, "reach"),
    ("ruleset", "ruleset.changed", {"rules": 2}, "its parts make"),
    ("charge", "call.rated", {"charge": "9"}, "charge is not the sum"),
    ("minutes", "call.rated", {"billed_minutes": 1}, "billed_minutes is 1"),
    ("call id", "call.rated", {"usage_id": "c-9"}, "never rated"),
    ("corrects", "call.rated", {"corrects": 1, "difference": []}, "corrects record 1"),
    ("rules", "call.rated", {"ruleset": "0" * 12}, "rated under ruleset"),
    ("outcome", "call.rated", {"outcome": "blocked"}, "blocked"),
]


@pytest.mark.parametrize(("kind", "members", "says"), [row[1:] for row in FORGERIES])
def test_a_forged_figure_is_found_though_the_chain_holds(
    kind: str, members: dict[str, Any], says: str
) -> None:
    """Each kind of record has figures that others confirm."""
    changed = []

    def change(record: Record) -> None:
        if kind_of(record) == kind:
            record["data"] |= members
            changed.append(record)

    faults = faults_of(forge(ledger_of(EVENTS), change))
    assert changed, f"the log makes a {kind}"
    assert any(says in fault for fault in faults), faults


def test_a_cent_that_a_leg_hides_is_found() -> None:
    """A charge that is too high by a cent in leg, sum and balance breaks the next balance."""
    after = 0

    def change(record: Record) -> None:
        nonlocal after
        content = record["data"]
        if kind_of(record) == "call.rated" and content["usage_id"] == "c-2" and not after:
            leg = content["legs"][-1]
            leg["amount"], leg["rate"], leg["remaining"] = "0.115", "0.023", "9.885"
            content["charge"] = "0.115"
            after = record["seq"]

    faults = faults_of(forge(ledger_of(EVENTS), change))
    assert any("the balance is said to be" in fault or "difference" in fault for fault in faults)


def test_a_minute_that_a_pool_loses_is_found() -> None:
    """A leg that says one minute less is left than there is contradicts its own event."""

    def change(record: Record) -> None:
        for leg in record["data"].get("legs", ()):
            if leg["purse"] == "pool":
                leg["minutes"] -= 1
                record["data"]["uncovered_minutes"] += 1

    faults = faults_of(forge(ledger_of(EVENTS), change))
    assert any("uncovered" in fault or "used" in fault for fault in faults)


class LogOf:
    """A log in memory, one shard."""

    def __init__(self, events: list[bytes], ledger: list[bytes]) -> None:
        self._events = events
        self._ledger = ledger

    def events(self) -> Any:
        """Yield the inputs."""
        for number, raw in enumerate(self._events, 1):
            yield LogEvent(raw, None, FilePosition("events", number), None)

    def ledger(self) -> Any:
        """Yield the records."""
        for number, line in enumerate(self._ledger, 1):
            yield LogLine(line, FilePosition("ledger", number))


def replay_of(events: list[bytes], ledger: list[bytes]) -> Any:
    """Replay a log in memory against a ledger in memory."""
    log = LogOf(events, ledger)
    defaults = read_defaults(log.ledger(), carried_versions())
    return replay(log, TenantEngines(REFERENCES, defaults))


def test_a_replay_of_an_honest_ledger_is_equal() -> None:
    """The same log gives the same bytes."""
    lines = ledger_of(EVENTS)
    result = replay_of([*EVENTS, b"rubbish"], lines)
    assert (result.difference, result.missing, result.records) == (None, 0, len(lines))
    assert result.refused == {"not_json": 1}


def test_the_first_difference_is_named_by_line_tenant_seq_and_member() -> None:
    """A person finds the place at once."""
    lines = ledger_of(EVENTS)

    def change(record: Record) -> None:
        if record["seq"] == 4:
            record["data"]["legs"][0]["remaining"] = 2

    result = replay_of(EVENTS, forge(lines, change))
    expected = "data.legs[0].remaining is 2 in the ledger, 1 when rated again"
    assert str(result.difference) == f"ledger line 4: contoso/4: {expected}"


def test_tenants_may_be_interleaved_in_any_way() -> None:
    """The order between tenants is no promise; the order inside one is."""
    other = [
        event(1, "tenant.configured", country="GB", tenant="fabrikam"),
        event(2, "license.assigned", user_id="ann", license="MCOPSTN1", tenant="fabrikam"),
        call(3, "c-1", tenant="fabrikam"),
    ]
    result = replay_of([*EVENTS, *other], [*ledger_of(other), *ledger_of(EVENTS)])
    assert (result.difference, result.missing) == (None, 0)


def test_records_that_are_missing_at_the_end_are_told_apart_from_lost_ones() -> None:
    """A worker may be behind; but a gap before later records is a loss."""
    other = [event(1, "tenant.configured", country="GB", tenant="fabrikam")]
    lines = ledger_of(EVENTS)
    behind = replay_of(EVENTS, lines[:-2])
    assert (behind.difference, behind.missing) == (None, 2)
    lost = replay_of([*EVENTS, *other], [*lines[:-2], *ledger_of(other)])
    assert "the ledger has no record for the event at events line" in str(lost.difference)


def test_a_record_that_no_event_makes_is_found() -> None:
    """Nothing may stand in the ledger that the log does not explain."""
    result = replay_of(EVENTS[:5], ledger_of(EVENTS))
    assert "the log makes no such record" in str(result.difference)


def test_a_version_that_is_not_carried_is_named() -> None:
    """D-81: another release's rules cannot be replayed by this one."""

    def change(record: Record) -> None:
        if kind_of(record) == "ruleset.changed":
            record["data"]["numbering"] = "1.0.0"

    with pytest.raises(VersionNotCarriedError, match=r"numbering 1\.0\.0, this release carries"):
        replay_of(EVENTS, forge(ledger_of(EVENTS), change))


def test_a_difference_in_the_form_only_is_said() -> None:
    """The same content in other bytes is no canonical line."""
    assert "not canonical" in first_difference(b'{"a": 1}', b'{"a":1}')


def test_standard_input_cannot_be_read_twice() -> None:
    """The log is read more than once."""
    with pytest.raises(FilesError, match="only once"):
        FileLog(events=["-"])
