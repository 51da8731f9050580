"""What a rater brings to every event: reference data, numbering, calendar, the rules' number."""

from typing import Final, NamedTuple, Protocol, TypeAlias

from rating.calendar import Calendar
from rating.catalogue import Catalogue
from rating.destination import Classifier
from rating.numbering import NumberingIndex
from rating.rate_deck import RateDeck
from rating.rows import TenantRow, Versions
from rating.tenant_view import TenantView, ruleset_of
from schemas.dead_letter import Reason, Refusal
from schemas.envelope import Event
from schemas.ledger import LedgerData

RULES: Final = 1
"""Number of these rules: raised only by a change that alters a ledger byte (D-81)."""

Records: TypeAlias = list[LedgerData]
"""What an event makes, in the order of contracts section 3."""


class References(Protocol):
    """Where catalogues and decks come from; both look-ups raise UnknownReference."""

    @property
    def default_catalogue(self) -> str:
        """Return the version that a new tenant starts with."""

    @property
    def default_rates(self) -> str:
        """Return the version that a new tenant starts with."""

    def catalogue(self, version: str) -> Catalogue:
        """Return the catalogue of a version."""

    def rates(self, version: str) -> RateDeck:
        """Return the rate deck of a version."""


class _Edition(NamedTuple):
    """What follows from the versions of a tenant's row alone; shared by all its kind."""

    versions: Versions
    ruleset: str
    catalogue: Catalogue
    classifier: Classifier
    deck: RateDeck


class Kit:
    """The means of one rater; holds no state of any tenant."""

    __slots__ = ("_classifiers", "_editions", "calendar", "numbering", "references", "rules")

    def __init__(
        self, references: References, numbering: NumberingIndex, calendar: Calendar, rules: int
    ) -> None:
        self.references = references
        self.numbering = numbering
        self.calendar = calendar
        self.rules = rules
        self._classifiers: dict[str, Classifier] = {}
        self._editions: dict[Versions, _Edition] = {}

    def first_versions(self) -> Versions:
        """Return what is in force for a tenant from its first event on (D-79)."""
        return Versions(
            rules=self.rules,
            catalogue=self.references.default_catalogue,
            rates=self.references.default_rates,
            numbering=self.numbering.version,
            calendar=self.calendar.version,
        )

    def view(self, row: TenantRow) -> TenantView:
        """Return the tenant's view; built by this kit if there is none.

        Its versions are the same object as the row's while these are in force. Raises
        UnknownReference.
        """
        view: TenantView | None = row.view
        if view is not None and view.maker is self:
            return view
        edition = self._editions.get(row.versions)
        if edition is None:
            edition = self._editions[row.versions] = self._edition(row.versions)
        view = row.view = TenantView(
            self,
            row,
            versions=row.versions if edition.versions == row.versions else edition.versions,
            ruleset=edition.ruleset,
            zone=self.calendar.zone(row.time_zone),
            catalogue=edition.catalogue,
            classifier=edition.classifier,
            deck=edition.deck,
        )
        return view

    def _edition(self, told: Versions) -> _Edition:
        """Return what follows from the versions last told, with this kit's own marks."""
        versions = told._replace(
            rules=self.rules, numbering=self.numbering.version, calendar=self.calendar.version
        )
        catalogue = self.references.catalogue(versions.catalogue)
        return _Edition(
            versions,
            ruleset_of(versions),
            catalogue,
            self._classifier(catalogue),
            self.references.rates(versions.rates),
        )

    def _classifier(self, catalogue: Catalogue) -> Classifier:
        """Return the classifier of a catalogue, one for all its tenants."""
        found = self._classifiers.get(catalogue.version)
        if found is None:
            found = Classifier(catalogue, self.numbering)
            self._classifiers[catalogue.version] = found
        return found


def refuse(event: Event, reason: Reason, detail: str) -> Refusal:
    """Return the refusal of an event."""
    return Refusal(reason, detail, event.tenant)
