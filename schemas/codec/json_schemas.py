"""JSON Schemas of every event and record, made from the same dataclasses and forms as the codec.

They describe what one JSON value can show. What no JSON Schema can say is in their descriptions:
equal keys, bytes, depth, the order of two times, a correction's inner id.
"""

import dataclasses
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from schemas import fields, ledger
from schemas.codec.limits import EVENT_BYTES_MAX, EXTENSION_INTEGER_MAX
from schemas.codec.members import REQUIRED, members_of, summary_of
from schemas.codec.wire import FORMS, nullable, wire_name
from schemas.dead_letter import Reason
from schemas.envelope import EVENT_TYPES
from schemas.ledger import RECORD_TYPES

Schema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_EVENT_FORMS: Final[dict[str, Schema]] = {mark: form.json_schema for mark, form in FORMS.items()}
_MONEY_OUT: Final[Schema] = {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$"}
_INSTANT_OUT: Final[Schema] = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{0,5}[1-9])?Z$",
}
_RECORD_FORMS: Final = _EVENT_FORMS | {fields.MONEY: _MONEY_OUT, fields.INSTANT: _INSTANT_OUT}
_PLAIN: Final[dict[type, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
}
_MONEY_FOR_CREDITS: Final = {ledger.Leg: "remaining", ledger.PassedOver: "before"}


def event_schema(name: str) -> Schema:
    """Return the JSON Schema of an input event, envelope and all; `name` as in `EVENT_TYPES`."""
    data = _object(EVENT_TYPES[name], _EVENT_FORMS, complete=False)
    properties = {
        "specversion": {"const": "1.0"},
        "id": _EVENT_FORMS[fields.IDENTIFIER],
        "source": _EVENT_FORMS[fields.SOURCE],
        "type": {"const": f"tollstream.{name}.v1"},
        "subject": _EVENT_FORMS[fields.TENANT],
        "time": _EVENT_FORMS[fields.INSTANT],
        "datacontenttype": {
            "type": ["string", "null"],
            "pattern": r"^[Aa][Pp][Pp][Ll][Ii][Cc][Aa][Tt][Ii][Oo][Nn]/[Jj][Ss][Oo][Nn] *(;.*)?$",
        },
        "data": data,
    }
    extension = {
        "description": "CloudEvents extension: kept in the log and ignored.",
        "type": ["string", "boolean", "integer", "null"],
        "minimum": -EXTENSION_INTEGER_MAX - 1,
        "maximum": EXTENSION_INTEGER_MAX,
    }
    return {
        "$schema": _DIALECT,
        "$id": f"urn:tollstream:event:{name}:v1",
        "title": f"tollstream.{name}.v1",
        "description": (
            f"{summary_of(EVENT_TYPES[name])} At most {EVENT_BYTES_MAX} bytes of UTF-8; a key "
            "stands once in its object; NUL nowhere."
        ),
        "type": "object",
        "properties": properties,
        "required": [key for key in properties if key != "datacontenttype"],
        "propertyNames": {"not": {"const": "data_base64"}},
        "additionalProperties": extension,
    }


def record_schema(cls: type) -> Schema:
    """Return the JSON Schema of a ledger record, envelope and all; `cls` as in `RECORD_TYPES`."""
    name = RECORD_TYPES[cls]
    properties: Schema = {
        "cause": {"type": "string", "pattern": "#", "description": "<source>#<id> of the input."},
        "data": _object(cls, _RECORD_FORMS, complete=True),
        "hash": _EVENT_FORMS[fields.VERSION],
        "id": {"type": "string", "pattern": r"^[A-Za-z0-9._-]{1,64}/[1-9][0-9]*$"},
        "seq": {"type": "integer", "minimum": 1},
        "source": {"const": "tollstream"},
        "specversion": {"const": "1.0"},
        "subject": _EVENT_FORMS[fields.TENANT],
        "time": _INSTANT_OUT,
        "type": {"const": f"tollstream.{name}.v1"},
    }
    return {
        "$schema": _DIALECT,
        "$id": f"urn:tollstream:ledger:{name}:v1",
        "title": f"tollstream.{name}.v1",
        "description": summary_of(cls),
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def dead_letter_schema() -> Schema:
    """Return the JSON Schema of a dead letter."""
    text, count = {"type": "string"}, {"type": "integer", "minimum": 0}
    properties: Schema = {
        "tenant": {"anyOf": [_EVENT_FORMS[fields.TENANT], {"type": "null"}]},
        "reason": {"enum": [reason.value for reason in Reason]},
        "detail": {"type": "string", "description": "One line; never a phone number."},
        "raw": {"type": "string", "contentEncoding": "base64"},
        "position": {
            "anyOf": [
                _closed({"topic": text, "partition": count, "offset": count}),
                _closed({"file": text, "line": count}),
            ]
        },
        "received_at": {"anyOf": [_INSTANT_OUT, {"type": "null"}]},
    }
    return {
        "$schema": _DIALECT,
        "$id": "urn:tollstream:dead-letter",
        "title": "Dead letter",
        "description": "Refused input, whole, with its reason.",
    } | _closed(properties)


def _closed(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _object(cls: Any, forms: dict[str, Schema], *, complete: bool) -> Schema:
    properties: Schema = {}
    required: list[str] = []
    for member in members_of(cls):
        name = wire_name(member.name)
        properties[name] = _schema(member.annotation, forms, complete=complete)
        has_default = member.default is not REQUIRED
        if complete or not (has_default or nullable(member.annotation) is not None):
            required.append(name)
        elif has_default:
            properties[name] = properties[name] | {"default": member.default}
    schema = _closed(properties) | {"required": required, "description": summary_of(cls)}
    if cls in _MONEY_FOR_CREDITS:
        schema |= _money_for_credits(_MONEY_FOR_CREDITS[cls])
        properties[_MONEY_FOR_CREDITS[cls]] = {"type": ["integer", "string", "null"]}
    return schema


def _money_for_credits(name: str) -> Schema:
    money = {"anyOf": [_MONEY_OUT, {"type": "null"}]}
    return {
        "if": {"properties": {"purse": {"const": "credits"}}},
        "then": {"properties": {name: money}},
        "else": {"properties": {name: {"type": ["integer", "null"]}}},
    }


def _schema(annotation: Any, forms: dict[str, Schema], *, complete: bool) -> Schema:
    inner = nullable(annotation)
    if inner is not None:
        return {"anyOf": [_schema(inner, forms, complete=complete), {"type": "null"}]}
    origin = get_origin(annotation)
    if origin is Annotated:
        return forms[annotation.__metadata__[0]]
    if origin is Literal:
        return {"enum": list(get_args(annotation))}
    if origin is tuple:
        item = _schema(get_args(annotation)[0], forms, complete=complete)
        return {"type": "array", "items": item}
    if dataclasses.is_dataclass(annotation):
        return _object(annotation, forms, complete=complete)
    return _PLAIN[annotation]
