"""`tollstream bench`: how fast the worker is, against what."""

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from streams.bench.campaign import STOCK_SECONDS, Campaign, Plan
from streams.bench.jobs import MeasurementError
from streams.bench.machine import provenance
from streams.bench.results import Figures, LongRun, to_json
from streams.bench.table import report
from streams.commands.broker import local_broker
from streams.commands.broker import reported as broker_reported
from streams.commands.reporting import reported
from streams.demo.stage import ACCESS, stopped_by_signals
from streams.kafka.log import readable
from streams.local_broker import free_port
from streams.settings import Settings

FULL: Final = {"tenants": (200, 10_000, 1_000_000), "partitions": (1, 4, 8), "processes": (1, 2)}
MEDIUM: Final = {"tenants": FULL["tenants"], "partitions": (4,), "processes": (1, 2)}
QUICK: Final = {"tenants": (200,), "partitions": (1,), "processes": (1,)}
MONTHS_MAX: Final = 1_000
FULL_CALLS: Final = 600_000
"""Twenty seconds of work at the target rate, enough chunks for each of eight partitions."""
FULL_REPEATS: Final = 3
QUICK_CALLS: Final = 120_000
QUICK_STOCK_SECONDS: Final = 5.0


class WholeNumbers(click.ParamType):
    """Positive whole numbers with commas between them."""

    name = "numbers"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the numbers; a wrong one is a usage error."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if not all(part.isascii() and part.isdigit() and int(part) for part in parts):
            self.fail(f"{value!r} is not like 1,4,8", param, ctx)
        return tuple(int(part) for part in parts)


@click.command(epilog="Example: tollstream bench --quick --json bench.json")
@click.option("--brokers", metavar="HOST:PORT,...", help="Use this Kafka, not one of its own.")
@click.option("--quick", is_flag=True, help="One small configuration, once: about two minutes.")
@click.option("--medium", is_flag=True, help="All numbers of tenants, 4 partitions.")
@click.option("--tenants", type=WholeNumbers(), help="[default: 200,10000,1000000; quick: 200]")
@click.option("--partitions", type=WholeNumbers(), help="[default: 1,4,8; medium: 4; quick: 1]")
@click.option("--processes", type=WholeNumbers(), help="[default: 1,2; quick: 1]")
@click.option("--calls", type=click.IntRange(20_000), help="[default: 600000; quick: 120000]")
@click.option(
    "--repeats",
    type=click.IntRange(1),
    help="[default: 3; quick: 1; medium: 3, but 1 with 100,000 tenants or more]",
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--latency/--no-latency", default=True, help="Measure latency at half load.")
@click.option("--month-start", is_flag=True, help="Also while the next month begins for all.")
@click.option(
    "--months",
    type=click.IntRange(1, MONTHS_MAX),
    default=1,
    help="Also the same calls spread over so many months, with up to 10,000 tenants.",
)
@click.option("--catch-up", is_flag=True, help="Also how fast lost local stores come back.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all here."
)
def command(*, brokers: str | None, json_file: Path | None, **options: Any) -> None:
    """Measure the worker on a real Kafka, beside what it is compared with.

    Every configuration moves the same calls: copied without looking at them, by a plain Faust
    agent, by a real worker, and by the rating core alone. Compare within one run, and leave the
    machine alone meanwhile. Prints tables in Markdown; topics and workers are removed.

    Setting up a million tenants takes minutes each time, and a month's start for them ten. So with
    all options the full size takes three to four hours on two cores of one's own; --medium, with
    one repeat for a million tenants, about one.
    """
    plan = _plan(**options)
    where = provenance()
    all_figures: list[Figures] = []
    long_runs: list[LongRun] = []
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        with reported(), broker_reported(), stopped_by_signals(), _cluster(brokers) as made:
            variables, folder, name = made
            with readable(Settings.from_environment(variables)):
                campaign = Campaign(plan, variables, folder, name, _say(console))
                # Written as it grows: what was measured in hours outlives a failure at their end.
                for figures in campaign.run():
                    all_figures.append(figures)
                    _write(json_file, to_json(where, asdict(plan), all_figures, long_runs))
                for run in campaign.run_long():
                    long_runs.append(run)
                    _write(json_file, to_json(where, asdict(plan), all_figures, long_runs))
    except MeasurementError as error:
        raise click.ClickException(str(error)) from error
    click.echo(report(where, all_figures, long_runs))


def _plan(
    *,
    quick: bool,
    medium: bool,
    tenants: tuple[int, ...] | None,
    partitions: tuple[int, ...] | None,
    processes: tuple[int, ...] | None,
    calls: int | None,
    repeats: int | None,
    seed: int,
    latency: bool,
    month_start: bool,
    months: int,
    catch_up: bool,
) -> Plan:
    """Return what the options ask for; raises UsageError where they contradict each other."""
    if quick and medium:
        raise click.UsageError("--quick and --medium are two sizes; take one")
    if month_start and not latency:
        raise click.UsageError("--month-start is measured by latency; leave --no-latency away")
    size = QUICK if quick else MEDIUM if medium else FULL
    return Plan(
        tenants=tenants or size["tenants"],
        partitions=partitions or size["partitions"],
        processes=processes or size["processes"],
        calls=calls or (QUICK_CALLS if quick else FULL_CALLS),
        repeats=repeats or (1 if quick else FULL_REPEATS),
        repeats_of_many=repeats or (1 if quick or medium else FULL_REPEATS),
        seed=seed,
        latency=latency,
        month_start=month_start,
        catch_up=catch_up,
        months=months,
        stock_seconds=QUICK_STOCK_SECONDS if quick else STOCK_SECONDS,
    )


def _write(file: Path | None, content: dict[str, Any]) -> None:
    if file is not None:
        file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _say(console: Console) -> Callable[[str], None]:
    def say(line: str) -> None:
        console.print(line, markup=False)

    return say


@contextmanager
def _cluster(brokers: str | None) -> Iterator[tuple[dict[str, str], Path, str]]:
    """Yield settings, a folder and a name for topics; an own Kafka is stopped and removed."""
    folder = Path(tempfile.mkdtemp(prefix="tollstream-bench-"))
    name = f"tollstream-bench-{secrets.token_hex(4)}"
    access = {key: text for key, text in os.environ.items() if key.startswith(ACCESS)}
    broker = None if brokers else local_broker(folder / "kafka", free_port(), None)
    try:
        if broker is not None:
            broker.start()
        bootstrap = brokers if broker is None else broker.bootstrap
        yield {"TOLLSTREAM_BROKERS": bootstrap or "", **(access if brokers else {})}, folder, name
    finally:
        if broker is not None:
            broker.stop(clean=True)
        shutil.rmtree(folder, ignore_errors=True)
