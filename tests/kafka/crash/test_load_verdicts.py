"""What overload and soak call right and wrong, on made-up results: both verdicts can fail."""

from dataclasses import replace
from pathlib import Path

import pytest

from streams.bench.process_figures import MEBIBYTE
from tests.kafka.crash.overload import BEFORE_SECONDS, EQUAL, Overload
from tests.kafka.crash.soak import Soak
from tests.kafka.rig.load_run import PARTITIONS, LoadResult, Look

CAPACITY = 1_000.0
SECONDS = 10


def overload(gone_at: int = 120, back_at: int = 150, **changes: object) -> Overload:
    """Return an overload whose backlog is gone at a second, and p99 normal at another one."""
    made = Overload("", Path("/nonexistent"), SECONDS, print)
    made.pace = pace = made.plan(CAPACITY)
    late = range(BEFORE_SECONDS, gone_at)
    slow = range(BEFORE_SECONDS, back_at)
    made.result = LoadResult(
        capacity_per_second=CAPACITY,
        answer={
            "phases": [rate for _, rate in pace.phases],
            "each_second": [
                (4_000 if second in late else 50, 5_000 if second in slow else 200, 9_000)
                for second in range(int(pace.seconds))
            ],
        },
        looks=[Look(0.0, 400 * MEBIBYTE, 90, 12)],
        opened=PARTITIONS,
        exit_code=0,
        audit=EQUAL,
    )
    made.result = replace(made.result, **changes)  # type: ignore[arg-type]
    return made


def test_an_overload_is_right_where_all_is_well_again_in_time() -> None:
    """The backlog is gone 50 s after the overload, p99 is back 30 s later."""
    right = overload()
    assert (50, 200) == right.normal_ms
    assert 50 == right.drained_seconds
    assert 30 == right.back_seconds
    assert right.right, right.row("-")


@pytest.mark.parametrize(
    "changes",
    [
        {"opened": PARTITIONS + 1},
        {"exit_code": 3},
        {"audit": "first difference: somewhere"},
        {"looks": [Look(0.0, 2_000 * MEBIBYTE, 90, 12)]},
        {"gone_at": 10_000},
        {"back_at": 200},
        {"back_at": 10_000},
    ],
)
def test_an_overload_is_wrong_where_anything_is_not(changes: dict[str, object]) -> None:
    """A rebalance, an exit, a difference, memory, a backlog that stays, a p99 that comes late."""
    assert not overload(**changes).right  # type: ignore[arg-type]


def test_an_overload_that_was_none_is_wrong() -> None:
    """The feed itself was too slow."""
    made = overload()
    made.result.answer["phases"][1] = 2 * CAPACITY
    assert not made.right


def soak(mib_per_hour: float = 0.5, **changes: object) -> Soak:
    """Return a soak of an hour whose memory grows so fast once it is warm."""
    made = Soak("", Path("/nonexistent"), 3_600, print)
    looks = [
        Look(float(at), int((400 + mib_per_hour * at / 3_600) * MEBIBYTE), 90, 12)
        for at in range(3_600)
    ]
    made.result = LoadResult(
        capacity_per_second=CAPACITY,
        answer={"phases": [500.0], "latency": {"calls": 1, "p50_ms": 1.0, "p99_ms": 2.0}},
        looks=looks,
        opened=PARTITIONS,
        exit_code=0,
        audit=EQUAL,
    )
    made.result = replace(made.result, **changes)  # type: ignore[arg-type]
    return made


def test_a_soak_is_right_where_nothing_grows() -> None:
    """Half a MiB an hour is nothing."""
    right = soak()
    assert 0.5 == pytest.approx(right.growth_mib_per_hour, abs=0.01)
    assert right.right, right.row("-")


@pytest.mark.parametrize(
    "changes",
    [
        {"mib_per_hour": 5.0},
        {"opened": PARTITIONS + 1},
        {"exit_code": -9},
        {"audit": "first difference: somewhere"},
        {"looks": [Look(float(at), MEBIBYTE, 90, 12 + at // 50) for at in range(90)]},
        {"looks": [Look(float(at), MEBIBYTE, 90 + 10 * at, 12) for at in range(90)]},
    ],
)
def test_a_soak_is_wrong_where_anything_grows(changes: dict[str, object]) -> None:
    """Memory, threads or files; or a rebalance, an exit, a difference."""
    assert not soak(**changes).right  # type: ignore[arg-type]
