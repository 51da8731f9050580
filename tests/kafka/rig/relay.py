"""TCP ports whose connections are passed on, so that a test can do things to what flows there.

A connection on which bytes were swallowed can never be right again. It stays open and silent, as a
half-open one does, until the fault is over; then it is reset, as the next packet of a real one is.
The end of a connection is one more packet: where bytes are swallowed, nobody hears of it either.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from streams.local_broker.ports import LOOPBACK

READ_BYTES: Final = 65_536

Way: TypeAlias = tuple[int, int]
"""Whom bytes come from and whom they reach: a broker's number, or `CLIENT`."""
CLIENT: Final = 0
"""Whoever is no broker."""


@dataclass(eq=False, slots=True)
class Flow:
    """One direction of a connection; `silent`: bytes of it were swallowed."""

    way: Way
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    silent: bool = False

    async def read(self) -> bytes:
        """Return what came, nothing at the end, orderly or not."""
        try:
            return await self.reader.read(READ_BYTES)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        """Pass on; one who is gone is told of by the other flow's end."""
        with contextlib.suppress(OSError):
            if not self.writer.is_closing():
                self.writer.write(data)
                await self.writer.drain()


@dataclass(eq=False, slots=True)
class Connection:
    """Both directions; the requests are those of who made it."""

    requests: Flow
    answers: Flow

    @property
    def flows(self) -> tuple[Flow, Flow]:
        """Requests and answers."""
        return self.requests, self.answers

    def reset(self) -> None:
        """End it on both sides at once."""
        for flow in self.flows:
            flow.writer.transport.abort()


class Relay:
    """Passes connections on in a thread of its own; what is done to them, a subclass says."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def listen(self, target_port: int) -> int:
        """Return a new port whose connections are passed on to another one."""
        listener = socket.create_server((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        self._do(self._listen(listener, target_port))
        return port

    def end(self) -> None:
        """Stop passing anything on."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _refuses(self) -> bool:
        """Say whether no connection can be made now."""
        return False

    def _way(self, peer_port: int, port: int, target_port: int) -> Way:
        """Return who made a connection (from its port to ours) and whom it reaches."""
        raise NotImplementedError

    async def _swallows(self, flow: Flow) -> bool:
        """Say whether the next piece of a flow, or its end, gets lost; count it if so."""
        raise NotImplementedError

    async def _deliver(self, connection: Connection, flow: Flow, data: bytes) -> None:  # noqa: ARG002
        """Pass a piece on that is not swallowed."""
        await flow.write(data)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the relay's thread."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._let_go())
        self._loop.close()

    async def _listen(self, listener: socket.socket, target_port: int) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(target_port, reader, writer)

        self._servers.append(await asyncio.start_server(serve, sock=listener))

    async def _let_go(self) -> None:
        """Reset what is still open, so that no connection outlives its relay."""
        for server in self._servers:
            server.close()
        for connection in self._open:
            connection.reset()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0)  # a transport closes its socket in a call of its own

    async def _serve(
        self, target_port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        peer, own = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        if peer is None or self._refuses():  # None: gone before it was served
            writer.transport.abort()
            return
        source, target = self._way(peer[1], own[1], target_port)
        try:
            there = await asyncio.open_connection(LOOPBACK, target_port)
        except OSError:
            writer.transport.abort()
            return
        requests = Flow((source, target), reader, there[1])
        connection = Connection(requests, Flow((target, source), there[0], writer))
        self._open.add(connection)
        try:
            await asyncio.gather(*(self._pass_on(connection, flow) for flow in connection.flows))
        finally:
            self._open.discard(connection)
            connection.reset()

    async def _pass_on(self, connection: Connection, flow: Flow) -> None:
        """Pass one direction on until it ends; then the other one ends as well, if it hears."""
        while data := await flow.read():
            if await self._passes(flow):
                await self._deliver(connection, flow, data)
        if await self._passes(flow):
            connection.reset()

    async def _passes(self, flow: Flow) -> bool:
        flow.silent = flow.silent or await self._swallows(flow)
        return not flow.silent
