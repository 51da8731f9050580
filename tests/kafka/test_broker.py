"""The local broker is a real Kafka that keeps its data through whatever happens to it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.local_broker import BrokerError, LocalBroker, free_port

pytestmark = pytest.mark.kafka

MakeBroker = Callable[[int], LocalBroker]


async def make_topic(bootstrap: str, name: str, copies: int = 1) -> None:
    """Make a topic of one partition and wait until it can be written."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, copies)])
    finally:
        await admin.close()


async def write(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Write values in one transaction, so that the transaction coordinator works, too."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"test-{topic}")
    await producer.start()
    try:
        async with producer.transaction():
            for value in values:
                await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def read(bootstrap: str, topic: str) -> list[bytes]:
    """Return every committed value of a topic's one partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        values: list[bytes] = []
        while await consumer.position(partition) < end:
            found = await consumer.getmany(partition, timeout_ms=1000)
            values.extend(record.value for record in found.get(partition, []))
        return values
    finally:
        await consumer.stop()


@pytest.mark.asyncio
async def test_a_started_broker_commits_transactions(kafka: LocalBroker) -> None:
    """What a transaction wrote is read back, in order."""
    await make_topic(kafka.bootstrap, "broker-transactions")
    await write(kafka.bootstrap, "broker-transactions", [b"one", b"two"])
    assert await read(kafka.bootstrap, "broker-transactions") == [b"one", b"two"]


@pytest.mark.asyncio
async def test_an_unknown_topic_is_not_made_by_writing_to_it(kafka: LocalBroker) -> None:
    """A typing error in a topic's name must not make a topic with wrong settings."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics(["broker-typo"])
        topics = await admin.list_topics()
    finally:
        await admin.close()
    unknown_topic = 3
    assert [topic["error_code"] for topic in described] == [unknown_topic]
    assert "broker-typo" not in topics


def test_starting_twice_is_answered_and_changes_nothing(kafka: LocalBroker) -> None:
    """The second start finds the first one running and leaves its process alone."""
    before = kafka.status().process_ids
    assert not kafka.start()
    assert kafka.status().process_ids == before


def test_it_listens_on_this_machine_only(kafka: LocalBroker) -> None:
    """Every listening socket of the broker's process is bound to the loopback address."""
    (process_id,) = kafka.status().process_ids.values()
    sockets = set()
    for link in Path(f"/proc/{process_id}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since
            if (name := str(link.readlink())).startswith("socket:["):
                sockets.add(name.removeprefix("socket:[").rstrip("]"))
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process_id}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                listening.append(fields[1].partition(":")[0])
    assert {"0100007F"} == {
        # Java opens IPv6 sockets for IPv4 addresses where the kernel has them.
        address.removeprefix("0000000000000000FFFF0000")
        for address in listening
    }


@pytest.mark.asyncio
async def test_a_killed_broker_is_named_and_goes_on_with_its_data(
    make_broker: MakeBroker,
) -> None:
    """After kill -9 the status says so, and the next start serves what was written."""
    broker = make_broker(1)
    await make_topic(broker.bootstrap, "kept")
    await write(broker.bootstrap, "kept", [b"before"])
    broker.kill()
    assert broker.status().kind == "killed"
    assert broker.start()
    await write(broker.bootstrap, "kept", [b"after"])
    assert await read(broker.bootstrap, "kept") == [b"before", b"after"]
    assert broker.stop()
    assert broker.status().kind == "stopped"
    assert not broker.stop()


@pytest.mark.asyncio
async def test_three_nodes_serve_while_one_is_dead(make_broker: MakeBroker) -> None:
    """A topic with three copies is written and read with one node killed, then all run again."""
    broker = make_broker(3)
    await make_topic(broker.bootstrap, "copied", copies=3)
    await write(broker.bootstrap, "copied", [b"three"])
    broker.kill(2)
    assert broker.status().dead == (2,)
    await write(broker.bootstrap, "copied", [b"two"])
    assert await read(broker.bootstrap, "copied") == [b"three", b"two"]
    assert broker.start()
    assert broker.status().kind == "running"


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    """The start is refused before anything is downloaded, formatted or launched."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        broker = LocalBroker(tmp_path, port)
        with pytest.raises(BrokerError, match=rf"^port {port} is taken by another program"):
            broker.start()
    assert broker.status().kind == "empty"


def test_a_node_that_cannot_start_says_why_and_leaves_nothing_running(tmp_path: Path) -> None:
    """Storage of another cluster makes Kafka refuse; its reason is the error, its process gone."""
    broker = LocalBroker(tmp_path, free_port(), short_lived=True)
    broker.start()
    try:
        broker.stop()
        meta = tmp_path / "node-1" / "storage" / "meta.properties"
        meta.write_text(meta.read_text().replace("node.id=1", "node.id=7"))
        with pytest.raises(BrokerError, match=r"^Kafka ended while starting: .*node"):
            broker.start()
        assert broker.status().kind == "stopped"
    finally:
        broker.stop(clean=True)


@pytest.mark.usefixtures("kafka")  # then the jars are in the user's cache
def test_the_command_starts_reports_and_stops(tmp_path: Path) -> None:
    """`broker start`, `status`, a second `start`, `stop` and a second `stop` all end well."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    # The rest of the cache is new; another download of the jars would prove nothing.
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    (tmp_path / "tollstream").mkdir()
    (tmp_path / "tollstream" / "jars").symlink_to(cache / "tollstream" / "jars")
    port = free_port()

    def tollstream(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from streams.cli import main; main()", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    try:
        first = tollstream("broker", "start", "--port", str(port))
        assert (first.returncode, first.stdout) == (0, f"127.0.0.1:{port}\n")
        status = tollstream("broker", "status")
        assert status.returncode == 0
        assert f"127.0.0.1:{port}: running, process" in status.stdout
        second = tollstream("broker", "start")
        assert (second.returncode, second.stderr) == (0, "it is running already\n")

        process_id = int(status.stdout.partition("process ")[2].partition(",")[0])
        os.kill(process_id, signal.SIGKILL)
        killed = tollstream("broker", "status")
        assert killed.returncode == 1
        assert "was killed or crashed" in killed.stdout
    finally:
        last = tollstream("broker", "stop", "--clean")
    assert (last.returncode, last.stderr) == (0, "it was not running; its data is removed\n")
