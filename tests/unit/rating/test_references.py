"""Reference files are found by version, wherever they come from, and never mistaken."""

import pytest

from rating import decks
from rating.catalogue import CatalogueError
from rating.rate_deck import RateDeckError
from rating.reference_finding import version_of
from rating.references import (
    ChangedReferenceError,
    ReferenceKind,
    ShippedReferences,
    UnknownReference,
)

HEADER = (
    b"direction,prefix,origin,destination,kind,price_per_minute,connection_fee,currency,"
    b"effective_from,effective_until\n"
)
DECK = HEADER + b"outbound,44,,x,mixed,1,,USD,,\n"
SHIPPED_CATALOGUE = decks.shipped("catalogue", decks.CURRENT["catalogue"]) or b""
CATALOGUE = SHIPPED_CATALOGUE + b"# mine\n"
NOWHERE = "0" * 64


def test_the_shipped_files_are_the_defaults() -> None:
    """D-63: without options the shipped catalogue and deck are in force."""
    references = ShippedReferences()
    assert decks.CURRENT["catalogue"] == references.default_catalogue
    assert decks.CURRENT["rates"] == references.default_rates
    assert (
        references.default_catalogue == references.catalogue(references.default_catalogue).version
    )
    assert references.default_rates == references.rates(references.default_rates).version


def test_given_files_replace_the_defaults_only() -> None:
    """D-79: `--rates` and `--catalogue` replace the default; shipped versions stay loadable."""
    references = ShippedReferences(catalogue=CATALOGUE, rates=DECK)
    assert version_of(CATALOGUE) == references.default_catalogue
    assert version_of(DECK) == references.default_rates
    assert 1 == len(references.rates(references.default_rates).rows)
    assert decks.CURRENT["rates"] == references.rates(decks.CURRENT["rates"]).version


def test_further_files_are_found_by_version() -> None:
    """D-79: files of a log come from the options and the store, the store being asked last."""
    asked: list[tuple[ReferenceKind, str]] = []

    def find(kind: ReferenceKind, version: str) -> bytes | None:
        asked.append((kind, version))
        return CATALOGUE if version == version_of(CATALOGUE) else None

    references = ShippedReferences(more=[DECK], find_stored=find)
    assert version_of(DECK) == references.rates(version_of(DECK)).version
    assert [] == asked
    first = references.catalogue(version_of(CATALOGUE))
    assert first is references.catalogue(version_of(CATALOGUE))
    assert [("catalogue", version_of(CATALOGUE))] == asked


@pytest.mark.parametrize("kind", ["catalogue", "rates"])
def test_an_unknown_version_is_named(kind: ReferenceKind) -> None:
    """D-79: a version that is nowhere found is an error with its kind and version."""
    references = ShippedReferences(find_stored=lambda _kind, _version: None)
    with pytest.raises(UnknownReference) as caught:
        getattr(references, kind)(NOWHERE)
    assert (kind, NOWHERE) == (caught.value.kind, caught.value.version)
    assert f"no {kind} file with version {NOWHERE} is at hand" == str(caught.value)


def test_damaged_bytes_of_a_store_are_never_used() -> None:
    """The bytes found under a version must have that hash."""
    references = ShippedReferences(find_stored=lambda _kind, _version: DECK)
    with pytest.raises(ChangedReferenceError) as caught:
        references.rates(NOWHERE)
    assert ("rates", NOWHERE) == (caught.value.kind, caught.value.version)
    assert f"the stored rates file {NOWHERE} was changed or damaged" == str(caught.value)


def test_a_file_of_the_other_kind_is_refused() -> None:
    """A deck named as a catalogue, or the other way round, does not load."""
    references = ShippedReferences(more=[DECK, CATALOGUE])
    with pytest.raises(CatalogueError):
        references.catalogue(version_of(DECK))
    with pytest.raises(RateDeckError):
        references.rates(version_of(CATALOGUE))
