"""`tollstream dead-letter`: list, show and requeue refused inputs."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, TypeVar

import click

from schemas.codec import decode, encode_dead_letter, parse_instant
from schemas.dead_letter import Reason, Refusal
from streams.commands.log_options import settings_of_environment
from streams.commands.reporting import reported
from streams.dead_letters import (
    FoundLetter,
    LetterFilter,
    choose,
    letter_time,
    letters_of_files,
    letters_of_topic,
    shown_input,
)
from streams.explain.call_text import instant_text
from streams.explain.words import REFUSALS
from streams.kafka.send import Outgoing, send_inputs
from streams.line_files import STANDARD, FilesError, OutputFiles, read_lines
from streams.log_source import place_text

REASONS: Final = [reason.value for reason in Reason]
_Function = TypeVar("_Function", bound=Callable[..., Any])


class _Instant(click.ParamType):
    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return value if isinstance(value, datetime) else parse_instant(str(value))
        except ValueError:
            self.fail(f"{value!r} is no RFC 3339 time, such as 2021-03-31T23:58:07Z", param, ctx)


def _letter_options(function: _Function) -> _Function:
    for option in reversed(
        (
            click.option("--file", "files", multiple=True, help="Read a file, not the topic."),
            click.option(
                "--reason", type=click.Choice(REASONS), metavar="CODE", help="One reason."
            ),
            click.option("--tenant", help="One tenant."),
            click.option("--since", type=_Instant(), help="Received at this time or later."),
            click.option("--until", type=_Instant(), help="Received before this time."),
        )
    ):
        function = option(function)
    return function


@click.group(epilog="Example: tollstream dead-letter list --reason invalid_number")
def command() -> None:
    """List, show or requeue refused inputs, from the dead-letter topic or a file."""


@command.command(
    "list", epilog="Example: tollstream dead-letter list --tenant contoso --reason too_late"
)
@_letter_options
@click.option("--json", "as_json", is_flag=True, help="The whole dead letters, one a line.")
def list_command(*, files: tuple[str, ...], as_json: bool, **limits: Any) -> None:
    """List refused inputs: name, time, tenant, reason."""
    counts: Counter[str] = Counter()
    with reported():
        for found in choose(_letters(files), LetterFilter(**limits)):
            counts[found.letter.refusal.reason.value] += 1
            click.echo(encode_dead_letter(found.letter).decode() if as_json else _list_line(found))
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in counts.most_common())
    click.echo(f"{counts.total():,} dead letters" + (f": {reasons}" if reasons else ""), err=True)


@command.command("show", epilog="Example: tollstream dead-letter show 3:1207")
@click.argument("name")
@click.option("--file", "files", multiple=True, help="Read a file, not the topic.")
@click.option("--raw", is_flag=True, help="The input's own bytes, nothing masked.")
def show_command(*, name: str, files: tuple[str, ...], raw: bool) -> None:
    """Show one refused input; NAME as `list` prints it. Phone numbers are masked."""
    with reported():
        found = next(choose(_letters(files), LetterFilter(names=frozenset({name}))), None)
    if found is None:
        raise click.ClickException(f"no dead letter is named {name}, see `dead-letter list`")
    if raw:
        sys.stdout.buffer.write(found.letter.raw + b"\n")
        return
    refusal = found.letter.refusal
    click.echo(f"Input {name} was refused, because {REFUSALS[refusal.reason]}.")
    click.echo(f"  reason    {refusal.reason.value}: {refusal.detail}")
    click.echo(f"  tenant    {refusal.tenant or 'unreadable'}")
    click.echo(f"  position  {place_text(found.letter.position)}")
    click.echo(f"  time      {_time_text(found)}")
    click.echo(shown_input(found.letter.raw))


@command.command(
    "requeue", epilog="Example: tollstream dead-letter requeue 3:1207 --with mended.jsonl"
)
@click.argument("names", nargs=-1, metavar="[NAME...]")
@_letter_options
@click.option("--all", "everything", is_flag=True, help="Every dead letter.")
@click.option("--with", "mended", metavar="FILE", help="Send these events in place of one NAME.")
@click.option("--to", "target", metavar="FILE", help="Write a file instead of the events topic.")
def requeue_command(
    *,
    names: tuple[str, ...],
    files: tuple[str, ...],
    everything: bool,
    mended: str | None,
    target: str | None,
    **limits: Any,
) -> None:
    """Send refused inputs to the events topic again: their own bytes, or a mended file.

    The dead letters stay where they are. Requeueing twice is harmless: each call is charged once.
    """
    chosen = LetterFilter(names=frozenset(names), **limits)
    if chosen.is_open and not everything:
        raise click.UsageError("name the dead letters, give a limit such as --reason, or --all")
    if mended is not None and len(names) != 1:
        raise click.UsageError("--with takes the place of exactly one NAME")
    with reported():
        letters = list(choose(_letters(files), chosen))
        if not letters:
            raise click.ClickException("no dead letter is meant by this, see `dead-letter list`")
        missing = chosen.names - {found.name for found in letters}
        if missing:
            raise click.ClickException(f"no dead letter is named {', '.join(sorted(missing))}")
        outgoing = list(_mended(mended) if mended is not None else _own_bytes(letters))
        if not outgoing:
            raise FilesError(f"{mended} holds no event, nothing was requeued")
        where = _requeue(outgoing, target)
    click.echo(f"{len(outgoing):,} events requeued to {where}", err=True)


def _requeue(outgoing: list[Outgoing], target: str | None) -> str:
    if target is None:
        settings = settings_of_environment()
        send_inputs(settings, outgoing)
        return settings.events_topic
    for _, raw in outgoing:
        if b"\n" in raw:
            raise FilesError("an input holds line breaks, it cannot be a line of a file")
    with OutputFiles() as outputs:
        file = outputs.open(target)
        for _, raw in outgoing:
            file.write_line(raw)
    return "standard output" if target == STANDARD else target


def _own_bytes(letters: list[FoundLetter]) -> Iterator[Outgoing]:
    for found in letters:
        key = found.key
        if key is None:
            raise FilesError(
                f"{found.name} names no tenant it could be sent for; mend it and use --with"
            )
        yield Outgoing(key, found.letter.raw)


def _mended(name: str) -> Iterator[Outgoing]:
    for line in read_lines(name):
        event = decode(line.raw)
        if isinstance(event, Refusal):
            place = place_text(line.position)
            raise FilesError(
                f"{place} is still refused, because {REFUSALS[event.reason]} ({event.detail})"
            )
        yield Outgoing(event.tenant.encode(), line.raw)


def _letters(files: tuple[str, ...]) -> Iterator[FoundLetter]:
    return letters_of_files(files) if files else letters_of_topic(settings_of_environment())


def _list_line(found: FoundLetter) -> str:
    refusal = found.letter.refusal
    tenant = refusal.tenant or "-"
    return f"{found.name}  {_time_text(found)}  {tenant}  {refusal.reason.value}  {refusal.detail}"


def _time_text(found: FoundLetter) -> str:
    at = letter_time(found.letter)
    return "no time" if at is None else instant_text(at)
