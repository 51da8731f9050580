"""One scenario for each guarantee: a mishap, the bug that would make it matter, and what it breaks.

Run with the bug, the verdict must name the damage. Run without, everything must be right: then the
scenario shows the guarantee itself at work.
"""

import asyncio
import contextlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.generate import LogOptions, generate
from streams.lane.fault_points import FaultPoint
from tests.kafka.rig.deployment import Deployment, TooSlowError, wait_until
from tests.kafka.rig.verification import Verdict, verify

LOG: Final = LogOptions(tenants=8, calls=700, seed=6, months=1, scripted=False)
CHUNK_RECORDS: Final = 30
CHUNKS_OF_SETTING_UP: Final = 16
"""From this chunk on, chunks hold calls: what is done to one shows in calls."""
STUCK: Final = "stuck"
"""Fault of a deployment that no worker can bring to the end of its log."""
ENOUGH_SECONDS: Final = 60
TINY_MESSAGE_BYTES: Final = 900
"""No batch of ledger lines fits into so many bytes."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A guarantee under test.

    `bugs` take it away, `mishaps` put it to the test, `run` plays it; `breaks` are the kinds of
    fault of which the verdict must then name at least one; `exits` how a right worker ends;
    `partitions` of the topics.
    """

    guarantee: str
    bugs: tuple[str, ...]
    mishaps: tuple[str, ...]
    run: Callable[[Deployment, "Scenario", bool], None]
    breaks: frozenset[str]
    exits: int = -9
    die_at: FaultPoint | None = None
    die_turn: int = 4
    partitions: int = 2

    def planted(self, *, bug: bool) -> tuple[str, ...]:
        """Return what is planted into the worker."""
        return (*self.mishaps, *(self.bugs if bug else ()))


def play(deployment: Deployment, scenario: Scenario, *, bug: bool) -> Verdict:
    """Play a scenario, let a right worker finish the log, return the verdict."""
    scenario.run(deployment, scenario, bug)
    stuck = _finish(deployment)
    verdict = verify(
        deployment.settings,
        [deployment.store_dir("worker", number) for number in range(deployment.partitions)],
    )
    if stuck:
        verdict.fault(STUCK, stuck)
    return verdict


def _finish(deployment: Deployment) -> str:
    """Let a right worker rate the rest; return why it could not, empty if it could."""
    worker = deployment.start("worker")
    try:
        deployment.wait_ready(worker)
        deployment.wait_for("drained", worker, deployment.is_drained, ENOUGH_SECONDS)
        deployment.stop(worker)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return str(error)
    finally:
        worker.end()
    return ""


def dies(deployment: Deployment, scenario: Scenario, bug: bool) -> None:
    """Die at a step, in the middle of the log."""
    deployment.publish(generate(LOG))
    worker = deployment.start(
        "worker",
        chunk_records=CHUNK_RECORDS,
        die_at=scenario.die_at,
        die_turn=scenario.die_turn,
        planted=scenario.planted(bug=bug),
    )
    assert scenario.exits == worker.wait(ENOUGH_SECONDS), worker.last_words()
    assert not deployment.is_drained()


def stumbles(deployment: Deployment, scenario: Scenario, bug: bool) -> None:
    """Come back in the middle of the log, into a mishap; a worker with the bug goes on to its end.

    A right one either does, too (`exits` 0), or stops with the exit code of the scenario.
    """
    deployment.publish(generate(LOG))
    first = deployment.start(
        "worker", chunk_records=CHUNK_RECORDS, die_at=FaultPoint.ACKNOWLEDGED, die_turn=6
    )
    assert first.wait(ENOUGH_SECONDS) == -9, first.last_words()
    assert not deployment.is_drained()
    second = deployment.start(
        "worker", chunk_records=CHUNK_RECORDS, planted=scenario.planted(bug=bug)
    )
    if bug or scenario.exits == 0:
        deployment.wait_for("drained", second, deployment.is_drained, ENOUGH_SECONDS)
        deployment.stop(second)
    else:
        assert scenario.exits == second.wait(ENOUGH_SECONDS), second.last_words()


