"""`tollstream generate`: a synthetic event log."""

import sys
from pathlib import Path
from typing import BinaryIO, Final

import click

from rating.calendar import month_text, parse_month
from streams.generate import LogOptions, generate
from streams.line_files import STANDARD

LINES_AT_A_TIME: Final = 1_000
"""Lines written with one call; a line is about 600 B."""
FIRST_MONTH: Final = parse_month("1972-01")
"""Times before 1970 are refused; the scripted tenants also send calls of the year before."""
LAST_MONTH: Final = parse_month("9990-12")
"""Room for what the scripted tenants send up to two years later, below the year 9999."""


@click.command(epilog="Example: tollstream generate --tenants 50 --calls 100000 > events.jsonl")
@click.option("--tenants", type=click.IntRange(0), default=20, show_default=True)
@click.option("--calls", type=click.IntRange(0), default=10_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--start", default="2021-03", show_default=True, help="First month, YYYY-MM.")
@click.option("--months", type=click.IntRange(1), default=2, show_default=True)
@click.option(
    "--scripted/--no-scripted",
    default=True,
    help="With or without the show-... tenants that make every kind of record.",
)
@click.option(
    "--month-starts/--no-month-starts",
    default=True,
    help="With or without period.started, which a worker's own timer sends as well.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Default: standard output.",
)
def command(
    *,
    tenants: int,
    calls: int,
    seed: int,
    start: str,
    months: int,
    scripted: bool,
    month_starts: bool,
    output: Path | None,
) -> None:
    """Write seeded synthetic events, one JSON line each.

    The same options give the same bytes. Calls of random tenants follow documented distributions;
    the scripted tenants show-... make every event type, outcome, reason, purse and flag.
    """
    try:
        start_month = parse_month(start)
    except ValueError as error:
        raise click.UsageError(f"--start {start}: {error}") from None
    if not FIRST_MONTH <= start_month <= LAST_MONTH - (months - 1):
        raise click.UsageError(
            f"--start {start}, --months {months}: the months must lie between "
            f"{month_text(FIRST_MONTH)} and {month_text(LAST_MONTH)}"
        )
    options = LogOptions(tenants, calls, seed, start_month, months, scripted, month_starts)
    if output is None or str(output) == STANDARD:
        _write(options, sys.stdout.buffer)
        return
    try:
        with output.open("wb") as file:
            _write(options, file)
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None


def _write(options: LogOptions, file: BinaryIO) -> None:
    lines: list[bytes] = []
    for line in generate(options):
        lines.append(line)
        if len(lines) == LINES_AT_A_TIME:
            file.write(b"\n".join(lines) + b"\n")
            lines.clear()
    if lines:
        file.write(b"\n".join(lines) + b"\n")
    file.flush()
