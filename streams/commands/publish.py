"""`tollstream publish`: check event files, then send them to the events topic."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from schemas.codec import decode
from schemas.dead_letter import Refusal
from streams.commands.log_options import settings_of_environment
from streams.commands.progress import track
from streams.commands.reporting import reported
from streams.explain.words import REFUSALS
from streams.kafka.send import Outgoing, send_inputs
from streams.line_files import STANDARD, InputLine, check_readable, read_files
from streams.log_source import place_text

REFUSED_SHOWN: Final = 20


@click.command(epilog="Example: tollstream publish events.jsonl")
@click.argument("events", nargs=-1, required=True, metavar="EVENTS...")
def command(events: tuple[str, ...]) -> None:
    """Send EVENTS (JSON lines, `-` for stdin) to the events topic, keyed by tenant.

    All lines are checked first; nothing is sent if one of them is refused. Sending a file twice
    is harmless: each call is charged once.
    """
    with reported(), _readable_twice(events) as names:
        settings = settings_of_environment()
        check_readable(names)
        count, refused = _check(track(read_files(names), "Checking"))
        if refused:
            raise click.ClickException(
                f"{refused:,} of {count:,} lines are refused, nothing was sent"
            )
        sent = send_inputs(settings, track(_outgoing(names), "Sending", total=count))
    click.echo(f"{sent:,} events sent to {settings.events_topic}", err=True)


@contextmanager
def _readable_twice(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Give standard input a file, because every line is read to check and again to send."""
    if STANDARD not in names:
        yield names
        return
    with tempfile.NamedTemporaryFile(prefix="tollstream-publish-") as spool:
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        yield tuple(spool.name if name == STANDARD else name for name in names)


def _check(lines: Iterator[InputLine]) -> tuple[int, int]:
    """Count all lines and the refused ones; name the first of these."""
    count = refused = 0
    for count, line in enumerate(lines, 1):  # noqa: B007 - returned
        event = decode(line.raw)
        if isinstance(event, Refusal):
            refused += 1
            if refused <= REFUSED_SHOWN:
                words = f"{REFUSALS[event.reason]} ({event.reason.value}: {event.detail})"
                click.echo(f"{place_text(line.position)}: refused, {words}", err=True)
    return count, refused


def _outgoing(names: tuple[str, ...]) -> Iterator[Outgoing]:
    for line in read_files(names):
        event = decode(line.raw)
        if isinstance(event, Refusal):
            place = place_text(line.position)
            raise click.ClickException(f"{place} changed while it was sent; send the rest again")
        yield Outgoing(event.tenant.encode(), line.raw)
