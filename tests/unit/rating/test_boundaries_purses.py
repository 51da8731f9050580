"""Credits for everybody are credits for everybody's conferences too."""

from typing import Any

import pytest


@pytest.mark.parametrize(("for_all", "outcome"), [(True, "rated"), (False, "blocked")])
def test_credits_for_all_users_pay_conference_dial_out(
    scenario: Any, *, for_all: bool, outcome: str
) -> None:
    """D-06, A-09: an organiser without any licence may dial out, and credits pay."""
    scenario.tenant("US", credits_for_all_users=for_all)
    scenario.buy("5")
    call = scenario.call("ann", call_type="conf_out")
    assert (outcome, None if for_all else "no_plan") == (call.outcome, call.reason)
    assert (["credits"] if for_all else []) == [leg.purse for leg in call.legs]
