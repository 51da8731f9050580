import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.codec import decode_dead_letter, encode_dead_letter
from schemas.dead_letter import DeadLetter, FilePosition, LogPosition, Reason, Refusal
from schemas.envelope import EVENT_TYPES
from schemas.export import FOLDER, documents, file_text, main
from schemas.ledger import RECORD_TYPES

DOCUMENTS = documents()
MakeEvent = Callable[[str], dict[str, Any]]


def validator(name: str) -> Draft202012Validator:
    """Return a validator of one shipped schema."""
    return Draft202012Validator(DOCUMENTS[name])


def name_of(tree: dict[str, Any], family: str) -> str:
    """Return the file name of the schema that an event or record must fit."""
    return f"{family}.{tree['type'].removeprefix('tollstream.')}.json"


def test_the_shipped_documents_are_those_that_the_types_make() -> None:
    """Drift: after a change of a type, `python -m schemas.export` has to be run."""
    shipped = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
    assert {name: file_text(document) for name, document in DOCUMENTS.items()} == shipped


def test_the_export_command_writes_them_and_drops_what_is_left_over(tmp_path: Any) -> None:
    """One command makes the whole folder."""
    (tmp_path / "event.gone.v1.json").write_text("{}")
    assert main([str(tmp_path)]) == 0
    assert set(DOCUMENTS) == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "asyncapi.json"])
def test_each_schema_is_a_schema(name: str) -> None:
    """Checked against the dialect that it names."""
    Draft202012Validator.check_schema(DOCUMENTS[name])


def test_the_contract_s_examples_fit(
    example_events: list[bytes], example_ledger: list[bytes]
) -> None:
    """Every line of the examples, by the schema of its type."""
    for family, lines in (("event", example_events), ("ledger", example_ledger)):
        for line in lines:
            tree = json.loads(line)
            assert [] == list(validator(name_of(tree, family)).iter_errors(tree))


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_a_valid_event_fits_and_one_with_an_unknown_member_does_not(
    event_of: MakeEvent, name: str
) -> None:
    """What the codec accepts, the schema accepts."""
    event, check = event_of(name), validator(f"event.{name}.v1.json")
    assert check.is_valid(event | {"traceparent": "x"})
    assert check.is_valid(event | {"x-With_style": "x"})
    assert not check.is_valid(event | {"data_base64": "e30="})
    event["data"]["unknown"] = None
    assert not check.is_valid(event)


@pytest.mark.parametrize(
    "position", [LogPosition("tollstream.events", 0, 1), FilePosition("a.jsonl", 1)]
)
def test_a_dead_letter_fits(position: LogPosition | FilePosition) -> None:
    """Both kinds of position, a tenant or none."""
    for tenant in ("contoso", None):
        raw = encode_dead_letter(
            DeadLetter(Refusal(Reason.BAD_DATA, "x", tenant), b"{}", position, None)
        )
        assert decode_dead_letter(raw).refusal.tenant == tenant
        assert validator("dead-letter.json").is_valid(json.loads(raw))


def test_asyncapi_names_every_message_and_only_files_that_are_there() -> None:
    """Three channels; each message's payload is one of the shipped schemas."""
    document = DOCUMENTS["asyncapi.json"]
    messages = document["components"]["messages"]
    assert len(EVENT_TYPES) + len(RECORD_TYPES) + 1 == len(messages)
    files = {message["payload"]["$ref"].removeprefix("./") for message in messages.values()}
    assert set(DOCUMENTS) - {"asyncapi.json"} == files
    referred = {
        message["$ref"].rsplit("/", 1)[1]
        for channel in document["channels"].values()
        for message in channel["messages"].values()
    }
    assert set(messages) == referred
