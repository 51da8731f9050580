"""The local broker's parts that need no Kafka: jars, Java, ports, processes, state."""

import hashlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.local_broker import BrokerError, LocalBroker, broker, free_port, jars, java, processes
from streams.local_broker.files import Node, server_properties, voters
from streams.local_broker.folders import cache_folder
from streams.local_broker.jars import Jar
from streams.local_broker.ports import PORT_FIRST, PORT_LAST, is_free
from streams.local_broker.state import kafka_uuid, new_state, read_state, write_state

CONTENT = b"a jar"
JAR = Jar("org.example", "thing", "1.0", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """Return a running process and an argument that only it has."""
    mark = str(tmp_path / "mark")
    code = "import time; time.sleep(600)"
    process_id = processes.spawn([sys.executable, "-c", code, mark], tmp_path / "output")
    while not Path(f"/proc/{process_id}/cmdline").read_bytes():
        time.sleep(0.01)  # the kernel lets us go on before it has set the arguments
    try:
        yield process_id, mark
    finally:
        processes.send(process_id, mark, signal.SIGKILL)
        assert processes.wait_gone(process_id, mark, 30)


def test_the_list_names_every_jar_once_with_its_hash() -> None:
    """92 jars of Kafka and its tools, and the one that connects its logging."""
    listed = jars.locked_jars()
    assert len({jar.file_name for jar in listed}) == len(listed) == 93
    assert {len(bytes.fromhex(jar.sha256)) for jar in listed} == {32}
    assert {jar.version for jar in listed if jar.group == "org.apache.kafka"} == {"4.1.2"}
    log4j = {jar.version for jar in listed if jar.group == "org.apache.logging.log4j"}
    assert len(log4j) == 1


def test_a_changed_or_shortened_jar_counts_as_missing(tmp_path: Path) -> None:
    """Jars are believed for their bytes only, not for their name, size or time."""
    path = tmp_path / JAR.file_name
    assert [JAR] == jars.missing_jars(tmp_path, [JAR])
    path.write_bytes(CONTENT)
    assert [] == jars.missing_jars(tmp_path, [JAR])
    path.write_bytes(b"A jar")
    assert [JAR] == jars.missing_jars(tmp_path, [JAR])


def write_download(folder: Path, content: bytes) -> Path:
    """Do as the downloader does: leave the file in a folder of its own."""
    folder.mkdir(parents=True)
    path = folder / JAR.file_name
    path.write_bytes(content)
    return path


def test_a_download_with_a_wrong_hash_is_refused_and_kept_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The downloader only warns, so its word does not count; nothing wrong reaches the folder."""
    monkeypatch.setattr(
        jars, "download", lambda _g, _a, _v, folder, _p: write_download(folder, b"evil")
    )
    with pytest.raises(BrokerError, match=r"^cannot get thing-1\.0\.jar .*SHA-256"):
        jars.fetch_jars(tmp_path, [JAR], lambda _count: None)
    assert ["lock"] == [path.name for path in tmp_path.iterdir()]


def test_a_dropped_connection_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One lost request of a hundred must not fail a first start."""
    tries: list[Path] = []

    def download(_group: str, _artifact: str, _version: str, folder: Path, _p: object) -> Path:
        tries.append(folder)
        if len(tries) == 1:
            write_download(folder, CONTENT[:2])
            raise ConnectionResetError(104, "Connection reset by peer")
        return write_download(folder, CONTENT)

    monkeypatch.setattr(jars, "download", download)
    jars.fetch_jars(tmp_path, [JAR], lambda _count: None)
    assert (tmp_path / JAR.file_name).read_bytes() == CONTENT
    assert len(tries) == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (RuntimeError("Artifact ... not found in remote repositories ..."), "it is not there"),
    ],
)
def test_a_download_that_cannot_be_had_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    """The reason is told in a few words, whatever the library's text."""

    def fail(*_arguments: object) -> Path:
        raise error

    monkeypatch.setattr(jars, "download", fail)
    with pytest.raises(BrokerError) as told:
        jars.fetch_jars(tmp_path, [JAR], lambda _count: None)
    assert str(told.value) == f"cannot get thing-1.0.jar from the Maven repository: {words}"


