"""`tollstream reference`: catalogues and rate decks, by the hash of their bytes."""

import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, get_args

import click

from rating.catalogue import Catalogue, CatalogueError
from rating.decks import CURRENT, SHIPPED
from rating.rate_deck import RateDeck, RateDeckError
from rating.reference_check import check_catalogue, check_deck
from rating.references import ShippedReferences
from schemas.codec import encode_event
from schemas.envelope import Event
from schemas.timers import ReferenceActivated, ReferenceKind
from streams.commands.log_options import settings_of_environment
from streams.commands.reporting import reported
from streams.file_references import refused_file
from streams.kafka.reference_topic import PublishedReferences
from streams.kafka.references import publish_file, read_published
from streams.kafka.send import Outgoing, send_inputs
from streams.line_files import read_reference
from streams.reference_store import LocalReferences

KINDS: Final[tuple[ReferenceKind, ...]] = get_args(ReferenceKind)
SOURCE: Final = "tollstream/reference"
"""Source of the activations that a person sends; the timer's have its own."""
TENANT: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
"""A tenant id (contracts section 1)."""
KIND_OF_SUFFIX: Final[dict[str, ReferenceKind]] = {".toml": "catalogue", ".csv": "rates"}


@click.group(epilog="Example: tollstream reference check rates.csv")
def command() -> None:
    """Publish, activate, list or check catalogues (TOML) and rate decks (CSV)."""


@command.command(epilog="Example: tollstream reference publish --rates rates.csv --default")
@click.option("--catalogue", metavar="TOML", help="A plan catalogue.")
@click.option("--rates", metavar="CSV", help="A rate deck.")
@click.option("--default", "is_default", is_flag=True, help="Make it the default of all tenants.")
def publish(*, catalogue: str | None, rates: str | None, is_default: bool) -> None:
    """Store files in the reference topic, each under the SHA-256 of its bytes.

    With --default the worker activates them for every tenant that lacks them.
    """
    if catalogue is None and rates is None:
        raise click.UsageError("name --catalogue, --rates or both")
    named: list[tuple[ReferenceKind, str]] = []
    if catalogue is not None:
        named.append(("catalogue", catalogue))
    if rates is not None:
        named.append(("rates", rates))
    with reported():
        settings = settings_of_environment()
        files = [(kind, name, _checked(kind, name)) for kind, name in named]
        for kind, name, raw in files:
            version = publish_file(settings, kind, raw, default=is_default)
            LocalReferences(settings.data_dir).keep(raw)
            click.echo(f"{version}  {kind}  {name}{'  default' if is_default else ''}")


@command.command(epilog="Example: tollstream reference activate 7b06830b673d --tenant contoso")
@click.argument("version")
@click.option("--tenant", required=True, help="The tenant it shall be in force for.")
def activate(*, version: str, tenant: str) -> None:
    """Put a published or shipped VERSION (or its first digits) in force for one tenant.

    The event goes to the end of the tenant's log; calls after it are rated with the version.
    """
    if TENANT.fullmatch(tenant) is None:
        raise click.UsageError(f"{tenant!r} is no tenant id")
    with reported():
        settings = settings_of_environment()
        kind, full = _find(read_published(settings), version)
        event = Event(
            tenant=tenant,
            source=SOURCE,
            id=str(uuid.uuid4()),
            time=datetime.now(UTC),
            data=ReferenceActivated(kind, full),
        )
        send_inputs(settings, [Outgoing(tenant.encode(), encode_event(event))])
    click.echo(f"{kind} {full} is in force for {tenant} from here on in its log", err=True)


@command.command("list", epilog="Example: tollstream reference list --shipped")
@click.option("--shipped", is_flag=True, help="Only what ships with this release; needs no Kafka.")
def list_command(*, shipped: bool) -> None:
    """List versions: where they come from, and which are the defaults."""
    with reported():
        published = PublishedReferences()
        if not shipped:
            published = read_published(settings_of_environment())
    for kind in KINDS:
        default = published.defaults.get(kind, CURRENT[kind])
        for version, name in sorted(SHIPPED[kind].items()):
            click.echo(_row(kind, version, f"shipped as {name}", default))
        for version, (found, raw) in sorted(published.files.items()):
            if found == kind and version not in SHIPPED[kind]:
                click.echo(_row(kind, version, f"published, {len(raw):,} bytes", default))


@command.command(epilog="Example: tollstream reference check rates.csv")
@click.argument("file")
@click.option("--kind", type=click.Choice(KINDS), help="Default: by the name, .toml or .csv.")
@click.option("--catalogue", metavar="TOML", help="The catalogue a deck must serve.")
def check(*, file: str, kind: ReferenceKind | None, catalogue: str | None) -> None:
    """Say what is wrong or suspicious in FILE, line by line; exit 1 if it would be refused."""
    found_kind = kind or KIND_OF_SUFFIX.get(Path(file).suffix.lower())
    if found_kind is None:
        raise click.UsageError("--kind is required: the name ends in neither .toml nor .csv")
    with reported():
        raw = read_reference(file)
        findings = (
            check_catalogue(raw)
            if found_kind == "catalogue"
            else check_deck(raw, _catalogue(catalogue))
        )
    for finding in findings:
        click.echo(f"{file} line {finding.line}: {finding.severity}: {finding.text}")
    errors = sum(finding.severity == "error" for finding in findings)
    click.echo(f"{errors} errors, {len(findings) - errors} warnings", err=True)
    if errors:
        raise click.ClickException(f"{file} is refused")


def _catalogue(name: str | None) -> Catalogue:
    """Return the named catalogue, or the shipped default."""
    if name is None:
        references = ShippedReferences()
        return references.catalogue(references.default_catalogue)
    try:
        return Catalogue.load(read_reference(name))
    except CatalogueError as error:
        raise refused_file(name, error) from error


def _checked(kind: ReferenceKind, name: str) -> bytes:
    """Return the bytes of a file that would not be refused."""
    raw = read_reference(name)
    try:
        if kind == "catalogue":
            Catalogue.load(raw)
        else:
            RateDeck.load(raw)
    except (CatalogueError, RateDeckError) as error:
        raise refused_file(name, error) from error
    return raw


def _find(published: PublishedReferences, version: str) -> tuple[ReferenceKind, str]:
    known = {full: kind for full, (kind, _) in published.files.items()}
    for kind in KINDS:
        known |= dict.fromkeys(SHIPPED[kind], kind)
    found = [full for full in known if full.startswith(version)]
    if len(found) != 1:
        what = "several files have" if found else "no published or shipped file has"
        raise click.ClickException(f"{what} version {version}, see `tollstream reference list`")
    return known[found[0]], found[0]


def _row(kind: str, version: str, origin: str, default: str) -> str:
    return f"{version}  {kind:9}  {origin}{'  default' if version == default else ''}"
