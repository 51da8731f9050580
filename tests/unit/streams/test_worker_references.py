"""A worker's references: read through one reader for its whole life."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from streams import worker_references
from streams.settings import Settings
from streams.worker_references import WorkerReferences


class Readers:
    """Notes each reader that is opened and closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = self.closed = self.read = 0
        self.away = False
        self.paused: list[str] = []
        monkeypatch.setattr(worker_references, "reference_reader", self.reader)
        self.references = WorkerReferences(Settings())
        monkeypatch.setattr(type(self.references._published), "read_with", self.read_with)

    @asynccontextmanager
    async def reader(self, _settings: Settings) -> AsyncIterator[Any]:
        """Open one."""
        self.opened += 1
        try:
            yield SimpleNamespace(assignment=lambda: {"place"}, pause=self.paused.append)
        finally:
            self.closed += 1

    async def read_with(self, _reader: Any, _topic: str) -> None:
        """Read with it."""
        if self.away:
            raise KafkaConnectionError
        self.read += 1


@pytest.mark.asyncio
async def test_one_reader_serves_until_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new one for each look would leave its cycles behind, every ten seconds."""
    readers = Readers(monkeypatch)
    for _ in range(3):
        await readers.references.refresh()
    assert (1, 0, 3) == (readers.opened, readers.closed, readers.read)
    assert ["place"] * 3 == readers.paused
    readers.away = True
    with pytest.raises(KafkaConnectionError):
        await readers.references.refresh()
    assert (1, 1) == (readers.opened, readers.closed)
    readers.away = False
    await readers.references.refresh()
    await readers.references.close()
    assert (2, 2, 4) == (readers.opened, readers.closed, readers.read)
