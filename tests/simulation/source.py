"""The events of a run: a small seeded log with every kind of event and refusal in some seed."""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final

from schemas.codec import decode
from schemas.dead_letter import Refusal
from schemas.tenants import TenantConfigured
from streams.generate import LogOptions, generate
from tests.simulation.faults import Plan

NOBODY: Final = "nobody"
"""Key of inputs so broken that they name no tenant."""
LOGS: Final = 40
"""Different random logs, drawn from by all seeds: making one costs as much as a whole run."""


@dataclass(frozen=True, slots=True)
class Input:
    """One record of the events topic; `time` is about when it was sent, seconds since 1970."""

    partition: int
    key: bytes
    value: bytes
    time: float


@cache
def _random_log(number: int, months: int) -> tuple[bytes, ...]:
    options = LogOptions(tenants=3, calls=60, seed=number, months=months, scripted=False)
    return tuple(generate(options))


@cache
def _scripted_log() -> dict[str, list[bytes]]:
    """Return the scripted tenants' events by tenant."""
    logs: dict[str, list[bytes]] = {}
    for line in generate(LogOptions(tenants=0, calls=0)):
        logs.setdefault(decode(line).tenant or NOBODY, []).append(line)
    return logs


def make_inputs(plan: Plan) -> list[Input]:
    """Return a plan's events in the order in which they are sent."""
    random = Random(f"{plan.seed}/source")
    lines = list(_random_log(random.randrange(LOGS), plan.months))
    sample = set(random.sample(range(len(lines)), min(plan.events, len(lines))))
    chosen = [
        line for place, line in enumerate(lines) if place in sample or b"tenant.configured" in line
    ]
    scripted = _scripted_log()
    for tenant in random.sample(sorted(scripted), random.randint(0, 2)):
        for line in scripted[tenant]:
            chosen.insert(random.randint(len(chosen) // 2, len(chosen)), line)
    place_of: dict[str, int] = {}
    inputs, time = [], 0.0
    for line in chosen:
        event = decode(line)
        tenant = event.tenant or NOBODY
        partition = place_of.setdefault(tenant, random.randrange(plan.partitions))
        if not isinstance(event, Refusal):
            time = max(time, event.time.timestamp())
            assert not isinstance(event.data, TenantConfigured) or event.tenant
        inputs.append(Input(partition, tenant.encode(), line, time))
    return inputs
