"""The logs of the properties are worth something: every kind of fact occurs in them."""

from collections import Counter
from typing import Any, Final, get_args

from hypothesis import given

from schemas.codec import decode, encode_event
from schemas.dead_letter import Reason
from schemas.envelope import Event
from schemas.ledger import (
    RECORD_TYPES,
    BlockReason,
    DestinationClass,
    Flag,
    Outcome,
    PoolReason,
    PurseKind,
    Why,
)
from tests.property.doses import dose
from tests.property.logs import logs
from tests.property.rated import Step, steps

OF_THE_CODEC: Final = frozenset(
    {
        *(Reason.NOT_JSON, Reason.BAD_ENVELOPE, Reason.UNKNOWN_TYPE, Reason.UNKNOWN_VERSION),
        *(Reason.BAD_DATA, Reason.BAD_TIME, Reason.BAD_AMOUNT, Reason.TOO_LARGE, Reason.TOO_DEEP),
        *(Reason.DUPLICATE_KEY, Reason.BAD_ENCODING),
    }
)
"""Refused before there is an event, so not by a rule of rating."""
NEVER_HERE: Final = {("refusal", Reason.TENANT_UNKNOWN)}
"""Every log configures its tenants first."""

OFTEN_CORRECTED: Final = ("pool", "credits")
"""Purses whose calls are corrected in any run; which examples hypothesis draws differs from
environment to environment, and corrections of the rarer purses have cases of their own."""


def expected() -> set[tuple[str, Any]]:
    """Return every fact that must occur."""
    facts: set[tuple[str, Any]] = set()
    for topic, kinds in (
        ("record", RECORD_TYPES.values()),
        ("outcome", get_args(Outcome)),
        ("reason", get_args(BlockReason)),
        ("class", get_args(DestinationClass)),
        ("purse", get_args(PurseKind)),
        ("why", get_args(Why)),
        ("flag", get_args(Flag)),
        ("pool.changed", get_args(PoolReason)),
        ("difference", OFTEN_CORRECTED),
        ("refusal", set(Reason) - OF_THE_CODEC),
    ):
        facts.update((topic, kind) for kind in kinds)
    return facts - NEVER_HERE


def facts_of(step: Step) -> list[tuple[str, Any]]:
    """Return the facts of one event."""
    found: list[tuple[str, Any]] = []
    if step.refusal is not None:
        found.append(("refusal", step.refusal.reason))
    for record in step.records:
        kind = record["type"].removeprefix("tollstream.").removesuffix(".v1")
        data = record["data"]
        found.append(("record", kind))
        if kind == "pool.changed":
            found.append(("pool.changed", data["reason"]))
        if kind == "call.rated":
            found += [("outcome", data["outcome"]), ("reason", data["reason"])]
            found.append(("class", data["destination"]["class"]))
            found += [("purse", leg["purse"]) for leg in data["legs"]]
            found += [("why", row["why"]) for row in data["passed_over"]]
            found += [("flag", flag) for flag in data["flags"]]
            found += [("difference", row["purse"]) for row in data["difference"] or ()]
    return found


def test_the_logs_hold_every_kind_of_fact() -> None:
    """Each outcome, reason, class, purse, why, flag, record and refusal occurs in CI's examples."""
    seen: Counter[tuple[str, Any]] = Counter()

    @dose(5)
    @given(logs())
    def explore(log: list[Event]) -> None:
        for step in steps(log):
            seen.update(facts_of(step))

    explore()
    assert set() == expected() - seen.keys()


@dose(0.25)
@given(logs())
def test_the_logs_hold_only_valid_events(log: list[Event]) -> None:
    """What the properties rate is what the codec lets in: bytes and back, nothing is lost."""
    assert log == [decode(encode_event(event)) for event in log]
