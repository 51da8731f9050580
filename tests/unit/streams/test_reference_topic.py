"""A reference file is there whole or not at all."""

import hashlib

import pytest

from schemas.codec import pack_row
from streams.kafka.reference_topic import DamagedReferenceError, PublishedReferences

RAW = b"a catalogue" * 1000
VERSION = hashlib.sha256(RAW).hexdigest()


def published(*records: tuple[str, bytes]) -> PublishedReferences:
    """Return what a reader knows after some records."""
    references = PublishedReferences()
    for key, value in records:
        references._take(key, value)
    return references


def test_a_file_is_known_when_its_last_record_is_read() -> None:
    """Parts alone are no file; part by part they make exactly its bytes."""
    parts = [(f"part/{VERSION}/0", RAW[:5000]), (f"part/{VERSION}/1", RAW[5000:])]
    complete = (f"file/{VERSION}", pack_row(["catalogue", len(RAW), 2]))
    assert {} == published(*parts).files
    assert {VERSION: ("catalogue", RAW)} == published(*parts, complete).files


def test_bytes_that_do_not_have_their_version_are_an_error() -> None:
    """D-79: a damaged file is never used."""
    with pytest.raises(DamagedReferenceError, match=VERSION):
        published(
            (f"part/{VERSION}/0", RAW[:-1] + b"!"),
            (f"file/{VERSION}", pack_row(["catalogue", len(RAW), 1])),
        )


def test_the_newest_default_counts() -> None:
    """A later default replaces the one before."""
    references = published(
        ("default/rates", pack_row(["one"])), ("default/rates", pack_row(["two"]))
    )
    assert {"rates": "two"} == references.defaults


def test_a_publication_broken_off_and_compacted_leaves_the_file_whole() -> None:
    """A part of a second publication may then stand behind the record that completes the file."""
    references = published(
        (f"part/{VERSION}/1", RAW[5000:]),
        (f"file/{VERSION}", pack_row(["catalogue", len(RAW), 2])),
        (f"part/{VERSION}/0", RAW[:5000]),
    )
    assert {} == references.files
    references.finish()
    assert {VERSION: ("catalogue", RAW)} == references.files


def test_a_file_that_lacks_a_part_is_an_error() -> None:
    """D-79: what is not whole when all was read is damaged."""
    references = published((f"file/{VERSION}", pack_row(["catalogue", len(RAW), 1])))
    with pytest.raises(DamagedReferenceError, match=VERSION):
        references.finish()
