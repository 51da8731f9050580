"""What `python -m tests.kafka.crash` can do once: one broker, one row, one verdict."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from streams.local_broker import LocalBroker, free_port
from tests.kafka.crash.full_disks import FullDisks
from tests.kafka.crash.leaders import NODES as LEADER_NODES
from tests.kafka.crash.leaders import LeaderKills
from tests.kafka.crash.links import BadLinks
from tests.kafka.crash.network import BadNetworks
from tests.kafka.crash.outage import Outage
from tests.kafka.crash.overload import Overload
from tests.kafka.crash.rebalances import PARTITIONS as STORM_PARTITIONS
from tests.kafka.crash.rebalances import RebalanceStorm
from tests.kafka.crash.soak import Soak
from tests.kafka.rig.deployment import PARTITIONS, Deployment
from tests.kafka.rig.link_proxy import LinkProxy


class Play(Protocol):
    """Something that happens to workers, and what came of it."""

    def play(self) -> None:
        """Let it happen, and judge."""

    @property
    def right(self) -> bool:
        """Whether every promise held."""

    def row(self, commit: str) -> str:
        """Return it all in one line of Markdown."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a shot happens: `amount` is the option's number."""

    home: Path
    nodes: int
    amount: int
    seed: int

    @contextmanager
    def broker(self, advertised: Callable[[int], int] | None = None) -> Iterator[LocalBroker]:
        """Yield a running broker of the shot's own."""
        port = free_port(self.nodes)
        more: dict[str, Any] = {} if advertised is None else {"advertised": advertised}
        broker = LocalBroker(self.kafka, port, self.nodes, short_lived=True, **more)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop(clean=True)

    @property
    def kafka(self) -> Path:
        """The broker's folder."""
        return self.home / "kafka"

    @contextmanager
    def deployment(
        self, name: str, broker: LocalBroker | None = None, partitions: int = PARTITIONS
    ) -> Iterator[Deployment]:
        """Yield topics and settings of the shot's own; its workers are ended afterwards."""
        with ExitStack() as stack:
            kafka = broker or stack.enter_context(self.broker())
            made = Deployment(
                kafka, name, self.home / name, partitions=partitions, replication=self.nodes
            )
            stack.callback(made.end)
            yield made


@dataclass(frozen=True, slots=True)
class Shot:
    """An option of the command. `nodes`: brokers it needs, None for what is told."""

    option: str
    metavar: str
    help: str
    nodes: int | None
    play: Callable[[Stage], Play]


def say(line: str) -> None:
    """Tell progress on stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _links(stage: Stage) -> Play:
    with ExitStack() as stack:
        # Ended last: it holds the ports that the brokers advertise.
        proxy = LinkProxy(LocalBroker(stage.kafka).status, stage.seed)
        stack.callback(proxy.end)
        broker = stack.enter_context(stage.broker(proxy.port_before))
        stack.callback(proxy.cut, ())  # to stop in good order the brokers need each other
        deployment = stack.enter_context(stage.deployment("links", broker))
        return played(BadLinks(deployment, proxy, stage.amount, stage.seed, say))


def _on_topics(
    name: str, make: Callable[[Deployment, Stage], Play], partitions: int = PARTITIONS
) -> Callable[[Stage], Play]:
    """Return how a play on topics and a broker of its own happens."""

    def play(stage: Stage) -> Play:
        with stage.deployment(name, partitions=partitions) as deployment:
            return played(make(deployment, stage))

    return play


def _under_load(name: str, make: type[Overload] | type[Soak]) -> Callable[[Stage], Play]:
    """Return how a play of the benchmark's feed happens."""

    def play(stage: Stage) -> Play:
        with stage.broker() as broker:
            return played(make(broker.bootstrap, stage.home / name, stage.amount, say))

    return play


def played(play: Play) -> Play:
    """Let it happen."""
    play.play()
    return play


SHOTS: Final = (
    Shot(
        "outage",
        "SECONDS",
        "a long outage instead",
        None,
        _on_topics("outage", lambda topics, stage: Outage(topics, stage.amount, say)),
    ),
    Shot(
        "leaders",
        "KILLS",
        "kill leaders of three instead",
        LEADER_NODES,
        _on_topics("leaders", lambda topics, stage: LeaderKills(topics, stage.amount, say)),
    ),
    Shot(
        "network",
        "SECONDS",
        "bad networks instead",
        1,
        _on_topics(
            "network", lambda topics, stage: BadNetworks(topics, stage.amount, stage.seed, say)
        ),
    ),
    Shot("links", "SECONDS", "cut links of three brokers instead", 3, _links),
    Shot(
        "full-disks",
        "FILLS",
        "full disks instead",
        1,
        _on_topics(
            "full-disks", lambda topics, stage: FullDisks(topics, stage.amount, stage.seed, say)
        ),
    ),
    Shot(
        "rebalances",
        "SECONDS",
        "workers that join and leave instead",
        1,
        _on_topics(
            "rebalances",
            lambda topics, stage: RebalanceStorm(topics, stage.amount, stage.seed, say),
            STORM_PARTITIONS,
        ),
    ),
    Shot(
        "overload",
        "SECONDS",
        "three times the capacity instead",
        1,
        _under_load("overload", Overload),
    ),
    Shot("soak", "SECONDS", "half the capacity for long instead", 1, _under_load("soak", Soak)),
)
