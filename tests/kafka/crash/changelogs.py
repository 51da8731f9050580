"""Changelogs that lost records, and what a worker says to them: it refuses, it never guesses.

A worker may find its own whole copy of the rows, or an empty directory on a new machine; a copy
that it finds whole today is gone tomorrow, so both are refused, and nothing is written meanwhile.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from streams.generate import LogOptions, generate
from streams.tables.declaration import TABLES, TENANTS, Table
from tests.kafka.rig.deployment import Deployment, wait_until
from tests.kafka.rig.reading import end_offsets, read_all
from tests.kafka.rig.topic_damage import compact_soon, cut, empty, make_anew
from tests.kafka.rig.verification import verify

LOG: Final = LogOptions(tenants=4, calls=150, seed=11, months=1)
REFUSED: Final = 3
INSTRUCTION: Final = "Restore the topic, or start anew with a new TOLLSTREAM_APP_ID"
ENOUGH_SECONDS: Final = 60
COMPACTION_SECONDS: Final = 180
"""The broker's cleaner looks every 15 s."""
COMPACTED: Final = 4
"""So many times as many offsets as records: most are gone."""

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


def play_compaction(deployment: Deployment) -> str:
    """Let real compaction run over every changelog; return what is wrong then, empty if right.

    A worker with an empty directory must find the same rows, and what the log began with.
    """
    deployment.create_topics()
    settings = deployment.settings
    changelogs = [table.changelog(settings.app_id) for table in TABLES]
    for topic in changelogs:
        compact_soon(deployment, topic)
    lines = list(generate(LOG))
    for part in (lines[: len(lines) // 2], lines[len(lines) // 2 :], lines[:1]):
        deployment.publish(part)
        with deployment.worker(chunk_records=10) as worker:
            deployment.wait_drained(worker)

    def compacted() -> bool:
        # A closed segment needs a record behind it.
        deployment.publish(lines[:1])
        with deployment.worker() as worker:
            deployment.wait_drained(worker)
        (records,) = asyncio.run(read_all(settings, changelogs[TENANTS.number])).values()
        return records[-1].offset > COMPACTED * len(records)

    wait_until("compaction", compacted, COMPACTION_SECONDS)
    deployment.publish(lines)
    with deployment.worker("fresh") as worker:
        deployment.wait_drained(worker)
    verdict = verify(settings, [deployment.store_dir("fresh", 0)])
    if verdict.stores_checked != 1:
        verdict.fault("rebuild", "no complete local store")
    return "" if verdict.right else verdict.text()


def _outputs(deployment: Deployment) -> dict[tuple[str, int], int]:
    settings = deployment.settings
    changelogs = [table.changelog(settings.app_id) for table in TABLES]
    topics = (settings.ledger_topic, settings.dead_letter_topic, *changelogs)
    return asyncio.run(end_offsets(settings, *topics))
