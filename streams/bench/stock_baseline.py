"""A plain Faust agent, as Faust's documentation writes one: a table look-up, a change, an output.

For each call, one event at a time, with Faust's own settings (at least once, offsets committed
every 2.8 s, acknowledged events): Faust decodes the JSON (its codec is orjson here), the agent
reads the tenant's balance from a RocksDB table and sets it, which Faust sends to the table's
changelog, and sends one record keyed by the tenant to the output topic: the call's id, the new
balance, and the ledger records that the core wrote for a call of this log, so as many bytes as the
ledger has, encoded by the same codec. The output topic has the settings of the events topic.

The time counts until every changelog record and every output is acknowledged. Nothing is done to
make it slow: no web server, no leader topic, no standby tables, and its buffer of unsent changelog
records is far larger than Faust's own.

It promises nothing of what the worker promises, and its rule is minutes rounded up; it is here to
show what the framework's own way of moving events costs.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import faust

from streams.bench.copy_baseline import read_lines
from streams.bench.jobs import Job
from streams.settings import Settings

WARM_UP_EVENTS: Final = 500
SECONDS_PER_MINUTE: Final = 60
BUFFER_MESSAGES: Final = 10_000
"""Changelog records that may wait to be sent; at Faust's own 100 the agent would wait for them."""


def measure_stock(job: Job, settings: Settings) -> dict[str, Any]:
    """Run the agent until `job.calls` calls are done or `job.seconds_max` has passed.

    Answers by itself, as Faust's worker does not come back from its loop.
    """
    with tempfile.TemporaryDirectory(prefix="tollstream-stock-") as folder:
        app = _app(job, settings, Path(folder))
        _attach(app, job, settings)
        worker = faust.Worker(app, override_logging=False, quiet=True, loglevel="error")
        worker.spinner = None
        worker.execute_from_commandline()
    raise SystemExit("Faust ended before it had measured anything")


def _app(job: Job, settings: Settings, folder: Path) -> Any:
    return faust.App(
        f"{job.output_topic}-agent",
        broker=[f"kafka://{broker}" for broker in settings.brokers],
        store="rocksdb://",
        datadir=str(folder),
        topic_partitions=settings.partitions,
        topic_replication_factor=1,
        topic_disable_leader=True,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        worker_redirect_stdouts=False,
        web_enabled=False,
        key_serializer="raw",
        value_serializer="json",
    )


def _attach(app: Any, job: Job, settings: Settings) -> None:
    source = app.topic(settings.events_topic, key_type=bytes, value_serializer="json")
    output = app.topic(job.output_topic, key_serializer="raw", value_serializer="json")
    balances = app.Table("balances", default=int, partitions=settings.partitions)
    ledger = [[json.loads(line) for line in lines] for lines in read_lines(job.lines_file)]
    done = 0
    begun = cpu_begun = 0.0

    async def rate(stream: Any) -> None:
        nonlocal done, begun, cpu_begun
        app.producer.buffer.max_messages = BUFFER_MESSAGES
        async for event in stream.events():
            call = event.value
            tenant = event.key.decode()
            minutes = -(-call["data"]["duration_seconds"] // SECONDS_PER_MINUTE)
            used = balances[tenant] + minutes
            balances[tenant] = used
            answer = {"id": call["id"], "used": used, "records": ledger[done % len(ledger)]}
            await output.send(key=event.key, value=answer, partition=event.message.partition)
            done += 1
            if done == WARM_UP_EVENTS:
                await app.producer.flush()
                begun, cpu_begun = time.perf_counter(), time.process_time()
            elif done > WARM_UP_EVENTS:
                enough = time.perf_counter() - begun > job.seconds_max
                if enough or done >= job.calls:
                    await app.producer.flush()
                    _answer(
                        done - WARM_UP_EVENTS,
                        time.perf_counter() - begun,
                        time.process_time() - cpu_begun,
                    )

    app.agent(source)(rate)


def _answer(calls: int, wall: float, cpu: float) -> None:
    answer = {"calls": calls, "wall_seconds": wall, "cpu_seconds": cpu}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    os._exit(0)
