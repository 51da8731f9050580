import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import fields
from schemas.calls import CALL_TYPES, CallCorrected, CallEnded
from schemas.codec import decode, encode_event
from schemas.codec.members import members_of
from schemas.codec.wire import time_zones
from schemas.codes import COUNTRY_CODES, CURRENCY_CODES
from schemas.envelope import EVENT_TYPES, Event

Canonical = Callable[[Any], bytes]

LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
FORMS: dict[str, st.SearchStrategy[Any]] = {
    fields.MONEY_ABOVE_ZERO: st.integers(1, 10**23 - 1),
    fields.MONEY_FROM_ZERO: st.integers(0, 10**23 - 1),
    fields.MONEY_NOT_ZERO: st.integers(-(10**23) + 1, 10**23 - 1).filter(bool),
    fields.INSTANT: st.datetimes(
        min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
        max_value=datetime(9998, 12, 31),  # noqa: DTZ001 - as above
        timezones=st.just(UTC),
    ),
    fields.IDENTIFIER: st.text(LETTERS, min_size=1, max_size=128),
    fields.SOURCE: st.text(LETTERS, min_size=1, max_size=256),
    fields.TENANT: st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    fields.TEXT: st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=50),
    fields.SECONDS: st.integers(0, 10_000_000),
    fields.COUNTRY: st.sampled_from(sorted(COUNTRY_CODES)),
    fields.CURRENCY: st.sampled_from(sorted(CURRENCY_CODES)),
    fields.TIME_ZONE: st.sampled_from(time_zones()),
    fields.CALL_TYPE: st.sampled_from(sorted(CALL_TYPES)),
    fields.MONTH: st.from_regex(r"(19[7-9][0-9]|20[0-9]{2})-(0[1-9]|1[0-2])", fullmatch=True),
    fields.VERSION: st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Return what a member with this annotation may hold."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return st.one_of(st.none(), *(values(arm) for arm in arguments if arm is not NoneType))
    if origin is Annotated:
        return FORMS[annotation.__metadata__[0]]
    if origin is Literal:
        return st.sampled_from(arguments)
    return event_data(annotation) if dataclasses.is_dataclass(annotation) else st.booleans()


def in_order(data: Any) -> Any:
    """Make what the parts alone do not know: the order of two times, a correction's id."""
    if isinstance(data, CallCorrected):
        return dataclasses.replace(
            data, call=dataclasses.replace(data.call, usage_id=data.usage_id)
        )
    if isinstance(data, CallEnded) and data.ended_at < data.started_at:
        return dataclasses.replace(data, started_at=data.ended_at, ended_at=data.started_at)
    return data


def event_data(cls: Any) -> st.SearchStrategy[Any]:
    """Return the data of valid events of a class."""
    return st.builds(
        cls, **{member.name: values(member.annotation) for member in members_of(cls)}
    ).map(in_order)


EVENTS = st.builds(
    Event,
    tenant=FORMS[fields.TENANT],
    source=FORMS[fields.SOURCE],
    id=FORMS[fields.IDENTIFIER],
    time=FORMS[fields.INSTANT],
    data=st.one_of([event_data(cls) for cls in EVENT_TYPES.values()]),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(EVENTS)
def test_every_event_reads_back_as_itself(canonical: Canonical, event: Event) -> None:
    """What a timer or a generator writes is what the engine reads, whatever the values."""
    raw = encode_event(event)
    assert canonical(json.loads(raw)) == raw
    assert event == decode(raw, event.tenant.encode())


def test_the_contract_s_events_are_read_and_written(example_events: list[bytes]) -> None:
    """The examples hold all members, so only money may be spelled longer than we write it."""
    for line in example_events:
        event = decode(line, b"contoso")
        assert isinstance(event, Event)
        assert line.replace(b"10.00", b"10") == encode_event(event)