def comes_back(deployment: Deployment, scenario: Scenario, bug: bool) -> None:
    """Stand still before a commit until another worker has done it all, then go on.

    There is one partition, so that no other transaction of the zombie is open meanwhile: without
    a fence nothing ends it for a minute, and nobody could read past it.
    """
    deployment.publish(generate(LOG))
    zombie = deployment.start(
        "zombie",
        chunk_records=CHUNK_RECORDS,
        freeze_at=FaultPoint.TRANSACTION_BEGUN,
        freeze_turn=CHUNKS_OF_SETTING_UP,
        planted=scenario.planted(bug=bug),
    )
    wait_until("frozen", zombie.stands_still)
    heir = deployment.start("worker", planted=scenario.planted(bug=bug), chunk_records=1_000)
    deployment.wait_for("drained", heir, deployment.is_drained, ENOUGH_SECONDS)
    deployment.stop(heir)
    zombie.thaw()
    if not bug:
        assert scenario.exits == zombie.wait(ENOUGH_SECONDS), zombie.last_words()
        return
    # The chunk that it held ends in an old position, which the log shows once it is committed.
    with contextlib.suppress(TooSlowError):
        wait_until("damage", lambda: not deployment.is_drained(), 20)
    zombie.end()


def is_refused(deployment: Deployment, scenario: Scenario, bug: bool) -> None:
    """Have the broker refuse batches of the ledger for a while."""
    ledger = deployment.settings.ledger_topic
    lines = list(generate(LOG))
    worker = deployment.start(
        "worker",
        chunk_records=CHUNK_RECORDS,
        jitter_ms=60,
        planted=scenario.planted(bug=bug),
    )
    deployment.wait_ready(worker)
    asyncio.run(_set_largest_message(deployment, ledger, TINY_MESSAGE_BYTES))
    deployment.publish(lines)
    if bug:
        with contextlib.suppress(AssertionError):
            deployment.wait_for("drained", worker, deployment.is_drained, ENOUGH_SECONDS)
        worker.end()
    else:
        assert scenario.exits == worker.wait(ENOUGH_SECONDS), worker.last_words()
    asyncio.run(_set_largest_message(deployment, ledger, 1 << 20))


async def _set_largest_message(deployment: Deployment, topic: str, size_bytes: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=deployment.settings.bootstrap)
    await admin.start()
    try:
        change = {"max.message.bytes": str(size_bytes), "retention.ms": "-1"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, change)])
    finally:
        await admin.close()


LOST_OR_DOUBLE: Final = frozenset({"lost", "double"})

SCENARIOS: Final = {
    scenario.bugs[0]: scenario
    for scenario in (
        Scenario(
            "every delivery is awaited before the commit",
            ("commit-before-delivery",),
            (),
            is_refused,
            frozenset({"lost"}),
            exits=3,
        ),
        Scenario(
            "the local store is written after the commit",
            ("local-before-commit",),
            (),
            dies,
            frozenset({"ledger"}),
            die_at=FaultPoint.DELIVERED,
        ),
        Scenario(
            "a new owner fences the old one",
            ("no-fence",),
            (),
            comes_back,
            frozenset({"double"}),
            exits=4,
            partitions=1,
        ),
        Scenario(
            "what is already rated is cut off",
            ("no-position-check",),
            ("redelivery",),
            stumbles,
            frozenset({"double"}),
            exits=0,
        ),
        Scenario(
            "an exception ends the worker",
            ("swallowed-exception",),
            ("stumble",),
            stumbles,
            frozenset({"lost"}),
            exits=3,
        ),
        Scenario(
            "the position is part of the transaction",
            ("position-outside-transaction",),
            (),
            dies,
            frozenset({"lost"}),
            die_at=FaultPoint.TRANSACTION_BEGUN,
            die_turn=CHUNKS_OF_SETTING_UP,
        ),
    )
}
"""By the name of the bug."""

GAP: Final = Scenario(
    "a hole in the log stops the worker",
    ("no-position-check",),
    ("hole",),
    stumbles,
    frozenset({"lost"}),
    exits=3,
)
"""The other side of the position check."""

ALL: Final = {**SCENARIOS, "no-gap-check": GAP}
