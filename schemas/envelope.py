"""The decoded CloudEvents envelope of one input event."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from mypy_extensions import mypyc_attr

from schemas.calls import CallCancelled, CallCorrected, CallEnded
from schemas.credits import CreditsAdjusted, CreditsPurchased, RechargeFailed, RechargeSucceeded
from schemas.fields import Identifier, Instant, Source, Tenant
from schemas.tenants import LicenseAssigned, LicenseRemoved, TenantConfigured, UserConfigured
from schemas.timers import LotExpired, PeriodStarted, ReferenceActivated

EventData: TypeAlias = (
    CallEnded
    | CallCorrected
    | CallCancelled
    | TenantConfigured
    | UserConfigured
    | LicenseAssigned
    | LicenseRemoved
    | CreditsPurchased
    | CreditsAdjusted
    | RechargeSucceeded
    | RechargeFailed
    | PeriodStarted
    | LotExpired
    | ReferenceActivated
)

EVENT_TYPES: dict[str, type] = {
    "tenant.configured": TenantConfigured,
    "user.configured": UserConfigured,
    "license.assigned": LicenseAssigned,
    "license.removed": LicenseRemoved,
    "credits.purchased": CreditsPurchased,
    "recharge.succeeded": RechargeSucceeded,
    "recharge.failed": RechargeFailed,
    "credits.adjusted": CreditsAdjusted,
    "call.ended": CallEnded,
    "call.corrected": CallCorrected,
    "call.cancelled": CallCancelled,
    "period.started": PeriodStarted,
    "lot.expired": LotExpired,
    "reference.activated": ReferenceActivated,
}
"""Short event type (without `tollstream.` and `.v1`) to the class of its `data`."""


@mypyc_attr(acyclic=True)
@dataclass(init=False, slots=True, unsafe_hash=True)
class Event:
    """One input event, valid in itself.

    `tenant` is the CloudEvents subject, `time` when it happened (aware UTC), `data` one of the
    classes of `EVENT_TYPES`; its class says the type.
    """

    tenant: Final[Tenant]
    source: Final[Source]
    id: Final[Identifier]
    time: Final[Instant]
    data: Final[EventData]

    def __init__(
        self,
        tenant: Tenant,
        source: Source,
        id: Identifier,  # noqa: A002  the name that CloudEvents gives it
        time: Instant,
        data: EventData,
    ) -> None:
        self.tenant = tenant
        self.source = source
        self.id = id
        self.time = time
        self.data = data

    @property
    def cause(self) -> str:
        """What ledger records name as their cause: `<source>#<id>`."""
        return f"{self.source}#{self.id}"
