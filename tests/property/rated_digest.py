"""Prints one SHA-256 over ledger and rows of a log: `python -m tests.property.rated_digest`.

The log is the seeded one of `tollstream generate` with its scripted tenants, so it holds every kind
of fact. Started under several hash seeds, it shows whether anything goes by the order of a set.
"""

import hashlib
import sys

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from streams.engine import build_engine
from streams.generate import LogOptions, generate
from tests.property.rated import packed_rows, state_of

CALLS = 400


def digest() -> str:
    """Return the hex SHA-256 of all lines, rows and balances, in order."""
    engine, store = build_engine(ShippedReferences()), MemoryStore()
    whole = hashlib.sha256()
    for raw in generate(LogOptions(tenants=6, calls=CALLS, seed=5)):
        for line in engine.handle(store, raw).lines:
            whole.update(line)
    for key, row in sorted(packed_rows(store).items()):
        whole.update(repr(key).encode() + row)
    whole.update(repr(sorted(state_of(store).items())).encode())
    return whole.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest() + "\n")
