"""A call's history as text for a person and as JSON for a program."""

import json
from collections.abc import Iterator
from typing import Any

from schemas.codec import FIRST_HASH, encode_record, format_instant
from schemas.dead_letter import Refusal
from schemas.ledger import CallDuplicate, CallRated, LedgerRecord, RulesetChanged
from schemas.money import format_money
from streams.explain.call_text import (
    destination_text,
    difference_text,
    flag_lines,
    headline,
    instant_text,
    length_text,
    money_text,
    paid_lines,
    passed_text,
    quote_headline,
    reason_sentence,
)
from streams.explain.history import CallHistory, CallInput, call_of
from streams.explain.words import REASONS, REFUSALS
from streams.phone_numbers import mask_numbers, shown_number

VERSION_DIGITS = 12
"""Digits of a file's version that are shown; as many as a ruleset has."""


def history_text(history: CallHistory, *, show_numbers: bool = False) -> str:
    """Return the explanation of a call as text, without a final newline."""
    lines = [f"Call {history.usage_id} of {history.tenant}"]
    newest = history.newest
    if newest is not None:
        lines.append(f"It was {headline(newest.call)}.")
        numbers = _number_lines(history, show_numbers=show_numbers)
        lines += _rating(newest.call, numbers, paid="Who paid", passed="Who did not pay, and why")
        lines += _section("Checked before the call", _before_lines(history))
        lines += _section("By which rules", _rule_lines(history, newest.record, newest.call))
    else:
        lines.append("It was never rated.")
    lines += _section("What happened to it", _event_lines(history))
    return "\n".join(lines)


def quote_text(call: CallRated, callee: str) -> str:
    """Return what a call would cost as text; `callee` as it may be shown."""
    lines = [f"A call to {callee} {quote_headline(call)}."]
    lines += _rating(call, [], paid="Who would pay", passed="Who would not pay, and why")
    return "\n".join(lines)


def history_json(history: CallHistory, *, show_numbers: bool = False) -> dict[str, Any]:
    """Return the explanation as plain values: the records as they are, and the words for them."""
    newest = history.newest
    return {
        "tenant": history.tenant,
        "usage_id": history.usage_id,
        "text": history_text(history, show_numbers=show_numbers),
        "rated": None if newest is None else _record_json(newest.record),
        "records": [_record_json(record) for record in history.records],
        "rulesets": {
            name: {
                "rules": change.rules,
                "catalogue": change.catalogue,
                "rates": change.rates,
                "numbering": change.numbering,
                "calendar": change.calendar,
            }
            for name, change in history.rulesets.items()
            if name in _rulesets_of(history)
        },
        "inputs": [_input_json(found, show_numbers=show_numbers) for found in history.inputs],
        "before": _before_json(history),
    }


def call_json(call: CallRated) -> dict[str, Any]:
    """Return the words for one rating, member by member."""
    return {
        "headline": headline(call),
        "reason": reason_sentence(call),
        "destination": destination_text(call),
        "length": length_text(call),
        "paid": list(paid_lines(call)),
        "passed_over": [passed_text(passed, call.currency) for passed in call.passed_over],
        "flags": list(flag_lines(call)),
        "difference": [difference_text(row, call.currency) for row in call.difference or ()],
    }


def _section(title: str, lines: Iterator[str] | list[str]) -> list[str]:
    body = [f"  {line}" for line in lines]
    return ["", title, *body] if body else []


def _rating(call: CallRated, numbers: list[str], *, paid: str, passed: str) -> list[str]:
    lines = []
    reason = reason_sentence(call)
    if reason is not None:
        lines.append(reason)
    lines += flag_lines(call)
    lines += _section("The call", [*_call_lines(call), *numbers])
    payers = list(paid_lines(call))
    if call.legs:
        total = f"total {money_text(call.charge, call.currency)}"
        if call.connection_fee:
            fee = money_text(call.connection_fee, call.currency)
            total += f", of which {fee} connection fee"
        payers.append(total)
    lines += _section(paid, payers)
    others = [passed_text(purse, call.currency) for purse in call.passed_over]
    return lines + _section(passed, others)


def _call_lines(call: CallRated) -> Iterator[str]:
    who = f" for user {call.user_id}" if call.user_id is not None else ""
    kind = (
        call.call_type
        if call.call_type == call.direction
        else f"{call.call_type}, {call.direction}"
    )
    yield f"{kind}{who}"
    yield f"started {instant_text(call.started_at)}, counted in {call.period}"
    where = destination_text(call)
    if where is not None:
        yield f"to {where}"
    yield length_text(call)


