"""Events that the engine's own timer sends, and the activation of reference files."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from schemas.fields import Identifier, Month, Version

ReferenceKind: TypeAlias = Literal["catalogue", "rates"]


@dataclass(frozen=True, slots=True)
class PeriodStarted:
    """The month has begun in the tenant's zone (D-42, D-72)."""

    period: Month


@dataclass(frozen=True, slots=True)
class LotExpired:
    """The lot's time is up (D-43, D-72)."""

    lot_id: Identifier


@dataclass(frozen=True, slots=True)
class ReferenceActivated:
    """From here on in this tenant's log this version is in force (D-79)."""

    kind: ReferenceKind
    version: Version
