"""`tollstream quote`: what a call would cost, and from which purses."""

import json
from datetime import UTC, datetime, timedelta
from typing import Final

import click

from schemas.calls import CallEnded
from schemas.codec import parse_instant
from schemas.dead_letter import Refusal
from streams.commands.log_options import find_references, log_options, open_log
from streams.commands.reporting import reported
from streams.explain.report import call_json, quote_text
from streams.explain.words import REFUSALS
from streams.phone_numbers import shown_number
from streams.tenant_state import find_shard, tenant_engine, tenant_state

MINUTES_MAX: Final = 166_666
"""As many as the 10,000,000 seconds of the longest call that an event may name."""
QUOTED_ID: Final = "quote"


@click.command(
    epilog="Example: tollstream quote --tenant contoso --user ann --to +33142680000 --minutes 3"
)
@click.option("--tenant", required=True, help="Who would pay.")
@click.option("--user", required=True, help="Who would call.")
@click.option("--to", "callee", required=True, help="The number to call, with + and country code.")
@click.option("--minutes", required=True, type=click.IntRange(0, MINUTES_MAX), help="How long.")
@click.option("--at", "at_text", metavar="TIME", help="When, RFC 3339; default: now.")
@click.option(
    "--call-type",
    type=click.Choice(["user_out", "conf_out"]),
    default="user_out",
    help="A call of the user, or one out of a conference the user organises.",
)
@log_options
@click.option("--json", "as_json", is_flag=True, help="For a program: figures and words as JSON.")
@click.option("--show-numbers", is_flag=True, help="Show phone numbers in full.")
def command(
    *,
    tenant: str,
    user: str,
    callee: str,
    minutes: int,
    at_text: str | None,
    call_type: str,
    source: str | None,
    events: tuple[str, ...],
    ledger: tuple[str, ...],
    catalogue: str | None,
    rates: str | None,
    as_json: bool,
    show_numbers: bool,
) -> None:
    """Say what a call would cost now, from which purses, or why it would be blocked.

    Nothing is written. The answer is for the balances after the whole log.
    """
    at = _instant(at_text)
    call = _call(user, callee, minutes, at, call_type)
    with reported():
        log = open_log(source, events, ledger, needs=("--events",))
        references = find_references(log, catalogue, rates)
        shard = log.shard_of(tenant) if events else find_shard(log, tenant)
        engine = tenant_engine(shard, tenant, references)
        state = tenant_state(shard.events(), tenant, engine)
        answer = engine.rater.quote(state.store, tenant, call)
    if isinstance(answer, Refusal):
        words = REFUSALS[answer.reason]
        raise click.ClickException(f"no answer, because {words} ({answer.reason.value})")
    if as_json:
        content = {
            "tenant": tenant,
            "outcome": answer.outcome,
            "reason": answer.reason,
            "billed_minutes": answer.billed_minutes,
            "words": call_json(answer),
        }
        click.echo(json.dumps(content, ensure_ascii=False, indent=2))
    else:
        click.echo(quote_text(answer, shown_number(callee, in_full=show_numbers) or callee))


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        return parse_instant(text)
    except (ValueError, TypeError):
        raise click.UsageError(
            f"--at {text!r} is no RFC 3339 time with an offset, such as 2021-03-31T23:58:07Z"
        ) from None


def _call(user: str, callee: str, minutes: int, at: datetime, call_type: str) -> CallEnded:
    return CallEnded(
        usage_id=QUOTED_ID,
        call_type=call_type,
        user_id=user,
        caller=None,
        callee=callee,
        started_at=at,
        ended_at=at + timedelta(minutes=minutes),
        duration_seconds=minutes * 60,
    )