def _number_lines(history: CallHistory, *, show_numbers: bool) -> list[str]:
    """Return the numbers of the input that made the rating in force, masked unless asked."""
    newest = history.newest
    for found in history.inputs:
        call = call_of(found.event)
        if newest is not None and found.event.cause == newest.record.cause and call is not None:
            caller = shown_number(call.caller, in_full=show_numbers) or "unknown"
            callee = shown_number(call.callee, in_full=show_numbers) or "unknown"
            return [f"from {caller} to {callee}"]
    return []


def _before_lines(history: CallHistory) -> Iterator[str]:
    if isinstance(history.before, CallRated):
        yield f"the answer would have been: the call {quote_headline(history.before)}"
        if history.before.reason is not None:
            yield REASONS[history.before.reason]


def _rule_lines(history: CallHistory, record: LedgerRecord, call: CallRated) -> Iterator[str]:
    change = history.rulesets.get(call.ruleset)
    if change is None:
        yield f"ruleset {call.ruleset}"
    else:
        yield f"ruleset {call.ruleset}: {_versions(change)}"
    yield f"ledger record {record.tenant}/{record.seq}, caused by event {record.cause}"


def _versions(change: RulesetChanged) -> str:
    return (
        f"rules {change.rules}, catalogue {change.catalogue[:VERSION_DIGITS]}, "
        f"prices {change.rates[:VERSION_DIGITS]}, numbering {change.numbering}, "
        f"calendar {change.calendar}"
    )


def _event_lines(history: CallHistory) -> Iterator[str]:
    """Yield the history, if it is more than one rating: corrections, repeats, refusals."""
    refused = [found for found in history.inputs if found.refusal is not None]
    newest = history.newest
    corrected = newest is not None and newest.call.corrects is not None
    if len(history.records) < 2 and not corrected:  # noqa: PLR2004 - one rating is no history
        yield from (_refused_line(found) for found in refused)
        return
    reasons = {
        found.event.cause: found.event.data.reason
        for found in history.inputs
        if hasattr(found.event.data, "reason")
    }
    for record in history.records:
        yield from _record_lines(record, reasons.get(record.cause))
    yield from (_refused_line(found) for found in refused)


def _record_lines(record: LedgerRecord, given: str | None) -> Iterator[str]:
    at = f"{instant_text(record.time)}, record {record.seq}:"
    content = record.data
    if isinstance(content, CallDuplicate):
        yield f"{at} sent again, no effect (first rated as record {content.first_seq})"
    elif isinstance(content, CallRated):
        because = f" because {_quoted(given)}" if given else ""
        if content.corrects is None:
            yield f"{at} {headline(content)}"
        elif content.outcome == "cancelled":
            yield f"{at} taken back{because}, replaces record {content.corrects}"
        else:
            replaced = f"replaces record {content.corrects}"
            yield f"{at} corrected{because}, {replaced}: {headline(content)}"
        for row in content.difference or ():
            yield f"  {difference_text(row, content.currency)}"


def _quoted(text: str) -> str:
    """Return free text of an event in quotes, numbers masked, nothing that a terminal obeys."""
    return json.dumps(mask_numbers(text))


def _refused_line(found: CallInput) -> str:
    assert found.refusal is not None, "only refused inputs are told so"  # noqa: S101 - stays on
    words = REFUSALS[found.refusal.reason]
    return (
        f"{instant_text(found.event.time)}, event {found.event.cause}: refused because {words} "
        f"({found.refusal.reason.value})"
    )


def _rulesets_of(history: CallHistory) -> set[str]:
    return {record.data.ruleset for record in history.records if isinstance(record.data, CallRated)}


def _record_json(record: LedgerRecord) -> dict[str, Any]:
    line, _ = encode_record(record, FIRST_HASH)
    content = json.loads(line)
    words = call_json(record.data) if isinstance(record.data, CallRated) else None
    return {
        "seq": record.seq,
        "type": content["type"],
        "time": content["time"],
        "cause": record.cause,
        "data": content["data"],
        "words": words,
    }


def _input_json(found: CallInput, *, show_numbers: bool) -> dict[str, Any]:
    call = call_of(found.event)
    refusal = found.refusal
    return {
        "cause": found.event.cause,
        "time": format_instant(found.event.time),
        "caller": None if call is None else shown_number(call.caller, in_full=show_numbers),
        "callee": None if call is None else shown_number(call.callee, in_full=show_numbers),
        "refused": None if refusal is None else refusal.reason.value,
        "words": None if refusal is None else REFUSALS[refusal.reason],
    }


def _before_json(history: CallHistory) -> dict[str, Any] | None:
    before = history.before
    if isinstance(before, Refusal) or before is None:
        return None
    return {
        "outcome": before.outcome,
        "reason": before.reason,
        "charge": format_money(before.charge),
        "headline": quote_headline(before),
    }
