"""The topics with all their settings: made once, checked before a worker starts.

Why each setting stands where it is:

- Nothing of the log or the ledger is deleted by default: a replay needs the log from its start.
  An operator who must forget after a time sets `retention.ms` on the topic (D-90); it must stay
  well above the longest outage.
- The events topic must never be compacted: the lane stops at a hole in its offsets.
- The changelogs are compacted, so that a rebuild reads the rows, not their history.
  `delete.retention.ms` bounds how long a local store may have been away (D-84).
- `min.insync.replicas` is one less than the replicas, so that one broker may be lost or
  restarted without loss and without standstill; an unclean leader is never elected.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from streams.kafka.clients import client_arguments
from streams.settings import Settings
from streams.tables.declaration import TABLES

EVENT_BYTES_MAX: Final = 1 << 20
"""Largest record of the events topic (contracts section 1)."""
DEAD_LETTER_BYTES_MAX: Final = 2 << 20
"""Largest dead letter: an event of 1 MiB in base64 is 1.4 MB, plus its members."""
DELETE_RETENTION_MS: Final = 7 * 24 * 3600 * 1000
"""A tombstone stays a week, so a worker may be away for a week without a full rebuild (D-84)."""
CHANGELOG_SEGMENT_MS: Final = 6 * 3600 * 1000
"""Only closed segments are compacted; four a day keep a rebuild short on quiet partitions."""
CHANGELOG_SEGMENT_BYTES: Final = 128 << 20
"""A busy partition closes a segment of this size after about half a million rows."""

_FOREVER: Final = "-1"


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """How one topic must be: partitions, replicas and the settings that matter to us."""

    name: str
    partitions: int
    replication: int
    settings: dict[str, str]


@dataclass(frozen=True, slots=True)
class TopicFound:
    """How one topic is on the broker."""

    partitions: int
    replication: int
    settings: dict[str, str]


def topic_plans(settings: Settings) -> tuple[TopicPlan, ...]:
    """Return the plans of all topics of this deployment, changelogs and reference included."""
    safe = {
        "min.insync.replicas": str(max(1, settings.replication - 1)),
        "unclean.leader.election.enable": "false",
    }
    log = {"cleanup.policy": "delete", "retention.ms": _FOREVER, "retention.bytes": _FOREVER}
    changelog = {
        "cleanup.policy": "compact",
        "delete.retention.ms": str(DELETE_RETENTION_MS),
        "segment.ms": str(CHANGELOG_SEGMENT_MS),
        "segment.bytes": str(CHANGELOG_SEGMENT_BYTES),
        "min.cleanable.dirty.ratio": "0.2",
        "max.message.bytes": str(EVENT_BYTES_MAX),
    }
    wanted: list[tuple[str, int, dict[str, str]]] = [
        (
            settings.events_topic,
            settings.partitions,
            log | {"max.message.bytes": str(EVENT_BYTES_MAX)},
        ),
        (
            settings.ledger_topic,
            settings.partitions,
            log | {"max.message.bytes": str(EVENT_BYTES_MAX)},
        ),
        (
            settings.dead_letter_topic,
            settings.partitions,
            log | {"max.message.bytes": str(DEAD_LETTER_BYTES_MAX)},
        ),
        # One partition: whole files in one order, read by every worker.
        (
            settings.reference_topic,
            1,
            {"cleanup.policy": "compact", "max.message.bytes": str(EVENT_BYTES_MAX)},
        ),
    ]
    wanted += [
        (table.changelog(settings.app_id), settings.partitions, changelog) for table in TABLES
    ]
    return tuple(
        TopicPlan(name, partitions, settings.replication, topic_settings | safe)
        for name, partitions, topic_settings in wanted
    )


async def create_topics(settings: Settings) -> list[str]:
    """Create every topic that is missing; return the names of those made now.

    A topic that exists is left as it is, `find_problems` tells how it differs. Raises
    aiokafka.errors.KafkaError where the broker refuses.
    """
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    await admin.start()
    try:
        present = set(await admin.list_topics())
        missing = [plan for plan in topic_plans(settings) if plan.name not in present]
        if not missing:
            return []
        response = await admin.create_topics(
            [
                NewTopic(plan.name, plan.partitions, plan.replication, topic_configs=plan.settings)
                for plan in missing
            ]
        )
        for name, code, message, *_ in response.topic_errors:
            if code and code != TopicAlreadyExistsError.errno:
                raise for_code(code)(f"topic {name}: {message}")
        return [plan.name for plan in missing]
    finally:
        await admin.close()


async def delete_topics(settings: Settings) -> None:
    """Delete every topic of this deployment that exists; what they hold is lost."""
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    await admin.start()
    try:
        present = set(await admin.list_topics())
        ours = [plan.name for plan in topic_plans(settings) if plan.name in present]
        if ours:
            await admin.delete_topics(ours)
    finally:
        await admin.close()


async def find_problems(settings: Settings) -> list[str]:
    """Return one line for each way in which the broker's topics differ from the plans."""
    plans = topic_plans(settings)
    found = await describe_topics(settings, [plan.name for plan in plans])
    return [line for plan in plans for line in _differences(plan, found.get(plan.name))]


async def describe_topics(settings: Settings, names: Iterable[str]) -> dict[str, TopicFound]:
    """Return how the named topics are; those that do not exist are left out."""
    wanted = list(names)
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    await admin.start()
    try:
        topics = await admin.describe_topics(wanted)
        shapes = {
            topic["topic"]: [len(partition["replicas"]) for partition in topic["partitions"]]
            for topic in topics
            if not topic["error_code"] and topic["partitions"]
        }
        if not shapes:
            return {}
        responses = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name) for name in shapes]
        )
    finally:
        await admin.close()
    return {
        name: TopicFound(len(shapes[name]), min(shapes[name]), values)
        for name, values in _topic_settings(responses)
    }


def _topic_settings(responses: Iterable[Any]) -> Iterable[tuple[str, dict[str, str]]]:
    for response in responses:
        for _code, _message, _type, name, entries in response.resources:
            yield name, {entry[0]: entry[1] for entry in entries}


def _differences(plan: TopicPlan, found: TopicFound | None) -> list[str]:
    if found is None:
        return [f"{plan.name}: does not exist; run `tollstream topics create`"]
    lines = []
    if found.partitions != plan.partitions:
        lines.append(
            f"{plan.name}: has {found.partitions} partitions, TOLLSTREAM_PARTITIONS says "
            f"{plan.partitions}; the count can never change once events are in"
        )
    if found.replication < plan.replication:
        lines.append(
            f"{plan.name}: has {found.replication} replicas, TOLLSTREAM_REPLICATION says "
            f"{plan.replication}"
        )
    lines += [
        f"{plan.name}: {name} is {found.settings.get(name)}, must be {value}"
        for name, value in sorted(plan.settings.items())
        if not _good_enough(name, value, found.settings.get(name))
    ]
    return lines


def _good_enough(name: str, wanted: str, found: str | None) -> bool:
    """Say whether a setting serves: limits and retention may be chosen larger by the operator."""
    if found is None:
        return False
    if name in {"max.message.bytes", "min.insync.replicas", "delete.retention.ms"}:
        return int(found) >= int(wanted)
    if name in {"retention.ms", "retention.bytes"}:
        return True  # D-90: how long to keep is the operator's choice
    if name in {"segment.ms", "segment.bytes", "min.cleanable.dirty.ratio"}:
        return True  # speed of a rebuild only
    return found == wanted
