"""Ledger records: what the engine says happened (contracts section 3).

Every class holds all members of its record; the codec writes them in canonical form. Money is in
10^-8 units, minutes are whole billed minutes, months are `YYYY-MM`.

Nothing of a record changes once it is made. Those of every call spell out their constructor, which
compiles to plain stores; that of a frozen dataclass takes more than ten times as long. What is
`Final` the type checker holds everywhere, and Python itself where it is compiled.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from mypy_extensions import mypyc_attr

from schemas.fields import Instant, Money, Month

Outcome: TypeAlias = Literal[
    "free_internal",
    "free_inbound",
    "free_emergency",
    "rated",
    "truncated",
    "blocked",
    "freecall",
    "cancelled",
    "not_rated",
]
BlockReason: TypeAlias = Literal[
    "policy",
    "premium_not_supported",
    "no_plan",
    "pool_exhausted_no_credits",
    "no_cc_licence",
    "wallet_empty",
    "no_rate",
    "direct_routing",
]
Direction: TypeAlias = Literal["outbound", "inbound", "internal"]
DestinationClass: TypeAlias = Literal[
    "internal", "emergency", "premium", "global", "domestic", "international", "out_of_plan"
]
PurseKind: TypeAlias = Literal["pool", "user_pool", "dial_out_pool", "credits", "postpaid"]
Why: TypeAlias = Literal[
    "not_for_this_class",
    "closed_by_joint_cap",
    "exhausted",
    "no_cc_licence",
    "wallet_empty",
    "no_rate",
    "postpaid_off",
]
Flag: TypeAlias = Literal["late", "no_rate", "duration_mismatch", "toll_free_origin", "overdraft"]
PoolReason: TypeAlias = Literal[
    "license_assigned", "license_removed", "usage_location", "catalogue"
]
Bucket: TypeAlias = Literal["domestic", "international", "dial_out"]


@mypyc_attr(acyclic=True)
@dataclass(frozen=True, slots=True)
class Destination:
    """Where a call went: class and region for outbound, deck prefix; None where unknown."""

    class_: DestinationClass | None
    region: str | None
    prefix: str | None


@mypyc_attr(acyclic=True)
@dataclass(frozen=True, slots=True)
class Price:
    """The rate row that priced a leg."""

    prefix: str
    origin: str | None
    effective_from: Instant | None


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True, unsafe_hash=True)
class Leg:
    """What one purse paid. `remaining` is minutes, or money for `credits`, None for `postpaid`."""

    purse: Final[PurseKind]
    pool: Final[str | None]
    capability: Final[str]
    minutes: Final[int]
    rate: Final[Money | None]
    connection_fee: Final[Money]
    amount: Final[Money]
    remaining: Final[int | None]
    price: Final[Price | None]

    def __init__(  # noqa: PLR0917  one a call, by place
        self,
        purse: PurseKind,
        pool: str | None,
        capability: str,
        minutes: int,
        rate: Money | None,
        connection_fee: Money,
        amount: Money,
        remaining: int | None,
        price: Price | None,
    ) -> None:
        self.purse = purse
        self.pool = pool
        self.capability = capability
        self.minutes = minutes
        self.rate = rate
        self.connection_fee = connection_fee
        self.amount = amount
        self.remaining = remaining
        self.price = price


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True, unsafe_hash=True)
class PassedOver:
    """A purse that gave nothing. `before` is minutes, money for `credits`, None for `postpaid`."""

    purse: Final[PurseKind]
    pool: Final[str | None]
    before: Final[int | None]
    why: Final[Why]

    def __init__(self, purse: PurseKind, pool: str | None, before: int | None, why: Why) -> None:
        self.purse = purse
        self.pool = pool
        self.before = before
        self.why = why


@mypyc_attr(acyclic=True)
@dataclass(frozen=True, slots=True)
class Difference:
    """New minus old of one purse in a correction (D-02)."""

    purse: PurseKind
    pool: str | None
    minutes: int
    amount: Money


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True, unsafe_hash=True)
class CallRated:
    """How one call was rated, in full."""

    usage_id: Final[str]
    outcome: Final[Outcome]
    reason: Final[BlockReason | None]
    user_id: Final[str | None]
    call_type: Final[str]
    direction: Final[Direction]
    started_at: Final[Instant]
    period: Final[Month]
    destination: Final[Destination]
    duration_seconds: Final[int]
    billed_minutes: Final[int]
    uncovered_minutes: Final[int]
    legs: Final[tuple[Leg, ...]]
    charge: Final[Money]
    connection_fee: Final[Money]
    currency: Final[str]
    passed_over: Final[tuple[PassedOver, ...]]
    flags: Final[tuple[Flag, ...]]
    corrects: Final[int | None]
    difference: Final[tuple[Difference, ...] | None]
    ruleset: Final[str]

    def __init__(  # noqa: PLR0917  one a call, by place
        self,
        usage_id: str,
        outcome: Outcome,
        reason: BlockReason | None,
        user_id: str | None,
        call_type: str,
        direction: Direction,
        started_at: Instant,
        period: Month,
        destination: Destination,
        duration_seconds: int,
        billed_minutes: int,
        uncovered_minutes: int,
        legs: tuple[Leg, ...],
        charge: Money,
        connection_fee: Money,
        currency: str,
        passed_over: tuple[PassedOver, ...],
        flags: tuple[Flag, ...],
        corrects: int | None,
        difference: tuple[Difference, ...] | None,
        ruleset: str,
    ) -> None:
        self.usage_id = usage_id
        self.outcome = outcome
        self.reason = reason
        self.user_id = user_id
        self.call_type = call_type
        self.direction = direction
        self.started_at = started_at
        self.period = period
        self.destination = destination
        self.duration_seconds = duration_seconds
        self.billed_minutes = billed_minutes
        self.uncovered_minutes = uncovered_minutes
        self.legs = legs
        self.charge = charge
        self.connection_fee = connection_fee
        self.currency = currency
        self.passed_over = passed_over
        self.flags = flags
        self.corrects = corrects
        self.difference = difference
        self.ruleset = ruleset


@dataclass(frozen=True, slots=True)
class RulesetChanged:
    """The versions in force from here on; `ruleset` is 12 hex digits over the canonical rest."""

    ruleset: str
    rules: int
    catalogue: str
    rates: str
    numbering: str
    calendar: str


@dataclass(frozen=True, slots=True)
class CallDuplicate:
    """The same call again; `first_seq` is its first `call.rated`."""

    usage_id: str
    first_seq: int


@dataclass(frozen=True, slots=True)
class PoolChanged:
    """A pool's capacity changed."""

    pool: str
    capacity: int
    used: int
    remaining: int
    reason: PoolReason


