"""What the demo sends: the generator's log, and one call with a typing error to mend later."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from schemas.calls import CallCancelled, CallCorrected, CallEnded
from schemas.codec import decode, encode_event
from schemas.dead_letter import Reason, Refusal
from schemas.envelope import Event
from schemas.tenants import TenantConfigured
from streams.dead_letters import FoundLetter
from streams.generate import LogOptions, generate
from streams.generate.script import Script
from streams.kafka.send import Outgoing

TYPO_TENANT: Final = "demo-typo"
WRONG_CALLEE: Final = "+1206555012"
RIGHT_CALLEE: Final = "+12065550123"
"""A digit was lost: no number of the North American plan is that short."""

UNREADABLE_KEY: Final = b"unreadable"
"""Kafka key of lines that name no tenant."""


@dataclass(slots=True)
class Sent:
    """What was sent so far: events, those about calls among them, the tenants' countries."""

    events: int = 0
    calls: int = 0
    countries: dict[str, str] = field(default_factory=dict)


def sample_events(options: LogOptions, sent: Sent) -> Iterator[Outgoing]:
    """Yield the log keyed by tenant, counting into `sent`."""
    for raw in (*_typo_lines(options), *generate(options)):
        decoded = decode(raw)
        sent.events += 1
        if isinstance(decoded, Event):
            sent.calls += is_about_call(decoded)
            if isinstance(decoded.data, TenantConfigured):
                sent.countries[decoded.tenant] = decoded.data.country
        tenant = decoded.tenant
        yield Outgoing(UNREADABLE_KEY if tenant is None else tenant.encode(), raw)


def _typo_lines(options: LogOptions) -> list[bytes]:
    script = Script(TYPO_TENANT, options.begin, TenantConfigured("US"))
    script.user("uma", "MCOPSTN5")
    script.call("uma", WRONG_CALLEE, 125)
    return [
        encode_event(Event(TYPO_TENANT, "demo", f"{number}", line.time or line.at, line.content))
        for number, line in enumerate(script.sent, 1)
        if not isinstance(line.content, bytes)
    ]


def is_about_call(decoded: Event | Refusal) -> bool:
    """Say whether an input is a call, a correction or a cancellation that can be read.

    Each of them is answered by exactly one `call.rated`, `call.duplicate` or dead letter.
    """
    return isinstance(decoded, Event) and isinstance(
        decoded.data, CallEnded | CallCorrected | CallCancelled
    )


def is_typo(found: FoundLetter) -> bool:
    """Say whether a dead letter is the call with the typing error."""
    refusal = found.letter.refusal
    return refusal.tenant == TYPO_TENANT and refusal.reason is Reason.INVALID_NUMBER


def mend(found: FoundLetter) -> Outgoing:
    """Return the refused call with the right number: all else stays as it was."""
    event = decode(found.letter.raw)
    if isinstance(event, Refusal) or not isinstance(event.data, CallEnded):
        raise TypeError("the call with the typing error can be read")
    call = replace(event.data, callee=RIGHT_CALLEE)
    return Outgoing(event.tenant.encode(), encode_event(replace(event, data=call)))
