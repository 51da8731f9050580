"""The calls that everything is measured with: seeded, each one different, the same bytes each time.

Of a hundred calls 10 are split over a pool and credits, 2 come in on a toll-free number, 20 go
abroad, 10 come in, and the rest are inland calls. No two have the same called number.

A split is made by a traveller: a user with the plan of 120 minutes per user (R-215) who makes two
short calls and then one that is longer than that, so it is split whatever came before. The three
are far apart in the log, as one user's calls are. Everybody else shares the tenant's pools.

All is in one month, March 2021, so that nothing falls due unless the month start is measured.

A log has calls without end: behind its last number the owners and travellers come round again,
with calls and called numbers of their own.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from schemas.calls import CallEnded, NumberType
from schemas.codec import encode_event
from schemas.credits import CreditsPurchased
from schemas.envelope import Event, EventData
from schemas.fields import CallType
from schemas.money import ONE
from schemas.tenants import LicenseAssigned, TenantConfigured

SOURCE: Final = "mediation/bench"
SET_UP_AT: Final = datetime(2021, 3, 1, 12, tzinfo=UTC)
FIRST_CALL_AT: Final = datetime(2021, 3, 2, tzinfo=UTC)
CALLS_SPAN: Final = timedelta(days=28)
"""The calls of a log are spread over this time, all of them before April begins anywhere."""
NEXT_MONTH_AT: Final = datetime(2021, 4, 3, tzinfo=UTC)
"""A call at this time makes April begin for all tenants of its partition (D-80, mode `log`)."""
TIME_ZONE: Final = "America/New_York"
FUNDS: Final = 1_000_000 * ONE
"""A wallet that no number of calls here empties."""
CALLS_PER_USER: Final = 100
"""So many calls a user with a pooled plan makes; its 600 minutes abroad are enough for them."""

SPLIT_EVERY: Final = 10
_TRAVELLER_AT: Final = (0, 4, 9)
"""Which calls of ten travellers make: their first, second and third; the third is split."""
_SPLIT_AT: Final = _TRAVELLER_AT[-1]
_SPREAD_SHARE: Final = 50
"""A traveller's calls are a fiftieth of the log apart."""
_INBOUND_AT: Final = 5
_ABROAD_AT: Final = (1, 8)
TOLL_FREE_EVERY: Final = 50
_TOLL_FREE_AT: Final = 7

_INLAND: Final = ("1206", "1212", "1312", "1415")
_ABROAD: Final = ("44207", "3314", "49302")
_FORMAT: Final = "graph/callRecords/pstn v1.0"
_STEP: Final = 7_919
"""A prime: walks through all numbers of an area without meeting one twice."""
_LINES: Final = 8_000_000
"""Seven digits that do not begin with 0 or 1."""


@dataclass(frozen=True, slots=True)
class LogShape:
    """How many tenants, and how many calls until owners come round again."""

    tenants: int
    calls: int
    seed: int = 1


