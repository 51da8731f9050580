"""Every outcome and reason is told in words, the same words every time."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from schemas.calls import CallCancelled, CallCorrected, CallEnded
from schemas.dead_letter import Reason, Refusal
from schemas.envelope import Event
from schemas.ledger import (
    BlockReason,
    Bucket,
    CallDuplicate,
    CallRated,
    Destination,
    DestinationClass,
    Difference,
    Flag,
    LedgerRecord,
    Leg,
    Outcome,
    PassedOver,
    Price,
    PurseKind,
    RulesetChanged,
    Why,
)
from schemas.money import parse_money
from streams.explain import words
from streams.explain.history import CallHistory, CallInput
from streams.explain.report import history_json, history_text, quote_text
from streams.log_source import LogEvent

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE = "TOLLSTREAM_UPDATE_SNAPSHOTS"
"""Set to 1 to write the texts anew; read the difference before committing it."""
START = datetime(2021, 3, 2, 10, tzinfo=UTC)
POOL = "US/MCOPSTN1/domestic/2021-03"
ABROAD = "US/MCOPSTN9/international/2021-03"
SEATTLE = Destination("domestic", "US", "1206")
PARIS = Destination("international", "FR", "331")


def rated(outcome: Outcome, reason: BlockReason | None = None, **changes: Any) -> CallRated:
    """Return a rating of a 5:30 call to Seattle; `changes` replace members."""
    members: dict[str, Any] = {
        "usage_id": "c-1",
        "outcome": outcome,
        "reason": reason,
        "user_id": "ann",
        "call_type": "user_out",
        "direction": "outbound",
        "started_at": START,
        "period": "2021-03",
        "destination": SEATTLE,
        "duration_seconds": 330,
        "billed_minutes": 6,
        "uncovered_minutes": 0,
        "legs": (),
        "charge": 0,
        "connection_fee": 0,
        "currency": "USD",
        "passed_over": (),
        "flags": (),
        "corrects": None,
        "difference": None,
        "ruleset": "441dc668310e",
    } | changes
    members["charge"] = sum(leg.amount for leg in members["legs"])
    members["connection_fee"] = sum(leg.connection_fee for leg in members["legs"])
    return CallRated(**members)


def minutes(count: int, left: int, pool: str = POOL) -> Leg:
    """Return a leg of a pool."""
    _, capability, bucket, *rest = pool.split("/")
    purse = "dial_out_pool" if bucket == "dial_out" else "user_pool" if rest[1:] else "pool"
    return Leg(purse, pool, capability, count, None, 0, 0, left, None)


def money(count: int, rate: str, left: str | None, *, fee: str = "0", prefix: str = "1206") -> Leg:
    """Return a leg of credits, of post-paid where nothing is left to say."""
    amount = count * parse_money(rate) + parse_money(fee)
    price = Price(prefix, None, None)
    purse: PurseKind = "postpaid" if left is None else "credits"
    remaining = None if left is None else parse_money(left)
    return Leg(
        purse,
        None,
        "MCOPSTNPP",
        count,
        parse_money(rate),
        parse_money(fee),
        amount,
        remaining,
        price,
    )


def over(
    purse: PurseKind, why: Why, before: int | None = None, pool: str | None = None
) -> PassedOver:
    """Return a purse that gave nothing."""
    return PassedOver(purse, pool, before, why)


BLOCKED = {"billed_minutes": 6, "uncovered_minutes": 6}
NO_BILL = {"billed_minutes": 0}
POSTPAID_OFF = over("postpaid", "postpaid_off")

CASES: dict[str, CallRated] = {
    "free_internal": rated(
        "free_internal",
        **NO_BILL,
        call_type="internal",
        direction="internal",
        destination=Destination("internal", None, None),
    ),
    "free_inbound": rated(
        "free_inbound",
        **NO_BILL,
        call_type="user_in",
        direction="inbound",
        destination=Destination(None, None, None),
    ),
    "free_emergency": rated(
        "free_emergency", **NO_BILL, destination=Destination("emergency", None, None)
    ),
    "not_rated": rated(
        "not_rated", "direct_routing", **NO_BILL, call_type="dr_out", destination=PARIS
    ),
    "rated_pool": rated("rated", legs=(minutes(6, 2994),)),
    "rated_split": rated("rated", legs=(minutes(2, 0), money(4, "0.013", "9.948"))),
    "rated_user_pool": rated("rated", legs=(minutes(6, 114, "US/MCOPSTN8/domestic/2021-03/ann"),)),
    "rated_dial_out": rated(
        "rated", call_type="conf_out", legs=(minutes(6, 54, "*/MCOMEETADD/dial_out/2021-03"),)
    ),
    "rated_dial_out_unlimited": rated(
        "rated",
        call_type="conf_out",
        legs=(Leg("dial_out_pool", None, "MCOMEETADD_DIALOUT_US", 6, None, 0, 0, None, None),),
    ),
    "rated_postpaid": rated(
        "rated",
        legs=(money(6, "0.013", None),),
        passed_over=(over("pool", "exhausted", 0, POOL), over("credits", "wallet_empty", 0)),
    ),
    "rated_zero_seconds": rated("rated", duration_seconds=0, **NO_BILL),
    "rated_fee_and_flags": rated(
        "rated",
        destination=Destination("premium", "GB", "44871"),
        legs=(money(6, "0.1", "-0.15", fee="0.05", prefix="44871"),),
        passed_over=(over("pool", "not_for_this_class", 1000, "GB/MCOPSTN1/domestic/2021-03"),),
        flags=("late", "duration_mismatch", "toll_free_origin", "overdraft"),
    ),
    "rated_joint_cap": rated(
        "rated",
        legs=(money(6, "0.013", "0.922"),),
        passed_over=(
            over("pool", "not_for_this_class", 0, "US/MCOPSTN2/international/2021-03"),
            over("pool", "closed_by_joint_cap", 2500, "US/MCOPSTN2/domestic/2021-03"),
        ),
    ),
    "truncated_wallet_empty": rated(
        "truncated",
        "wallet_empty",
        destination=PARIS,
        legs=(money(3, "0.016", "0.01", prefix="331"),),
        uncovered_minutes=3,
        passed_over=(over("pool", "not_for_this_class", 2998, POOL), POSTPAID_OFF),
    ),
    "truncated_pool_exhausted": rated(
        "truncated",
        "pool_exhausted_no_credits",
        legs=(minutes(2, 0),),
        uncovered_minutes=4,
        passed_over=(over("credits", "no_cc_licence", parse_money("10")), POSTPAID_OFF),
    ),
    "blocked_policy": rated("blocked", "policy", **BLOCKED, destination=PARIS),
    "blocked_premium_not_supported": rated(
        "blocked",
        "premium_not_supported",
        **BLOCKED,
        destination=Destination("premium", "US", "1900"),
    ),
    "blocked_no_plan": rated("blocked", "no_plan", **BLOCKED),
    "blocked_pool_exhausted_no_credits": rated(
        "blocked",
        "pool_exhausted_no_credits",
        **BLOCKED,
        passed_over=(
            over("pool", "exhausted", 0, POOL),
            over("credits", "wallet_empty", 0),
            POSTPAID_OFF,
        ),
    ),
    "blocked_no_cc_licence": rated(
        "blocked",
        "no_cc_licence",
        **BLOCKED,
        destination=PARIS,
        passed_over=(
            over("pool", "not_for_this_class", 3000, POOL),
            over("credits", "no_cc_licence", parse_money("5")),
            POSTPAID_OFF,
        ),
    ),
    "blocked_wallet_empty": rated(
        "blocked",
        "wallet_empty",
        **BLOCKED,
        destination=PARIS,
        passed_over=(over("credits", "wallet_empty", parse_money("0.001")), POSTPAID_OFF),
    ),
    "blocked_no_rate": rated(
        "blocked",
        "no_rate",
        **BLOCKED,
        destination=Destination("out_of_plan", "CU", None),
        passed_over=(
            over("pool", "not_for_this_class", 600, ABROAD),
            over("credits", "no_rate", parse_money("9")),
        ),
    ),
    "freecall": rated(
        "freecall",
        "no_rate",
        **BLOCKED,
        destination=Destination("international", "ZM", None),
        passed_over=(
            over("pool", "not_for_this_class", 3000, POOL),
            over("credits", "no_rate", parse_money("9")),
        ),
        flags=("no_rate",),
    ),
    "cancelled": rated(
        "cancelled",
        **NO_BILL,
        corrects=6,
        difference=(
            Difference("pool", POOL, -2, 0),
            Difference("credits", None, -4, -parse_money("0.052")),
        ),
    ),
}
RULESET = RulesetChanged("441dc668310e", 1, "1" * 64, "2" * 64, "9.0.43", "2026.6")


def record(seq: int, data: Any, event_id: str) -> LedgerRecord:
    """Return a record of contoso."""
    return LedgerRecord("contoso", seq, START, f"example#{event_id}", data)


def history_of(*records: LedgerRecord) -> CallHistory:
    """Return a history without inputs."""
    return CallHistory("contoso", "c-1", list(records), {RULESET.ruleset: RULESET})


def assert_snapshot(name: str, text: str) -> None:
    """Compare with the stored text, or store it where asked to."""
    file = SNAPSHOTS / f"{name}.txt"
    if os.environ.get(UPDATE) == "1":
        file.write_text(text + "\n", encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text + "\n"


@pytest.mark.parametrize("name", CASES)
def test_each_outcome_and_reason_is_explained(name: str) -> None:
    """`explain` says who paid, who did not and why, in the stored words."""
    assert_snapshot(f"explain_{name}", history_text(history_of(record(6, CASES[name], "5"))))


@pytest.mark.parametrize("name", [name for name in CASES if name != "cancelled"])
def test_each_outcome_and_reason_is_quoted(name: str) -> None:
    """`quote` says the same of a call that is not made yet."""
    assert_snapshot(f"quote_{name}", quote_text(CASES[name], "+1********23"))


def test_the_cases_hold_every_outcome_and_reason() -> None:
    """A new outcome or reason needs a snapshot."""
    assert {case.outcome for case in CASES.values()} == set(get_args(Outcome))
    assert {case.reason for case in CASES.values()} == {None, *get_args(BlockReason)}


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (words.OUTCOMES, get_args(Outcome)),
        (words.REASONS, get_args(BlockReason)),
        (words.WHYS, get_args(Why)),
        (words.CLASSES, get_args(DestinationClass)),
        (words.PURSES, get_args(PurseKind)),
        (words.FLAGS, get_args(Flag)),
        (words.BUCKETS, get_args(Bucket)),
        (words.REFUSALS, tuple(Reason)),
    ],
)
def test_every_value_of_a_closed_list_has_words(
    table: dict[str, str], values: tuple[str, ...]
) -> None:
    """No value can be without words, and no words without value."""
    assert set(table) == set(values)


def call(callee: str) -> CallEnded:
    """Return the call's data."""
    return CallEnded("c-1", "user_out", "ann", "+12065550100", callee, START, START, 330)


