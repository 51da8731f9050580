"""The proxy between brokers: who connects, and what a cut swallows. No Kafka is needed."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.local_broker import BrokerStatus
from streams.local_broker.files import Node
from streams.local_broker.ports import LOOPBACK
from tests.kafka.rig.link_proxy import LinkProxy, Silenced, owner_of
from tests.kafka.rig.relay import CLIENT

SILENCE_SECONDS = 0.1
CONNECT = """
import socket, sys
ours = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print(ours.getsockname()[1], flush=True)
sys.stdin.read()
"""


class Echo:
    """A broker for these tests: answers each piece with itself, and notes what ended."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.heard: list[bytes] = []
        self._server = socket.create_server((LOOPBACK, 0))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with connection, contextlib.suppress(OSError):
                    while data := connection.recv(100):
                        self.heard.append(data)
                        connection.sendall(data)
                self.ended.set()

    def end(self) -> None:
        """Accept nobody any more."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


class Cluster:
    """Broker 2 is an echo, broker 1 is this process while `broker_1` holds its process id."""

    def __init__(self, late_share: float) -> None:
        self.echo = Echo()
        self.broker_1: dict[int, int] = {}
        self.proxy = LinkProxy(self._status, 1, late_share)
        self.port = self.proxy.port_before(self.echo.port)

    def _status(self) -> BrokerStatus:
        nodes = (Node(1, 1, 2, "", Path()), Node(2, 3, self.echo.port, "", Path()))
        return BrokerStatus("running", nodes, (1, 2), (), self.broker_1)

    def connect(self) -> socket.socket:
        """Connect to broker 2 through the proxy."""
        ours = socket.create_connection((LOOPBACK, self.port))
        ours.settimeout(SILENCE_SECONDS)
        return ours

    def close(self) -> None:
        """End proxy and echo."""
        self.proxy.end()
        self.echo.end()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Return a cluster whose broker 1 is not there yet, and whose cuts lose what meets them."""
    with contextlib.closing(Cluster(late_share=0)) as made:
        yield made


@pytest.fixture
def late_cluster() -> Iterator[Cluster]:
    """Return one whose cuts hold back what meets them."""
    with contextlib.closing(Cluster(late_share=1)) as made:
        yield made


def asked(ours: socket.socket) -> bytes | None:
    """Send a piece and return the answer, None for silence."""
    ours.sendall(b"piece")
    try:
        return ours.recv(100)
    except TimeoutError:
        return None


def is_reset(ours: socket.socket) -> bool:
    """Say whether the other side ended the connection."""
    ours.settimeout(5)
    try:
        return ours.recv(100) == b""
    except ConnectionResetError:
        return True


def test_a_connection_is_known_by_the_process_that_made_it() -> None:
    """Of several processes the one that holds it; nobody where none of them does."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        child = subprocess.Popen(
            [sys.executable, "-c", CONNECT, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with child:
            assert child.stdout is not None
            theirs = int(child.stdout.readline())
            assert 2 == owner_of(theirs, port, {1: os.getpid(), 2: child.pid})
            assert CLIENT == owner_of(theirs, port, {1: os.getpid()})
            child.communicate("")
        assert CLIENT == owner_of(theirs, port, {2: child.pid})


def test_a_port_stands_before_each_port_of_a_broker(cluster: Cluster) -> None:
    """The same one each time it is asked for, since a broker that restarts asks again."""
    assert cluster.port == cluster.proxy.port_before(cluster.echo.port)
    with cluster.connect() as ours:
        assert b"piece" == asked(ours)


@pytest.mark.parametrize(
    ("cut", "struck"),
    [
        ({(1, 2)}, Silenced.BROKERS_ONE_WAY),
        ({(2, 1)}, Silenced.BROKERS_ONE_WAY),
        ({(1, 2), (2, 1)}, Silenced.BROKERS),
        ({(CLIENT, 2)}, Silenced.CLIENTS_ONE_WAY),
        ({(2, CLIENT)}, Silenced.CLIENTS_ONE_WAY),
        ({(CLIENT, 2), (2, CLIENT)}, Silenced.CLIENTS),
    ],
)
def test_a_cut_way_is_silent_until_it_heals_and_then_the_connection_is_reset(
    cluster: Cluster, cut: set[tuple[int, int]], struck: Silenced
) -> None:
    """Whether it is the way of the requests or of the answers, of a broker or of a client."""
    cluster.broker_1 = {} if any(CLIENT in way for way in cut) else {1: os.getpid()}
    with cluster.connect() as ours:
        assert b"piece" == asked(ours)
        cluster.proxy.cut(cut)
        assert asked(ours) is None
        with cluster.connect() as late:
            assert asked(late) is None
        assert {struck} == cluster.proxy.struck.keys()
        cluster.proxy.cut(())
        assert is_reset(ours)
    with cluster.connect() as ours:
        assert b"piece" == asked(ours)


def test_others_do_not_notice_a_cut(cluster: Cluster) -> None:
    """A client goes on while brokers cannot reach each other."""
    cluster.proxy.cut({(1, 2), (2, 1)})
    with cluster.connect() as ours:
        assert b"piece" == asked(ours)
        cluster.proxy.cut(())
        assert b"piece" == asked(ours)
    assert not cluster.proxy.struck


def test_what_lost_bytes_stays_silent_while_the_way_back_is_cut(cluster: Cluster) -> None:
    """Only when both ways are open can anybody notice that bytes are gone."""
    with cluster.connect() as ours:
        cluster.proxy.cut({(CLIENT, 2)})
        assert asked(ours) is None
        cluster.proxy.cut({(2, CLIENT)})
        assert asked(ours) is None
        cluster.proxy.cut(())
        assert is_reset(ours)


@pytest.mark.parametrize("late", [True, False])
def test_nobody_hears_over_a_cut_way_that_a_connection_ended(
    cluster: Cluster, *, late: bool
) -> None:
    """A broker keeps a connection whose maker is long gone, until the link heals."""
    with cluster.connect() as ours:
        assert b"piece" == asked(ours)
        cluster.proxy.cut({(CLIENT, 2)})
        if late:
            ours.sendall(b"lost")
    assert not cluster.echo.ended.wait(SILENCE_SECONDS)
    cluster.proxy.cut(())
    assert cluster.echo.ended.wait(5)


@pytest.mark.parametrize("way", [(CLIENT, 2), (2, CLIENT)])
def test_what_is_late_comes_once_its_way_is_open(
    late_cluster: Cluster, way: tuple[int, int]
) -> None:
    """The connection goes on as if nothing had been, whether request or answer was held."""
    with late_cluster.connect() as ours:
        late_cluster.proxy.cut({way})
        assert asked(ours) is None
        late_cluster.proxy.cut(())
        ours.settimeout(5)
        assert b"piece" == ours.recv(100)
        assert b"piece" == asked(ours)
    assert late_cluster.echo.ended.wait(5)


def test_a_request_that_is_late_comes_even_if_nobody_waits_for_it_any_more(
    late_cluster: Cluster,
) -> None:
    """First the request, then the end, both when the way is open again."""
    with late_cluster.connect() as ours:
        late_cluster.proxy.cut({(CLIENT, 2)})
        assert asked(ours) is None
    assert not late_cluster.echo.ended.wait(SILENCE_SECONDS)
    assert not late_cluster.echo.heard
    late_cluster.proxy.cut(())
    assert late_cluster.echo.ended.wait(5)
    assert [b"piece"] == late_cluster.echo.heard
