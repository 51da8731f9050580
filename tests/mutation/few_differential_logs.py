"""A few random logs against the independent model, as a stage of the mutation command.

Not collected by a plain `pytest`: `tests/property/differential` has the whole dose.
"""

import pytest

from tests.property.differential import compare

LOGS = 20


@pytest.mark.parametrize("seed", range(1, LOGS + 1))
def test_engine_and_model_agree(seed: int) -> None:
    """P1: ledger, balances and dead letters of the log are equal."""
    assert compare.run(compare.log_of(seed))[1] is None
