"""Feeding a log into the events topic at a pace, whatever happens to the broker meanwhile."""

import asyncio
import hashlib
import threading
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from streams.settings import Settings
from tests.kafka.rig.deployment import keyed
from tests.kafka.rig.reading import read_all
from tests.kafka.rig.verification import TIMER

BEAT_SECONDS: Final = 0.1
BROKER_AWAY_MS: Final = 300_000
"""A batch is given up after this: longer than any broker is away."""


class Feeder:
    """A thread that sends lines in order, spread over the time that is left."""

    def __init__(self, settings: Settings, lines: Sequence[bytes]) -> None:
        self._settings = settings
        self._lines = lines
        self._left_seconds = 0.0
        self._hurry = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self, seconds: float) -> None:
        """Begin; the lines should last so long."""
        self._left_seconds = seconds
        self._thread.start()

    def spread_over(self, seconds: float) -> None:
        """Change how long the rest of the lines should last."""
        self._left_seconds = seconds

    def hurry(self) -> None:
        """Send the rest at once."""
        self._hurry.set()

    @property
    def is_done(self) -> bool:
        """Whether the broker has it all; raises RuntimeError where it never will."""
        if self._thread.is_alive():
            return False
        if self._error is not None:
            raise RuntimeError("the log could not be fed") from self._error
        return True

    def finish(self) -> None:
        """Send the rest at once and wait until the broker has it all."""
        self.hurry()
        self._thread.join()
        assert self.is_done

    def _run(self) -> None:
        try:
            asyncio.run(self._feed())
        except BaseException as error:  # noqa: BLE001 - told by `finish`
            self._error = error

    async def _feed(self) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.bootstrap,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=BROKER_AWAY_MS,
            retry_backoff_ms=50,
        )
        await producer.start()
        flying: list[asyncio.Future[Any]] = []
        owed = 0.0
        try:
            for count, (key, raw) in enumerate(keyed(self._lines)):
                while owed < 1 and not self._hurry.is_set():
                    await asyncio.sleep(BEAT_SECONDS)
                    beats = max(1.0, self._left_seconds / BEAT_SECONDS)
                    owed += (len(self._lines) - count) / beats
                owed -= 1
                flying.append(await producer.send(self._settings.events_topic, raw, key=key))
                if len(flying) >= 1_000:
                    await asyncio.gather(*flying)
                    flying = []
            await asyncio.gather(*flying)
        finally:
            await producer.stop()

    def differences(self, settings: Settings) -> dict[str, str]:
        """Compare what was sent with what the topic holds, key by key, in order."""
        sent: defaultdict[bytes, Any] = defaultdict(hashlib.sha256)
        for key, raw in keyed(self._lines):
            sent[key].update(len(raw).to_bytes(4, "big") + raw)
        held: defaultdict[bytes, Any] = defaultdict(hashlib.sha256)
        for records in asyncio.run(read_all(settings, settings.events_topic)).values():
            for record in records:
                raw = record.value or b""
                if TIMER not in raw:
                    held[record.key].update(len(raw).to_bytes(4, "big") + raw)
        return {
            repr(key): "not held as sent"
            for key in sent.keys() | held.keys()
            if sent[key].digest() != held[key].digest()
        }
