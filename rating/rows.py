"""The stored rows: one tenant, one subscriber, one call; packed as plain lists.

A row is a mutable object while it is worked on and a list of ints, strings, booleans, None and
lists while it is stored. `unpack(pack())` gives a row that behaves the same to the last byte of
every later record: what is not packed (`view`, `caches`) can be rebuilt at any time.

What each time means: months are ints in the tenant's zone (`rating.calendar`), instants are packed
as microseconds since 1970. Packed forms are on disk and in changelogs, so codes (places in the
tuples below) are only ever appended to.

Size: a tenant row holds no line per user or per call: some 30 bytes per pool used in a month still
accepted, 30 per kind of licence and month of change, 40 per lot not yet forfeited. Ten countries
with three plans each over five months make under 10 KB.
"""

from typing import Any, Final, NamedTuple, get_args

from rating.dated import Dated
from rating.instants import from_micros, to_micros
from rating.pools import ALL_POSTED, PoolUse, Uses
from rating.wallet import Lot, Wallet
from schemas.ledger import DestinationClass, PurseKind
from schemas.tenants import AutoRecharge, ConferencePolicy, OutboundPolicy, Overdraft

Packed = list[Any]
"""A row as primitives, for `schemas.codec.pack_row`."""

ZERO_HASH: Final = bytes(32)
"""The head of a ledger without records (contracts section 3)."""

# Stored codes: places in these tuples.
_OUTBOUND: Final[tuple[OutboundPolicy, ...]] = get_args(OutboundPolicy)
_CONFERENCE: Final[tuple[ConferencePolicy, ...]] = get_args(ConferencePolicy)
_CLASSES: Final[tuple[DestinationClass, ...]] = get_args(DestinationClass)
PURSES: Final[tuple[PurseKind, ...]] = get_args(PurseKind)


class Versions(NamedTuple):
    """The marks and files in force, as `ruleset.changed` lists them (D-81)."""

    rules: int
    catalogue: str
    rates: str
    numbering: str
    calendar: str


class UserSettings(NamedTuple):
    """A user in one month (D-08): licences sorted, location None for the tenant's country."""

    licences: tuple[str, ...] = ()
    location: str | None = None
    outbound_policy: OutboundPolicy = "international"
    conference_policy: ConferencePolicy = "any"


DEFAULT_SETTINGS: Final = UserSettings()


def _pack_uses(uses: dict[int, Uses]) -> Packed:
    packed: Packed = []
    for month in sorted(uses):
        by_key = uses[month]
        line: Packed = [month]
        for key in sorted(by_key):
            use = by_key[key]
            if use.used > 0 or use.marks & ALL_POSTED != 0:
                line += (key, use.used, use.marks)
        if len(line) > 1:
            packed.append(line)
    return packed


def _pack_licences(licences: dict[tuple[str, str | None], dict[int, int]]) -> Packed:
    packed: Packed = []
    for licence, location in sorted(licences, key=lambda key: (key[0], key[1] or "")):
        line: Packed = [licence, location]
        for change in sorted(licences[licence, location].items()):
            line += change
        packed.append(line)
    return packed


def _pack_lots(lots: list[Lot]) -> Packed:
    packed: Packed = []
    for lot in lots:
        packed += (lot.number, lot.remaining, to_micros(lot.bought_at))
    return packed


def _unpack_uses(packed: Packed) -> dict[int, Uses]:
    return {
        month: {
            rest[place]: PoolUse(rest[place + 1], rest[place + 2])
            for place in range(0, len(rest), 3)
        }
        for month, *rest in packed
    }


