"""The versions a ledger was made with, as its `ruleset.changed` records say (D-79, D-81).

A tenant's catalogue and deck are pinned at its first event to the default of that day and change
only by events of its log, so a replay takes the first ones from the ledger. Rules, numbering and
calendar are fixed per release; this release carries one of each, and a ledger that was made with
another one cannot be made again by it.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from rating.catalogue import Catalogue
from rating.rate_deck import RateDeck
from rating.references import ShippedReferences
from schemas.codec import LedgerFormatError, decode_record
from schemas.ledger import RulesetChanged
from streams.engine import Engine, Versions, build_engine
from streams.log_source import LogLine, place_text

RULESET_CHANGED: Final = b'"type":"tollstream.ruleset.changed.v1"'
"""Every canonical `ruleset.changed` line holds these bytes; few other lines do."""


class VersionNotCarriedError(Exception):
    """The ledger was made with rules, numbering or a calendar that this release has not."""


class Defaults(NamedTuple):
    """The catalogue and deck in force at a tenant's first event."""

    catalogue: str
    rates: str


def read_defaults(lines: Iterable[LogLine], carried: Versions) -> dict[str, Defaults]:
    """Return each tenant's first catalogue and deck; lines that are no record are passed over.

    Raises VersionNotCarriedError where a record names a version that is not `carried`.
    """
    defaults: dict[str, Defaults] = {}
    for tenant, change in _changes(lines, carried):
        defaults.setdefault(tenant, Defaults(change.catalogue, change.rates))
    return defaults


def carried_defaults(lines: Iterable[LogLine], tenant: str, carried: Versions) -> Defaults | None:
    """Return one tenant's first catalogue and deck, None where it has no ledger; as above."""
    first: Defaults | None = None
    for name, change in _changes((line for line in lines if _names(line, tenant)), carried):
        if name == tenant and first is None:
            first = Defaults(change.catalogue, change.rates)
    return first


def _names(line: LogLine, tenant: str) -> bool:
    return f'"subject":"{tenant}"'.encode() in line.line


def _changes(lines: Iterable[LogLine], carried: Versions) -> Iterator[tuple[str, RulesetChanged]]:
    """Yield every change of rules with its tenant, checked to be carried."""
    for line, position in lines:
        if RULESET_CHANGED not in line:
            continue
        try:
            record, _ = decode_record(line)
        except LedgerFormatError:
            continue  # the comparison will stop at it and name it
        if isinstance(record.data, RulesetChanged):
            place = f"{place_text(position)} ({record.tenant}/{record.seq})"
            _check_carried(record.data, carried, place)
            yield record.tenant, record.data


def _check_carried(change: RulesetChanged, carried: Versions, place: str) -> None:
    for name, wanted, ours in (
        ("rules", change.rules, carried.rules),
        ("numbering", change.numbering, carried.numbering),
        ("calendar", change.calendar, carried.calendar),
    ):
        if wanted != ours:
            raise VersionNotCarriedError(
                f"{place}: rated with {name} {wanted}, this release carries {name} {ours}"
            )


class _PinnedReferences:
    """References whose defaults are those of a tenant's first day."""

    def __init__(self, references: ShippedReferences, defaults: Defaults) -> None:
        self._references = references
        self.default_catalogue = defaults.catalogue
        self.default_rates = defaults.rates

    def catalogue(self, version: str) -> Catalogue:
        return self._references.catalogue(version)

    def rates(self, version: str) -> RateDeck:
        return self._references.rates(version)


class TenantEngines:
    """The engine for each tenant: one for each pair of defaults, nearly always one in all."""

    def __init__(self, references: ShippedReferences, defaults: dict[str, Defaults]) -> None:
        self._references = references
        self._defaults = defaults
        self._shipped = Defaults(references.default_catalogue, references.default_rates)
        self._engines: dict[Defaults, Engine] = {}

    def engine(self, tenant: str) -> Engine:
        """Return the engine that rated this tenant; one without a ledger gets the defaults."""
        defaults = self._defaults.get(tenant, self._shipped)
        engine = self._engines.get(defaults)
        if engine is None:
            engine = build_engine(_PinnedReferences(self._references, defaults))
            self._engines[defaults] = engine
        return engine
