"""Changelogs that lost records, and what a worker says to them: it refuses, it never guesses.

A worker may find its own whole copy of the rows, or an empty directory on a new machine; a copy
that it finds whole today is gone tomorrow, so both are refused, and nothing is written meanwhile.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from streams.generate import LogOptions, generate
from streams.tables.declaration import TABLES, Table
from tests.kafka.rig.deployment import Deployment
from tests.kafka.rig.reading import end_offsets
from tests.kafka.rig.topic_damage import cut, empty, make_anew

LOG: Final = LogOptions(tenants=4, calls=150, seed=11, months=1)
REFUSED: Final = 3
INSTRUCTION: Final = "Restore the topic, or start anew with a new TOLLSTREAM_APP_ID"
ENOUGH_SECONDS: Final = 60

Damage = Callable[[Deployment, str], None]
DAMAGES: Final[dict[str, Damage]] = {"cut": cut, "emptied": empty, "made-anew": make_anew}
COPIES: Final = {"own-copy": "worker", "no-copy": "fresh"}
"""What the next worker has of the rows, and the data directory where it finds that."""

Case = tuple[Table, str, str]
CASES: Final[tuple[Case, ...]] = tuple(
    (table, damage, copy) for table in TABLES for damage in DAMAGES for copy in COPIES
)


def name_of(case: Case) -> str:
    """Return a case's name: table, damage, copy."""
    table, damage, copy = case
    return f"{table.name}-{damage}-{copy}"


def rate_log(deployment: Deployment) -> None:
    """Rate a log that fills all four tables, then stop."""
    deployment.create_topics()
    deployment.publish(generate(LOG))
    with deployment.worker() as worker:
        deployment.wait_drained(worker)


def play_case(deployment: Deployment, case: Case) -> str:
    """Damage a changelog between two workers; return what is wrong with the second, empty if right.

    The log comes a second time meanwhile: with a part of the rows it would be charged again.
    """
    table, damage, copy = case
    rate_log(deployment)
    DAMAGES[damage](deployment, table.changelog(deployment.settings.app_id))
    deployment.publish(generate(LOG))
    before = _outputs(deployment)
    second = deployment.start(COPIES[copy])
    code = second.wait(ENOUGH_SECONDS)
    if code != REFUSED or INSTRUCTION not in second.last_words():
        return f"ended with {code}: {second.last_words()}"
    return "" if before == _outputs(deployment) else "it wrote before it refused"


def _outputs(deployment: Deployment) -> dict[tuple[str, int], int]:
    settings = deployment.settings
    changelogs = [table.changelog(settings.app_id) for table in TABLES]
    topics = (settings.ledger_topic, settings.dead_letter_topic, *changelogs)
    return asyncio.run(end_offsets(settings, *topics))
