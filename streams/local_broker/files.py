"""The two files a Kafka node is configured by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from streams.local_broker.ports import LOOPBACK

HEAP_MEGABYTES = {1: 768, 3: 384}
"""Largest Java heap of a node, by nodes of the cluster: a local broker keeps its data in the page
cache, the heap only holds requests under way; three nodes share what one may have, and half more.
"""

Advertised: TypeAlias = Callable[[int], int]
"""Returns the port under which others are told to find a port of a node."""


NodeSettings: TypeAlias = "Callable[[Node], Mapping[str, object]]"
"""Returns Kafka's settings for a node that differ from the usual ones, or come on top."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a cluster: its number from 1, its ports, the id of its storage, its folder."""

    number: int
    port: int
    controller_port: int
    directory_id: str
    folder: Path

    @property
    def properties(self) -> Path:
        """The file that names the node on its process's command line."""
        return self.folder / "server.properties"

    @property
    def logging(self) -> Path:
        """The configuration of its log."""
        return self.folder / "log4j2.properties"

    @property
    def log(self) -> Path:
        """Kafka's log of this node."""
        return self.folder / "broker.log"

    @property
    def jvm_log(self) -> Path:
        """What the Java machine itself printed, such as a refused option."""
        return self.folder / "jvm.log"

    @property
    def storage(self) -> Path:
        """The node's data."""
        return self.folder / "storage"


def own_port(port: int) -> int:
    """Advertise a port as it is."""
    return port


def usual(_node: Node) -> Mapping[str, object]:
    """Leave a node's settings as they are."""
    return {}


def write_files(
    node: Node, nodes: list[Node], advertised: Advertised, more: NodeSettings = usual
) -> None:
    """Write the node's files anew, as every start does: ports may have changed."""
    node.folder.mkdir(parents=True, exist_ok=True)
    node.properties.write_text(server_properties(node, nodes, advertised, more))
    node.logging.write_text(logging_properties(node))


def voters(nodes: list[Node], advertised: Advertised) -> str:
    """Return the first voters of the controller quorum, as `StorageTool` takes them."""
    return ",".join(
        f"{node.number}@{LOOPBACK}:{advertised(node.controller_port)}:{node.directory_id}"
        for node in nodes
    )


def server_properties(
    node: Node, nodes: list[Node], advertised: Advertised = own_port, more: NodeSettings = usual
) -> str:
    """Return Kafka's settings for one node of a cluster of `nodes`."""
    copies = min(3, len(nodes))
    in_sync = 2 if copies > 1 else 1
    controllers = ",".join(f"{LOOPBACK}:{advertised(each.controller_port)}" for each in nodes)
    settings = {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.bootstrap.servers": controllers,
        "controller.listener.names": "CONTROLLER",
        # Loopback only: there is no authentication, so nobody else may reach it.
        "listeners": _listeners(node, own_port),
        "advertised.listeners": _listeners(node, advertised),
        "log.dirs": node.storage,
        # A typing error in a topic's name must fail, not make a topic with wrong settings.
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        # Kafka's own topics: its 50 partitions each cost seconds of start and recovery here.
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        # Try-outs and tests start one worker and want its partitions at once, and tests of a
        # dead worker cannot wait for the usual 6 s minimum.
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 500,
        # A killed node may come back only once its old session has ended: not after the usual 9 s.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        # One person's load: the default of 128 MB for the cleaner would be half the heap.
        "log.cleaner.dedupe.buffer.size": 32 * 1024 * 1024,
        "num.network.threads": 2,
        "num.io.threads": 4,
    }
    return "".join(f"{key}={value}\n" for key, value in {**settings, **more(node)}.items())


def _listeners(node: Node, port_of: Advertised) -> str:
    clients, controllers = port_of(node.port), port_of(node.controller_port)
    return f"PLAINTEXT://{LOOPBACK}:{clients},CONTROLLER://{LOOPBACK}:{controllers}"


def logging_properties(node: Node) -> str:
    """Return log4j's settings: one rolling file, at most 30 MB, without the 400 line dumps."""
    return f"""\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {node.log}
appender.file.filePattern = {node.log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}} %p %m (%c)%n%throwable
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 2
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
logger.config.name = org.apache.kafka.common.config.AbstractConfig
logger.config.level = warn
logger.kafka_config.name = kafka.server.KafkaConfig
logger.kafka_config.level = warn
"""
