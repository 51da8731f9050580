"""The timer's clients may be closed at any moment, and that is an outage like any other."""

from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaConnectionError

import streams.kafka.timer_link
from streams.kafka.timer_link import KafkaTimerLink
from streams.settings import Settings


class Client:
    """A consumer; `during_start` and `during_request` happen while it waits."""

    during_start: Callable[[], Any] | None = None
    during_request: Callable[[], Any] | None = None

    def __init__(self, **_: Any) -> None:
        self.stopped = False

    async def start(self) -> None:
        """Connect."""
        if Client.during_start is not None:
            await Client.during_start()

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Answer, or fail as aiokafka does once it is stopped."""
        if Client.during_request is not None:
            await Client.during_request()
        if self.stopped:
            raise ConsumerStoppedError
        return dict.fromkeys(places, 7)

    async def stop(self) -> None:
        """Disconnect."""
        self.stopped = True


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> KafkaTimerLink:
    """Return a link over such clients."""
    monkeypatch.setattr(streams.kafka.timer_link, "AIOKafkaConsumer", Client)
    monkeypatch.setattr(Client, "during_start", None)
    monkeypatch.setattr(Client, "during_request", None)
    return KafkaTimerLink(Settings())


@pytest.mark.asyncio
async def test_it_opens_when_first_asked_and_again_after_closing(link: KafkaTimerLink) -> None:
    """A client in a bad state is replaced by closing."""
    for _ in range(2):
        assert {3: 7} == await link.source_ends([3])
        await link.close()


@pytest.mark.parametrize("moment", ["during_start", "during_request"])
@pytest.mark.asyncio
async def test_closing_under_its_user_is_an_outage(
    link: KafkaTimerLink, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timer waits for Kafka then, and a worker that was told to stop leaves with 0."""
    monkeypatch.setattr(Client, moment, staticmethod(link.close))
    with pytest.raises(KafkaConnectionError):
        await link.source_ends([3])


@pytest.mark.asyncio
async def test_any_other_error_stays_what_it_is(
    link: KafkaTimerLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own bug is not taken for an outage."""

    async def stumble() -> None:
        raise AttributeError("planned")

    monkeypatch.setattr(Client, "during_request", staticmethod(stumble))
    with pytest.raises(AttributeError):
        await link.source_ends([3])