def test_no_network_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real downloader, sent through a proxy that is not there."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BrokerError, match=r"from the Maven repository: the proxy refused"):
        jars.fetch_jars(tmp_path, jars.locked_jars()[:1], lambda _count: None)


def make_java(folder: Path, version: str) -> Path:
    """Make an executable that answers `-version` like a Java of that version."""
    folder.mkdir(parents=True)
    executable = folder / "java"
    executable.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    executable.chmod(0o755)
    return executable


def test_java_home_wins_and_a_too_old_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the user named is used or refused, never passed over."""
    make_java(tmp_path / "new" / "bin", "21.0.1")
    make_java(tmp_path / "old" / "bin", "1.8.0_392")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "new"))
    assert java.find_java().version == 21
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    with pytest.raises(BrokerError, match=r"is Java 8; Kafka needs Java 17"):
        java.find_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "none"))
    with pytest.raises(BrokerError, match=r"has no working bin/java"):
        java.find_java()


def test_without_any_java_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel first, then the path; where neither has one, what helps is said."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert java.find_java().version >= java.JAVA_VERSION_MIN
    monkeypatch.setattr(java, "_wheel_java", lambda: None)
    path_java = make_java(tmp_path / "path", "17.0.2")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(java, "_version", lambda found: 17 if found == path_java else 0)
    assert java.find_java().executable == path_java
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerError, match=r"^no Java 17 or newer found: "):
        java.find_java()


def test_a_taken_port_is_not_free_and_a_free_one_is_out_of_the_way() -> None:
    """Chosen ports lie below those that connections of clients get."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert not is_free(other.getsockname()[1])
    first = free_port(3)
    assert PORT_FIRST <= first <= PORT_LAST - 3
    assert all(is_free(first + step) for step in range(3))


def test_a_process_is_ours_by_its_argument_and_gone_after_kill(sleeper: tuple[int, str]) -> None:
    """A number alone proves nothing: with another mark the same process is not ours."""
    process_id, mark = sleeper
    assert processes.is_ours(process_id, mark)
    assert not processes.is_ours(process_id, mark + "x")
    assert not processes.send(process_id, mark + "x", signal.SIGKILL)
    assert processes.send(process_id, mark, signal.SIGKILL)
    assert processes.wait_gone(process_id, mark, 30)
    assert not processes.send(process_id, mark, signal.SIGKILL)


def test_a_zombie_of_another_parent_is_gone(tmp_path: Path) -> None:
    """A dead child that its parent never collects holds no port any more."""
    mark = str(tmp_path / "mark")
    code = (
        "import subprocess, sys; "
        "child = subprocess.Popen([sys.executable, '-c', 'pass', sys.argv[1]]); "
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, mark], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    try:
        child = int(parent.stdout.readline())
        assert processes.wait_gone(child, mark, 30)
        assert Path(f"/proc/{child}").exists()
    finally:
        parent.communicate()


def test_state_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Ports, storage ids and process ids survive between two commands."""
    assert read_state(tmp_path) is None
    state = new_state(tmp_path, 9092, 3)
    state.process_ids[2] = 4711
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state
    assert [9092, 9093, 9094] == [node.port for node in state.nodes]
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(BrokerError, match="is damaged"):
        LocalBroker(tmp_path).status()


def test_ids_have_the_form_that_kafka_reads() -> None:
    """22 letters of URL-safe base64; a dash in front would be taken for an option."""
    ids = {kafka_uuid() for _ in range(1000)}
    assert len(ids) == 1000
    assert {22} == {len(text) for text in ids}
    assert not any(text.startswith("-") for text in ids)


def test_a_stale_process_id_of_somebody_else_is_no_broker_of_ours(
    tmp_path: Path, sleeper: tuple[int, str]
) -> None:
    """After a reboot the number may be anybody's: it is told as killed, and never signalled."""
    process_id, mark = sleeper
    state = new_state(tmp_path, 9092, 1)
    state.process_ids[1] = process_id
    write_state(tmp_path, state)
    local = LocalBroker(tmp_path)
    assert local.status().kind == "killed"
    local.kill()
    assert not local.stop()
    assert processes.is_ours(process_id, mark)
    assert local.status().kind == "stopped"


