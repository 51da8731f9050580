"""The linter of reference files: what a loadable file probably does not mean.

A loader refuses what is wrong in itself; what is only suspicious (a price that lapses for a week, a
row that no call can reach, a destination nobody priced) loads, and is found here. Every finding has
a line and a stable code:

code                    in         meaning
(of the loaders)        both       the file is refused
gap                     both       between two rows of one key nothing is in force
never_in_force          catalogue  a row that is replaced before any month begins (D-15)
plan_without_minutes    catalogue  a plan with buckets and no row: its licences give nothing
sku_without_minutes     catalogue  a SKU at a location where its plan is not offered
unreachable             both       no call can ever need it
alias_without_destination catalogue  a region that stands for one nobody reaches
kind                    deck       a toll-free inbound row of another kind
no_price                deck       a place the catalogue lets users call has no price
no_rows                 deck       the deck is empty
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from rating.catalogue import Catalogue, CatalogueError
from rating.catalogue_file import EVERYWHERE, MinutesRow, Plan
from rating.rate_deck import RateDeck, RateDeckError
from rating.rate_deck_file import PREMIUM_KINDS, RateRow, overlap_key
from rating.reference_finding import Finding
from rating.reference_regions import REGION_PREFIXES

_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_ZONE_EAST_MAX: Final = timedelta(hours=14)
_ZONE_WEST_MAX: Final = timedelta(hours=12)
"""Farthest zones: a month begins 14 hours before its first instant in UTC, or 12 after."""

_Span = tuple[datetime, datetime]


def check_catalogue(raw: bytes) -> tuple[Finding, ...]:
    """Return all errors and warnings of a catalogue file, in order of lines.

    If there is any error the file is refused and there are only errors.
    """
    try:
        catalogue = Catalogue.load(raw)
    except CatalogueError as error:
        return error.problems
    found = [
        *_plan_findings(catalogue),
        *_sku_findings(catalogue),
        *_region_findings(catalogue),
        *_premium_prefix_findings(catalogue),
    ]
    return tuple(sorted(found, key=_order))


def check_deck(raw: bytes, catalogue: Catalogue | None = None) -> tuple[Finding, ...]:
    """Return all errors and warnings of a rate deck file, in order of lines.

    With `catalogue`, also the places it lets users call that have no price, and the premium rows
    that it lets nobody use. If there is any error there are only errors.
    """
    try:
        deck = RateDeck.load(raw)
    except RateDeckError as error:
        return error.problems
    found = [*_gap_findings(deck), *_kind_findings(deck), *_shadow_findings(deck)]
    if not deck.rows:
        found.append(_warning(1, "no_rows", "the deck has no rows: no call has a price"))
    elif catalogue is not None:
        found += [*_unpriced_findings(deck, catalogue), *_premium_findings(deck, catalogue)]
    return tuple(sorted(found, key=_order))


def _warning(line: int, code: str, text: str) -> Finding:
    return Finding(line, "warning", code, text)


def _order(finding: Finding) -> tuple[int, str, str]:
    return finding.line, finding.code, finding.text


# ---- catalogue --------------------------------------------------------------------------------


def _rows_by_country(plan: Plan) -> dict[str, list[MinutesRow]]:
    """Return the rows of each country by date."""
    found: dict[str, list[MinutesRow]] = {}
    for row in plan.minutes:
        for country in row.countries:
            found.setdefault(country, []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: row.valid_from or _FIRST)
    return found


def _plan_findings(catalogue: Catalogue) -> Iterator[Finding]:
    for plan in catalogue.file.plans:
        if plan.buckets and not plan.minutes:
            text = f"{plan.capability} has buckets but no minutes anywhere"
            yield _warning(plan.line, "plan_without_minutes", text)
        for country, rows in _rows_by_country(plan).items():
            where = f"{plan.capability} in {country}"
            first = rows[0]
            if first.valid_from is not None and first.offered:
                text = f"{where} gives nothing before {_text(first.valid_from)}"
                yield _warning(first.line, "gap", text)
            if not first.offered and not (country != EVERYWHERE and _everywhere(plan)):
                text = f"{where} is withdrawn before it was ever offered"
                yield _warning(first.line, "unreachable", text)
            for row, following in pairwise(rows):
                until = following.valid_from or _FIRST
                if row.valid_from is not None and not _month_begins(row.valid_from, until):
                    text = f"{where} is replaced on {_text(until)}, before any month begins (D-15)"
                    yield _warning(row.line, "never_in_force", text)


def _everywhere(plan: Plan) -> bool:
    return any(EVERYWHERE in row.countries for row in plan.minutes)


def _month_begins(since: datetime, until: datetime) -> bool:
    """Return whether a month begins in a span in some time zone."""
    month = since.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(2):
        if since <= month + _ZONE_WEST_MAX and month - _ZONE_EAST_MAX < until:
            return True
        month = (month + timedelta(days=32)).replace(day=1)
    return False


def _sku_findings(catalogue: Catalogue) -> Iterator[Finding]:
    plans = {plan.capability: plan for plan in catalogue.file.plans}
    for sku in catalogue.file.skus:
        plan = plans.get(sku.capability or "")
        if plan is None or not plan.buckets:
            continue
        offered = {country for row in plan.minutes if row.offered for country in row.countries}
        for location in sorted((sku.locations or frozenset()) - offered):
            if EVERYWHERE not in offered:
                text = f"SKU {sku.name} in {location}: {plan.capability} is not offered there"
                yield _warning(sku.line, "sku_without_minutes", text)


def _region_findings(catalogue: Catalogue) -> Iterator[Finding]:
    lines = catalogue.file.lines
    for region, target in catalogue.file.aliases:
        if region in catalogue.destinations:
            line = lines.of(("destinations",), f'"{region}"')
            text = f"destination {region} is reached as {target} (aliases), never as itself"
            yield _warning(line, "unreachable", text)
        if target not in catalogue.destinations:
            text = f"{region} stands for {target}, which is no destination"
            yield _warning(lines.of(("aliases", region)), "alias_without_destination", text)


def _premium_prefix_findings(catalogue: Catalogue) -> Iterator[Finding]:
    for prefix, country in catalogue.premium_prefixes:
        for shorter, other in catalogue.premium_prefixes:
            if prefix != shorter and prefix.startswith(shorter) and country == other:
                line = catalogue.file.lines.of(("premium", "prefixes", country), f'"{prefix}"')
                yield _warning(line, "unreachable", f"prefix {prefix} is part of {shorter}")


# ---- rate deck --------------------------------------------------------------------------------


def _span(row: RateRow) -> _Span:
    return row.effective_from or _FIRST, row.effective_until or _LAST


def _gap_findings(deck: RateDeck) -> Iterator[Finding]:
    by_key: dict[tuple[str, str, str | None, bool], list[RateRow]] = {}
    for row in deck.rows:
        by_key.setdefault(overlap_key(row), []).append(row)
    for rows in by_key.values():
        for before, after in pairwise(sorted(rows, key=_span)):
            until, since = _span(before)[1], _span(after)[0]
            if until < since:
                text = (
                    f"prefix {after.prefix} has no price from {_text(until)} (line {before.line})"
                    f" to {_text(since)}"
                )
                yield _warning(after.line, "gap", text)


def _kind_findings(deck: RateDeck) -> Iterator[Finding]:
    for row in deck.rows:
        if row.direction == "inbound_toll_free" and row.kind != "toll_free":
            text = f"an inbound_toll_free row of kind {row.kind}; it is used as toll_free"
            yield _warning(row.line, "kind", text)


def _shadow_findings(deck: RateDeck) -> Iterator[Finding]:
    """Find rows whose every number has a longer prefix in force all the time.

    Rows shadow only rows of the same use: same direction, class, currency, and for toll-free rows
    those for the same callers or for any.
    """
    uses: dict[tuple[str, bool, str], dict[str, list[RateRow]]] = {}
    for row in deck.rows:
        use = (row.direction, row.kind in PREMIUM_KINDS, row.currency)
        uses.setdefault(use, {}).setdefault(row.prefix, []).append(row)
    for by_prefix in uses.values():
        stems = {prefix[:size] for prefix in by_prefix for size in range(1, len(prefix))}
        for prefix, rows in by_prefix.items():
            if prefix not in stems:
                continue
            for row in rows:
                if _numbers_covered(prefix, _span(row), row.origin, by_prefix, stems):
                    text = f"every number of prefix {prefix} has a longer prefix in force"
                    yield _warning(row.line, "unreachable", text)


def _numbers_covered(
    prefix: str,
    span: _Span,
    origin: str | None,
    by_prefix: Mapping[str, list[RateRow]],
    stems: set[str],
) -> bool:
    """Return whether each next digit leads to rows in force in the whole span."""
    for digit in "0123456789":
        longer = prefix + digit
        left = [span]
        for row in by_prefix.get(longer, ()):
            if row.origin in {None, origin}:
                left = [rest for part in left for rest in _without(part, _span(row))]
        for part in left:
            if longer not in stems or not _numbers_covered(longer, part, origin, by_prefix, stems):
                return False
    return True


def _without(span: _Span, other: _Span) -> list[_Span]:
    """Return what is left of a span without another."""
    parts = [(span[0], min(span[1], other[0])), (max(span[0], other[1]), span[1])]
    return [part for part in parts if part[0] < part[1]]


def _unpriced_findings(deck: RateDeck, catalogue: Catalogue) -> Iterator[Finding]:
    """Find places that users may call and that have no outbound price, by currency."""
    for currency in sorted({row.currency for row in deck.rows}):
        ordinary, premium = _Reach(), _Reach()
        for row in deck.rows:
            if row.direction == "outbound" and row.currency == currency:
                (premium if row.kind in PREMIUM_KINDS else ordinary).add(row.prefix)
        missing = [
            *(place for place in sorted(_places(catalogue)) if not ordinary.touches_region(place)),
            *(_unpriced_codes(catalogue, ordinary)),
            *(
                f"premium prefix {prefix} ({country})"
                for prefix, country in catalogue.premium_prefixes
                if not premium.touches(prefix)
            ),
            *(
                f"premium of {country}"
                for country in sorted(catalogue.premium_own_country)
                if not premium.touches_region(country)
            ),
        ]
        for what in missing:
            yield _warning(1, "no_price", f"{what}: no outbound price in {currency}")


def _places(catalogue: Catalogue) -> set[str]:
    """Return the regions that some plan, pool or list lets users call."""
    places = {*catalogue.destinations, *catalogue.dial_out_zone}
    for plan in catalogue.file.plans:
        for row in plan.minutes:
            places.update(row.countries)
    return places & REGION_PREFIXES.keys()


def _unpriced_codes(catalogue: Catalogue, ordinary: "_Reach") -> list[str]:
    """Return the global codes without a price as one text: decks seldom have any of them."""
    codes = [str(code) for code in sorted(catalogue.global_codes)]
    unpriced = ", ".join(f"+{code}" for code in codes if not ordinary.touches(code))
    return [f"global {unpriced}"] if unpriced else []


class _Reach:
    """A set of prefixes, to ask whether numbers of a given prefix may have one of them."""

    def __init__(self) -> None:
        self._prefixes: Final[set[str]] = set()
        self._stems: Final[set[str]] = set()

    def add(self, prefix: str) -> None:
        self._prefixes.add(prefix)
        self._stems.update(prefix[:size] for size in range(1, len(prefix)))

    def touches(self, prefix: str) -> bool:
        """Return whether a prefix is in the set, begins with one of it, or begins one of it."""
        if prefix in self._stems:
            return True
        return any(prefix[:size] in self._prefixes for size in range(1, len(prefix) + 1))

    def touches_region(self, region: str) -> bool:
        """Return whether some numbers of a region may have a prefix of the set."""
        return any(self.touches(prefix) for prefix in REGION_PREFIXES.get(region, ()))


def _premium_findings(deck: RateDeck, catalogue: Catalogue) -> Iterator[Finding]:
    """Find premium rows that no user may call (R-311)."""
    allowed = _Reach()
    for prefix, _ in catalogue.premium_prefixes:
        allowed.add(prefix)
    for country in catalogue.premium_own_country:
        for prefix in REGION_PREFIXES.get(country, ()):
            allowed.add(prefix)
    for row in deck.rows:
        premium = row.direction == "outbound" and row.kind in PREMIUM_KINDS
        if premium and not allowed.touches(row.prefix):
            text = f"the catalogue lets nobody call premium numbers of prefix {row.prefix}"
            yield _warning(row.line, "unreachable", text)


def _text(instant: datetime) -> str:
    """Return an instant as people write it, a day alone at midnight UTC."""
    text = instant.isoformat().removesuffix("+00:00")
    return text.removesuffix("T00:00:00") if text.endswith("T00:00:00") else f"{text}Z"
