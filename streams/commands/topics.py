"""`tollstream topics`: makes or checks all topics of a deployment."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

from streams.commands.log_options import settings_of_environment
from streams.commands.reporting import reported
from streams.kafka.log import readable
from streams.kafka.topics import create_topics, find_problems, topic_plans
from streams.settings import Settings

ResultT = TypeVar("ResultT")


@click.group(epilog="Example: tollstream topics create")
def command() -> None:
    """Make or check the topics: events, ledger, dead letters, reference and the changelogs."""


@command.command(epilog="Example: TOLLSTREAM_PARTITIONS=48 tollstream topics create")
def create() -> None:
    """Make the topics that are missing, then check all of them.

    TOLLSTREAM_PARTITIONS can never be changed later: start with enough.
    """
    settings = settings_of_environment()
    made = _run(create_topics(settings), settings)
    for name in made:
        click.echo(f"{name}: made")
    _report(settings, waiting_for=made)


@command.command(epilog="Example: tollstream topics check")
def check() -> None:
    """Compare the topics with what the engine needs; exits 1 and tells each difference."""
    _report(settings_of_environment(), waiting_for=[])


def _report(settings: Settings, waiting_for: list[str]) -> None:
    problems = _run(_problems(settings, waiting_for), settings)
    for line in problems:
        click.echo(line)
    if problems:
        raise click.ClickException(f"{len(problems)} problem(s) with the topics")
    click.echo(f"{len(topic_plans(settings))} topics are as they must be")


async def _problems(settings: Settings, waiting_for: list[str]) -> list[str]:
    """Return the problems; topics made just now may take a moment to be known everywhere."""
    for _ in range(20):
        problems = await find_problems(settings)
        if not any(
            line.startswith(f"{name}: does not") for line in problems for name in waiting_for
        ):
            break
        await asyncio.sleep(0.1)
    return problems


def _run(work: Coroutine[Any, Any, ResultT], settings: Settings) -> ResultT:
    with reported(), readable(settings):
        return asyncio.run(work)
