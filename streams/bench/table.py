"""The figures as Markdown tables, which a terminal shows as well as a README does."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from streams.bench.machine import Provenance
from streams.bench.rates import Rate, RateSummary
from streams.bench.results import Figures, Live, LongRun

MEBIBYTE: Final = 1 << 20

RowT = TypeVar("RowT")
Cell = Callable[[Figures], str]


def _both(summary: Rate | RateSummary) -> str:
    return f"{summary.per_second:,.0f} ({summary.per_cpu_second:,.0f})"


def _mebibytes(size: int) -> str:
    return f"{size / MEBIBYTE:,.0f} MiB"


def _spread(figures: Figures) -> str:
    rates = [rate.per_second for rate in figures.worker.repeats]
    return f"{min(rates):,.0f} to {max(rates):,.0f}"


def _latency(live: Live | None) -> str:
    if live is None:
        return "-"
    latency = live.latency
    return f"{latency.p50_ms:,.0f} / {latency.p99_ms:,.0f} ({live.waited_for_cpu:.0%})"


def _month_start(figures: Figures) -> str:
    """Show the latency, its p99 over the usual one, and the pools reset."""
    start, usual = figures.month_start, figures.live
    if start is None or usual is None:
        return "-"
    times = start.latency.p99_ms / usual.latency.p99_ms
    return f"{_latency(start)}, {times:.1f} x, {start.resets:,} resets"


def _catch_up(figures: Figures) -> str:
    found = figures.catch_up
    if found is None:
        return "-"
    return f"{found.rows:,} in {found.seconds:.1f} s ({found.cpu_seconds:.1f} s)"


_SHAPE: Final[tuple[tuple[str, Cell], ...]] = (
    ("tenants", lambda f: f"{f.tenants:,}"),
    ("partitions", lambda f: str(f.partitions)),
    ("processes", lambda f: str(f.processes)),
)
_RATES: Final[tuple[tuple[str, Cell], ...]] = (
    *_SHAPE,
    ("worker", lambda f: _both(f.worker)),
    ("repeats", _spread),
    ("stock Faust", lambda f: _both(f.stock)),
    ("copy", lambda f: _both(f.copy)),
    ("copy by record", lambda f: _both(f.copy_by_record)),
    ("core", lambda f: _both(f.core)),
)
_REST: Final[tuple[tuple[str, Cell], ...]] = (
    *_SHAPE,
    ("of stock", lambda f: f"{f.ratios.stock_wall:.1f} x ({f.ratios.stock_cpu:.1f} x)"),
    ("of copy", lambda f: f"{f.ratios.copy_wall:.2f} x ({f.ratios.copy_cpu:.2f} x)"),
    (
        "of copy by record",
        lambda f: f"{f.ratios.copy_by_record_wall:.2f} x ({f.ratios.copy_by_record_cpu:.2f} x)",
    ),
    ("of core", lambda f: f"({f.ratios.core_cpu:.2f} x)"),
    ("p50 / p99 ms (no CPU)", lambda f: _latency(f.live)),
    ("while a month begins", _month_start),
    ("catch-up, rows (CPU)", _catch_up),
    ("memory", lambda f: _mebibytes(f.memory_peak_bytes)),
)


_MONTHS: Final[tuple[tuple[str, Callable[[LongRun], str]], ...]] = (
    ("tenants", lambda r: f"{r.tenants:,}"),
    ("partitions", lambda r: str(r.partitions)),
    ("months", lambda r: str(r.months)),
    ("calls", lambda r: f"{r.calls:,}"),
    *(
        (f"quarter {number + 1}", lambda r, number=number: _both(r.quarters[number]))
        for number in range(4)
    ),
    ("last of first", lambda r: f"({r.last_to_first:.2f} x)"),
    ("rows of calls left (accepted)", lambda r: f"{r.call_rows:,} ({r.call_rows_accepted:,})"),
    ("memory", lambda r: _mebibytes(r.memory_peak_bytes)),
)


def report(
    where: Provenance, all_figures: Sequence[Figures], long_runs: Sequence[LongRun] = ()
) -> str:
    """Return the whole report of a run."""
    lines = [
        where.line(),
        "",
        "Calls a second, wall time (CPU second of the measured process):",
        "",
        *_table(_RATES, all_figures),
        "",
        "The worker compared, in the same run, and what else was measured:",
        "",
        *_table(_REST, all_figures),
        "",
        "Latency is from publish to committed ledger record at half load; in brackets the share of",
        "that time in which a worker's threads could have run and others had the CPU. While a",
        "month begins: the same feed, its p99 over the usual one, pools reset meanwhile.",
    ]
    if long_runs:
        lines += ["", "Events a second over many months, by quarters of the run:", ""]
        lines += _table(_MONTHS, long_runs)
    if all_figures:
        first = all_figures[0]
        sizes = f"{first.event_bytes:,.0f} B, a call's ledger records {first.ledger_bytes:,.0f} B"
        lines += ["", f"An event has {sizes}."]
    return "\n".join(lines)


def rate_line(name: str, rate: Rate | RateSummary, what: str = "calls") -> str:
    """Return one measurement as a line of progress."""
    per_second, per_cpu_second = f"{rate.per_second:,.0f}", f"{rate.per_cpu_second:,.0f}"
    return f"  {name:<15}{per_second:>10} {what}/s {per_cpu_second:>10} per CPU second"


def _table(
    columns: Sequence[tuple[str, Callable[[RowT], str]]], rows: Sequence[RowT]
) -> Iterable[str]:
    cells = [[name for name, _ in columns]]
    cells += [[cell(row) for _, cell in columns] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    yield _row(cells[0], widths)
    yield "|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|"
    for row in cells[1:]:
        yield _row(row, widths)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f" {cell:>{width}} " for cell, width in zip(cells, widths, strict=True))
    return "|" + "|".join(padded) + "|"
