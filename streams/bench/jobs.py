"""One measurement in a process of its own: what it is told, what it answers, both as JSON."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from streams.bench.pace import Pace
from streams.own_program import own_program

Kind = Literal["copy", "copy_by_record", "stock", "core", "live"]

PREFIX: Final = "TOLLSTREAM_"
TIMEOUT_SECONDS: Final = 900.0
"""A measurement that takes so much longer than its feed hangs."""


class MeasurementError(Exception):
    """A measured process failed; the text is one line."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a child measures. Not every kind uses every member.

    `starts` and `ends` are the offsets of the calls in each partition of the events topic;
    `lines_file` is where the core writes ledger lines as samples, and where the baselines that only
    move bytes find them; `output_topic` is where stock Faust writes. `first_call` and `calls` say
    which calls of the log; `seconds_max` bounds a slow one. A live feed goes by `pace` (the phases
    of `Pace`), tells nothing of its first `warm_up_calls`, and is in the next month with
    `next_month`.
    """

    kind: Kind
    tenants: int
    log_calls: int
    seed: int
    first_call: int
    calls: int
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    output_topic: str = ""
    lines_file: str = ""
    seconds_max: float = 0.0
    pace: tuple[tuple[int, float], ...] = ()
    warm_up_calls: int = 0
    next_month: bool = False

    def to_json(self) -> str:
        """Return the job as a child reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Read what `to_json` wrote."""
        members: dict[str, Any] = json.loads(text)
        for name in ("starts", "ends"):
            members[name] = tuple(members[name])
        members["pace"] = tuple((calls, rate) for calls, rate in members["pace"])
        return cls(**members)


def child_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return our environment with these `TOLLSTREAM_` settings and no others."""
    rest = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
    return rest | dict(variables)


def run_job(job: Job, variables: Mapping[str, str]) -> dict[str, Any]:
    """Run a job in a process of its own and return its answer; raises MeasurementError."""
    timeout_seconds = TIMEOUT_SECONDS + Pace(job.pace).seconds
    command = own_program("streams.bench.child", job.to_json())
    child = subprocess.Popen(  # noqa: S603 - our own command line
        command,
        env=child_environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        output, complaints = child.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"{job.kind}: not done in {timeout_seconds:.0f} s") from None
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if child.returncode:
        last = (complaints.strip().splitlines() or ["no word"])[-1]
        raise MeasurementError(f"{job.kind}: exit code {child.returncode}: {last}")
    answer: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return answer
