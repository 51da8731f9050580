"""What the codec's tests share: the contract's examples and one valid event of each type."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).with_name("examples")

_CALL: dict[str, Any] = {
    "usage_id": "c-1",
    "call_type": "user_out",
    "user_id": "ann",
    "caller": "+12065550100",
    "callee": "+12065550123",
    "started_at": "2021-03-02T08:00:00Z",
    "ended_at": "2021-03-02T08:05:00Z",
    "duration_seconds": 300,
    "number_type": "user",
    "conference_id": None,
    "source_format": None,
}
_DATA: dict[str, dict[str, Any]] = {
    "tenant.configured": {
        "country": "GB",
        "currency": "GBP",
        "time_zone": "Europe/London",
        "credits_for_all_users": True,
        "postpaid": False,
        "overdraft": "allow_negative",
        "auto_recharge": {"trigger": "5.5", "amount": "20"},
    },
    "user.configured": {
        "user_id": "ann",
        "usage_location": "US",
        "outbound_policy": "domestic",
        "conference_dial_out_policy": "zone_a",
    },
    "license.assigned": {"user_id": "ann", "license": "MCOPSTN1"},
    "license.removed": {"user_id": "ann", "license": "MCOPSTN1"},
    "credits.purchased": {"payment_id": "pay-1", "amount": "10.00", "currency": "USD"},
    "recharge.succeeded": {"recharge_id": "contoso/r1"},
    "recharge.failed": {"recharge_id": "contoso/r1", "reason": "card expired"},
    "credits.adjusted": {
        "adjustment_id": "adj-1",
        "amount": "-0.5",
        "currency": "USD",
        "reason": "goodwill",
    },
    "call.ended": _CALL,
    "call.corrected": {"usage_id": "c-1", "reason": "wrong callee", "call": _CALL},
    "call.cancelled": {"usage_id": "c-1", "reason": "test call"},
    "period.started": {"period": "2021-04"},
    "lot.expired": {"lot_id": "contoso/l1"},
    "reference.activated": {"kind": "rates", "version": "0123456789abcdef" * 4},
}


def _event(name: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "mediation/graph",
        "type": f"tollstream.{name}.v1",
        "subject": "contoso",
        "time": "2021-03-02T08:05:00Z",
        "datacontenttype": "application/json",
        "data": copy.deepcopy(_DATA[name]),
    }


@pytest.fixture(scope="session")
def event_of() -> Callable[[str], dict[str, Any]]:
    """Return a maker of a valid event, as JSON values, all members present."""
    return _event


@pytest.fixture(scope="session")
def example_events() -> list[bytes]:
    """Return the lines of the contract's events."""
    return (EXAMPLES / "events.jsonl").read_bytes().splitlines()


@pytest.fixture(scope="session")
def example_ledger() -> list[bytes]:
    """Return the lines of the contract's ledger."""
    return (EXAMPLES / "ledger.jsonl").read_bytes().splitlines()


@pytest.fixture(scope="session")
def canonical() -> Callable[[Any], bytes]:
    """Return a canonical writer that shares nothing with the codec's."""

    def write(tree: Any) -> bytes:
        return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    return write
