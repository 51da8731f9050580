"""Start, stop and watch one local Kafka cluster (the rules stand in the package's docstring)."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from streams.local_broker import processes
from streams.local_broker.errors import BrokerError
from streams.local_broker.files import (
    HEAP_MEGABYTES,
    Advertised,
    Node,
    NodeSettings,
    own_port,
    usual,
    voters,
    write_files,
)
from streams.local_broker.folders import jars_folder
from streams.local_broker.jars import Jar, class_path, fetch_jars, locked_jars, missing_jars
from streams.local_broker.java import Java, find_java
from streams.local_broker.ports import LOOPBACK, answers, is_free
from streams.local_broker.state import State, locked, new_state, read_state, write_state

PORT_DEFAULT: Final = 9092

START_TIMEOUT_SECONDS: Final = 120
"""A start takes 3 s on a quiet machine; three nodes on two busy cores have been seen to take 30."""

STOP_TIMEOUT_SECONDS: Final = 40
"""A clean stop takes 1 s; a node whose cluster has lost its majority gives up after 30 s. Then it
is killed, which Kafka survives."""

POLL_SECONDS: Final = 0.05
"""Time between two looks at a starting node."""

LOG_TAIL_BYTES: Final = 65_536
"""How much of a log's end is searched for the reason of a failed start."""

Say = Callable[[str], None]
"""Called with one line for each thing that is begun."""

Download = Callable[[list[Jar], Path], None]
"""Fetches the jars that are missing into a folder, showing progress as it likes."""


def _silent(_text: str) -> None:
    """Say nothing."""


def _fetch_silently(missing: list[Jar], folder: Path) -> None:
    fetch_jars(folder, missing, lambda _count: None)


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """How a broker stands. `running` and `dead` are node numbers.

    `stopped`: nothing runs and nothing should. `running`: every node runs. `killed`: nodes that
    were started are gone (`dead`), all or some of them. `empty`: there never was one here.
    """

    kind: Literal["empty", "stopped", "running", "killed"]
    nodes: tuple[Node, ...]
    running: tuple[int, ...]
    dead: tuple[int, ...]
    process_ids: dict[int, int]


