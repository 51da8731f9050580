"""Engine and model over one log: the first difference, and the smallest log that still has one."""

import base64
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.cases import raters
from tests.model import ledger
from tests.model.rater import Model, References
from tests.property.differential import world
from tests.property.differential.generator import write_log

# Reasons found before an envelope is readable: the two may differ in how much they still read.
UNREADABLE = ("not_json", "bad_encoding", "too_large", "too_deep", "duplicate_key", "bad_envelope")


@dataclass(frozen=True)
class Difference:
    """Where engine and model part."""

    where: str
    engine: Any
    model: Any


@cache
def references() -> tuple[References, tuple[bytes, ...]]:
    """Return the model's reference data and the files the engine may activate."""
    raw, table = world.second_catalogue()
    more = (world.SECOND_DECK, raw)
    return raters.model_references([world.DECK, world.SECOND_DECK], {raw: table}), more


@cache
def versions() -> dict[str, tuple[str, ...]]:
    """Return the versions that a log may activate."""
    known, _ = references()
    return {"catalogue": tuple(known.catalogues), "rates": tuple(known.decks)}


def log_of(seed: int) -> list[bytes]:
    """Write the log of a seed."""
    return write_log(seed, versions())


def run(lines: list[bytes]) -> tuple[Model, Difference | None]:
    """Rate a log twice; return the model and the first difference, None if there is none."""
    known, more = references()
    model = raters.run_model(lines, known)
    facts, letters, balances = raters.rate_events(lines, world.DECK, more)
    return model, (
        differing_letters(letters, model)
        or differing_facts(facts, model)
        or differing_balances(json.loads(balances), model.balances())
    )


def differing_facts(facts: list[bytes], model: Model) -> Difference | None:
    """Compare the ledgers byte for byte."""
    expected = [ledger.canonical(record) for record in model.ledger]
    for index, (engine_line, model_line) in enumerate(zip(facts, expected, strict=False)):
        if engine_line != model_line:
            mine, others = json.loads(engine_line), json.loads(model_line)
            return Difference(f"ledger line {index + 1}", *only_differing(mine, others))
    if len(facts) != len(expected):
        index = min(len(facts), len(expected))
        rest = [line[index : index + 1] for line in (facts, expected)]
        return Difference(f"ledger line {index + 1}", *rest)
    return None


def only_differing(mine: Any, others: Any) -> tuple[Any, Any]:
    """Leave out what is equal, and the hash, which differs whenever anything does."""
    if not isinstance(mine, dict) or not isinstance(others, dict):
        return mine, others
    if mine.get("type") != others.get("type"):
        return mine, others
    keep = ("seq", "cause", "type", "usage_id", "call_type", "outcome")
    left, right = {}, {}
    for name in sorted({*mine, *others} - {"hash"}):
        if mine.get(name) == others.get(name):
            if name in keep:
                left[name] = mine[name]
            continue
        left[name], right[name] = only_differing(mine.get(name), others.get(name))
    return left, right


def differing_letters(letters: list[bytes], model: Model) -> Difference | None:
    """Compare reason, tenant, bytes and line of each dead letter, in order."""
    found = []
    for raw in letters:
        letter = json.loads(raw)
        tenant = None if letter["reason"] in UNREADABLE else letter["tenant"]
        bytes_in = base64.b64decode(letter["raw"])
        found.append((letter["position"]["line"], letter["reason"], tenant, bytes_in))
    expected = []
    for letter in model.dead_letters:
        tenant = None if letter["reason"] in UNREADABLE else letter["tenant"]
        expected.append((letter["line"], letter["reason"], tenant, letter["raw"]))
    for one, other in zip(found, expected, strict=False):
        if one[:3] != other[:3] or one[3].rstrip(b"\r") != other[3].rstrip(b"\r"):
            return Difference("dead letter", one, other)
    if len(found) != len(expected):
        index = min(len(found), len(expected))
        rest = [letters[index : index + 1] for letters in (found, expected)]
        return Difference("dead letters", *rest)
    return None


def differing_balances(mine: dict[str, Any], others: dict[str, Any]) -> Difference | None:
    """Compare the balances files."""
    if mine == others:
        return None
    return Difference("balances", *only_differing(mine, others))


def shrink(lines: list[bytes]) -> list[bytes]:
    """Drop lines as long as any difference remains: halves first, then single ones."""
    size = max(1, len(lines) // 2)
    while True:
        index, dropped = 0, False
        while index < len(lines):
            fewer = lines[:index] + lines[index + size :]
            if fewer and run(fewer)[1]:
                lines, dropped = fewer, True
            else:
                index += size
        if size == 1 and not dropped:
            return lines
        size = max(1, size // 2)


def tell(seed: int, lines: list[bytes]) -> str:
    """Describe the difference of a log, shrunk, with all its lines."""
    smallest = shrink(lines)
    found = run(smallest)[1]
    assert found, "a shrunk log keeps a difference"
    return "\n".join(
        [
            f"seed {seed}: {found.where}, {len(smallest)} of {len(lines)} lines needed",
            f"  engine {found.engine}",
            f"  model  {found.model}",
            *(line.decode("utf-8", "replace") for line in smallest),
        ]
    )