class TenantRow:
    """All that is remembered of one tenant beside its users and calls.

    `seq` and `head` are the end of its ledger. `versions` are those last written in
    `ruleset.changed`; `offered` the default (catalogue, rates) that the timer last saw to (D-79).
    `earliest` is the earliest month of D-42, `latest` the newest of D-56, `newest` the newest
    started period (D-18), `posted_from` the first month whose reset was posted. `licences` counts
    assigned licences by (licence, location or None) as changes per month; `uses` is what of the
    pools is used. `recharge` is the amount of the outstanding recharge, the newest of
    `recharges_made`. `view` is no part of the row (`rating.tenant_view`).
    """

    __slots__ = (
        "auto_recharge",
        "countries",
        "credits_for_all_users",
        "currency",
        "earliest",
        "frozen",
        "has_user_pools",
        "head",
        "latest",
        "licences",
        "newest",
        "offered",
        "overdraft",
        "posted_from",
        "postpaid",
        "recharge",
        "recharges_made",
        "seq",
        "time_zone",
        "uses",
        "versions",
        "view",
        "wallet",
    )

    def __init__(self, versions: Versions, country: str, currency: str, time_zone: str) -> None:
        self.seq = 0
        self.head = ZERO_HASH
        self.versions = versions
        self.offered = (versions.catalogue, versions.rates)
        self.countries: Dated[str] = Dated(country)
        self.currency = currency
        self.time_zone = time_zone
        self.credits_for_all_users = False
        self.postpaid = False
        self.overdraft: Overdraft = "clamp"
        self.auto_recharge: AutoRecharge | None = None
        self.frozen = False
        self.has_user_pools = False
        self.earliest: int | None = None
        self.latest: int | None = None
        self.newest: int | None = None
        self.posted_from: int | None = None
        self.licences: dict[tuple[str, str | None], dict[int, int]] = {}
        self.uses: dict[int, Uses] = {}
        self.wallet = Wallet()
        self.recharges_made = 0
        self.recharge: int | None = None
        self.view: Any = None

    def shed(self) -> None:
        """Drop what was derived from the row, before the row itself is dropped.

        It refers back to the row, so Python would find the memory only much later.
        """
        self.view = None

    def pack(self) -> Packed:
        """Return the row as primitives."""
        wallet, auto = self.wallet, self.auto_recharge
        return [
            self.seq,
            self.head.hex(),
            list(self.versions),
            None if self._offered_is_in_force() else list(self.offered),
            [self.countries.before, *(part for entry in self.countries.entries for part in entry)],
            self.currency,
            self.time_zone,
            self.credits_for_all_users,
            self.postpaid,
            self.overdraft,
            None if auto is None else [auto.trigger, auto.amount],
            self.frozen,
            self.has_user_pools,
            [self.earliest, self.latest, self.newest, self.posted_from],
            _pack_licences(self.licences),
            _pack_uses(self.uses),
            _pack_lots(wallet.lots),
            wallet.debt,
            wallet.lots_made,
            None if wallet.newest is None else [to_micros(wallet.newest[0]), wallet.newest[1]],
            self.recharges_made,
            self.recharge,
        ]

    def _offered_is_in_force(self) -> bool:
        """Say whether the default last seen to is what the tenant has, as nearly always."""
        versions = self.versions
        return self.offered == (versions.catalogue, versions.rates)

    @classmethod
    def unpack(cls, packed: Packed) -> "TenantRow":
        """Return the row that was packed."""
        (seq, head, versions, offered, countries, currency, time_zone, *rest) = packed
        row = cls(Versions(*versions), countries[0], currency, time_zone)
        row.seq, row.head = seq, bytes.fromhex(head)
        if offered is not None:
            row.offered = (offered[0], offered[1])
        row.countries.entries = list(zip(countries[1::2], countries[2::2], strict=True))
        (row.credits_for_all_users, row.postpaid, row.overdraft, auto, *rest) = rest
        row.auto_recharge = None if auto is None else AutoRecharge(*auto)
        (row.frozen, row.has_user_pools, months, licences, uses, *rest) = rest
        row.earliest, row.latest, row.newest, row.posted_from = months
        row.licences = {
            (licence, location): dict(zip(changes[::2], changes[1::2], strict=True))
            for licence, location, *changes in licences
        }
        row.uses = _unpack_uses(uses)
        (lots, debt, lots_made, newest, row.recharges_made, row.recharge) = rest
        row.wallet.restore(
            [
                Lot(number, remaining, from_micros(bought))
                for number, remaining, bought in zip(lots[::3], lots[1::3], lots[2::3], strict=True)
            ],
            debt,
        )
        row.wallet.lots_made = lots_made
        row.wallet.newest = None if newest is None else (from_micros(newest[0]), newest[1])
        return row


class SubscriberRow:
    """One user: settings by month, and what is used of the user's own buckets (R-215, D-85).

    `view` is no part of the row: what was derived for it, and from which tenant view.
    """

    __slots__ = ("settings", "uses", "view")

    def __init__(self) -> None:
        self.settings: Dated[UserSettings] = Dated(DEFAULT_SETTINGS)
        self.uses: dict[int, Uses] = {}
        self.view: Any = None

    def shed(self) -> None:
        """As a tenant's row does."""
        self.view = None

    def pack(self) -> Packed:
        """Return the row as primitives."""
        return [
            [
                [
                    month,
                    list(settings.licences),
                    settings.location,
                    _OUTBOUND.index(settings.outbound_policy),
                    _CONFERENCE.index(settings.conference_policy),
                ]
                for month, settings in self.settings.entries
            ],
            _pack_uses(self.uses),
        ]

    @classmethod
    def unpack(cls, packed: Packed) -> "SubscriberRow":
        """Return the row that was packed."""
        row = cls()
        entries, uses = packed
        row.settings.entries = [
            (
                month,
                UserSettings(
                    tuple(licences), location, _OUTBOUND[outbound], _CONFERENCE[conference]
                ),
            )
            for month, licences, location, outbound, conference in entries
        ]
        row.uses = _unpack_uses(uses)
        return row
