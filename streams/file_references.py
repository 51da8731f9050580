"""The catalogues and decks that a command over files can use (D-79).

Looked for in this order: the files named by options, the shipped ones, the local reference store.
"""

from collections.abc import Iterable
from typing import Final

from rating.catalogue import CatalogueError
from rating.rate_deck import RateDeckError
from rating.references import FindStored, ShippedReferences
from streams.line_files import FilesError, read_reference

PROBLEMS_SHOWN: Final = 20
"""Lines of a bad file that are listed; a longer list scrolls the first ones away."""


def file_references(
    catalogue: str | None,
    rates: str | None,
    *,
    more: Iterable[bytes] = (),
    find_stored: FindStored | None = None,
) -> ShippedReferences:
    """Return the references with the named files as defaults, read and checked.

    `more` are files from elsewhere, `find_stored` looks where versions are kept.

    Raises FilesError, with the number of each line at fault, where a file is refused.
    """
    references = ShippedReferences(
        catalogue=None if catalogue is None else read_reference(catalogue),
        rates=None if rates is None else read_reference(rates),
        more=more,
        find_stored=find_stored,
    )
    for name, load, version in (
        (catalogue, references.catalogue, references.default_catalogue),
        (rates, references.rates, references.default_rates),
    ):
        if name is None:
            continue
        try:
            load(version)
        except (CatalogueError, RateDeckError) as error:
            raise refused_file(name, error) from error
    return references


def refused_file(name: str, error: CatalogueError | RateDeckError) -> FilesError:
    """Return the error that tells a person every line at fault."""
    details = [f"  {problem}" for problem in error.problems[:PROBLEMS_SHOWN]]
    more = len(error.problems) - PROBLEMS_SHOWN
    if more > 0:
        details.append(f"  and {more} more")
    found = len(error.problems)
    return FilesError(f"{name} is refused, {found} problem{'s' if found > 1 else ''}", (*details,))
