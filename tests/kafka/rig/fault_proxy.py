"""A TCP proxy between one worker and the broker that misbehaves as networks do (R8, R9).

A connection on which bytes were swallowed can never be right again. It stays open and silent, as a
half-open one does, until the fault is over; then it is reset, as the next packet of a real one is.
"""

import asyncio
import contextlib
import socket
import threading
from collections import Counter
from enum import StrEnum
from random import Random
from typing import Final

DELAY_SECONDS: Final = 0.2
RESET_SHARE: Final = 0.05
"""Of the pieces that pass."""
READ_BYTES: Final = 65_536


class NetworkFault(StrEnum):
    """What a network does wrong for a while."""

    DELAY = "delay"  # every piece, either way
    RESET = "reset"  # connections, in the middle of anything
    HALF_OPEN = "half_open"  # everything is swallowed, nothing is closed
    LOST_ANSWERS = "lost_answers"  # the broker does what it is asked, and nobody hears of it
    TRICKLE = "trickle"  # one byte at a time
    REFUSED = "refused"  # all connections end, none can be made


class FaultProxy:
    """Passes bytes on from a port of its own; `struck` counts what each fault was done to."""

    def __init__(self, target_port: int, seed: int) -> None:
        self.struck: Counter[NetworkFault] = Counter()
        self._target_port = target_port
        self._random = Random(seed)
        self._fault: NetworkFault | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def become(self, fault: NetworkFault | None) -> None:
        """Do this wrong from now on, or nothing; what was silent is reset."""
        asyncio.run_coroutine_threadsafe(self._become(fault), self._loop).result()

    def end(self) -> None:
        """Stop passing anything on."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        serving = asyncio.start_server(self._serve, sock=self._listener)
        server = self._loop.run_until_complete(serving)
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._let_go())
        self._loop.close()

    async def _let_go(self) -> None:
        """Reset what is still open, so that no connection outlives its proxy."""
        for end in list(self._open):
            end.transport.abort()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0)  # a transport closes its socket in a call of its own

    async def _become(self, fault: NetworkFault | None) -> None:
        self._fault = fault
        for writer in list(self._open if fault is NetworkFault.REFUSED else self._silent):
            if fault is NetworkFault.REFUSED:
                self.struck[fault] += 1
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fault is NetworkFault.REFUSED:
            self.struck[NetworkFault.REFUSED] += 1
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        ends = (writer, there[1])
        self._open.update(ends)
        try:
            await asyncio.gather(
                self._pass_on(reader, there[1], ends, answers=False),
                self._pass_on(there[0], writer, ends, answers=True),
            )
        finally:
            for end in ends:
                self._open.discard(end)
                self._silent.discard(end)
                end.transport.abort()

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ends: tuple[asyncio.StreamWriter, ...],
        *,
        answers: bool,
    ) -> None:
        """Pass one direction on until the connection ends; then the other one ends as well."""
        with contextlib.suppress(OSError):
            while data := await reader.read(READ_BYTES):
                if not await self._strike(data, writer, ends, answers=answers):
                    writer.write(data)
                    await writer.drain()
        for end in ends:
            end.transport.abort()

    async def _strike(
        self,
        data: bytes,
        writer: asyncio.StreamWriter,
        ends: tuple[asyncio.StreamWriter, ...],
        *,
        answers: bool,
    ) -> bool:
        """Do to a piece of data what is done now; say whether it needs no passing on."""
        fault = self._fault
        if writer in self._silent:
            return True
        if fault is NetworkFault.RESET and self._random.random() < RESET_SHARE:
            self.struck[fault] += 1
            for end in ends:
                end.transport.abort()
            return True
        if fault is NetworkFault.HALF_OPEN or (fault is NetworkFault.LOST_ANSWERS and answers):
            self.struck[fault] += 1
            self._silent.update(ends if fault is NetworkFault.HALF_OPEN else (writer,))
            return True
        if fault is NetworkFault.DELAY:
            self.struck[fault] += 1
            await asyncio.sleep(DELAY_SECONDS)
        if fault is NetworkFault.TRICKLE:
            self.struck[fault] += 1
            for byte in data:
                writer.write(bytes((byte,)))
                await writer.drain()
            return True
        return False
