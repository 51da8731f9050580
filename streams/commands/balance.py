"""`tollstream balance`: a tenant's pools and credits."""

import json
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

from rating.balances import balances
from streams.commands.log_options import find_references, log_options, open_log
from streams.commands.reporting import reported
from streams.explain.call_text import purse_text
from streams.tenant_state import find_shard, tenant_engine, tenant_state

BAR_CELLS: Final = 20


@click.command(epilog="Example: tollstream balance contoso")
@click.argument("tenant")
@log_options
@click.option("--json", "as_json", is_flag=True, help="For a program, as in the balances file.")
def command(
    *,
    tenant: str,
    source: str | None,
    events: tuple[str, ...],
    ledger: tuple[str, ...],
    catalogue: str | None,
    rates: str | None,
    as_json: bool,
) -> None:
    """Show the pools and prepaid credits that TENANT has after its whole log."""
    with reported():
        log = open_log(source, events, ledger, needs=("--events",))
        references = find_references(log, catalogue, rates)
        shard = log.shard_of(tenant) if events else find_shard(log, tenant)
        engine = tenant_engine(shard, tenant, references)
        state = tenant_state(shard.events(), tenant, engine)
    found = balances(state.store, [tenant])["tenants"].get(tenant)
    if found is None:
        raise click.ClickException(f"tenant {tenant} is not in the log")
    if as_json:
        click.echo(json.dumps(found, sort_keys=True, ensure_ascii=False, indent=2))
        return
    console = Console()
    wallet = found["wallet"]
    console.print(f"{tenant} after ledger record {found['seq']}", markup=False, highlight=False)
    console.print(f"Credits: {wallet['balance']} {wallet['currency']}", highlight=False)
    if wallet["lots"]:
        console.print(_lots(wallet["lots"], wallet["currency"]))
    if found["pools"]:
        console.print(_pools(found["pools"]))
    else:
        console.print("No pools.")


def _lots(lots: list[dict[str, Any]], currency: str) -> Table:
    table = Table("lot", f"left, {currency}", "expires", box=None)
    for lot in lots:
        table.add_row(lot["lot_id"], lot["remaining"], lot["expires_at"])
    return table


def _pools(pools: dict[str, dict[str, Any]]) -> Table:
    table = Table("pool", "used", "of", "left", "", box=None)
    for name, pool in sorted(pools.items()):
        capacity, used = pool["capacity"], pool["used"]
        filled = min(BAR_CELLS, used * BAR_CELLS // capacity) if capacity else BAR_CELLS
        bar = "█" * filled + "░" * (BAR_CELLS - filled)
        state = " closed" if pool["closed"] else ""
        figures = (f"{used:,}", f"{capacity:,}", f"{pool['remaining']:,}")
        table.add_row(purse_text("pool", name), *figures, bar + state)
    return table
