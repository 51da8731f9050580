"""Writes the JSON Schemas and the AsyncAPI document: `python -m schemas.export [FOLDER]`."""

import json
import sys
from pathlib import Path
from typing import Any, Final

from schemas.codec.asyncapi import asyncapi_document
from schemas.codec.json_schemas import dead_letter_schema, event_schema, record_schema
from schemas.envelope import EVENT_TYPES
from schemas.ledger import RECORD_TYPES

FOLDER: Final = Path(__file__).with_name("json")
CONTRACTS_VERSION: Final = "1"
"""Raised with the `.v1` of the types, not with releases of the engine."""


def documents() -> dict[str, dict[str, Any]]:
    """Return every shipped document by its file name."""
    made = {f"event.{name}.v1.json": event_schema(name) for name in EVENT_TYPES}
    made |= {f"ledger.{name}.v1.json": record_schema(cls) for cls, name in RECORD_TYPES.items()}
    made["dead-letter.json"] = dead_letter_schema()
    made["asyncapi.json"] = asyncapi_document(CONTRACTS_VERSION)
    return made


def file_text(document: dict[str, Any]) -> str:
    """Return the text of a shipped file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write all documents into the folder named, or the package's own; drop what is left over."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    made = documents()
    for name, document in made.items():
        (folder / name).write_text(file_text(document), encoding="utf-8")
    for path in folder.glob("*.json"):
        if path.name not in made:
            path.unlink()
    sys.stdout.write(f"{len(made)} documents written to {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
