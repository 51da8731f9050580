"""The topics of a configuration: one with the events, and for each application what it writes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.bench.call_log import CallLog, LogShape, encoded_calls, encoded_set_up
from streams.bench.jobs import Job, Kind, MeasurementError
from streams.bench.long_log import encoded_months
from streams.bench.topic_fill import TopicFiller
from streams.kafka.clients import client_arguments
from streams.kafka.read import stop_consumer
from streams.kafka.topics import topic_plans
from streams.settings import Settings

MILLISECONDS = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """One events topic; everything of it has `name` at its begin.

    `calls` of the log are in the topic, the rest is for a live feed. `starts` and `ends` are the
    offsets of the calls in each partition, behind the set-up.
    """

    name: str
    folder: Path
    variables: Mapping[str, str]
    log: LogShape
    calls: int
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()

    def variables_of(self, application: str) -> dict[str, str]:
        """Return the settings of an application with a ledger and changelogs of its own."""
        return dict(self.variables) | {
            "TOLLSTREAM_APP_ID": application,
            "TOLLSTREAM_LEDGER_TOPIC": f"{application}.ledger",
            "TOLLSTREAM_DEAD_LETTER_TOPIC": f"{application}.dead-letter",
            "TOLLSTREAM_REFERENCE_TOPIC": f"{application}.reference",
        }

    def settings(self, application: str = "none") -> Settings:
        """Return the settings of an application over this topic."""
        return Settings.from_environment(self.variables_of(application))

    def after(self, share: float) -> list[int]:
        """Return the offsets behind a share of each partition's calls."""
        return [
            start + int((end - start) * share)
            for start, end in zip(self.starts, self.ends, strict=True)
        ]

    def job(self, kind: Kind, **members: Any) -> Job:
        """Return a job over this topic's calls."""
        job: dict[str, Any] = {"first_call": 0, "calls": self.calls}
        job |= {"starts": self.starts, "ends": self.ends} | members
        return Job(
            kind, tenants=self.log.tenants, log_calls=self.log.calls, seed=self.log.seed, **job
        )


async def fill(place: Place, months: int = 1) -> Place:
    """Make the events topic, send set-up and calls, and return the place with their offsets.

    With more than one month the calls are spread over them (`long_log`).
    """
    settings = place.settings()
    await make_topic(settings, settings.events_topic)
    log = CallLog(place.log)
    producer = TopicFiller.producer(settings)
    await producer.start()
    try:
        filler = TopicFiller(settings, producer)
        await filler.send(encoded_set_up(log), int(time.time() * MILLISECONDS))
        starts = tuple(filler.counts)
        calls = encoded_calls(log, range(place.calls))
        if months > 1:
            calls = encoded_months(log, place.calls, months)
        await filler.send(calls, int(time.time() * MILLISECONDS))
        ends = tuple(filler.counts)
    finally:
        await producer.stop()
    if any(start == end for start, end in zip(starts, ends, strict=True)):
        raise MeasurementError("a partition got no call; take more tenants or fewer partitions")
    return replace(place, starts=starts, ends=ends)


async def make_topic(settings: Settings, name: str) -> None:
    """Make a topic that keeps everything, with the settings that an events topic must have."""
    configs = {"retention.ms": "-1"}
    for plan in topic_plans(settings):
        if plan.name == settings.events_topic:
            configs = plan.settings
    topic = NewTopic(name, settings.partitions, settings.replication, topic_configs=configs)
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    await admin.start()
    try:
        await admin.create_topics([topic])
    finally:
        await admin.close()


async def delete_topics_named(settings: Settings, prefix: str) -> None:
    """Delete all topics whose names begin so."""
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith(prefix)]
        if names:
            await admin.delete_topics(names)
    finally:
        await admin.close()


async def begin_group_at_calls(place: Place, group: str) -> None:
    """Let a group begin with the calls: stock Faust reads on from the offsets committed for it."""
    settings = place.settings()
    consumer = AIOKafkaConsumer(
        **client_arguments(settings), group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        topic = settings.events_topic
        offsets = {TopicPartition(topic, n): start for n, start in enumerate(place.starts)}
        consumer.assign(list(offsets))
        await consumer.commit(offsets)
    finally:
        await stop_consumer(consumer)
