"""The plan catalogue: what each licence gives, where and since when (domain 2, contracts 5).

Theory. An event names a *licence*, which is a capability code or a SKU that stands for one at some
usage locations (Business Voice stands for MCOPSTN1 in CA, GB and US and for nothing elsewhere,
D-14). A capability is a plan: it has minute buckets, and a table of minutes per assigned licence by
country, each row in force from an instant on. The row of a month is the one in force at the
month's first instant (D-15), so a price list that changes in mid-month never splits a pool. A row
for `*` holds in every country that has no rows of its own; a row `offered = false` says that
the plan is not sold there (any more).

*Rights* are what a licence allows beside minutes: drawing on credits, pay-as-you-go, the dial-out
pool. They are names, so the purses ask for a right and never for a licence code.

Everything a look-up answers is built when the file is loaded or first asked, and kept: look-ups
are dict reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, Self, TypeAlias

from rating.catalogue_file import BUCKETS, CatalogueFile, MinutesRow, Plan, Sku, read_catalogue
from rating.reference_finding import Finding, Problems, ReferenceFileError, version_of

Right: TypeAlias = Literal[
    "credits",
    "conference_credits",
    "payg",
    "dial_out_pool",
    "dial_out_us",
    "dial_out_per_minute",
]

_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
_NO_RIGHTS: Final[frozenset[str]] = frozenset()
_TENANT_WIDE: Final = "*"  # the region group of the dial-out pool (R-601, contracts section 3)


class CatalogueError(ReferenceFileError):
    """A catalogue is refused; `problems` names every line at fault."""

    def __init__(self, problems: tuple[Finding, ...]) -> None:
        super().__init__("catalogue refused", problems)


@dataclass(frozen=True, slots=True)
class Grant:
    """What one assigned licence gives at one location in one month.

    Minutes per bucket, None where the plan has no such bucket. `region_group` names the pool's
    region: `US` for US and PR (R-211), `*` for dial-out. `joint_cap`: both buckets close when one
    is used up (R-217). `per_user`: the bucket is the user's own (R-215). Pools are drained by
    `drain_order`, ties by `capability` (A-08, D-16). `shares` are its parts of pools: the pool's
    key `<region group>/<capability>/<bucket>` and minutes.
    """

    capability: str
    region_group: str
    domestic: int | None
    international: int | None
    dial_out: int | None
    joint_cap: bool
    per_user: bool
    drain_order: int
    shares: tuple[tuple[str, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = zip(BUCKETS, (self.domestic, self.international, self.dial_out), strict=True)
        shares = tuple(
            (f"{self.region_group}/{self.capability}/{bucket}", minutes)
            for bucket, minutes in named
            if minutes is not None
        )
        object.__setattr__(self, "shares", shares)


_Dated = tuple[tuple[datetime, Grant | None], ...]
"""What a plan gives at a location, newest first; None while it is not offered."""


class Catalogue:
    """One catalogue file, read and indexed; immutable to its users."""

    __slots__ = (
        "_aliases",
        "_groups",
        "_plans",
        "_rows",
        "_skus",
        "_timelines",
        "_zones",
        "destinations",
        "dial_out_zone",
        "file",
        "global_codes",
        "premium_own_country",
        "premium_prefixes",
        "unlimited_dial_out",
        "version",
    )

    def __init__(self, version: str, file: CatalogueFile) -> None:
        self.version: Final = version
        self.file: Final = file
        self._plans: Final[Mapping[str, Plan]] = {plan.capability: plan for plan in file.plans}
        self._skus: Final[Mapping[str, Sku]] = {sku.name: sku for sku in file.skus}
        self._groups: Final = {
            country: group for group, countries in file.region_groups for country in countries
        }
        self._zones: Final[dict[str, frozenset[str]]] = {
            country: frozenset(zone) for country, zone in file.domestic_zones
        }
        self._aliases: Final = dict(file.aliases)
        rows: dict[tuple[str, str], list[MinutesRow]] = {}
        for plan in file.plans:
            for row in plan.minutes:
                for country in row.countries:
                    rows.setdefault((plan.capability, country), []).append(row)
        self._rows: Final = rows
        self._timelines: Final[dict[tuple[str, str], _Dated]] = {}
        self.destinations: Final = frozenset(file.destinations)
        self.dial_out_zone: Final = frozenset(file.dial_out_zone)
        self.unlimited_dial_out: Final = frozenset(file.unlimited_dial_out)
        self.global_codes: Final = frozenset(file.global_codes)
        self.premium_prefixes: Final = tuple(
            (prefix, country) for country, prefixes in file.premium_prefixes for prefix in prefixes
        )
        self.premium_own_country: Final = frozenset(file.premium_own_country)

    @classmethod
    def load(cls, raw: bytes) -> Self:
        """Return the catalogue that a TOML file holds (contracts section 5).

        Raises CatalogueError with every line at fault.
        """
        problems = Problems()
        file = read_catalogue(raw, problems)
        if listed := problems.listed():
            raise CatalogueError(listed)
        return cls(version_of(raw), file)

    def knows(self, licence: str) -> bool:
        """Return whether an event may name this licence: a capability or a SKU of the file."""
        return licence in self._plans or licence in self._skus

    def capability(self, licence: str, location: str) -> str | None:
        """Return the capability that a licence stands for at a usage location, None for none."""
        if licence in self._plans:
            return licence
        sku = self._skus.get(licence)
        if sku is None or (sku.locations is not None and location not in sku.locations):
            return None  # D-14
        return sku.capability

    def grant(self, licence: str, location: str, month_start: datetime) -> Grant | None:
        """Return the minutes of one assigned licence, None if it gives none there and then.

        `month_start` is the first instant of the month in the tenant's zone (D-15).
        """
        capability = self.capability(licence, location)
        if capability is None:
            return None
        timeline = self._timelines.get((capability, location))
        if timeline is None:
            timeline = self._timeline(capability, location)
        for since, grant in timeline:
            if since <= month_start:
                return grant
        return None

    def has_plan_row(self, licence: str, location: str, month_start: datetime) -> bool:
        """Return whether the licence is a calling plan offered at the location then (D-06)."""
        grant = self.grant(licence, location, month_start)
        # The dial-out pool is no calling plan (D-06).
        return grant is not None and grant.dial_out is None

    def rights(self, licence: str, location: str) -> frozenset[str]:
        """Return what the licence allows beside minutes, as names of `Right`."""
        sku = self._skus.get(licence)
        if sku is not None and sku.locations is not None and location not in sku.locations:
            return _NO_RIGHTS
        capability = sku.capability if sku is not None else licence
        plan = self._plans.get(capability) if capability is not None else None
        own = sku.rights if sku is not None else _NO_RIGHTS
        return own | plan.rights if plan is not None else own

    def region_group(self, location: str) -> str:
        """Return the name of the group of countries that share pools (R-211)."""
        return self._groups.get(location, location)

    def alias(self, region: str) -> str:
        """Return the region of the destination list that stands for this one (R-303, A-06)."""
        return self._aliases.get(region, region)

    def domestic_zone(self, location: str) -> frozenset[str]:
        """Return the regions that are domestic for a usage location (R-301)."""
        zone = self._zones.get(location)
        if zone is None:
            zone = self._zones[location] = frozenset((location,))
        return zone

    def _timeline(self, capability: str, location: str) -> _Dated:
        """Build and keep what a plan gives at a location."""
        plan = self._plans[capability]
        rows = self._rows.get((capability, location)) or self._rows.get((capability, "*"), [])
        group = _TENANT_WIDE if "dial_out" in plan.buckets else self.region_group(location)
        timeline = tuple(
            (row.valid_from or _ALWAYS, self._grant(plan, row, group))
            for row in sorted(rows, key=lambda row: row.valid_from or _ALWAYS, reverse=True)
        )
        # Keys are bounded: capabilities of the file x two-letter locations.
        self._timelines[capability, location] = timeline
        return timeline

    @staticmethod
    def _grant(plan: Plan, row: MinutesRow, group: str) -> Grant | None:
        if not row.offered:
            return None
        return Grant(
            capability=plan.capability,
            region_group=group,
            domestic=row.minutes.get("domestic"),
            international=row.minutes.get("international"),
            dial_out=row.minutes.get("dial_out"),
            joint_cap=plan.joint_cap,
            per_user=plan.per_user,
            drain_order=plan.drain_order,
        )
