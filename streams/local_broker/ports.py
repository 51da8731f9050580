"""Free TCP ports for brokers that choose their own."""

import random
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"

PORT_FIRST: Final = 20_000
PORT_LAST: Final = 32_000
"""The range to choose from lies below the ports that Linux gives to outgoing connections (from
32,768). A broker's port must survive a restart, and a client that keeps connecting to a dead
port of that range can, on the loopback, end up connected to itself and hold the port."""

TRIES_MAX: Final = 200
"""Random picks before giving up; with 12,000 ports only a machine full of servers gets there."""


def is_free(port: int) -> bool:
    """Say whether a server could listen on `port` of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Java does: connections of a stopped server that linger do not make its port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Say whether something accepts connections on `port` of the loopback address."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False


def free_port(count: int = 1) -> int:
    """Return the first of `count` neighbouring ports that are free now."""
    for _ in range(TRIES_MAX):
        first = random.randint(PORT_FIRST, PORT_LAST - count)  # noqa: S311 - not a secret
        if all(is_free(first + step) for step in range(count)):
            return first
    raise OSError(f"no {count} free ports between {PORT_FIRST} and {PORT_LAST}")
