"""How each kind of value stands on the wire: one table, read by validators and JSON Schemas alike.

`schemas.fields` marks what a value means; `FORMS` says here how it is read from JSON and how a JSON
Schema describes it. From the dataclasses and this table `validator_for` compiles one pydantic
validator per class. The core schemas are built directly, not by `TypeAdapter`: the types of
`schemas` must not know pydantic, and a TypeAdapter takes strictness and refusal of unknown members
only from configuration written into the class.

A validator raises with our own reason code as the error's type, so the reason of a refusal is
decided where the value is read.
"""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic_core import CoreSchema, PydanticCustomError, SchemaValidator
from pydantic_core import core_schema as core

from schemas import fields, ledger
from schemas.calls import CALL_TYPES
from schemas.codec.instants import parse_instant
from schemas.codec.limits import (
    DURATION_SECONDS_MAX,
    IDENTIFIER_CHARACTERS_MAX,
    SOURCE_CHARACTERS_MAX,
    TENANT_CHARACTERS_MAX,
)
from schemas.codec.members import REQUIRED, Member, members_of
from schemas.codes import COUNTRY_CODES, CURRENCY_CODES
from schemas.dead_letter import Reason
from schemas.money import parse_money, parse_shortest_money

NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"
TENANT_PATTERN: Final = rf"^[A-Za-z0-9._-]{{1,{TENANT_CHARACTERS_MAX}}}$"
_NO_NUL: Final = r"^[^\x00]*$"
_DECIMAL: Final = r"[0-9]{1,15}(\.[0-9]{1,8})?"
_MONEY_PATTERN: Final = rf"^-?{_DECIMAL}$"
_MONEY_ABOVE_ZERO_PATTERN: Final = rf"^(?=.*[1-9]){_DECIMAL}$"
_MONEY_FROM_ZERO_PATTERN: Final = rf"^(-(?!.*[1-9]))?{_DECIMAL}$"
_MONEY_NOT_ZERO_PATTERN: Final = rf"^(?=.*[1-9])-?{_DECIMAL}$"
_INSTANT_PATTERN: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_MONTH_PATTERN: Final = (
    r"^(19[7-9][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])-(0[1-9]|1[0-2])$"
)
_VERSION_PATTERN: Final = r"^[0-9a-f]{64}$"


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of value: how it is read, and its JSON Schema."""

    read: CoreSchema
    json_schema: dict[str, Any]


def read_instant(value: object) -> datetime:
    """Return the instant that a JSON value names, or refuse it as `bad_time`."""
    if type(value) is str:
        try:
            return parse_instant(value)
        except ValueError:
            pass
    raise PydanticCustomError(Reason.BAD_TIME.value, "must be an RFC 3339 time with Z or an offset")


def read_shortest_money(value: object) -> int:
    """Return the amount in a ledger record, or refuse what is not in its shortest form."""
    if type(value) is str:
        try:
            return parse_shortest_money(value)
        except ValueError:
            pass
    raise PydanticCustomError(Reason.BAD_AMOUNT.value, "must be a plain decimal, shortest form")


def _money_reader(allowed: Callable[[int], bool], rule: str) -> CoreSchema:
    def read_money(value: object) -> int:
        if type(value) is not str:
            raise PydanticCustomError(Reason.BAD_AMOUNT.value, "must be a string, a plain decimal")
        try:
            amount = parse_money(value)
        except ValueError:
            raise PydanticCustomError(
                Reason.BAD_AMOUNT.value, "must be a plain decimal of at most 15 and 8 digits"
            ) from None
        if not allowed(amount):
            raise PydanticCustomError(Reason.BAD_AMOUNT.value, rule)
        return amount

    return core.no_info_plain_validator_function(read_money)


def time_zones() -> list[str]:
    """Return the zone names of the pinned tzdata package, nothing of the machine's (D-82)."""
    return resources.files("tzdata").joinpath("zones").read_text("ascii").split()


def _money(pattern: str, allowed: Callable[[int], bool], rule: str) -> Form:
    return Form(_money_reader(allowed, rule), {"type": "string", "pattern": pattern})


def _text(**bounds: Any) -> CoreSchema:
    return core.str_schema(strict=True, **bounds)


def _characters(most: int) -> Form:
    return Form(
        _text(min_length=1, max_length=most, pattern=NO_CONTROLS),
        {"type": "string", "minLength": 1, "maxLength": most, "pattern": NO_CONTROLS},
    )


def _one_of(names: frozenset[str] | list[str]) -> Form:
    ordered = sorted(names)
    return Form(core.literal_schema(ordered), {"enum": ordered})


def _pattern(pattern: str) -> Form:
    return Form(_text(pattern=pattern), {"type": "string", "pattern": pattern})


