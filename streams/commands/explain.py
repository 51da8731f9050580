"""`tollstream explain`: why a call cost what it cost."""

import json

import click

from streams.commands.log_options import find_references, log_options, open_log
from streams.commands.reporting import reported
from streams.explain.history import read_history
from streams.explain.report import history_json, history_text
from streams.tenant_state import find_shard


@click.command(epilog="Example: tollstream explain 7f0c-21 --tenant contoso")
@click.argument("usage_id")
@click.option("--tenant", required=True, help="Whose call it is.")
@log_options
@click.option("--json", "as_json", is_flag=True, help="For a program: records and words as JSON.")
@click.option("--show-numbers", is_flag=True, help="Show phone numbers in full.")
def command(
    *,
    usage_id: str,
    tenant: str,
    source: str | None,
    events: tuple[str, ...],
    ledger: tuple[str, ...],
    catalogue: str | None,
    rates: str | None,
    as_json: bool,
    show_numbers: bool,
) -> None:
    """Say who paid for a call, how it was reckoned, and why every other purse did not pay."""
    with reported():
        log = open_log(source, events, ledger, needs=("--ledger",))
        references = find_references(log, catalogue, rates)
        shard = find_shard(log, tenant) if not (events or ledger) else log.shard_of(tenant)
        history = read_history(shard, tenant, usage_id, references)
    if not history.records and not history.inputs:
        raise click.ClickException(f"nothing is known of call {usage_id} of tenant {tenant}")
    if as_json:
        content = history_json(history, show_numbers=show_numbers)
        click.echo(json.dumps(content, ensure_ascii=False, indent=2))
    else:
        click.echo(history_text(history, show_numbers=show_numbers))
