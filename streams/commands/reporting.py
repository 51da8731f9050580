"""How a command tells a person what went wrong: one clear line, no traceback (contracts 4)."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from rating.references import ChangedReferenceError, UnknownReference
from streams.audit.versions import VersionNotCarriedError
from streams.kafka.log import KafkaUnreadableError
from streams.line_files import FilesError
from streams.settings import SettingsError


class WrongSetting(click.ClickException):
    """A setting in the environment is wrong; exit 2 like wrong usage."""

    exit_code = 2


@contextmanager
def reported() -> Iterator[None]:
    """Turn what the user can do something about into its one line; our own faults pass through."""
    try:
        yield
    except FilesError as error:
        for detail in error.details:
            click.echo(detail, err=True)
        raise click.ClickException(str(error)) from error
    except (
        UnknownReference,
        ChangedReferenceError,
        VersionNotCarriedError,
        KafkaUnreadableError,
    ) as error:
        raise click.ClickException(str(error)) from error
    except SettingsError as error:
        raise WrongSetting(str(error)) from error
