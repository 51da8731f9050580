"""The reference topic: catalogues and rate decks by the hash of their bytes, and the defaults.

The topic is compacted and has one partition. A file is cut into parts of at most 512 KiB, written
before the record that completes it, so a reader that sees the file sees all of it:

    part/<version>/<number>   the bytes
    file/<version>            [kind, bytes in all, parts]
    default/<kind>            [version]

What is read is hashed; bytes that do not have their version are an error, never used (D-79).
"""

import hashlib
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.codec import pack_row, unpack_row
from schemas.timers import ReferenceKind
from streams.kafka.clients import producer_arguments
from streams.kafka.read import committed_reader, read_to_end
from streams.settings import Settings

PART_BYTES_MAX: Final = 512 << 10
"""Bytes of one part (contracts section 4); half of what a Kafka record may have by default."""


class DamagedReferenceError(Exception):
    """The topic holds a file whose bytes do not have its version; one line for the operator."""


def reference_reader(settings: Settings) -> AbstractAsyncContextManager[AIOKafkaConsumer]:
    """Open a reader that brings a few parts of a file at once."""
    return committed_reader(settings, fetch_bytes=4 * PART_BYTES_MAX)


@dataclass(slots=True)
class PublishedReferences:
    """What of the topic was read so far; `read_further` reads the rest."""

    files: dict[str, tuple[ReferenceKind, bytes]] = field(default_factory=dict)
    defaults: dict[ReferenceKind, str] = field(default_factory=dict)
    next_offset: int = 0
    _parts: dict[tuple[str, int], bytes] = field(default_factory=dict)
    _unfinished: dict[str, bytes] = field(default_factory=dict)

    async def read_further(self, settings: Settings) -> None:
        """Read what was published since; raises DamagedReferenceError."""
        async with reference_reader(settings) as consumer:
            await self.read_with(consumer, settings.reference_topic)

    async def read_with(self, consumer: AIOKafkaConsumer, topic: str) -> None:
        """Read what was published since, with a reader that stays open; raises as above."""
        starts = {TopicPartition(topic, 0): self.next_offset}
        async for _, records, following in read_to_end(consumer, starts):
            for record in records:
                if record.key is not None and record.value is not None:
                    self._take(record.key.decode(), record.value)
            self.next_offset = following
        self.finish()

    def finish(self) -> None:
        """Complete what had its parts behind it; raises DamagedReferenceError for what lacks some.

        Parts stand before their file, but for one case: the file was published again, that was
        broken off after a part, and compaction then left only that newer part.
        """
        for version, value in self._unfinished.items():
            if version not in self.files:
                self._complete(version, value, last=True)
        self._unfinished.clear()

    def _take(self, key: str, value: bytes) -> None:
        kind, _, rest = key.partition("/")
        if kind == "part":
            version, _, number = rest.rpartition("/")
            self._parts[version, int(number)] = value
        elif kind == "file":
            self._complete(rest, value, last=False)
        elif kind == "default":
            (self.defaults[_kind(rest)],) = unpack_row(value)

    def _complete(self, version: str, value: bytes, *, last: bool) -> None:
        kind, size, parts = unpack_row(value)
        names = [(version, number) for number in range(parts)]
        if not last and version not in self.files and not self._parts.keys() >= set(names):
            self._unfinished[version] = value
            return
        taken = [self._parts.pop(name, b"") for name in names]
        if version in self.files:
            return  # published again
        raw = b"".join(taken)
        if len(raw) != size or hashlib.sha256(raw).hexdigest() != version:
            raise DamagedReferenceError(
                f"the reference topic's file {version} is damaged; publish it again"
            )
        self.files[version] = (_kind(kind), raw)


async def publish_reference(
    settings: Settings, kind: ReferenceKind, raw: bytes, *, default: bool
) -> str:
    """Store a file under its hash, maybe as the default of all tenants; return its version.

    The caller has checked the file. Publishing the same file again is harmless.
    """
    version = hashlib.sha256(raw).hexdigest()
    parts = [raw[at : at + PART_BYTES_MAX] for at in range(0, len(raw), PART_BYTES_MAX)]
    records = [(f"part/{version}/{number}", part) for number, part in enumerate(parts)]
    records.append((f"file/{version}", pack_row([kind, len(raw), len(parts)])))
    if default:
        records.append((f"default/{kind}", pack_row([version])))
    producer = AIOKafkaProducer(**producer_arguments(settings))
    try:
        await producer.start()
        for key, value in records:
            # One after the other: the file's record must not be there without its parts.
            await producer.send_and_wait(
                settings.reference_topic, value, key=key.encode(), partition=0
            )
    finally:
        await producer.stop()
    return version


def _kind(text: str) -> ReferenceKind:
    if text == "catalogue":
        return "catalogue"
    if text == "rates":
        return "rates"
    raise DamagedReferenceError(f"the reference topic names an unknown kind {text!r}")
