"""`tollstream rate`: the engine over files, no broker."""

import json
from pathlib import Path
from typing import Final

import click

from rating.balances import balances
from rating.memory_store import MemoryStore
from streams.collector import without_collector
from streams.commands.log_options import stored_references
from streams.commands.progress import track
from streams.commands.reporting import reported
from streams.engine import build_engine
from streams.line_files import (
    STANDARD,
    InputLine,
    OutputFiles,
    check_outputs,
    check_readable,
    read_files,
    total_bytes,
)
from streams.rate_files import RateSummary, rate_lines

LEDGER_SUFFIX: Final = ".jsonl"
DEAD_LETTER_SUFFIX: Final = ".dead-letter.jsonl"


@click.command(epilog="Example: tollstream rate events.jsonl --ledger ledger.jsonl")
@click.argument("events", nargs=-1, required=True, metavar="EVENTS...")
@click.option("--ledger", required=True, metavar="OUT", help="The ledger, `-` for stdout.")
@click.option("--balances", "balances_file", metavar="FILE", help="Pools and credits at the end.")
@click.option(
    "--dead-letter",
    metavar="FILE",
    help="Refused lines; default: the ledger's name with .dead-letter.jsonl.",
)
@click.option("--catalogue", metavar="TOML", help="Replaces the shipped catalogue.")
@click.option("--rates", metavar="CSV", help="Replaces the shipped rate deck.")
def command(
    *,
    events: tuple[str, ...],
    ledger: str,
    balances_file: str | None,
    dead_letter: str | None,
    catalogue: str | None,
    rates: str | None,
) -> None:
    """Rate EVENTS (JSON lines, `-` for stdin) in the order given and write the ledger.

    Refused lines go to the dead letter with their reason; the exit code is 0 all the same.
    """
    letters = dead_letter or default_dead_letter(ledger)
    outputs = [ledger, letters, *([balances_file] if balances_file else [])]
    inputs = [*events, *(name for name in (catalogue, rates) if name)]
    with reported():
        check_readable(inputs)
        check_outputs(outputs, inputs)
        summary = _rate(
            events=events,
            ledger=ledger,
            letters=letters,
            balances_file=balances_file,
            catalogue=catalogue,
            rates=rates,
        )
    click.echo(summary.text(), err=True)


def default_dead_letter(ledger: str) -> str:
    """Return the dead letter's name beside a ledger; wrong usage where there is none."""
    if ledger == STANDARD:
        raise click.UsageError("--dead-letter is required with --ledger -")
    return ledger.removesuffix(LEDGER_SUFFIX) + DEAD_LETTER_SUFFIX


def _rate(
    *,
    events: tuple[str, ...],
    ledger: str,
    letters: str,
    balances_file: str | None,
    catalogue: str | None,
    rates: str | None,
) -> RateSummary:
    engine = build_engine(stored_references(catalogue, rates))
    store = MemoryStore()
    with without_collector(), OutputFiles() as outputs:
        ledger_out, letters_out = outputs.open(ledger), outputs.open(letters)
        balances_out = outputs.open(balances_file) if balances_file else None
        lines = track(read_files(events), "Rating", total_bytes(events), _Behind(events))
        summary = rate_lines(engine, store, lines, ledger_out.write_line, letters_out.write_line)
        if balances_out is not None:
            balances_out.write_line(balances_json(store, summary.tenants))
    return summary


class _Behind:
    """Says how many bytes of all input files lie behind a line."""

    def __init__(self, events: tuple[str, ...]) -> None:
        self._before = {}
        total = 0
        for name in events:
            self._before[name] = total
            total += Path(name).stat().st_size if name != STANDARD else 0

    def __call__(self, line: InputLine) -> int:
        return self._before.get(line.position.file, 0) + line.end


def balances_json(store: MemoryStore, tenants: set[str]) -> bytes:
    """Return the balances file of contracts section 4, keys sorted."""
    content = balances(store, sorted(tenants))
    return json.dumps(content, sort_keys=True, ensure_ascii=False, indent=2).encode()
