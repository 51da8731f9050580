"""Every client gets the same security, and none can be had without verification."""

import asyncio
import logging
import ssl
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import SaslAuthenticationFailed

from streams.kafka.clients import client_arguments, producer_arguments, tls_context
from streams.kafka.complaints import complaints
from streams.kafka.read import stop_consumer
from streams.kafka.topics import TopicFound, topic_plans
from streams.kafka.topics import _differences as differences
from streams.settings import Settings

SECURE = Settings(
    security_protocol="SASL_SSL",
    sasl_username="rating",
    sasl_password="canary-secret",  # noqa: S106 - it is looked for in what must not show it
)


def test_tls_verifies_certificate_and_host() -> None:
    """X1: certificates and host names are checked and TLS is at least 1.2."""
    context = tls_context(SECURE)
    assert context is not None
    assert ssl.CERT_REQUIRED == context.verify_mode
    assert context.check_hostname
    assert ssl.TLSVersion.TLSv1_2 == context.minimum_version


def test_plain_text_has_no_tls_context() -> None:
    """Nothing is encrypted by half."""
    assert tls_context(Settings()) is None
    assert "ssl_context" not in client_arguments(Settings())


def test_a_producer_is_idempotent_and_waits_for_all() -> None:
    """A retry never doubles a record, an acknowledgement means all replicas in sync."""
    arguments = producer_arguments(SECURE)
    assert (True, "all") == (arguments["enable_idempotence"], arguments["acks"])
    assert "SCRAM-SHA-512" == arguments["sasl_mechanism"]


def test_topics_of_a_deployment_carry_its_app_id() -> None:
    """Four topics by their settings, four changelogs by the app id."""
    names = [plan.name for plan in topic_plans(Settings(app_id="east"))]
    assert [
        "tollstream.events",
        "tollstream.ledger",
        "tollstream.dead-letter",
        "tollstream.reference",
        "east-tenants-changelog",
        "east-subscribers-changelog",
        "east-calls-changelog",
        "east-money_ids-changelog",
    ] == names


def test_limits_may_be_larger_but_not_smaller() -> None:
    """An operator may give more room, replicas and retention, never less."""
    plan = topic_plans(Settings(replication=3))[0]
    larger = plan.settings | {"max.message.bytes": "9999999", "retention.ms": "86400000"}
    smaller = plan.settings | {"max.message.bytes": "1000", "min.insync.replicas": "1"}
    assert [] == differences(plan, TopicFound(8, 3, larger))
    assert [
        "tollstream.events: max.message.bytes is 1000, must be 1048576",
        "tollstream.events: min.insync.replicas is 1, must be 2",
    ] == differences(plan, TopicFound(8, 3, smaller))


def test_a_compacted_events_topic_is_a_problem() -> None:
    """A compacted log has holes, at which the lane stops."""
    plan = topic_plans(Settings())[0]
    found = TopicFound(8, 1, plan.settings | {"cleanup.policy": "compact"})
    assert ["tollstream.events: cleanup.policy is compact, must be delete"] == differences(
        plan, found
    )


class Stopping:
    """A consumer whose `stop` waits for `let_go`; `closed` says whether its connections are."""

    def __init__(self) -> None:
        self.let_go: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self._client = SimpleNamespace(close=self._close)

    async def stop(self) -> None:
        """Wait."""
        await self.let_go

    async def _close(self) -> None:
        self.closed = True


@pytest.mark.asyncio
async def test_a_client_s_own_cancellation_does_not_reach_its_caller() -> None:
    """It closes what the client left open, and goes on."""
    consumer: Any = Stopping()
    consumer.let_go.cancel()
    await stop_consumer(consumer)
    assert consumer.closed


@pytest.mark.asyncio
async def test_the_caller_s_cancellation_stays_one() -> None:
    """A lane that is taken back while it reads must end."""
    consumer: Any = Stopping()
    task = asyncio.ensure_future(stop_consumer(consumer))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert consumer.closed


def test_the_newest_reason_that_a_client_logs_is_kept() -> None:
    """What else it logs is not taken for one; without it nobody could tell a wrong password."""
    log = logging.getLogger("aiokafka.client")
    with complaints() as heard:
        assert heard.newest is None
        assert not heard.is_refusal
        log.error("Unable connect to %s: %s", "a", ConnectionRefusedError())
        assert not heard.is_refusal
        log.error("Unable connect to %s: %s", "a", SaslAuthenticationFailed("who?"))
        log.error("Topic %s is not available", "a")
        log.error("nothing is named")
        log.warning("%s", ValueError())
        assert "who?" in str(heard.newest)
        assert heard.is_refusal
        log.error("Unable connect to %s: %s", "a", ssl.SSLEOFError("gone"))
        assert not heard.is_refusal
        log.error("Unable connect to %s: %s", "a", ssl.SSLCertVerificationError("who?"))
        assert heard.is_refusal
        assert "a:1 cannot be used: " in heard.refusal_by("a:1")
    log.error("Unable connect to %s: %s", "a", TimeoutError())
    assert heard.is_refusal
