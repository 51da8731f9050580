"""Microseconds of the codec over distinct events: `python -m tests.benchmarks.codec`.

Processor time: the median and the best of repeats over the same few thousand events. The first
lines are the parts that no codec can leave out, to compare with on a busy machine.
"""

import gc
import hashlib
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from schemas.calls import CallEnded
from schemas.codec import FIRST_HASH, decode, decode_exactly, encode_event, encode_record
from schemas.envelope import Event
from schemas.ledger import CallRated, Destination, LedgerRecord, Leg, PassedOver, Price

EVENTS = 4_000
REPEATS = 15
START = datetime(2021, 3, 1, tzinfo=UTC)


def event(number: int) -> Event:
    """Return a usual call, no two alike."""
    started_at = START + timedelta(seconds=number * 37)
    ended_at = started_at + timedelta(seconds=number % 3_600)
    call = CallEnded(
        usage_id=f"7f0c9e4a-52b1-4c0e-9a57-{number:012d}",
        call_type="user_out",
        user_id=f"user-{number % 500:05d}@contoso.example",
        caller=f"+1206555{number % 10_000:04d}",
        callee=f"+4420794600{number % 100:02d}",
        started_at=started_at,
        ended_at=ended_at,
        duration_seconds=number % 3_600,
    )
    event_id = f"7f0c9e4a-52b1-4c0e-9a58-{number:012d}"
    return Event("contoso", "mediation/graph", event_id, ended_at, call)


def record(number: int, legs: int) -> LedgerRecord:
    """Return a rated call with a pool leg and, for two, a credits leg."""
    pool = "US/MCOPSTN1/domestic/2021-03"
    price = Price("4420", None, START)
    both = (
        Leg("pool", pool, "MCOPSTN1", 3, None, 0, 0, number, None),
        Leg("credits", None, "MCOPSTNPP", 2, 1_500_000, 0, 3_000_000, number * 1_500_000, price),
    )
    data = CallRated(
        usage_id=f"7f0c9e4a-52b1-4c0e-9a57-{number:012d}",
        outcome="rated",
        reason=None,
        user_id=f"user-{number % 500:05d}@contoso.example",
        call_type="user_out",
        direction="outbound",
        started_at=START + timedelta(seconds=number),
        period="2021-03",
        destination=Destination("domestic", "GB", "4420"),
        duration_seconds=number % 3_600,
        billed_minutes=5,
        uncovered_minutes=0,
        legs=both[:legs],
        charge=sum(leg.amount for leg in both[:legs]),
        connection_fee=0,
        currency="USD",
        passed_over=(PassedOver("pool", pool, 0, "exhausted"),) if legs > 1 else (),
        flags=(),
        corrects=None,
        difference=None,
        ruleset="441dc668310e",
    )
    return LedgerRecord("contoso", number + 1, START, f"mediation/graph#{number}", data)


def measure(name: str, function: Callable[[Any], Any], inputs: Sequence[Any]) -> None:
    """Print the median and best microseconds of one call."""
    figures = []
    for _ in range(REPEATS):
        begun = time.process_time_ns()
        for value in inputs:
            function(value)
        figures.append((time.process_time_ns() - begun) / len(inputs) / 1_000)
    line = f"{name:<44} median {statistics.median(figures):7.2f} us   best {min(figures):7.2f} us\n"
    sys.stdout.write(line)


def main() -> None:
    """Print all figures."""
    events = [event(number) for number in range(EVENTS)]
    raws = [encode_event(each) for each in events]
    one, two = ([record(number, legs) for number in range(EVENTS)] for legs in (1, 2))
    lines = [encode_record(each, FIRST_HASH)[0] for each in two]
    mean = sum(map(len, raws)) / len(raws)
    sys.stdout.write(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {EVENTS} events of "
        f"{mean:.0f} bytes, load {os.getloadavg()[0]:.1f}\n"
    )
    gc.freeze()

    def seal(each: LedgerRecord) -> tuple[bytes, bytes]:
        return encode_record(each, FIRST_HASH)

    measure("orjson.loads alone", orjson.loads, raws)
    measure("SHA-256 of a record alone", lambda line: hashlib.sha256(line).digest(), lines)
    measure("decode call.ended", lambda raw: decode(raw, b"contoso"), raws)
    measure("decode call.ended, exact path", decode_exactly, raws)
    measure("encode_event call.ended", encode_event, events)
    measure("encode_record call.rated, pool", seal, one)
    measure("encode_record call.rated, pool and credits", seal, two)


if __name__ == "__main__":
    main()