FORMS: Final[dict[str, Form]] = {
    fields.MONEY: _money(_MONEY_PATTERN, lambda _: True, ""),
    fields.MONEY_ABOVE_ZERO: _money(
        _MONEY_ABOVE_ZERO_PATTERN, lambda amount: amount > 0, "must be more than 0"
    ),
    fields.MONEY_FROM_ZERO: _money(
        _MONEY_FROM_ZERO_PATTERN, lambda amount: amount >= 0, "must be 0 or more"
    ),
    fields.MONEY_NOT_ZERO: _money(_MONEY_NOT_ZERO_PATTERN, bool, "must not be 0"),  # D-44
    fields.INSTANT: Form(
        core.no_info_plain_validator_function(read_instant),
        {"type": "string", "format": "date-time", "pattern": _INSTANT_PATTERN},
    ),
    fields.IDENTIFIER: _characters(IDENTIFIER_CHARACTERS_MAX),
    fields.SOURCE: _characters(SOURCE_CHARACTERS_MAX),
    fields.TENANT: _pattern(TENANT_PATTERN),
    fields.COUNTRY: _one_of(COUNTRY_CODES),
    fields.CURRENCY: _one_of(CURRENCY_CODES),
    fields.TIME_ZONE: _one_of(time_zones()),
    fields.CALL_TYPE: _one_of(CALL_TYPES),
    fields.MONTH: _pattern(_MONTH_PATTERN),
    fields.VERSION: _pattern(_VERSION_PATTERN),
    fields.SECONDS: Form(
        core.int_schema(strict=True, ge=0, le=DURATION_SECONDS_MAX),
        {"type": "integer", "minimum": 0, "maximum": DURATION_SECONDS_MAX},
    ),
    # NUL is refused for the whole document at once.
    fields.TEXT: Form(_text(), {"type": "string", "pattern": _NO_NUL}),
}

_RECORD_FORMS: Final = FORMS | {
    fields.MONEY: Form(core.no_info_plain_validator_function(read_shortest_money), {}),
}

_PLAIN: Final[dict[Any, CoreSchema]] = {
    str: _text(),
    int: core.int_schema(strict=True),
    bool: core.bool_schema(strict=True),
}


def wire_name(field_name: str) -> str:
    """Return a member's name on the wire (`class_` is `class`, a word that Python keeps)."""
    return field_name.removesuffix("_")


def nullable(annotation: Any) -> Any | None:
    """Return what an `X | None` holds beside None, or None for other annotations."""
    if get_origin(annotation) not in (Union, UnionType):
        return None
    others = [arm for arm in get_args(annotation) if arm is not NoneType]
    return others[0] if len(others) == 1 else None


@cache
def validator_for(cls: type, *, complete: bool = False) -> SchemaValidator:
    """Return the compiled validator from a JSON object to the dataclass.

    Unknown members are refused. A member that may be null or has a default may be absent (D-21),
    unless `complete`: ledger records hold all members always.
    """
    forms = _RECORD_FORMS if complete else FORMS
    return SchemaValidator(_dataclass_schema(cls, forms, complete))


def _dataclass_schema(cls: type, forms: dict[str, Form], complete: bool) -> CoreSchema:
    # A compiled class can only be made by its constructor, so pydantic hands the members over.
    fields = {member.name: _field(member, forms, complete) for member in members_of(cls)}
    tree = core.typed_dict_schema(fields, strict=True, extra_behavior="forbid")
    schema = core.no_info_after_validator_function(lambda members: cls(**members), tree)
    if cls in _MONEY_FOR_CREDITS:
        return core.no_info_before_validator_function(_MONEY_FOR_CREDITS[cls], schema)
    return schema


def _field(member: Member, forms: dict[str, Form], complete: bool) -> core.TypedDictField:
    schema, required = _schema(member.annotation, forms, complete), True
    if not complete and member.default is not REQUIRED:
        schema, required = core.with_default_schema(schema, default=member.default), False
    elif not complete and nullable(member.annotation) is not None:  # D-21: absent = null
        schema, required = core.with_default_schema(schema, default=None), False
    alias = wire_name(member.name)
    return core.typed_dict_field(
        schema, required=required, validation_alias=alias if alias != member.name else None
    )


def _schema(annotation: Any, forms: dict[str, Form], complete: bool) -> CoreSchema:
    inner = nullable(annotation)
    if inner is not None:
        return core.nullable_schema(_schema(inner, forms, complete))
    origin = get_origin(annotation)
    if origin is Annotated:
        return forms[annotation.__metadata__[0]].read
    if origin is Literal:
        return core.literal_schema(list(get_args(annotation)))
    if origin is tuple:
        item = _schema(get_args(annotation)[0], forms, complete)
        return core.tuple_schema([item], variadic_item_index=0)
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _dataclass_schema(annotation, forms, complete)
    return _PLAIN[annotation]


def _money_for_credits(member: str) -> Callable[[Any], Any]:
    """Return a reader of the one member whose form depends on `purse`: money for credits."""

    def read(row: Any) -> Any:
        value = row.get(member) if isinstance(row, dict) else None
        if value is None:
            return row
        if (type(value) is str) is not (row.get("purse") == "credits"):
            raise PydanticCustomError(Reason.BAD_DATA.value, "money for credits, else minutes")
        return row | {member: read_shortest_money(value)} if type(value) is str else row

    return read


_MONEY_FOR_CREDITS: Final[dict[type, Callable[[Any], Any]]] = {
    ledger.Leg: _money_for_credits("remaining"),
    ledger.PassedOver: _money_for_credits("before"),
}
IS_TENANT: Final = re.compile(TENANT_PATTERN[1:-1], re.ASCII).fullmatch