def event(event_id: str, data: Any) -> Event:
    """Return an input of contoso."""
    return Event("contoso", "example", event_id, START, data)


def full_history() -> CallHistory:
    """Return a call that was rated, sent again, corrected, cancelled, and sent with other data."""
    correction = rated(
        "rated",
        legs=(minutes(2, 118),),
        billed_minutes=2,
        duration_seconds=61,
        corrects=6,
        difference=(
            Difference("pool", POOL, 0, 0),
            Difference("credits", None, -4, -parse_money("0.052")),
        )[1:],
    )
    history = history_of(
        record(6, CASES["rated_split"], "5"),
        record(8, CallDuplicate("c-1", 6), "5b"),
        record(9, correction, "7"),
        record(10, rated("cancelled", **NO_BILL, corrects=9, difference=()), "8"),
    )
    place = LogEvent(b"", None, None, None)  # type: ignore[arg-type]  # the report shows no place
    reason = "called back on +12065550177"
    history.inputs = [
        CallInput(event("5", call("+12065550123")), place),
        CallInput(event("5b", call("+12065550123")), place),
        CallInput(event("7", CallCorrected("c-1", reason, call("+12065550123"))), place),
        CallInput(event("8", CallCancelled("c-1", "test call")), place),
        CallInput(
            event("9", call("+12065550199")),
            place,
            Refusal(Reason.ID_PAYLOAD_MISMATCH, "other data", "contoso"),
        ),
    ]
    return history


def test_a_history_is_told_in_order_with_numbers_masked() -> None:
    """Corrections, repeats and refusals follow each other; no number is shown in full."""
    text = history_text(full_history())
    assert_snapshot("explain_history", text)
    assert "5550" not in text


def test_a_refused_call_is_told_with_its_reason() -> None:
    """A call that was only refused says why."""
    history = CallHistory("contoso", "c-1")
    place = LogEvent(b"", None, None, None)  # type: ignore[arg-type]  # the report shows no place
    refusal = Refusal(Reason.INVALID_NUMBER, "callee", "contoso")
    history.inputs = [CallInput(event("5", call("+1")), place, refusal)]
    assert_snapshot("explain_refused", history_text(history))


def test_the_json_holds_the_records_and_the_same_words() -> None:
    """A program gets each record as the ledger has it, and its words beside it."""
    content = history_json(full_history())
    assert [found["seq"] for found in content["records"]] == [6, 8, 9, 10]
    assert content["records"][0]["data"]["charge"] == "0.052"
    assert content["records"][0]["words"]["headline"] == "fully covered, charged 0.052 USD"
    assert [found["refused"] for found in content["inputs"]][-1] == "id_payload_mismatch"
    assert content["inputs"][0]["callee"] == "+1********23"
