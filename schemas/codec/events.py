"""Events to bytes, for those who produce them: timers, generators, activations."""

import dataclasses
from typing import Any, Final, get_type_hints

from schemas import fields
from schemas.codec.canonical import sorted_bytes
from schemas.codec.instants import format_instant
from schemas.codec.wire import nullable, wire_name
from schemas.envelope import EVENT_TYPES, Event
from schemas.money import format_money

_NAMES: Final = {cls: f"tollstream.{name}.v1" for name, cls in EVENT_TYPES.items()}
_MONEY_MARKS: Final = frozenset(
    {fields.MONEY, fields.MONEY_ABOVE_ZERO, fields.MONEY_FROM_ZERO, fields.MONEY_NOT_ZERO}
)
_HINTS: Final[dict[type, dict[str, Any]]] = {}


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
    hints = _HINTS.get(type(data))
    if hints is None:
        hints = _HINTS[type(data)] = get_type_hints(type(data), include_extras=True)
    return {
        wire_name(member.name): _value(getattr(data, member.name), hints[member.name])
        for member in dataclasses.fields(data)
    }


def _value(value: Any, annotation: Any) -> Any:
    if value is None:
        return None
    if dataclasses.is_dataclass(value):
        return data_tree(value)
    marks = getattr(nullable(annotation) or annotation, "__metadata__", ())
    if fields.INSTANT in marks:
        return format_instant(value)
    if not _MONEY_MARKS.isdisjoint(marks):
        return format_money(value)
    return value
