"""`tollstream broker`: a local Apache Kafka to try and test with."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from streams.local_broker import BrokerError, BrokerStatus, LocalBroker
from streams.local_broker.broker import PORT_DEFAULT
from streams.local_broker.folders import default_home
from streams.local_broker.jars import Jar, fetch_jars

HOME = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of a broker apart from the usual one.",
)


@click.group(epilog="Example: tollstream broker start --nodes 3")
def command() -> None:
    """Start, stop or look at a local Apache Kafka, for trying and testing.

    It listens on this machine only. Its data survives a stop and a crash.
    """


@command.command(epilog="Example: tollstream broker start --port 19092")
@click.option("--nodes", type=click.Choice(["1", "3"]), help="Size of the cluster. [default: 1]")
@click.option(
    "--port",
    type=click.IntRange(1, 65_533),
    help=f"Port of the first node; the others take the next ones. [default: {PORT_DEFAULT}]",
)
@click.option("--clean", is_flag=True, help="Remove the data of an earlier one first.")
@HOME
def start(*, nodes: str | None, port: int | None, clean: bool, home: Path | None) -> None:
    """Start it, and wait until it answers.

    The first start downloads Kafka (56 MB) into the user's cache. Prints where clients connect.
    """
    broker = local_broker(home or default_home(), port, int(nodes) if nodes else None)
    with reported():
        if clean:
            broker.stop(clean=True)
        started = broker.start()
        _console().print(_describe(broker.status()) if started else "it is running already")
    click.echo(broker.bootstrap)


@command.command(epilog="Example: tollstream broker stop --clean")
@click.option("--clean", is_flag=True, help="Remove its data, too.")
@HOME
def stop(*, clean: bool, home: Path | None) -> None:
    """Stop it; the data stays, unless --clean is given."""
    with reported():
        stopped = LocalBroker(home or default_home()).stop(clean=clean)
    words = "stopped" if stopped else "it was not running"
    _console().print(words + ("; its data is removed" if clean else ""))


@command.command(epilog="Example: tollstream broker status")
@HOME
@click.pass_context
def status(ctx: click.Context, home: Path | None) -> None:
    """Say whether it runs; exits 1 if it was started and is gone."""
    with reported():
        found = LocalBroker(home or default_home()).status()
    click.echo(_describe(found))
    ctx.exit(1 if found.kind == "killed" else 0)


def local_broker(
    home: Path, port: int | None, nodes: int | None, *, short_lived: bool = False
) -> LocalBroker:
    """Return the broker of `home`, showing on stderr what it does."""
    return LocalBroker(
        home,
        port,
        nodes,
        short_lived=short_lived,
        say=_console().print,
        download=_fetch_with_progress,
    )


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Turn the broker's error into the command's one line."""
    try:
        yield
    except BrokerError as error:
        raise click.ClickException(str(error)) from error


def _console() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def _fetch_with_progress(missing: list[Jar], folder: Path) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_console()) as progress:
        task = progress.add_task(
            f"downloading Apache Kafka ({len(missing)} of its jars)",
            total=sum(jar.size_bytes for jar in missing),
        )
        fetch_jars(folder, missing, lambda count: progress.advance(task, count))


def _describe(found: BrokerStatus) -> str:
    """Say in a line or two how the broker stands."""
    if found.kind == "empty":
        return "there is none; `tollstream broker start` makes one"
    if found.kind == "stopped":
        return f"stopped; its data is kept in {found.nodes[0].folder.parent}"
    lines = []
    for node in found.nodes:
        where = f"node {node.number}, 127.0.0.1:{node.port}"
        if node.number in found.running:
            process_id = found.process_ids[node.number]
            lines.append(f"{where}: running, process {process_id}, log {node.log}")
        elif node.number in found.dead:
            lines.append(
                f"{where}: was killed or crashed, see {node.log}; "
                "`tollstream broker start` goes on with its data"
            )
        else:
            lines.append(f"{where}: stopped")
    return "\n".join(lines)