class CallLog:
    """The events of one shape. Holds four bytes a call and a list for each tenant that travels."""

    def __init__(self, shape: LogShape) -> None:
        self.shape: Final = shape
        random = Random(f"{shape.seed}/owners")  # noqa: S311 - seeded test load, no secret
        self._owners: Final = array("I", (random.randrange(shape.tenants) for _ in self._calls()))
        tens = -(-shape.calls // SPLIT_EVERY)
        self._spread: Final = max(1, tens // _SPREAD_SHARE)
        self._travellers: Final[defaultdict[int, list[int]]] = defaultdict(list)
        self._home: Final = array("I")
        for traveller in range(tens + self._spread * (len(_TRAVELLER_AT) - 1)):
            tenant = random.randrange(shape.tenants)
            self._home.append(tenant)
            self._travellers[tenant].append(traveller)
        self._users: Final = max(1, shape.calls // shape.tenants // CALLS_PER_USER)

    def _calls(self) -> range:
        return range(self.shape.calls)

    def _traveller(self, call: int) -> int | None:
        """Return the traveller who makes a call, None where it is anybody else's."""
        ten, place = divmod(call % self.shape.calls, SPLIT_EVERY)
        if place not in _TRAVELLER_AT:
            return None
        later = len(_TRAVELLER_AT) - 1 - _TRAVELLER_AT.index(place)
        return ten + later * self._spread

    def owner(self, call: int) -> int:
        """Return the number of the tenant that makes a call."""
        traveller = self._traveller(call)
        return self._owners[call % self.shape.calls] if traveller is None else self._home[traveller]

    def set_up(self, tenant: int) -> Iterator[Event]:
        """Yield what makes a tenant ready for its calls."""
        contents: list[EventData] = [
            TenantConfigured("US", time_zone=TIME_ZONE, credits_for_all_users=True),
            CreditsPurchased("payment-1", FUNDS, "USD"),
        ]
        contents += [LicenseAssigned(_user(number), "MCOPSTN2") for number in range(self._users)]
        contents += [
            LicenseAssigned(_traveller_name(number), "MCOPSTN8")
            for number in self._travellers.get(tenant, ())
        ]
        for number, content in enumerate(contents):
            yield Event(tenant_name(tenant), SOURCE, f"set-up-{number}", SET_UP_AT, content)

    def call(self, number: int, at: datetime | None = None) -> Event:
        """Return a call; `at` is when it ended, if not at its place in the month."""
        if at is None:
            at = FIRST_CALL_AT + CALLS_SPAN * (number / self.shape.calls)
            at = at.replace(microsecond=0)
        content = self._content(number, at)
        event_id = f"2d1f8a60-7c33-4b7e-8a41-{number:012d}"
        return Event(tenant_name(self.owner(number)), SOURCE, event_id, at, content)

    def _content(self, number: int, at: datetime) -> CallEnded:
        rest = number % SPLIT_EVERY
        seconds = 20 + number * 37 % 150
        user = _user(number // SPLIT_EVERY % self._users)
        own = f"+1425{line(number)}"
        traveller = self._traveller(number)
        if traveller is not None:
            kind = _Kind("user_out", _traveller_name(traveller), own, inland(number))
            if rest == _SPLIT_AT:
                seconds = 121 * 60 + number * 97 % 3_540
        elif number % TOLL_FREE_EVERY == _TOLL_FREE_AT:
            free = f"+1800{line(number)}"
            kind = _Kind("ucap_in", None, inland(number), free, "service_toll_free")
        elif rest == _INBOUND_AT:
            kind = _Kind("user_in", user, abroad(number), inland(number))
        else:
            called = abroad(number) if rest in _ABROAD_AT else inland(number)
            kind = _Kind("user_out", user, own, called)
        return _made(kind, number, at, seconds)


def encoded_set_up(log: CallLog) -> Iterator[tuple[bytes, bytes]]:
    """Yield key and bytes of all tenants' set-up, tenant after tenant."""
    for tenant in range(log.shape.tenants):
        key = tenant_name(tenant).encode()
        for event in log.set_up(tenant):
            yield key, encode_event(event)


def encoded_calls(log: CallLog, numbers: range) -> Iterator[tuple[bytes, bytes]]:
    """Yield key and bytes of some calls in order."""
    for number in numbers:
        event = log.call(number)
        yield event.tenant.encode(), encode_event(event)


def tenant_name(tenant: int) -> str:
    """Return a tenant's id."""
    return f"bench-{tenant:07d}"


def line(number: int) -> int:
    """Return seven digits of a line, different for any two numbers below eight million."""
    return 2_000_000 + number * _STEP % _LINES


def inland(number: int) -> str:
    """Return a number in the United States."""
    return f"+{_INLAND[number // SPLIT_EVERY % len(_INLAND)]}{line(number)}"


def abroad(number: int) -> str:
    """Return a number in another country that plans include."""
    return f"+{_ABROAD[number // SPLIT_EVERY % len(_ABROAD)]}{line(number)}"


def usage_id(number: int) -> str:
    """Return a call's id, which ends with its number in twelve digits."""
    return f"7f0c9e4a-52b1-4c0e-9a57-{number:012d}"


def _user(number: int) -> str:
    return f"user-{number:05d}@bench.example"


def _traveller_name(number: int) -> str:
    return f"traveller-{number:05d}@bench.example"


@dataclass(frozen=True, slots=True)
class _Kind:
    """What tells one sort of call from another."""

    call_type: CallType
    user: str | None
    caller: str
    callee: str
    number_type: NumberType = "user"


def _made(kind: _Kind, number: int, ended_at: datetime, seconds: int) -> CallEnded:
    return CallEnded(
        usage_id=usage_id(number),
        call_type=kind.call_type,
        user_id=kind.user,
        caller=kind.caller,
        callee=kind.callee,
        started_at=ended_at - timedelta(seconds=seconds),
        ended_at=ended_at,
        duration_seconds=seconds,
        number_type=kind.number_type,
        conference_id=None,
        source_format=_FORMAT,
    )
