"""Reference files by version: the shipped ones and those a command brings along (D-79).

A version is the SHA-256 of the file's bytes, so a file can never stand for another: what is loaded
is hashed, and bytes that do not have the version they were stored under are an error, never used.
"""

from collections.abc import Callable, Iterable
from typing import Final, Literal, TypeAlias, TypeVar

from rating import decks
from rating.catalogue import Catalogue
from rating.rate_deck import RateDeck
from rating.reference_finding import version_of

ReferenceKind: TypeAlias = Literal["catalogue", "rates"]
FindStored: TypeAlias = Callable[[ReferenceKind, str], bytes | None]
"""Returns the bytes that a store holds for a kind and version, None if it has none."""

_Loaded = TypeVar("_Loaded", Catalogue, RateDeck)


class UnknownReference(LookupError):  # noqa: N818  it names what is unknown, as UnknownZone does
    """No file of this kind and version is at hand: whoever rates must stop (D-79)."""

    def __init__(self, kind: ReferenceKind, version: str) -> None:
        self.kind = kind
        self.version = version
        super().__init__(f"no {kind} file with version {version} is at hand")


class ChangedReferenceError(ValueError):
    """Stored bytes do not have the version they are stored under."""

    def __init__(self, kind: ReferenceKind, version: str) -> None:
        self.kind = kind
        self.version = version
        super().__init__(f"the stored {kind} file {version} was changed or damaged")


class ShippedReferences:
    """The shipped files and, beside them, files given as bytes and files of a store.

    `catalogue` and `rates` are files whose versions become the defaults instead of the shipped ones
    (`--catalogue`, `--rates`); `more` are further files to be found by version, of either kind;
    `find_stored` looks into a store for versions that are nowhere else. Files are read when first
    asked for and kept.
    """

    def __init__(
        self,
        *,
        catalogue: bytes | None = None,
        rates: bytes | None = None,
        more: Iterable[bytes] = (),
        find_stored: FindStored | None = None,
    ) -> None:
        self._bytes: Final = {
            version_of(raw): raw for raw in (catalogue, rates, *more) if raw is not None
        }
        self._find_stored: Final = find_stored
        self._catalogues: Final[dict[str, Catalogue]] = {}
        self._rates: Final[dict[str, RateDeck]] = {}
        self.default_catalogue: Final = (
            decks.CURRENT["catalogue"] if catalogue is None else version_of(catalogue)
        )
        self.default_rates: Final = decks.CURRENT["rates"] if rates is None else version_of(rates)

    def catalogue(self, version: str) -> Catalogue:
        """Return the catalogue of a version.

        Raises UnknownReference if it is not at hand, CatalogueError if it is at hand but bad.
        """
        return self._get(self._catalogues, "catalogue", version, Catalogue.load)

    def rates(self, version: str) -> RateDeck:
        """Return the rate deck of a version.

        Raises UnknownReference if it is not at hand, RateDeckError if it is at hand but bad.
        """
        return self._get(self._rates, "rates", version, RateDeck.load)

    def raw(self, kind: ReferenceKind, version: str) -> bytes:
        """Return the bytes of a file; raises UnknownReference."""
        raw = self._bytes.get(version)
        if raw is None:
            raw = decks.shipped(kind, version)
        if raw is None and self._find_stored is not None:
            raw = self._find_stored(kind, version)
        if raw is None:
            raise UnknownReference(kind, version)
        if version_of(raw) != version:
            raise ChangedReferenceError(kind, version)
        return raw

    def _get(
        self,
        loaded: dict[str, _Loaded],
        kind: ReferenceKind,
        version: str,
        load: Callable[[bytes], _Loaded],
    ) -> _Loaded:
        found = loaded.get(version)
        if found is None:
            found = loaded[version] = load(self.raw(kind, version))
        return found
