"""What a call would cost."""

from datetime import UTC, datetime
from typing import Any

from schemas.dead_letter import Refusal
from schemas.ledger import CallRated

CUBA, PARIS = "+5352123456", "+33142680000"


def quote(scenario: Any, *args: Any, **members: Any) -> Any:
    """Quote a call; nothing may change."""
    before = scenario.packed()
    answer = scenario.rater.quote(scenario.store, "contoso", scenario.a_call(*args, **members))
    assert before == scenario.packed()
    return answer


def refusal(answer: Any) -> str:
    """Return the reason of a refusal."""
    assert isinstance(answer, Refusal)
    return answer.reason.value


def test_a_call_without_a_rate_would_be_blocked(scenario: Any) -> None:
    """C20, D-73: pre-call, not FREECALL; not from the international pool."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN2", "MCOPSTNPP")
    scenario.buy("9")
    answer = quote(scenario, to=CUBA)
    assert ("blocked", "no_rate", ()) == (answer.outcome, answer.reason, answer.flags)


def test_a_quote_is_what_the_call_will_cost(scenario: Any) -> None:
    """D-73: the same code, nothing written."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1", "MCOPSTNPP")
    scenario.buy("9")
    call = scenario.a_call(to=PARIS, seconds=120)
    answer: CallRated = scenario.rater.quote(scenario.store, "contoso", call)
    assert scenario.send(call, call.ended_at) == [answer]


def test_what_cannot_be_rated_cannot_be_quoted(scenario: Any) -> None:
    """The refusals that do not depend on an envelope."""
    assert "tenant_unknown" == refusal(quote(scenario))
    scenario.tenant()
    assert "invalid_number" == refusal(quote(scenario, to="12"))
    scenario.period("2021-08")
    assert "too_late" == refusal(quote(scenario))
    later = quote(scenario, at=datetime(2021, 7, 1, tzinfo=UTC))
    assert ("late",) == later.flags


def test_the_oldest_open_month_can_be_quoted(scenario: Any) -> None:
    """D-18: too late is what lies before it."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    scenario.period("2021-06")
    assert "rated" == quote(scenario, at=datetime(2021, 3, 1, tzinfo=UTC)).outcome
    before = datetime(2021, 2, 28, 23, 59, 59, tzinfo=UTC)
    assert "too_late" == refusal(quote(scenario, at=before))
