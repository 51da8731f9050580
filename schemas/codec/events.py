"""Events to bytes, for those who produce them: timers, generators, activations."""

import dataclasses
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from schemas import fields
from schemas.codec.canonical import sorted_bytes
from schemas.codec.instants import format_instant
from schemas.codec.members import members_of
from schemas.codec.wire import nullable, wire_name
from schemas.envelope import EVENT_TYPES, Event
from schemas.money import format_money

_NAMES: Final = {cls: f"tollstream.{name}.v1" for name, cls in EVENT_TYPES.items()}
_MONEY_MARKS: Final = frozenset(
    {fields.MONEY, fields.MONEY_ABOVE_ZERO, fields.MONEY_FROM_ZERO, fields.MONEY_NOT_ZERO}
)
_Writer: TypeAlias = Callable[[Any], Any]
_MEMBERS: Final[dict[type, tuple[tuple[str, str, _Writer | None], ...]]] = {}
"""Event class -> (name on the wire, attribute, how its value is written; None: as it is)."""


def encode_event(event: Event) -> bytes:
    """Return the event as one CloudEvents JSON object, keys sorted; `decode` gives it back."""
    return sorted_bytes(
        {
            "data": data_tree(event.data),
            "datacontenttype": "application/json",
            "id": event.id,
            "source": event.source,
            "specversion": "1.0",
            "subject": event.tenant,
            "time": format_instant(event.time),
            "type": _NAMES[type(event.data)],
        }
    )


def data_tree(data: Any) -> dict[str, Any]:
    """Return the `data` of an event as JSON values, all members present."""
    tree = {}
    for name, attribute, write in _MEMBERS.get(type(data)) or _members(type(data)):
        value = getattr(data, attribute)
        tree[name] = value if write is None or value is None else write(value)
    return tree


def _members(data_class: type) -> tuple[tuple[str, str, _Writer | None], ...]:
    members = tuple(
        (wire_name(member.name), member.name, _writer(member.annotation))
        for member in members_of(data_class)
    )
    return _MEMBERS.setdefault(data_class, members)


def _writer(annotation: Any) -> _Writer | None:
    annotation = nullable(annotation) or annotation
    if dataclasses.is_dataclass(annotation):
        return data_tree
    marks = getattr(annotation, "__metadata__", ())
    if fields.INSTANT in marks:
        return format_instant
    if not _MONEY_MARKS.isdisjoint(marks):
        return format_money
    return None
