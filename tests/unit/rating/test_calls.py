"""Finished calls: what is refused, what is known already."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rating.calls import fingerprint
from schemas.calls import CallEnded
from schemas.ledger import CallDuplicate, CallRated, PoolThresholdReached

NOON = datetime(2021, 3, 10, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.fixture
def us(scenario: Any) -> Any:
    """Return a US tenant with ann on MCOPSTN1."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    return scenario


def test_the_same_call_again_is_a_duplicate(us: Any) -> None:
    """C46, R-700: no effect, the first record is named."""
    call = us.a_call(usage_id="u")
    us.send(call, call.ended_at)
    before = us.row.wallet.balance, us.pools
    assert [CallDuplicate("u", 3)] == us.send(call, call.ended_at)
    assert before == (us.row.wallet.balance, us.pools)


def test_an_id_with_other_data_is_refused(us: Any) -> None:
    """R-700: id_payload_mismatch."""
    us.records(usage_id="u", seconds=60)
    other = us.a_call(usage_id="u", seconds=61)
    assert "id_payload_mismatch" == us.refused(other, other.ended_at)


def test_a_call_may_end_24_hours_after_its_envelope(us: Any) -> None:
    """R-700: more than 24 h is in_future."""
    call = us.a_call()
    day = timedelta(hours=24)
    assert "in_future" == us.refused(call, call.ended_at - day - TICK)
    us.send(call, call.ended_at - day)


def test_three_months_back_are_accepted(us: Any) -> None:
    """R-700, D-18: month < newest - 3 is too late."""
    us.period("2021-07")
    us.records(at=datetime(2021, 4, 1, tzinfo=UTC))
    late = us.a_call(at=datetime(2021, 4, 1, tzinfo=UTC) - TICK)
    assert "too_late" == us.refused(late, late.ended_at)


def test_nothing_is_too_late_before_the_first_period(us: Any) -> None:
    """D-18: only accepted period.started events count."""
    us.records(at=datetime(2025, 1, 1, tzinfo=UTC))
    assert "2015-01" == us.call(at=datetime(2015, 1, 1, tzinfo=UTC)).period


def test_a_refused_call_does_not_take_its_id(us: Any) -> None:
    """D-17: the same id may come with good data."""
    bad = us.a_call(to="12", usage_id="u")
    assert "invalid_number" == us.refused(bad, bad.ended_at)
    assert "rated" == us.call(usage_id="u").outcome


def test_the_future_is_tested_before_the_past(us: Any) -> None:
    """D-17: in_future, too_late, dedupe, invalid_number."""
    us.period("2021-07")
    old = us.a_call(at=datetime(2021, 1, 1, tzinfo=UTC), to="12")
    assert "in_future" == us.refused(old, datetime(2020, 1, 1, tzinfo=UTC))
    assert "too_late" == us.refused(old, old.ended_at)


def test_a_known_id_is_tested_before_the_number(us: Any) -> None:
    """D-17: dedupe, then invalid_number."""
    us.records(usage_id="u")
    bad = us.a_call(to="12", usage_id="u")
    assert "id_payload_mismatch" == us.refused(bad, bad.ended_at)


def test_an_id_of_a_closed_month_is_free_again(us: Any) -> None:
    """D-17, D-84: a row of a month no longer accepted counts as absent."""
    us.records(usage_id="u", seconds=60)
    us.period("2021-07")
    assert "rated" == us.call(usage_id="u", at=datetime(2021, 7, 2, tzinfo=UTC)).outcome


def test_thresholds_follow_the_call(us: Any) -> None:
    """R-220: call.rated, then 80 before 100."""
    records = us.records(seconds=3000 * 60)
    pool = "US/MCOPSTN1/domestic/2021-03"
    assert isinstance(records[0], CallRated)
    assert [PoolThresholdReached(pool, 80), PoolThresholdReached(pool, 100)] == records[1:]


@pytest.mark.parametrize(
    "other",
    [
        {"call_type": "user_out_conf"},
        {"user_id": None},
        {"user_id": "None"},
        {"caller": None},
        {"callee": "+12065550124"},
        {"conference_id": ""},
        {"conference_id": "x"},
        {"source_format": "x"},
        {"number_type": "service_toll"},
        {"duration_seconds": 61},
        {"started_at": NOON + TICK},
        {"ended_at": NOON + timedelta(seconds=60) + TICK},
    ],
)
def test_every_field_is_part_of_the_fingerprint(other: dict[str, Any]) -> None:
    """D-21: other data, other fingerprint."""
    plain = {
        "usage_id": "u",
        "call_type": "user_out",
        "user_id": "ann",
        "caller": "+1",
        "callee": "+12065550123",
        "started_at": NOON,
        "ended_at": NOON + timedelta(seconds=60),
        "duration_seconds": 60,
    }
    assert fingerprint(CallEnded(**plain)) != fingerprint(CallEnded(**(plain | other)))


def test_texts_cannot_slide_into_each_other() -> None:
    """D-21: the line is unambiguous; None differs from its name."""
    at = {"started_at": NOON, "ended_at": NOON, "duration_seconds": 0}
    made = [
        CallEnded("u", "user_out", None, caller, callee, **at)
        for caller, callee in [("ab", "c"), ("a", "bc"), (None, ""), ("", None), ("None", "")]
    ]
    assert len(made) == len({fingerprint(call) for call in made})


def test_fingerprints_never_change() -> None:
    """Rows on disk hold them."""
    call = CallEnded("u", "user_out", "ann", None, "+12065550123", NOON, NOON, 0)
    assert "547ccab99a031dde49fbd574137ec854" == fingerprint(call).hex()
