"""The raters that the cases run through: the model, and the engine once it is there."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

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


def run_model(lines: list[bytes], decks: list[bytes], catalogue: str = "0" * 64) -> Model:
    """Run the model; the first deck is the default, the others may be activated."""
    references = References(
        catalogues={catalogue: Catalogue()},
        decks={version_of(raw): deck.read(raw) for raw in decks},
        default_catalogue=catalogue,
        default_rates=version_of(decks[0]),
    )
    return rate_lines(lines, references)


def model(lines: list[bytes], decks: list[bytes]) -> Rated:
    """Rate with the model."""
    done = run_model(lines, decks)
    refused = [letter["reason"] for letter in done.dead_letters]
    return Rated(done.ledger, refused, done.balances())


RATERS: dict[str, Rater] = {"model": model}
