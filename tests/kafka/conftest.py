"""Brokers for the tests of this folder: each run starts its own, on free ports, and stops it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.local_broker import LocalBroker, free_port

MakeBroker = Callable[[int], LocalBroker]


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    """One running broker for the whole run; tests take topics of their own and do not stop it."""
    broker = LocalBroker(tmp_path_factory.mktemp("kafka"), free_port(), nodes=1, short_lived=True)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop(clean=True)


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[MakeBroker]:
    """Return `make_broker(nodes)`: running brokers of the test's own, which it may kill."""
    made: list[LocalBroker] = []

    def make(nodes: int = 1) -> LocalBroker:
        home = tmp_path / f"kafka-{len(made)}"
        broker = LocalBroker(home, free_port(nodes), nodes, short_lived=True)
        made.append(broker)
        broker.start()
        return broker

    try:
        yield make
    finally:
        for broker in made:
            broker.stop(clean=True)
