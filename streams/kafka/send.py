"""Sending inputs to the events topic: keyed by tenant, by an idempotent producer.

A retry inside one run is never doubled by the broker. A run that was broken off and started again
sends events a second time; the engine charges each once (R-700), so that is harmless.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer

from streams.kafka.clients import HEADERS, producer_arguments
from streams.kafka.log import readable
from streams.kafka.read import wait_for_topic
from streams.settings import Settings

IN_FLIGHT_MAX: Final = 20_000
"""Records sent and not yet acknowledged; at 1 KiB each they hold 20 MB."""
LINGER_MS: Final = 20
"""A batch waits so long to fill; a file is sent, nobody waits for a single event."""


class Outgoing(NamedTuple):
    """One input to send: its tenant as the key, and its bytes untouched."""

    key: bytes
    raw: bytes


def send_inputs(settings: Settings, inputs: Iterable[Outgoing]) -> int:
    """Send inputs in order, wait until all are acknowledged, return how many.

    Order holds per tenant. Raises KafkaUnreadableError; what was sent before stays sent.
    """
    with readable(settings):
        return asyncio.run(_send(settings, inputs))


async def _send(settings: Settings, inputs: Iterable[Outgoing]) -> int:
    await wait_for_topic(settings, settings.events_topic)
    producer = AIOKafkaProducer(**producer_arguments(settings), linger_ms=LINGER_MS)
    count = 0
    try:
        await producer.start()
        flying: deque[asyncio.Future[object]] = deque()
        for key, raw in inputs:
            if len(flying) >= IN_FLIGHT_MAX:
                await flying.popleft()
            sent = await producer.send(settings.events_topic, raw, key=key, headers=[*HEADERS])
            flying.append(sent)
            count += 1
        while flying:
            await flying.popleft()
    finally:
        await producer.stop()
    return count
