"""The catalogue's TOML form: reading it strictly (contracts section 5).

What a catalogue holds is described where the default one stands: `rating/decks/README.md`.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rating.catalogue_lines import Lines
from rating.catalogue_table import Table
from rating.reference_finding import Problems, decode_text
from schemas.codes import COUNTRY_CODES

FORMAT: Final = 1
"""The form of catalogue files that this module reads."""
BUCKETS: Final = ("domestic", "international", "dial_out")
RIGHTS: Final = (
    "credits",
    "conference_credits",
    "payg",
    "dial_out_pool",
    "dial_out_us",
    "dial_out_per_minute",
)
EVERYWHERE: Final = "*"

FILE_BYTES_MAX: Final = 4 * 1024 * 1024
"""Largest catalogue, in bytes: two hundred times the default; it is held in memory."""
MINUTES_MAX: Final = 10_000_000
"""Most minutes a licence can give, a month has 44,640: room for any bundle, and 100,000 licences
of it stay far inside 64-bit integers of other systems."""
DRAIN_ORDER_MAX: Final = 1_000_000
DRAIN_ORDER_DEFAULT: Final = 100  # D-16

_CAPABILITY = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)  # stands in pool ids (contracts 3)
_GROUP = re.compile(r"[A-Z0-9]{2,8}", re.ASCII)  # as above
_DIGITS = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)
_TOML_LINE = re.compile(r"at line ([0-9]+)")


@dataclass(frozen=True, slots=True)
class MinutesRow:
    """Minutes per licence and month in some countries from an instant on, by bucket.

    `valid_from` None: since ever. Not `offered`: the plan is not sold there from then on.
    """

    countries: tuple[str, ...]
    valid_from: datetime | None
    minutes: Mapping[str, int]
    offered: bool
    line: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One capability: its buckets, its minutes by country, and its rights."""

    capability: str
    name: str
    buckets: tuple[str, ...]
    joint_cap: bool
    per_user: bool
    drain_order: int
    rights: frozenset[str]
    minutes: tuple[MinutesRow, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Sku:
    """Another name for a capability, at some usage locations (None = all) only.

    `capability` None: a known product that gives nothing here. `rights` are given on top.
    """

    name: str
    capability: str | None
    locations: frozenset[str] | None
    rights: frozenset[str]
    line: int


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """Everything a catalogue file says. Pairs stand in the order of the file."""

    plans: tuple[Plan, ...]
    skus: tuple[Sku, ...]
    region_groups: tuple[tuple[str, tuple[str, ...]], ...]
    domestic_zones: tuple[tuple[str, tuple[str, ...]], ...]
    aliases: tuple[tuple[str, str], ...]
    destinations: tuple[str, ...]
    dial_out_zone: tuple[str, ...]
    unlimited_dial_out: tuple[str, ...]
    global_codes: tuple[int, ...]
    premium_prefixes: tuple[tuple[str, tuple[str, ...]], ...]
    premium_own_country: tuple[str, ...]
    lines: Lines


_EMPTY: Final = CatalogueFile((), (), (), (), (), (), (), (), (), (), (), Lines(""))


def read_catalogue(raw: bytes, problems: Problems) -> CatalogueFile:
    """Return what a catalogue file says, noting every error in `problems`.

    The result means nothing if there is any error.
    """
    if len(raw) > FILE_BYTES_MAX:
        problems.add(1, "too_large", f"larger than {FILE_BYTES_MAX:,} bytes")
        return _EMPTY
    text = decode_text(raw, problems)
    content = None if text is None else _parse(text, problems)
    if text is None or content is None:
        return _EMPTY
    lines = Lines(text)
    top = Table(content, (), lines, problems)
    form = top.integer("format", 1, 999)
    if form is not None and form != FORMAT:
        top.problem("format", "format", f"format {form} is unknown; this release reads {FORMAT}")
        return _EMPTY
    plans = tuple(_plan(table) for table in top.tables("plan"))
    skus = tuple(_sku(table) for table in top.tables("sku"))
    premium = top.table("premium")
    file = CatalogueFile(
        plans=plans,
        skus=skus,
        region_groups=_region_groups(top.table("region_groups")),
        domestic_zones=_domestic_zones(top.table("domestic_zones")),
        aliases=_aliases(top.table("aliases")),
        destinations=top.countries("destinations"),
        dial_out_zone=top.countries("dial_out_zone"),
        unlimited_dial_out=top.countries("unlimited_dial_out"),
        global_codes=_global_codes(top),
        premium_prefixes=_premium_prefixes(premium.table("prefixes")),
        premium_own_country=premium.countries("own_country"),
        lines=lines,
    )
    premium.close()
    top.close()
    _refuse_name_clashes(plans, skus, problems)
    return file


def _parse(text: str, problems: Problems) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except RecursionError:
        problems.add(1, "bad_toml", "nested too deeply")
    except ValueError as error:  # TOMLDecodeError, and what int() says to endless numbers
        match = _TOML_LINE.search(str(error))
        line = int(match[1]) if match else text.count("\n") + 1
        problems.add(line, "bad_toml", str(error))
    return None


def _plan(table: Table) -> Plan:
    """Return one `[[plan]]`."""
    capability = table.text("capability") or ""
    if capability and _CAPABILITY.fullmatch(capability) is None:
        table.problem("capability", "capability", f"{capability!r} may not stand in a pool's id")
    buckets = table.choices("buckets", BUCKETS)
    order = DRAIN_ORDER_DEFAULT
    if "drain_order" in table:
        order = table.integer("drain_order", 0, DRAIN_ORDER_MAX) or 0
    plan = Plan(
        capability=capability,
        name=table.text("name") or "",
        buckets=buckets,
        joint_cap=table.flag("joint_cap", default=False),
        per_user=table.flag("per_user", default=False),
        drain_order=order,
        rights=frozenset(table.choices("rights", RIGHTS, required=False)),
        minutes=tuple(_minutes(row, buckets) for row in table.tables("minutes")),
        line=table.line(),
    )
    if "dial_out" in buckets and (len(buckets) > 1 or plan.per_user):
        table.problem("buckets", "buckets", "dial_out is a tenant's one pool: no other bucket")
    if plan.joint_cap and not {"domestic", "international"} <= set(buckets):
        table.problem("joint_cap", "joint_cap", "joint_cap needs both buckets (R-217)")
    _refuse_rival_rows(table, plan)
    table.close()
    return plan


def _minutes(table: Table, buckets: tuple[str, ...]) -> MinutesRow:
    """Return one `[[plan.minutes]]`."""
    offered = table.flag("offered", default=True)
    minutes: dict[str, int] = {}
    if offered:
        for bucket in buckets:
            if bucket in BUCKETS and (count := table.integer(bucket, 0, MINUTES_MAX)) is not None:
                minutes[bucket] = count
        if not buckets:
            table.problem(None, "buckets", "minutes of a plan that has no buckets")
    countries = table.countries("countries", also=frozenset({EVERYWHERE}))
    if "countries" in table and not countries:
        table.problem("countries", "country", "countries is empty")
    row = MinutesRow(countries, table.instant("valid_from"), minutes, offered, table.line())
    table.close()
    return row


def _refuse_rival_rows(table: Table, plan: Plan) -> None:
    """Refuse two rows of one country from the same instant on."""
    seen: set[tuple[str, datetime | None]] = set()
    for row, at in zip(plan.minutes, table.tables("minutes"), strict=False):
        for country in row.countries:
            if (country, row.valid_from) in seen:
                text = f"{country} has another row of {plan.capability} from the same date"
                at.problem("countries", "overlap", text, f'"{country}"')
            seen.add((country, row.valid_from))


def _sku(table: Table) -> Sku:
    """Return one `[[sku]]`."""
    sku = Sku(
        name=table.text("name") or "",
        capability=table.text("capability") if "capability" in table else None,
        locations=frozenset(table.countries("locations")) if "locations" in table else None,
        rights=frozenset(table.choices("rights", RIGHTS, required=False)),
        line=table.line(),
    )
    if len(sku.name) > 128 or not sku.name.isprintable():  # noqa: PLR2004  contracts 1: an id
        table.problem("name", "name", "name is not 1 to 128 printable characters")
    if sku.capability is None and sku.rights:
        table.problem("rights", "rights", "rights without a capability")
    table.close()
    return sku


def _refuse_name_clashes(
    plans: tuple[Plan, ...], skus: tuple[Sku, ...], problems: Problems
) -> None:
    """Refuse names used twice and SKUs of no plan."""
    seen: set[str] = set()
    for name, line in [*((p.capability, p.line) for p in plans), *((s.name, s.line) for s in skus)]:
        if name in seen:
            problems.add(line, "twice", f"{name!r} is defined twice")
        elif not name:
            problems.add(line, "name", "an empty name")
        seen.add(name)
    capabilities = {plan.capability for plan in plans}
    for sku in skus:
        if sku.capability is not None and sku.capability not in capabilities:
            text = f"SKU {sku.name} stands for {sku.capability}, which is no plan of this file"
            problems.add(sku.line, "unknown_plan", text)


def _region_groups(table: Table) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the groups of countries that share pools (R-211)."""
    groups = tuple((name, table.countries(name)) for name in table.keys())  # noqa: SIM118  a Table
    seen: set[str] = set()
    for name, countries in groups:
        if _GROUP.fullmatch(name) is None:
            table.problem(name, "region_group", f"{name!r} is not 2 to 8 of A-Z 0-9")
        if name in COUNTRY_CODES and name not in countries:
            table.problem(name, "region_group", f"group {name} does not hold the country {name}")
        for country in countries:
            if country in seen:
                table.problem(name, "twice", f"{country} is in two region groups")
            seen.add(country)
    return groups


def _country_keys(table: Table) -> tuple[str, ...]:
    """Return the keys of a table whose keys are countries."""
    keys = tuple(table.keys())
    for key in keys:
        if key not in COUNTRY_CODES:
            table.problem(key, "country", f"{key!r} is no ISO 3166 country code")
    return keys


def _domestic_zones(table: Table) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the domestic zones that are more than the own country (R-301)."""
    zones = tuple((key, table.countries(key)) for key in _country_keys(table))
    for country, zone in zones:
        if country not in zone:
            table.problem(country, "domestic_zone", f"the zone of {country} leaves itself out")
    return zones


def _aliases(table: Table) -> tuple[tuple[str, str], ...]:
    """Return which region stands for which in the destination list (R-303, A-06)."""
    keys = _country_keys(table)
    aliases = tuple((key, table.text(key) or "") for key in keys)
    for region, target in aliases:
        if target and target not in COUNTRY_CODES:
            table.problem(region, "country", f"{target!r} is no ISO 3166 country code")
        if target in keys:
            table.problem(region, "alias", f"{target} is an alias itself")
    return aliases


def _global_codes(top: Table) -> tuple[int, ...]:
    """Return the calling codes of class 5."""
    codes = top.texts("global_codes")
    for code in codes:
        if _DIGITS.fullmatch(code) is None or len(code) > 3:  # noqa: PLR2004  E.164: 1 to 3 digits
            top.problem("global_codes", "calling_code", f"{code!r} is no calling code")
            return ()
    return tuple(int(code) for code in codes)


def _premium_prefixes(table: Table) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the premium prefixes that only users of a country may call (R-311, D-30)."""
    found = tuple((key, table.texts(key)) for key in _country_keys(table))
    seen: set[str] = set()
    for country, prefixes in found:
        for prefix in prefixes:
            if _DIGITS.fullmatch(prefix) is None:
                table.problem(country, "prefix", f"{prefix!r} is not 1 to 15 digits without +")
            if prefix in seen:
                table.problem(country, "twice", f"prefix {prefix} belongs to two countries")
            seen.add(prefix)
    return found
