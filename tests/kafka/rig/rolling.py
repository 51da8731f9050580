"""A rolling restart: each worker of a group told to stop and started again, one after the other."""

import time
from dataclasses import dataclass, field
from subprocess import TimeoutExpired
from typing import Final

from tests.kafka.rig.deployment import Deployment, wait_until
from tests.kafka.rig.reading import group_members
from tests.kafka.rig.worker_process import WorkerProcess

STOP_SECONDS: Final = 30
"""How long a worker may take to leave (R4)."""
READY_SECONDS: Final = 60


@dataclass(slots=True)
class RollingRestart:
    """The group's workers by name; `restarts` holds the last words of any that ended by itself.

    It is started again, as a supervisor would: on a busy machine with a short session, one may be
    given up by the group and fenced.
    """

    deployment: Deployment
    names: list[str]
    workers: dict[str, WorkerProcess] = field(default_factory=dict)
    longest_stop_seconds: float = 0.0
    restarts: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start ordinary workers and wait until all of them are in the group."""
        _, before = group_members(self.deployment.settings)
        self.workers = {name: self.deployment.start(name) for name in self.names}
        self._wait_joined(self.names, before)

    def roll(self) -> None:
        """Tell each to stop, the next one once the one before is back in the group.

        Fails if one does not leave with 0 in time.
        """
        for name in self.names:
            _, before = group_members(self.deployment.settings)
            old, told_at = self.workers[name], time.monotonic()
            old.terminate()
            try:
                code = old.wait(STOP_SECONDS)
            except TimeoutExpired:
                raise AssertionError(f"{old.log.name} does not stop: {old.last_words()}") from None
            assert code == 0, f"{old.log.name} ended with {code}: {old.last_words()}"
            self.longest_stop_seconds = max(self.longest_stop_seconds, time.monotonic() - told_at)
            self.workers[name] = self.deployment.start(name)
            self._wait_joined([name], before)

    def _wait_joined(self, names: list[str], before: dict[str, str]) -> None:
        """Wait until the group is at rest with the new lives of these workers and all others."""
        settings = self.deployment.settings

        def joined() -> bool:
            self._start_again()
            at_rest, now = group_members(settings)
            new = all(now.get(name, before.get(name)) != before.get(name) for name in names)
            return at_rest and new and now.keys() >= set(self.names)

        wait_until(f"{', '.join(names)} in the group", joined, READY_SECONDS)

    def _start_again(self) -> None:
        for name, worker in self.workers.items():
            if worker.exit_code is not None:
                self.restarts.append(worker.last_words())
                self.workers[name] = self.deployment.start(name)