class LocalBroker:
    """The Kafka cluster of one home.

    `home` is its folder; `port` the first broker's port (the others take the ones after it),
    None for the port it had before or 9092; `nodes` is 1 or 3, None for what it had or 1;
    `short_lived` starts with half the work and serves slower, for tests and the demo;
    `advertised` gives, for each port that a node listens on, the one under which clients and the
    other nodes are told to find it, such as a proxy's; `more` gives further settings of a node.
    Every method may be called in any state, by any process of the same user.
    """

    def __init__(
        self,
        home: Path,
        port: int | None = None,
        nodes: int | None = None,
        *,
        short_lived: bool = False,
        advertised: Advertised = own_port,
        more: NodeSettings = usual,
        say: Say = _silent,
        download: Download = _fetch_silently,
    ) -> None:
        if nodes is not None and nodes not in HEAP_MEGABYTES:
            raise ValueError(f"a local cluster has 1 or 3 nodes, not {nodes}")
        self.home = home.absolute()
        self._port = port
        self._node_count = nodes
        self._short_lived = short_lived
        self._advertised = advertised
        self._more = more
        self._say = say
        self._download = download

    @property
    def bootstrap(self) -> str:
        """Where clients connect: `host:port` of every node, as advertised, with commas between."""
        return ",".join(f"{LOOPBACK}:{self._advertised(n.port)}" for n in self._known().nodes)

    @property
    def log(self) -> Path:
        """The first node's log; the others' lie beside it in `node-2` and `node-3`."""
        return self.home / "node-1" / "broker.log"

    def status(self) -> BrokerStatus:
        """Look, without changing anything."""
        state = read_state(self.home)
        if state is None:
            return BrokerStatus("empty", (), (), (), {})
        running = tuple(node.number for node in state.nodes if self._alive(state, node))
        dead = tuple(number for number in state.process_ids if number not in running)
        kind: Literal["stopped", "running", "killed"]
        kind = "stopped" if not state.process_ids else "killed" if dead else "running"
        process_ids = {number: state.process_ids[number] for number in running}
        return BrokerStatus(kind, tuple(state.nodes), running, dead, process_ids)

    def start(self) -> bool:
        """Start every node that is not running and wait until all of them answer.

        True if something was started, False if all ran already. Raises BrokerError, and then
        leaves nothing running that was not running before.
        """
        try:
            with locked(self.home):
                return self._start()
        except OSError as error:
            raise BrokerError(f"{error.filename or self.home}: {error.strerror}") from error

    def stop(self, *, clean: bool = False) -> bool:
        """Stop every node, in good order; with `clean` also remove the data.

        True if something ran. Jars stay: they are shared.
        """
        if not self.home.exists():
            return False
        with locked(self.home):
            state = read_state(self.home)
            ran = state is not None and self._stop(state, [n.number for n in state.nodes])
            if clean:
                self._remove()
            return ran

    def kill(self, node: int | None = None) -> None:
        """End a node, or all, as a power cut does (SIGKILL); it stays known as started."""
        self._signal(node, signal.SIGKILL)
        state = self._known()
        for each in self._chosen(state, node):
            process_id = state.process_ids.get(each.number)
            if process_id is not None:
                processes.wait_gone(process_id, str(each.properties), STOP_TIMEOUT_SECONDS)

    def pause(self, node: int | None = None) -> None:
        """Freeze a node, or all (SIGSTOP): connections stay open and nobody answers."""
        self._signal(node, signal.SIGSTOP)

    def resume(self, node: int | None = None) -> None:
        """Let a frozen node, or all, go on."""
        self._signal(node, signal.SIGCONT)

    def restart(self) -> None:
        """Stop in good order and start again on the same ports with the same data."""
        self.stop()
        self.start()

    def _known(self) -> State:
        state = read_state(self.home)
        if state is None:
            raise BrokerError(f"there is no broker in {self.home}; start it first")
        return state

    def _chosen(self, state: State, number: int | None) -> list[Node]:
        return [node for node in state.nodes if number in {None, node.number}]

    def _alive(self, state: State, node: Node) -> bool:
        process_id = state.process_ids.get(node.number)
        return process_id is not None and processes.is_ours(process_id, str(node.properties))

    def _signal(self, number: int | None, what: signal.Signals) -> None:
        state = self._known()
        for node in self._chosen(state, number):
            process_id = state.process_ids.get(node.number)
            if process_id is not None:
                processes.send(process_id, str(node.properties), what)

    def _start(self) -> bool:
        state = self._wanted_state()
        down = [node for node in state.nodes if not self._alive(state, node)]
        if not down:
            return False
        for node in down:
            self._check_ports(node)
        java = find_java()
        jars = locked_jars()
        folder = jars_folder()
        missing = missing_jars(folder, jars)
        if missing:
            self._download(missing, folder)
        self._say(f"starting Apache Kafka on {', '.join(f'{LOOPBACK}:{n.port}' for n in down)}")
        path = class_path(folder, jars)
        for node in down:
            write_files(node, state.nodes, self._advertised, self._more)
        write_state(self.home, state)
        self._format(state, [node for node in down if not _is_formatted(node)], java, path)
        log_begins = {node.number: _size(node.log) for node in state.nodes}
        started: list[int] = []
        try:
            for node in down:
                state.process_ids[node.number] = self._launch(node, len(state.nodes), java, path)
                started.append(node.number)
                write_state(self.home, state)
            self._wait_until_ready(state, log_begins)
        except BaseException:
            # Also on Ctrl-C: a half-started cluster must not stay behind.
            self._stop(state, started)
            raise
        return True

    def _wanted_state(self) -> State:
        """Return the state to start from; refuses what the home cannot become."""
        state = read_state(self.home)
        if state is None:
            return new_state(self.home, self._port or PORT_DEFAULT, self._node_count or 1)
        have = len(state.nodes)
        if self._node_count not in {None, have}:
            raise BrokerError(
                f"the data here is of a broker with {have} node{'s' * (have > 1)}; "
                f"`tollstream broker stop --clean` removes it"
            )
        if self._port in {None, state.nodes[0].port}:
            return state
        if any(self._alive(state, node) for node in state.nodes):
            raise BrokerError(
                f"already running on {LOOPBACK}:{state.nodes[0].port}; "
                f"stop it to move it to port {self._port}"
            )
        first = self._port or PORT_DEFAULT
        nodes = [replace(node, port=first + node.number - 1) for node in state.nodes]
        return State(state.cluster_id, nodes)

    def _check_ports(self, node: Node) -> None:
        if not is_free(node.port):
            raise BrokerError(
                f"port {node.port} is taken by another program; choose another with --port"
            )
        if not is_free(node.controller_port):
            raise BrokerError(
                f"port {node.controller_port}, which node {node.number} of this broker keeps for "
                "its controller, is taken by another program; "
                "end that, or begin anew with `tollstream broker stop --clean`"
            )

    def _format(self, state: State, fresh: list[Node], java: Java, path: str) -> None:
        """Prepare the storage of new nodes: all of them are voters of the controller quorum."""
        running = []
        for node in fresh:
            # A folder that an interrupted format left behind would be refused.
            shutil.rmtree(node.storage, ignore_errors=True)
            arguments = [
                *_java_command(node, java, path, heap_megabytes=128, short_lived=True),
                "kafka.tools.StorageTool",
                "format",
                "--cluster-id",
                state.cluster_id,
                "--initial-controllers",
                voters(state.nodes, self._advertised),
                "--config",
                str(node.properties),
            ]
            running.append(
                subprocess.Popen(  # noqa: S603 - our own command line
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
        for process in running:
            output, _ = process.communicate(timeout=START_TIMEOUT_SECONDS)
            if process.returncode != 0:
                raise BrokerError(
                    f"Kafka cannot prepare its storage: {_telling(output) or output.strip()}"
                )

    def _launch(self, node: Node, node_count: int, java: Java, path: str) -> int:
        command = _java_command(
            node, java, path, HEAP_MEGABYTES[node_count], short_lived=self._short_lived
        )
        node.jvm_log.unlink(missing_ok=True)
        return processes.spawn([*command, "kafka.Kafka", str(node.properties)], node.jvm_log)

    def _wait_until_ready(self, state: State, log_begins: dict[int, int]) -> None:
        """Wait until every node accepts clients: Kafka listens only once it is unfenced."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        for node in state.nodes:
            while not answers(node.port):
                if not self._alive(state, node):
                    raise BrokerError(
                        f"Kafka ended while starting: {_why(node, log_begins[node.number])}"
                    )
                if time.monotonic() > deadline:
                    raise BrokerError(
                        f"Kafka did not answer within {START_TIMEOUT_SECONDS} s: see {node.log}"
                    )
                time.sleep(POLL_SECONDS)

    def _stop(self, state: State, numbers: Iterable[int]) -> bool:
        """Stop these nodes, all at once, and forget their processes."""
        nodes = [node for node in state.nodes if node.number in set(numbers)]
        asked = []
        for node in nodes:
            process_id = state.process_ids.get(node.number)
            if process_id is None:
                continue
            # A frozen node would never see the request to end.
            processes.send(process_id, str(node.properties), signal.SIGCONT)
            if processes.send(process_id, str(node.properties), signal.SIGTERM):
                asked.append((process_id, str(node.properties)))
        for process_id, mark in asked:
            if not processes.wait_gone(process_id, mark, STOP_TIMEOUT_SECONDS):
                processes.send(process_id, mark, signal.SIGKILL)
                processes.wait_gone(process_id, mark, STOP_TIMEOUT_SECONDS)
        for node in nodes:
            state.process_ids.pop(node.number, None)
        write_state(self.home, state)
        return bool(asked)

    def _remove(self) -> None:
        for child in self.home.iterdir():
            # Only what we made: a home may be a folder that holds other things as well.
            if child.name.startswith("node-"):
                shutil.rmtree(child)
            elif child.name.startswith("state."):
                child.unlink()


def _is_formatted(node: Node) -> bool:
    return (node.storage / "meta.properties").exists()


def _java_command(
    node: Node, java: Java, path: str, heap_megabytes: int, *, short_lived: bool
) -> list[str]:
    # The quick compiler alone: 4 s of CPU until the broker answers instead of 8.
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"] if short_lived else []
    return [
        str(java.executable),
        *quick,
        f"-Xmx{heap_megabytes}m",
        "-XX:+ExitOnOutOfMemoryError",
        # No file per process in the temporary folder.
        "-XX:-UsePerfData",
        "-Djava.awt.headless=true",
        "-Djava.net.preferIPv4Stack=true",
        f"-Dlog4j2.configurationFile={node.logging}",
        "-cp",
        path,
    ]


def _telling(text: str) -> str | None:
    """Return the last line that names an error, None where no line does."""
    lines = [line.strip() for line in text.splitlines()]
    words = ("ERROR", "FATAL", "Error", "Exception")
    return next((line for line in reversed(lines) if any(word in line for word in words)), None)


def _why(node: Node, log_begin: int) -> str:
    """Return the last error of a node that ended, from its two logs, and where to read on.

    `log_begin` is where this start's part of Kafka's log begins; what is before is of old.
    """
    for path, begin in ((node.log, log_begin), (node.jvm_log, 0)):
        if path.exists():
            with path.open("rb") as file:
                # The tail is enough: the node has just ended.
                file.seek(max(begin, _size(path) - LOG_TAIL_BYTES))
                line = _telling(file.read().decode("utf-8", "replace"))
            if line is not None:
                return f"{line} (see {path})"
    return f"see {node.log}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
