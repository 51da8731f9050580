"""The options by which a command says where log and ledger are: files, or Kafka (contracts 4)."""

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from rating.references import ShippedReferences
from streams.file_references import file_references
from streams.kafka.log import KafkaLog
from streams.kafka.references import read_published
from streams.log_source import FileLog, LogSource
from streams.reference_store import LocalReferences
from streams.settings import Settings

_Function = TypeVar("_Function", bound=Callable[..., Any])


def log_options(function: _Function) -> _Function:
    """Add `--from`, `--events`, `--ledger`, `--catalogue` and `--rates` to a command."""
    for option in reversed(
        (
            click.option(
                "--from",
                "source",
                type=click.Choice(["kafka"]),
                help="Read the topics; the default where no file is given.",
            ),
            click.option("--events", multiple=True, metavar="FILE", help="Input log, JSON lines."),
            click.option("--ledger", multiple=True, metavar="FILE", help="Its ledger."),
            *_REFERENCES,
        )
    ):
        function = option(function)
    return function


def reference_options(function: _Function) -> _Function:
    """Add `--catalogue` and `--rates` to a command."""
    for option in reversed(_REFERENCES):
        function = option(function)
    return function


_REFERENCES = (
    click.option("--catalogue", metavar="TOML", help="Catalogue that was used as default."),
    click.option("--rates", metavar="CSV", help="Rate deck that was used as default."),
)


def open_log(
    source: str | None, events: Sequence[str], ledgers: Sequence[str], *, needs: Sequence[str] = ()
) -> LogSource:
    """Return the log that the options name. `needs`: options that must come with files.

    Raises click.UsageError where the options do not fit together, FilesError or
    KafkaUnreadableError where the log cannot be read.
    """
    given = {"--events": events, "--ledger": ledgers}
    if not events and not ledgers:
        return KafkaLog(settings_of_environment())
    if source == "kafka":
        raise click.UsageError("give files or --from kafka, not both")
    for name in needs:
        if not given[name]:
            raise click.UsageError(f"{name} is required when files are read")
    return FileLog(events=events, ledgers=ledgers)


def settings_of_environment() -> Settings:
    """Return this process's settings; raises SettingsError."""
    return Settings.from_environment(os.environ)


def stored_references(catalogue: str | None, rates: str | None) -> ShippedReferences:
    """Return the reference files that can be had without Kafka: named, shipped, kept here."""
    kept = LocalReferences(settings_of_environment().data_dir)
    return file_references(catalogue, rates, find_stored=kept.find)


def find_references(log: LogSource, catalogue: str | None, rates: str | None) -> ShippedReferences:
    """Return the reference files that can be had: named, shipped, published or kept here (D-79)."""
    if not isinstance(log, KafkaLog):
        return stored_references(catalogue, rates)
    settings = settings_of_environment()
    published = [raw for _, raw in read_published(settings).files.values()]
    kept = LocalReferences(settings.data_dir)
    return file_references(catalogue, rates, more=published, find_stored=kept.find)
