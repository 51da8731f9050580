"""The AsyncAPI 3 document: which topic carries which messages."""

from typing import Any

from schemas.envelope import EVENT_TYPES
from schemas.ledger import RECORD_TYPES

_KEY = {"type": "string", "description": "The tenant id, equal to the event's subject."}
_CLOUD_EVENT = "application/cloudevents+json"
_CHANNELS = {
    "events": ("tollstream.events", "Everything that can change a balance, keyed by tenant."),
    "ledger": ("tollstream.ledger", "What became of it: a gap-free, hash-chained log per tenant."),
    "deadLetter": ("tollstream.dead-letter", "Refused input, whole, with its reason."),
}


def asyncapi_document(version: str) -> dict[str, Any]:
    """Return the document; payloads refer to the JSON Schema files beside it."""
    messages = {
        "events": [f"event.{name}.v1" for name in EVENT_TYPES],
        "ledger": [f"ledger.{name}.v1" for name in RECORD_TYPES.values()],
        "deadLetter": ["dead-letter"],
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "tollstream",
            "version": version,
            "description": "Topic names are defaults; settings may name others.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": _CLOUD_EVENT,
        "channels": {
            channel: {
                "address": address,
                "description": description,
                "messages": {name: _ref("messages", name) for name in messages[channel]},
            }
            for channel, (address, description) in _CHANNELS.items()
        },
        "operations": {
            "rateEvents": _operation("receive", "events"),
            "writeLedger": _operation("send", "ledger"),
            "writeDeadLetter": _operation("send", "deadLetter"),
        },
        "components": {
            "messages": {name: _message(name) for names in messages.values() for name in names}
        },
    }


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _operation(action: str, channel: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _message(name: str) -> dict[str, Any]:
    content_type = "application/json" if name == "dead-letter" else _CLOUD_EVENT
    return {
        "name": name,
        "contentType": content_type,
        "payload": {"$ref": f"./{name}.json"},
        "headers": {
            "type": "object",
            "properties": {"content-type": {"const": content_type}},
        },
        "bindings": {"kafka": {"key": _KEY, "bindingVersion": "0.5.0"}},
    }
