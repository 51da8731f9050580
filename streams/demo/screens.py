"""How the demo looks, with Rich."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.demo.sample_log import Sent
from streams.demo.verdict import Verdict
from streams.demo.watch import Seen
from streams.explain.call_text import money_text

POOLS_SHOWN: Final = 6
"""Pools of one tenant on the screen, the fullest first; `balance` shows them all."""

BAR_CELLS: Final = 24
FULL: Final = 1.0
NEARLY: Final = 0.8
"""From these shares on a bar is red and yellow: the ledger's own thresholds (R-220)."""

COUNTS_SHOWN: Final = 10
"""Rows of a list of counts, the largest first; there are 9 outcomes and duplicates."""

SPREAD: Final = (0, 2)
"""Blank cells above and below, left and right of a column."""


def step(console: Console, text: str, seconds: float | None = None) -> None:
    """Print a line for something that is done."""
    took = "" if seconds is None else f" [dim]{seconds:.1f} s[/dim]"
    console.print(f"[green]✓[/green] {text}{took}")


def live(seen: Seen, calls: int) -> RenderableType:
    """Return the picture while `calls` are rated."""
    rate = seen.calls_per_second
    head = f"{seen.calls:,} calls rated" + ("" if rate is None else f", {rate:,.0f} a second")
    grid = Table.grid()
    grid.add_row(ProgressBar(total=max(calls, 1), completed=seen.answered, width=60))
    return Group(Text(head), grid, outcomes(seen))


def outcomes(seen: Seen) -> RenderableType:
    """Return the outcomes and the reasons of dead letters, side by side."""
    return Columns(
        [
            _counts("what became of the calls", seen.outcomes),
            _counts("refused, in the dead-letter topic", seen.letters),
        ],
        padding=SPREAD,
    )


def _counts(title: str, counts: Counter[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, show_header=False)
    table.add_column(min_width=24)
    table.add_column(min_width=10)
    for name, count in counts.most_common(COUNTS_SHOWN):
        table.add_row(name, f"{count:,}")
    if len(counts) > COUNTS_SHOWN:
        table.add_row(f"[dim]and {len(counts) - COUNTS_SHOWN} other reasons[/dim]", "")
    return table


def tenant_panel(tenant: str, country: str, calls: int, balance: dict[str, Any]) -> Panel:
    """Return one tenant's wallet and fullest pools; `balance` is its part of a balances file."""
    wallet = balance["wallet"]
    table = Table(box=None, show_header=False)
    pools = sorted(balance["pools"].items(), key=_fullness, reverse=True)
    for name, pool in pools[:POOLS_SHOWN]:
        left = f"{pool['used']:,} of {pool['capacity']:,} min"
        table.add_row(name, _bar(pool), left + (" closed" if pool["closed"] else ""))
    lots = len(wallet["lots"])
    text = f"credits {wallet['balance']} {wallet['currency']} in {lots} lot{'s' * (lots != 1)}"
    return Panel(
        Group(Text(text), table), title=f"{tenant} · {country} · {calls:,} calls", expand=False
    )


def _fullness(item: tuple[str, dict[str, Any]]) -> float:
    pool = item[1]
    return float(pool["used"] / pool["capacity"]) if pool["capacity"] else FULL


def _bar(pool: dict[str, Any]) -> Text:
    share = _fullness(("", pool))
    filled = min(BAR_CELLS, round(share * BAR_CELLS))
    colour = "red" if share >= FULL else "yellow" if share >= NEARLY else "green"
    return Text.assemble(("█" * filled, colour), ("░" * (BAR_CELLS - filled), "dim"))


def moments_table(lines: Sequence[tuple[str, str, str]]) -> Table:
    """Return what happened on the way."""
    table = Table("", "ledger record", "", title="on the way", title_justify="left", box=None)
    for heading, record, sentence in lines:
        table.add_row(f"[bold]{heading}[/bold]", f"[dim]{record}[/dim]", sentence)
    return table


def explained(text: str) -> Panel:
    """Return the explanation of one call."""
    return Panel(Text(text), title="one call explained", expand=False)


def closing(console: Console, sent: Sent, seen: Seen, rate: float | None, verdict: Verdict) -> None:
    """Print the last lines: figures and the verdict; `rate` in calls a second."""
    charged = ", ".join(money_text(units, name) for name, units in sorted(seen.charged.items()))
    speed = "" if rate is None else f", {rate:,.0f} calls a second"
    console.print(
        f"[bold]{sent.calls:,} calls, corrections and cancellations sent[/bold], each answered "
        f"once: {seen.calls:,} rated, {seen.outcomes['duplicate']:,} duplicates, "
        f"{seen.refused_calls:,} refused; {charged} charged{speed}"
    )
    console.print(
        f"[bold]{verdict.events:,} events read back from Kafka[/bold], {verdict.timer_events:,} "
        f"of them by the timer, and rated again without it: {verdict.records:,} ledger records "
        f"compared, {verdict.refused.total():,} refused"
    )
    if verdict.difference is None and not verdict.missing:
        console.print("[bold green]ledger bytes equal[/bold green]")
    else:
        what = verdict.difference or f"the last {verdict.missing:,} records are missing"
        console.print(Text(f"first difference: {what}", style="bold red"))
