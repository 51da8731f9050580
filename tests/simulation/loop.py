"""An event loop without real time, threads or chance of its own: the scheduler of a simulation.

Every task belongs to a simulated process, or to the environment (broker, network, director), by a
context variable that tasks and callbacks inherit. Within a process callbacks run in the order in
which they were scheduled, as asyncio promises; which process runs next is drawn from the seed.
Time stands still while anything can run and then jumps to the next timer.

So a process can be killed or frozen between any two steps, exactly as SIGKILL and SIGSTOP do: its
callbacks are dropped, or held until it goes on. Nothing of it runs meanwhile, no `finally` either.
"""

import asyncio
import hashlib
import heapq
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any

STEPS_MAX = 400_000
"""Callbacks of one run; a run that needs more makes no progress."""


class ProcessEndedError(BaseException):
    """Raised where a process dies in the middle of a step; nothing of it may catch it."""


class OutOfStepsError(Exception):
    """The run did not come to its end."""


class Process:
    """One simulated process: `alive`, `frozen`, and why it ended."""

    def __init__(self, loop: "SimLoop", name: str) -> None:
        self.name = name
        self.alive = True
        self.frozen = False
        self.code: int | None = None
        self.error: BaseException | None = None
        self.steps = 0
        self.kill_at_step: int | None = None
        self.on_end: Callable[[Process], None] = lambda _: None
        self.ready: deque[asyncio.Handle] = deque()
        self._loop = loop
        self.context = copy_context()
        self.context.run(PROCESS.set, self)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Start a task of this process."""
        return self._loop.create_task(coroutine, context=self.context.copy())

    def end(self, code: int | None, error: BaseException | None = None) -> None:
        """Stop at once; `code` is None for a kill."""
        if not self.alive:
            return
        self.alive, self.frozen, self.code, self.error = False, False, code, error
        self.ready.clear()
        self._loop.trace("end", self.name, code)
        self.on_end(self)

    def freeze(self) -> None:
        """Hold everything until `thaw`, like SIGSTOP."""
        self.frozen = self.alive

    def thaw(self) -> None:
        """Go on, like SIGCONT."""
        self.frozen = False


PROCESS: ContextVar[Process | None] = ContextVar("PROCESS", default=None)


class SimLoop(asyncio.AbstractEventLoop):
    """The loop; use `drive` to run a coroutine in it."""

    def __init__(self, seed: object) -> None:
        self.random = Random(f"{seed}/schedule")
        self.hits: Counter[str] = Counter()
        self.steps = 0
        self.errors: list[BaseException] = []
        self._now = 0.0
        self._number = 0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._environment: deque[asyncio.Handle] = deque()
        self._processes: list[Process] = []
        self._tasks: list[asyncio.Task[Any]] = []  # kept: a killed task's `finally` must not run
        self._hash = hashlib.sha256()
        self.lines: list[str] | None = None

    def process(self, name: str) -> Process:
        """Return a new living process."""
        process = Process(self, name)
        self._processes = [old for old in self._processes if old.alive]
        self._processes.append(process)
        return process

    def trace(self, *what: object) -> None:
        """Add to the trace; its hash tells whether two runs were the same."""
        line = f"{self.steps} {self._now:.6f} {what}"
        self._hash.update(line.encode())
        if self.lines is not None:
            self.lines.append(line)

    @property
    def trace_hash(self) -> str:
        """Hash of everything traced so far."""
        return self._hash.hexdigest()[:16]

    def drive(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run until the coroutine is done; raises OutOfStepsError where that takes too long."""
        with self._running():
            task = self.create_task(coroutine)
            while not task.done():
                self._step()
                if self.errors:
                    raise self.errors[0]
            return task.result()

    def close_tasks(self) -> None:
        """Close what was left in the middle, once the run is over, in a fixed order."""
        with self._running(), suppress(RuntimeError):
            for task in self._tasks:
                if not task.done():
                    task._log_destroy_pending = False  # type: ignore[attr-defined]
                    with suppress(RuntimeError, ValueError):
                        task.get_coro().close()  # type: ignore[union-attr]
        self._tasks.clear()

    @contextmanager
    def _running(self) -> Generator[None, None, None]:
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(before)

    def _step(self) -> None:
        queue = self._choose()
        if queue is None:
            if not self._timers:
                raise OutOfStepsError("nothing is left to run")
            self._now = max(self._now, self._timers[0][0])
        while self._timers and self._timers[0][0] <= self._now:
            timer = heapq.heappop(self._timers)[2]
            if not timer.cancelled():
                self._enqueue(timer)
        if queue is None:
            return
        handle = queue.popleft()
        if handle.cancelled():
            return
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise OutOfStepsError(f"not done after {STEPS_MAX} steps")
        process = handle._context.get(PROCESS)
        if process is not None:
            process.steps += 1
            if process.steps == process.kill_at_step:
                self.hits["kill between steps"] += 1
                process.end(None)
                return
        handle._run()

    def _choose(self) -> deque[asyncio.Handle] | None:
        queues = [p.ready for p in self._processes if p.ready and not p.frozen]
        if self._environment:
            queues.append(self._environment)
        if not queues:
            return None
        return queues[0] if len(queues) == 1 else self.random.choice(queues)

    def _enqueue(self, handle: asyncio.Handle) -> None:
        process = handle._context.get(PROCESS)
        if process is None:
            self._environment.append(handle)
        elif process.alive:
            process.ready.append(handle)

    # What asyncio's tasks, futures and locks ask of a loop.

    def time(self) -> float:
        """Return simulated seconds."""
        return self._now

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Schedule for the next turn of the calling process."""
        handle = asyncio.Handle(callback, args, self, context)
        self._enqueue(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule for later."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule for an instant."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._number += 1
        heapq.heappush(self._timers, (when, self._number, timer))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Leave a cancelled timer in the heap; it is skipped when its time comes."""

    def create_future(self) -> "asyncio.Future[Any]":
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Any, *, name: str | None = None, context: Context | None = None
    ) -> "asyncio.Task[Any]":
        """Return a task of this loop."""
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def get_debug(self) -> bool:
        """Say no: nothing here is slow."""
        return False

    def is_running(self) -> bool:
        """Say yes: only what runs inside asks."""
        return True

    def is_closed(self) -> bool:
        """Say no."""
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Note what a callback raised; tasks of killed processes are expected to be pending."""
        error = context.get("exception")
        if "handle" in context and error is not None and not isinstance(error, ProcessEndedError):
            self.errors.append(error)
