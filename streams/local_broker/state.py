"""What a broker's home remembers between two commands: `state.json`."""

import contextlib
import fcntl
import json
import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streams.local_broker.errors import BrokerError
from streams.local_broker.files import Node
from streams.local_broker.ports import free_port

STATE_FILE: Final = "state.json"


@dataclass(slots=True)
class State:
    """A cluster as it was laid out, and the process ids that were last started.

    `process_ids` maps the node's number to its process; a node that was stopped is not in it, so
    a process that is in it and not alive was killed or crashed.
    """

    cluster_id: str
    nodes: list[Node]
    process_ids: dict[int, int] = field(default_factory=dict)


def new_state(home: Path, port: int, node_count: int) -> State:
    """Lay out a new cluster: brokers on `port` and the ports after it, new storage ids."""
    controller_port = free_port(node_count)
    nodes = [
        Node(
            number=step + 1,
            port=port + step,
            controller_port=controller_port + step,
            directory_id=kafka_uuid(),
            folder=home / f"node-{step + 1}",
        )
        for step in range(node_count)
    ]
    return State(cluster_id=kafka_uuid(), nodes=nodes)


def kafka_uuid() -> str:
    """Return a random id as Kafka writes them: 16 bytes in 22 letters, no dash in front."""
    while True:
        text = urlsafe_b64encode(secrets.token_bytes(16)).decode("ascii").rstrip("=")
        if not text.startswith("-"):
            return text


def read_state(home: Path) -> State | None:
    """Return what the home remembers, None where it was never used or was cleaned."""
    path = home / STATE_FILE
    try:
        raw = json.loads(path.read_text("utf-8"))
        return State(
            cluster_id=raw["cluster_id"],
            nodes=[
                Node(
                    number=node["number"],
                    port=node["port"],
                    controller_port=node["controller_port"],
                    directory_id=node["directory_id"],
                    folder=home / f"node-{node['number']}",
                )
                for node in raw["nodes"]
            ],
            process_ids={int(number): pid for number, pid in raw["process_ids"].items()},
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokerError(
            f"{path} is damaged; `tollstream broker stop --clean` removes it with the data"
        ) from error


def write_state(home: Path, state: State) -> None:
    """Replace `state.json` in one step, so that an interrupted write leaves the old one."""
    raw = {
        "cluster_id": state.cluster_id,
        "nodes": [
            {
                "number": node.number,
                "port": node.port,
                "controller_port": node.controller_port,
                "directory_id": node.directory_id,
            }
            for node in state.nodes
        ],
        "process_ids": {str(number): pid for number, pid in state.process_ids.items()},
    }
    path = home / STATE_FILE
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(raw, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the home's lock; a second command waits until the first is through."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
