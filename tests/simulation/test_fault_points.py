"""R2: every step of the lane, in every state of its worker, killed, frozen or failed at."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from streams.lane.fault_points import FaultPoint
from streams.lane.limits import TRANSACTION_TIMEOUT_MS
from tests.simulation.faults import Plan
from tests.simulation.worker import PlannedStep
from tests.simulation.world import World

STATES = ("fresh", "mid", "after-rebalance")
PAUSE_SECONDS = 6.0
"""Simulated seconds in which a lane opens and rates what there is."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the log of planned crashes out."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def plan_for(number: int) -> Plan:
    """Return a quiet run of one partition and two workers, of which the timer is on."""
    return Plan(number, partitions=1, workers=2, events=25, timer="clock", chunk_records_max=4)


async def strike(world: World, state: str, step: PlannedStep) -> None:
    """Bring the worker `victim` into a state, and let the step strike it there."""
    owner = next(name for name, partitions in world.assignment.items() if partitions)
    other = next(name for name in world.workers if name != owner)
    victim = other if state == "after-rebalance" else owner
    if state != "fresh" or step.point is FaultPoint.CATCH_UP_WRITTEN:
        await asyncio.sleep(PAUSE_SECONDS / 4)
    if state != "after-rebalance":
        if step.point is FaultPoint.CATCH_UP_WRITTEN:
            # Its own directory has everything: only a new one has something to catch up.
            world.wipe(owner)
        world.restart_with(owner, step)
    else:
        worker = world.workers[owner]
        assert worker is not None
        world.freeze(worker.process, PAUSE_SECONDS)
        world.restart_with(victim, step)
        world.assignment = {owner: [], victim: [0]}
    await asyncio.sleep(PAUSE_SECONDS)
    if step.point is FaultPoint.CLOSING:
        worker = world.workers[victim]
        assert worker is not None
        worker.terminate()
        await asyncio.sleep(PAUSE_SECONDS)


@pytest.mark.parametrize("action", ["kill", "freeze", "error"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("point", FaultPoint)
def test_nothing_is_lost_or_doubled_at_any_step(point: FaultPoint, state: str, action: str) -> None:
    """A worker that dies, freezes or fails at a step leaves what its successor needs."""
    world = World(plan_for(STATES.index(state)))
    step = PlannedStep(point, 1, action)

    async def script(world: World) -> None:
        await strike(world, state, step)

    result = world.run(script)
    assert "" == result.violation
    assert 1 == result.hits[f"{action} at {point}"]


def test_a_transaction_that_is_left_alone_is_ended_by_the_broker() -> None:
    """Its owner died and nobody takes over before the timeout; then everything is as ever."""
    world = World(plan_for(0))
    step = PlannedStep(FaultPoint.DELIVERED, 1, "kill")

    async def script(world: World) -> None:
        owner = next(name for name, partitions in world.assignment.items() if partitions)
        world.restart_with(owner, step)
        for _ in range(1_000):
            await asyncio.sleep(PAUSE_SECONDS / 100)
            if world.loop.hits["kill at delivered"]:
                break
        world.assignment = {name: [] for name in world.workers}
        await asyncio.sleep(TRANSACTION_TIMEOUT_MS / 1000 + PAUSE_SECONDS)
        world.rebalance(exclusive=True)

    result = world.run(script)
    assert "" == result.violation
    assert 1 == result.hits["transaction timed out"]
