"""Engine and model agree on every byte of many random logs."""

from collections import Counter

from tests.property.differential import compare, coverage

LOGS = 300  # the CI dose of reliability P1; the command of this folder runs more
FIRST_SEED = 1


def test_engine_and_model_agree_and_everything_happened() -> None:
    """Ledgers, balances and dead letters are equal, and every class of case was among them."""
    found: Counter[str] = Counter()
    for seed in range(FIRST_SEED, FIRST_SEED + LOGS):
        lines = compare.log_of(seed)
        model, difference = compare.run(lines)
        assert difference is None, compare.tell(seed, lines)
        found += coverage.count(model)
    assert coverage.missing(found) == []


def test_a_seed_makes_the_same_log_again() -> None:
    """The generator draws from its seed alone."""
    assert compare.log_of(7) == compare.log_of(7)
    assert compare.log_of(7) != compare.log_of(8)


def test_a_planted_difference_is_found_and_shrunk() -> None:
    """A model without the pool of one plan is told from the engine by a few lines."""
    known, _ = compare.references()
    table = known.catalogues[known.default_catalogue]
    removed = table.plans["MCOPSTN8"]
    table.plans["MCOPSTN8"] = type(removed)({"domestic": {}})
    try:
        seed, lines = next(
            (seed, lines)
            for seed in range(FIRST_SEED, FIRST_SEED + LOGS)
            if compare.run(lines := compare.log_of(seed))[1]
        )
        told = compare.tell(seed, lines)
    finally:
        table.plans["MCOPSTN8"] = removed
    needed = [line for line in told.splitlines() if line.startswith("{")]
    assert "MCOPSTN8" in told
    assert len(needed) < len(lines) / 4
