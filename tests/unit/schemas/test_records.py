import dataclasses
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import fields, ledger
from schemas.codec import (
    FIRST_HASH,
    LedgerFormatError,
    decode_record,
    encode_record,
    ruleset_of,
)
from schemas.codec.canonical import ordered_bytes, sorted_bytes
from schemas.codec.members import members_of
from schemas.ledger import RECORD_TYPES, LedgerRecord

Canonical = Callable[[Any], bytes]

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20)
MONEY = st.integers(-(10**24), 10**24)
MONTHS = st.from_regex(r"20[0-9]{2}-(0[1-9]|1[0-2])", fullmatch=True)
COUNTS = st.integers(0, 2**40)
INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Return what a member with this annotation may hold."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return st.one_of(st.none(), *(values(arm) for arm in arguments if arm is not NoneType))
    if origin is Annotated:
        mark = annotation.__metadata__[0]
        return {fields.MONEY: MONEY, fields.INSTANT: INSTANTS, fields.MONTH: MONTHS}[mark]
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if dataclasses.is_dataclass(annotation):
        return records_data(annotation)
    return {str: TEXT, int: COUNTS}[annotation]


def records_data(cls: Any) -> st.SearchStrategy[Any]:
    """Return objects of a dataclass of `schemas.ledger`, members filled at random."""
    return st.builds(cls, **{member.name: values(member.annotation) for member in members_of(cls)})


RECORDS = st.builds(
    LedgerRecord,
    tenant=st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    seq=st.integers(1, 2**50),
    time=INSTANTS,
    cause=TEXT.map(lambda text: f"{text}#x"),
    data=st.one_of([records_data(cls) for cls in RECORD_TYPES]),
)


def test_the_contract_s_ledger_is_written_byte_for_byte(example_ledger: list[bytes]) -> None:
    """Reading the example and writing it again gives the same bytes and hash chain."""
    previous = FIRST_HASH
    for line in example_ledger:
        read = decode_record(line)
        written, previous = encode_record(read.record, previous)
        assert line == written
        assert read.hash == previous


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS, st.binary(min_size=32, max_size=32))
def test_every_record_is_canonical_hashed_and_reads_back(
    canonical: Canonical, record: LedgerRecord, previous: bytes
) -> None:
    """Held against an independent canonical form, whatever the members hold."""
    line, digest = encode_record(record, previous)
    tree = json.loads(line)
    assert canonical(tree) == line
    written = tree.pop("hash")
    assert digest.hex() == written
    assert hashlib.sha256(previous + canonical(tree)).hexdigest() == written
    assert (record, digest) == decode_record(line)


@pytest.mark.parametrize("cls", RECORD_TYPES)
def test_a_record_holds_all_members_of_its_class(cls: type) -> None:
    """No member is forgotten by a writer, null members neither."""

    @settings(max_examples=5, database=None)
    @given(records_data(cls))
    def check(data: Any) -> None:
        record = LedgerRecord("t", 1, datetime(2021, 3, 1, tzinfo=UTC), "s#1", data)
        tree = json.loads(encode_record(record, FIRST_HASH)[0])
        names = {field.name.rstrip("_") for field in dataclasses.fields(cls)}
        assert names == set(tree["data"])
        assert f"tollstream.{RECORD_TYPES[cls]}.v1" == tree["type"]

    check()


def test_strings_are_escaped_as_rfc_8785_says(canonical: Canonical) -> None:
    """Every character below U+0800 and beyond the basic plane, inside one string."""
    text = "".join(map(chr, range(0x800))) + "\u2028\ufeff\U0001f600"
    assert canonical({"b": text, "a": 1}) == sorted_bytes({"b": text, "a": 1})
    assert canonical([text]) == ordered_bytes([text])


def test_keys_are_sorted_by_code_point(canonical: Canonical) -> None:
    """Not by UTF-16 units, not by locale."""
    tree = {"\U0001f600": 1, "\uffee": 2, "a": 3, "B": 4, "": 5, "\u00e9": 6}
    assert canonical(tree) == sorted_bytes(tree)


def test_a_user_id_cannot_move_the_place_of_the_hash() -> None:
    """The text that marks the place may stand in free text before it."""
    data = ledger.CallDuplicate('","id":"', 1)
    record = LedgerRecord("t", 1, datetime(2021, 3, 1, tzinfo=UTC), ',"id":"#1', data)
    line, digest = encode_record(record, FIRST_HASH)
    assert (record, digest) == decode_record(line)


@pytest.mark.parametrize(
    ("microseconds", "text"), [(0, "00Z"), (500_000, "00.5Z"), (1, "00.000001Z")]
)
def test_instants_are_written_in_their_shortest_form(microseconds: int, text: str) -> None:
    """Contracts section 3, in the envelope, in `data` and in a price."""
    at = datetime(2021, 3, 1, microsecond=microseconds, tzinfo=UTC)
    added = ledger.CreditsAdded("t/l1", 1, at, 1)
    line, _ = encode_record(LedgerRecord("t", 1, at, "s#1", added), FIRST_HASH)
    assert line.count(f'"2021-03-01T00:00:{text}"'.encode()) == 2


def test_the_ruleset_is_the_hash_of_its_versions(example_ledger: list[bytes]) -> None:
    """Contracts section 3, `ruleset.changed`."""
    data = decode_record(example_ledger[0]).record.data
    assert isinstance(data, ledger.RulesetChanged)
    assert data.ruleset == ruleset_of(
        rules=data.rules,
        catalogue=data.catalogue,
        rates=data.rates,
        numbering=data.numbering,
        calendar=data.calendar,
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"seq":4', b'"seq":5'),
        (b'"seq":4', b'"seq":"4"'),
        (b'"seq":4', b'"seq":true'),
        (b'"source":"tollstream"', b'"source":"other"'),
        (b'"specversion":"1.0"', b'"specversion":"1.1"'),
        (b'"subject":"contoso"', b'"subject":"con toso"'),
        (b'"time":"2021-03-02T09:58:01Z"', b'"time":"2021-03-02T09:58:01"'),
        (b'"type":"tollstream.call.rated.v1"', b'"type":"tollstream.call.rated.v2"'),
        (b'"cause":"example#5"', b'"cause":"example"'),
        (b'"hash":"a', b'"hash":"A'),
        (b'"charge":"0"', b'"charge":0'),
        (b'"charge":"0"', b'"charge":"1e5"'),
        (b'"outcome":"rated"', b'"outcome":"unknown"'),
        (b'"remaining":1', b'"remaining":"1"'),
        (b'"corrects":null,', b""),
        (b'"corrects":null,', b'"corrects":null,"extra":null,'),
        (b'"purse":"pool"', b'"purse":"credits"'),
        (b"}", b""),
        (b'"cause"', b'"Cause"'),
    ],
)
def test_a_line_that_is_no_record_is_refused(
    example_ledger: list[bytes], old: bytes, new: bytes
) -> None:
    """An auditor hears which rule is broken instead of a traceback."""
    line = example_ledger[3]
    assert old in line
    with pytest.raises(LedgerFormatError):
        decode_record(line.replace(old, new))
