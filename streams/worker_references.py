"""Reference data of a worker: the shipped files and, beside them, the reference topic (D-79)."""

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Final

from aiokafka import AIOKafkaConsumer

from rating.references import ReferenceKind, ShippedReferences
from streams.kafka.reference_topic import PublishedReferences, reference_reader
from streams.settings import Settings

logger = logging.getLogger(__name__)


class WorkerReferences(ShippedReferences):
    """References of the rating core that can be brought up to date from Kafka.

    The core asks synchronously; a version that is not at hand interrupts the chunk, `load` looks
    for it in the topic, and the chunk is rated again.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(find_stored=self._find)
        self._settings: Final = settings
        self._published: Final = PublishedReferences()
        self._reading = asyncio.Lock()
        # One for the worker's life: each leaves cycles behind, which Python collects very seldom.
        self._reader: AIOKafkaConsumer | None = None
        self._open = AsyncExitStack()

    def published_default(self, kind: ReferenceKind) -> str | None:
        """Return the version that was published as the default of all tenants, if any."""
        return self._published.defaults.get(kind)

    async def refresh(self) -> None:
        """Read what was published since the last time."""
        async with self._reading:
            try:
                reader = await self._opened()
                await self._published.read_with(reader, self._settings.reference_topic)
                # Or it would go on fetching. To unsubscribe is no way: aiokafka's `stop` after it
                # can wait for ever. The next reading assigns anew, which ends the pause.
                reader.pause(*reader.assignment())
            except BaseException:
                await self._let_go()
                raise

    async def _opened(self) -> AIOKafkaConsumer:
        if self._reader is None:
            opening = reference_reader(self._settings)
            self._reader = await self._open.enter_async_context(opening)
        return self._reader

    async def close(self) -> None:
        """Let go of Kafka."""
        async with self._reading:
            await self._let_go()

    async def _let_go(self) -> None:
        self._reader = None
        await self._open.aclose()

    async def load(self, kind: str, version: str) -> bool:
        """Look for a version in the topic; say whether it is at hand now."""
        await self.refresh()
        found = self._published.files.get(version)
        logger.info("reference %s %s: %s", kind, version, "loaded" if found else "not published")
        return found is not None and found[0] == kind

    def _find(self, kind: ReferenceKind, version: str) -> bytes | None:
        found = self._published.files.get(version)
        return found[1] if found is not None and found[0] == kind else None
