"""Planted bugs: a simulation that cannot fail proves nothing."""

import logging
from collections.abc import Iterator

import pytest

from tests.simulation.__main__ import run_seed
from tests.simulation.plants import PLANTS

SEEDS = 500


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the log of broken workers out."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_is_noticed_within_the_ci_dose(name: str) -> None:
    """One of the seeds that CI runs fails with the bug; the same seed passes without it."""
    make = PLANTS[name]
    noticed = next((seed for seed in range(SEEDS) if run_seed(seed, make()).violation), None)
    assert noticed is not None
    assert "" == run_seed(noticed).violation
