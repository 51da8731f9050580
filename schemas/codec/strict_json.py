"""Strict reading of untrusted JSON: what ordinary parsers let pass is refused here.

orjson and the standard library agree on the grammar, but both keep the last of two equal keys, both
accept NUL, the first turns large integers into floats silently, the second takes NaN and half
surrogate pairs. So the exact path reads with the standard library, whose hooks show every object's
pairs as they were written, and looks at what the hooks cannot see.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from schemas.codec.limits import DEPTH_MAX, EVENT_BYTES_MAX
from schemas.codec.refused import Refused
from schemas.dead_letter import Reason

_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""A JSON string, also one that is cut off: so no start is tried twice and the scan stays linear."""
_BRACKET: Final = re.compile(r"[\[{]|[\]}]")
_INTEGER_DIGITS_MAX: Final = 20
"""2^64 has 20 digits. Longer ones are no value of ours, and converting them is quadratic."""


@dataclass(slots=True)
class Document:
    """A parsed JSON text; `repeated` are the keys that stand twice in some object."""

    tree: Any = None
    repeated: set[str] = field(default_factory=set)


def read_text(raw: bytes) -> str:
    """Return the text of the bytes; refuses `too_large`, `bad_encoding`, `too_deep`."""
    if len(raw) > EVENT_BYTES_MAX:
        raise Refused(Reason.TOO_LARGE, f"more than {EVENT_BYTES_MAX} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise Refused(Reason.BAD_ENCODING, f"not UTF-8 at byte {error.start}") from None
    if raw.count(b"{") + raw.count(b"[") > DEPTH_MAX and _depth(text) > DEPTH_MAX:
        raise Refused(Reason.TOO_DEEP, f"nested deeper than {DEPTH_MAX}")
    return text


def parse(text: str) -> Document:
    """Return the document, equal keys noted; refuses `not_json`."""
    document = Document()

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            seen: set[str] = set()
            document.repeated.update(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        return members

    try:
        document.tree = json.loads(
            text, object_pairs_hook=collect, parse_int=_integer, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        raise Refused(Reason.NOT_JSON, f"not JSON at character {error.pos}") from None
    return document


def check_strings(document: Document, text: str) -> None:
    """Refuse half surrogate pairs (`bad_encoding`), equal keys, and NUL (`bad_data`) anywhere."""
    strings = list(_strings(document.tree)) if "\\u" in text else []
    if any(not _is_unicode(string) for string in strings):
        raise Refused(Reason.BAD_ENCODING, "half of a surrogate pair")
    if document.repeated:
        raise Refused(Reason.DUPLICATE_KEY, "a key stands twice in one object")
    if any("\0" in string for string in strings):
        raise Refused(Reason.BAD_DATA, "a string holds the character NUL")


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _integer(digits: str) -> int | float:
    # A float is refused wherever one of our members or attributes is read.
    return int(digits) if len(digits) <= _INTEGER_DIGITS_MAX else float("inf")


def _no_constant(_: str) -> NoReturn:
    raise Refused(Reason.NOT_JSON, "NaN and Infinity are not JSON")


def _strings(tree: Any) -> Iterator[str]:
    # Depth is bounded by DEPTH_MAX before anything is parsed. Values that a repeated key hides
    # are not seen; the repeated key is refused anyway.
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield key
            yield from _strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _strings(value)


def _is_unicode(string: str) -> bool:
    try:
        string.encode()
    except UnicodeEncodeError:
        return False
    return True