@dataclass(frozen=True, slots=True)
class PoolReset:
    """A month ended: what was left is discarded (R-216)."""

    pool: str
    capacity: int
    used: int
    discarded: int
    next_pool: str
    next_capacity: int


@dataclass(frozen=True, slots=True)
class PoolThresholdReached:
    """80 or 100 percent of a pool are used (R-220, D-41)."""

    pool: str
    percent: Literal[80, 100]


@dataclass(frozen=True, slots=True)
class PoolClosed:
    """The joint cap closed a bucket because the other one, `by`, ended (R-217)."""

    pool: str
    by: Bucket


@dataclass(frozen=True, slots=True)
class PoolReopened:
    """The joint cap holds no longer: the other bucket, `by`, has minutes again."""

    pool: str
    by: Bucket


@dataclass(frozen=True, slots=True)
class CreditsAdded:
    """A lot was made by a purchase or a recharge."""

    lot_id: str
    amount: Money
    expires_at: Instant
    balance: Money


@dataclass(frozen=True, slots=True)
class CreditsForfeited:
    """What was left of an expired lot is gone (R-505)."""

    lot_id: str
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class CreditsCorrected:
    """Written as `credits.adjusted`: the signed amount that was really moved (D-44)."""

    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class RechargeDue:
    """The wallet fell below its trigger (R-502, D-12)."""

    recharge_id: str
    amount: Money
    currency: str
    balance: Money


@dataclass(frozen=True, slots=True)
class RechargeSettled:
    """The answer to a `recharge.due`."""

    recharge_id: str
    outcome: Literal["succeeded", "failed"]


@dataclass(frozen=True, slots=True)
class WalletEmpty:
    """The balance fell to zero or below (D-54)."""

    balance: Money


LedgerData: TypeAlias = (
    CallRated
    | RulesetChanged
    | CallDuplicate
    | PoolChanged
    | PoolReset
    | PoolThresholdReached
    | PoolClosed
    | PoolReopened
    | CreditsAdded
    | CreditsForfeited
    | CreditsCorrected
    | RechargeDue
    | RechargeSettled
    | WalletEmpty
)

RECORD_TYPES: dict[type, str] = {
    CallRated: "call.rated",
    RulesetChanged: "ruleset.changed",
    CallDuplicate: "call.duplicate",
    PoolChanged: "pool.changed",
    PoolReset: "pool.reset",
    PoolThresholdReached: "pool.threshold_reached",
    PoolClosed: "pool.closed",
    PoolReopened: "pool.reopened",
    CreditsAdded: "credits.added",
    CreditsForfeited: "credits.forfeited",
    CreditsCorrected: "credits.adjusted",
    RechargeDue: "recharge.due",
    RechargeSettled: "recharge.settled",
    WalletEmpty: "wallet.empty",
}
"""Class of the record's data to its short type."""


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True, unsafe_hash=True)
class LedgerRecord:
    """One record of a tenant's ledger, before its hash.

    `seq` counts from 1 without gaps; `time` and `cause` are those of the input event.
    """

    tenant: Final[str]
    seq: Final[int]
    time: Final[Instant]
    cause: Final[str]
    data: Final[LedgerData]

    def __init__(self, tenant: str, seq: int, time: Instant, cause: str, data: LedgerData) -> None:
        self.tenant = tenant
        self.seq = seq
        self.time = time
        self.cause = cause
        self.data = data
