"""`tollstream worker`: rates the events topic into the ledger topic until told to stop."""

import os

import click

from streams.settings import Settings, SettingsError


@click.command(epilog="Example: TOLLSTREAM_BROKERS=kafka:9092 tollstream worker")
def command() -> None:
    """Run the rating worker.

    Settings come from TOLLSTREAM_ variables. Run one per core, each with its own
    TOLLSTREAM_WORKER_ID and data directory. Stop it with SIGTERM.

    Exit codes: 0 told to stop, 2 a wrong setting, 3 stopped to stay right, 4 another worker took
    over, 5 local store or disk. Restart it after 3, 4 and 5; nothing is lost and nothing is charged
    twice.
    """
    # Imported here: Faust takes a second, which `--help` should not.
    from streams.lane.fault_points import VARIABLE, faults_from  # noqa: PLC0415
    from streams.worker import run_worker  # noqa: PLC0415

    try:
        settings = Settings.from_environment(os.environ)
        faults = faults_from(os.environ.get(VARIABLE))
    except (SettingsError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    run_worker(settings, faults)
