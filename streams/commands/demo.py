"""`tollstream demo`: everything at once, on a Kafka of its own."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.live import Live

from rating.balances import balances
from rating.references import ShippedReferences
from streams.commands.broker import local_broker
from streams.commands.broker import reported as broker_reported
from streams.commands.reporting import reported
from streams.dead_letters import letters_of_topic
from streams.demo import screens
from streams.demo.sample_log import Sent, is_typo, mend, sample_events
from streams.demo.stage import ACCESS, Stage, WorkerDiedError, set_stage
from streams.demo.verdict import Verdict, compare
from streams.demo.watch import Seen, StuckError, Watcher
from streams.explain.history import read_history
from streams.explain.report import history_text
from streams.generate import LogOptions
from streams.kafka.log import KafkaLog
from streams.kafka.send import send_inputs
from streams.local_broker import LocalBroker, free_port
from streams.settings import Settings
from streams.tenant_state import tenant_engine, tenant_state

TENANTS: Final = 10
"""Random tenants, beside the scripted ones: enough for several countries."""

PANELS: Final = 3
"""Tenants whose pools and credits are shown: the busiest, each of another country."""

COMPARISONS_MAX: Final = 10
"""Comparisons until the worker has written what the timer sent last; one or two are usual."""

LOOK_SECONDS: Final = 0.2
"""Time between two pictures while calls are rated."""


@click.command(epilog="Example: tollstream demo --calls 50000")
@click.option("--brokers", metavar="HOST:PORT,...", help="Use this Kafka, not one of its own.")
@click.option("--keep", is_flag=True, help="Leave it all running, and say how to look and stop.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other calls.")
@click.option("--calls", type=click.IntRange(1), default=10_000, show_default=True)
def command(*, brokers: str | None, keep: bool, seed: int, calls: int) -> None:
    """Show it all: a Kafka, sample calls of two months, a worker, the ledger, and the proof.

    The events are rated through Kafka, then read back and rated again without it: the two
    ledgers must be equal to the byte. Settings of the environment do not matter; everything that
    is started is stopped again.
    """
    console = Console(highlight=False)
    # The worker's timer starts the months here.
    options = LogOptions(tenants=TENANTS, calls=calls, seed=seed, month_starts=False)
    try:
        with reported(), broker_reported(), set_stage(brokers, _own_broker, keep=keep) as stage:
            verdict = _play(stage, options, console)
            if keep:
                _tell_how_to_go_on(stage, console)
    except (WorkerDiedError, StuckError) as error:
        raise click.ClickException(f"the worker failed: {error}") from error
    if verdict.difference is not None or verdict.missing:
        raise click.ClickException("the ledger is not what its log makes; see the lines above")


def _own_broker(home: Path) -> LocalBroker:
    return local_broker(home, free_port(), None, short_lived=True)


def _play(stage: Stage, options: LogOptions, console: Console) -> Verdict:
    """Play the demo on a stage that is set."""
    settings = stage.settings
    screens.step(console, f"Apache Kafka on {settings.bootstrap}")
    _timed(console, lambda: f"{stage.make_topics()} topics made")
    sent = Sent()
    _timed(console, partial(_send, settings, options, sent))
    screens.step(console, f"worker started, process {stage.start_worker()}")

    seen = Seen()
    watcher = Watcher(settings, seen)
    _watch(stage, watcher, seen, sent, console)
    rate = seen.calls_per_second
    console.print(screens.outcomes(seen))
    log = KafkaLog(settings)
    _show_tenants(log, seen, sent, console)
    console.print(screens.moments_table(seen.moments.lines()))
    _show_call(log, seen, console)
    _requeue(settings, sent, console)
    for _ in range(COMPARISONS_MAX):
        watcher.watch(sent.calls, stage.check_worker)
        verdict = compare(log)
        if verdict.difference is not None or not verdict.missing:
            break
    screens.closing(console, sent, seen, rate, verdict)
    return verdict


def _send(settings: Settings, options: LogOptions, sent: Sent) -> str:
    send_inputs(settings, sample_events(options, sent))
    countries = ", ".join(sorted(set(sent.countries.values())))
    return (
        f"{sent.events:,} events sent, {sent.calls:,} of them calls, "
        f"of {len(sent.countries)} tenants in {countries}"
    )


def _watch(stage: Stage, watcher: Watcher, seen: Seen, sent: Sent, console: Console) -> None:
    """Show what comes out until every call is answered."""
    drawn_at = 0.0
    with Live(console=console, transient=True, auto_refresh=False) as picture:

        def look() -> None:
            nonlocal drawn_at
            stage.check_worker()
            if console.is_terminal and time.monotonic() - drawn_at > LOOK_SECONDS:
                drawn_at = time.monotonic()
                picture.update(screens.live(seen, sent.calls), refresh=True)

        watcher.watch(sent.calls, look)


def _show_tenants(log: KafkaLog, seen: Seen, sent: Sent, console: Console) -> None:
    shown: set[str] = set()
    for tenant, calls in seen.calls_of.most_common():
        country = sent.countries[tenant]
        if country in shown or len(shown) == PANELS:
            continue
        shown.add(country)
        shard = log.shard_of(tenant)
        engine = tenant_engine(shard, tenant, ShippedReferences())
        state = tenant_state(shard.events(), tenant, engine)
        balance = balances(state.store, [tenant])["tenants"][tenant]
        console.print(screens.tenant_panel(tenant, country, calls, balance))


def _show_call(log: KafkaLog, seen: Seen, console: Console) -> None:
    call = seen.moments.split_call
    if call is None:
        return
    shard = log.shard_of(call.tenant)
    history = read_history(shard, call.tenant, call.usage_id, ShippedReferences())
    console.print(screens.explained(history_text(history)))


def _requeue(settings: Settings, sent: Sent, console: Console) -> None:
    found = next(filter(is_typo, letters_of_topic(settings)))
    reason = found.letter.refusal.reason.value
    send_inputs(settings, [mend(found)])
    sent.events += 1
    sent.calls += 1
    screens.step(console, f"dead letter {found.name} ({reason}) mended and sent again")


def _tell_how_to_go_on(stage: Stage, console: Console) -> None:
    console.print("\nAll of it is left running. To look at it with the other commands:")
    for name, text in stage.variables.items():
        # What lets us in to a cluster of the user's is in his environment, and may be secret.
        if not name.startswith(ACCESS):
            console.print(f"  export {name}={text}", soft_wrap=True)
    console.print("  tollstream dead-letter list; tollstream balance show-pools")
    console.print("To stop it:")
    if stage.worker is not None:
        console.print(f"  kill {stage.worker.pid}")
    if stage.broker is not None:
        home = stage.broker.home
        console.print(f"  tollstream broker stop --clean --home {home}", soft_wrap=True)
    console.print(f"  rm -r {stage.folder}", soft_wrap=True)


def _timed(console: Console, work: Callable[[], str]) -> None:
    begun = time.monotonic()
    text = work()
    screens.step(console, text, time.monotonic() - begun)
