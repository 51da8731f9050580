"""`tollstream audit`: verify a ledger by itself, or rate its log again and compare."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import click

from rating.references import ShippedReferences
from streams.audit.replay import Difference, ReplayResult, replay
from streams.audit.verify import Fault, LedgerVerifier
from streams.audit.versions import TenantEngines, read_defaults
from streams.commands.log_options import find_references, open_log, reference_options
from streams.commands.progress import track
from streams.commands.reporting import reported
from streams.engine import carried_versions
from streams.log_source import LogLine, LogSource, place_text

FAULTS_SHOWN: Final = 20
"""Faults that are named one by one; the count says how many there are."""


@click.group(epilog="Example: tollstream audit verify ledger.jsonl")
def command() -> None:
    """Say whether a ledger is whole, unaltered and right; exit 1 if anything is wrong."""


@command.command(epilog="Example: tollstream audit verify ledger.jsonl")
@click.argument("ledgers", nargs=-1, metavar="LEDGER...")
@click.option("--from", "source", type=click.Choice(["kafka"]), help="Read the ledger topic.")
def verify(ledgers: tuple[str, ...], source: str | None) -> None:
    """Check sequence, hashes, form, and that no minute and no cent appears or disappears."""
    if not ledgers and source is None:
        raise click.UsageError("name a LEDGER, or --from kafka")
    with reported():
        verifier = LedgerVerifier()
        log = open_log(source, (), ledgers)
        faults = _show_first(_faults(verifier, track(_ledger(log), "Verifying")))
    for remark in islice(verifier.remarks(), FAULTS_SHOWN):
        click.echo(f"remark: {remark}", err=True)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in verifier.kinds.most_common())
    click.echo(
        f"{verifier.records:,} records of {verifier.tenants:,} tenants, {faults:,} faults"
        + (f" ({kinds})" if kinds else "")
    )
    if faults:
        raise click.ClickException("the ledger is not right")


@command.command(
    "replay", epilog="Example: tollstream audit replay events.jsonl --ledger ledger.jsonl"
)
@click.argument("events", nargs=-1, metavar="EVENTS...")
@click.option("--ledger", multiple=True, metavar="FILE", help="The ledger to compare with.")
@click.option("--from", "source", type=click.Choice(["kafka"]), help="Read the topics instead.")
@click.option(
    "--behind-ok",
    is_flag=True,
    help="A worker is still rating: records missing at the very end are no fault.",
)
@reference_options
def replay_command(
    *,
    events: tuple[str, ...],
    ledger: tuple[str, ...],
    source: str | None,
    behind_ok: bool,
    catalogue: str | None,
    rates: str | None,
) -> None:
    """Rate EVENTS again and compare with the ledger, byte for byte."""
    if not events and not ledger and source is None:
        raise click.UsageError("name EVENTS and --ledger, or --from kafka")
    with reported():
        log = open_log(source, events, ledger, needs=("--events", "--ledger"))
        references = find_references(log, catalogue, rates)
        results = list(_replays(log, references))
    _tell(results, behind_ok=behind_ok)


def _ledger(log: LogSource) -> Iterator[LogLine]:
    for shard in log.shards():
        yield from shard.ledger()


def _faults(verifier: LedgerVerifier, lines: Iterable[LogLine]) -> Iterator[Fault]:
    for line, position in lines:
        yield from verifier.check(line, place_text(position))
    yield from verifier.finish()


def _show_first(faults: Iterator[Fault]) -> int:
    count = 0
    for count, fault in enumerate(faults, 1):
        if count <= FAULTS_SHOWN:
            click.echo(str(fault), err=True)
    return count


def _replays(log: LogSource, references: ShippedReferences) -> Iterator[ReplayResult]:
    """Replay shard by shard; ends at the first that differs."""
    for shard in log.shards():
        engines = TenantEngines(references, read_defaults(shard.ledger(), carried_versions()))
        result = replay(shard, engines, track(shard.events(), "Rating again"))
        yield result
        if result.difference is not None:
            return


def _tell(results: list[ReplayResult], *, behind_ok: bool) -> None:
    refused: Counter[str] = Counter()
    for result in results:
        refused.update(result.refused)
    tenants = sum(len(result.tenants) for result in results)
    events = sum(result.events for result in results)
    records = sum(result.records for result in results)
    difference = _first(result.difference for result in results)
    missing = sum(result.missing for result in results)
    click.echo(
        f"{events:,} events of {tenants:,} tenants rated again, {records:,} records compared, "
        f"{refused.total():,} refused"
    )
    if difference is None and missing and not behind_ok:
        difference = _first(result.first_missing for result in results)
    if difference is not None:
        raise click.ClickException(f"first difference: {difference}")
    if missing:
        click.echo(f"ledger bytes equal; {missing:,} records are not rated yet")
    else:
        click.echo("ledger bytes equal")


def _first(differences: Iterable[Difference | None]) -> Difference | None:
    return next((found for found in differences if found is not None), None)