def test_what_is_not_there_is_answered(tmp_path: Path) -> None:
    """Status and stop of a home that was never used say so and make nothing."""
    local = LocalBroker(tmp_path / "none")
    assert local.status().kind == "empty"
    assert not local.stop()
    assert not (tmp_path / "none").exists()
    with pytest.raises(BrokerError, match="start it first"):
        local.kill()


def test_another_size_is_refused_while_there_is_data(tmp_path: Path) -> None:
    """One node's data cannot become a cluster of three: clean it first."""
    write_state(tmp_path, new_state(tmp_path, free_port(), 1))
    with pytest.raises(BrokerError, match=r"of a broker with 1 node; .*--clean"):
        LocalBroker(tmp_path, nodes=3).start()
    with pytest.raises(ValueError, match="1 or 3 nodes, not 2"):
        LocalBroker(tmp_path, nodes=2)


def test_a_node_listens_on_the_loopback_only_and_keeps_three_copies_of_three() -> None:
    """Kafka's own topics have as many copies as there are nodes, up to three."""
    nodes = new_state(Path("home"), 9092, 3).nodes
    settings = dict(line.split("=", 1) for line in server_properties(nodes[1], nodes).splitlines())
    assert settings["listeners"] == (
        f"PLAINTEXT://127.0.0.1:9093,CONTROLLER://127.0.0.1:{nodes[1].controller_port}"
    )
    assert settings["node.id"] == "2"
    assert settings["offsets.topic.replication.factor"] == "3"
    assert settings["transaction.state.log.min.isr"] == "2"
    assert settings["auto.create.topics.enable"] == "false"


def test_others_are_told_the_advertised_ports_and_a_node_listens_on_its_own(tmp_path: Path) -> None:
    """Clients, brokers and controllers: all of them come through what stands before the port."""
    state = new_state(tmp_path, 9092, 3)
    nodes = state.nodes

    def before(port: int) -> int:
        return port + 30_000

    told = [before(node.controller_port) for node in nodes]
    settings = dict(
        line.split("=", 1) for line in server_properties(nodes[1], nodes, before).splitlines()
    )
    assert settings["listeners"] == (
        f"PLAINTEXT://127.0.0.1:9093,CONTROLLER://127.0.0.1:{nodes[1].controller_port}"
    )
    assert settings["advertised.listeners"] == (
        f"PLAINTEXT://127.0.0.1:39093,CONTROLLER://127.0.0.1:{told[1]}"
    )
    quorum = settings["controller.quorum.bootstrap.servers"].split(",")
    assert [f"127.0.0.1:{port}" for port in told] == quorum
    first = [
        f"{node.number}@127.0.0.1:{port}:{node.directory_id}"
        for node, port in zip(nodes, told, strict=True)
    ]
    assert ",".join(first) == voters(nodes, before)
    write_state(tmp_path, state)
    local = LocalBroker(tmp_path, advertised=before)
    assert local.bootstrap == "127.0.0.1:39092,127.0.0.1:39093,127.0.0.1:39094"


def test_the_reason_of_a_failed_start_is_the_last_error_of_the_logs(tmp_path: Path) -> None:
    """Kafka's log first, then what the Java machine said."""
    node = Node(1, 9092, 9093, kafka_uuid(), tmp_path)
    assert broker._why(node, 0) == f"see {node.log}"
    node.jvm_log.write_text("Error: Could not create the Java Virtual Machine.\n")
    assert broker._why(node, 0).startswith(
        "Error: Could not create the Java Virtual Machine. (see "
    )
    node.log.write_text("INFO fine\nERROR Exiting Kafka (kafka.Kafka$)\nINFO shut down\n")
    assert broker._why(node, 0) == f"ERROR Exiting Kafka (kafka.Kafka$) (see {node.log})"
    old = node.log.stat().st_size
    with node.log.open("a") as log:
        log.write("INFO begins\nERROR another\n")
    assert broker._why(node, old) == f"ERROR another (see {node.log})"


def test_the_cache_follows_the_xdg_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An absolute XDG_CACHE_HOME counts, a relative one does not."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tollstream"
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert cache_folder() == tmp_path / "me" / ".cache" / "tollstream"


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """What the disk refuses is told with the path."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BrokerError, match=r"file/home: Not a directory$"):
        LocalBroker(tmp_path / "file" / "home").start()
