"""The raters that the cases run through: the model, and the engine as `tollstream rate` runs it.

This is the only place of the model's side that knows the engine, by its entry over files.
"""

import json
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from rating.decks import CURRENT
from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from streams import rate_files
from streams.commands.rate import balances_json
from streams.engine import Engine, build_engine
from streams.line_files import read_files
from tests.model import deck
from tests.model.plans import Catalogue
from tests.model.rater import Model, References, rate_lines


@dataclass
class Rated:
    """What comes out: ledger records, reasons of dead letters in order, the balances file."""

    ledger: list[dict[str, Any]]
    refused: list[str]
    balances: dict[str, Any]


Rater = Callable[[list[bytes], list[bytes]], Rated]


def version_of(raw: bytes) -> str:
    """Return the version of a reference file."""
    return sha256(raw).hexdigest()


def run_model(lines: list[bytes], references: References) -> Model:
    """Run the model."""
    return rate_lines(lines, references)


def model_references(
    decks: Iterable[bytes], catalogues: dict[bytes, Catalogue] | None = None
) -> References:
    """Return the model's reference data; the first deck is the default, others may be activated.

    `catalogues` are the tables that stand for further catalogue files.
    """
    read = {version_of(raw): deck.read(raw) for raw in decks}
    shipped = shipped_catalogue_version()
    others = {version_of(raw): table for raw, table in (catalogues or {}).items()}
    return References(
        catalogues={shipped: Catalogue(), **others},
        decks=read,
        default_catalogue=shipped,
        default_rates=next(iter(read)),
    )


@cache
def shipped_catalogue_version() -> str:
    """Return the version of the shipped catalogue, which the model's table stands for."""
    return CURRENT["catalogue"]


@cache
def engine_over(rates: bytes | None, more: tuple[bytes, ...]) -> Engine:
    """Build an engine once for the same reference files."""
    return build_engine(ShippedReferences(rates=rates, more=more))


def rate_events(
    lines: list[bytes], rates: bytes | None = None, more: tuple[bytes, ...] = ()
) -> tuple[list[bytes], list[bytes], bytes]:
    """Rate a log with the engine from a file; return ledger lines, dead letters, balances."""
    ledger: list[bytes] = []
    letters: list[bytes] = []
    store = MemoryStore()
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder, "events.jsonl")
        events.write_bytes(b"\n".join(lines) + b"\n")
        inputs = read_files([str(events)])
        engine = engine_over(rates, more)
        done = rate_files.rate_lines(engine, store, inputs, ledger.append, letters.append)
    return ledger, letters, balances_json(store, done.tenants)


def model(lines: list[bytes], decks: list[bytes]) -> Rated:
    """Rate with the model."""
    done = run_model(lines, model_references(decks))
    refused = [letter["reason"] for letter in done.dead_letters]
    return Rated(done.ledger, refused, done.balances())


def engine(lines: list[bytes], decks: list[bytes]) -> Rated:
    """Rate with the engine."""
    ledger, letters, balances = rate_events(lines, decks[0], tuple(decks[1:]))
    return Rated(
        [json.loads(line) for line in ledger],
        [json.loads(letter)["reason"] for letter in letters],
        json.loads(balances),
    )


RATERS: dict[str, Rater] = {"model": model, "engine": engine}
