"""Events handled together give the bytes that they give one by one."""

import pytest

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.codec import decode
from streams.engine import build_engine
from streams.generate import LogOptions, generate

ENGINE = build_engine(ShippedReferences())
LOG = [*generate(LogOptions(tenants=5, calls=400, seed=3, months=2)), b"no event", b"{}"]


@pytest.mark.parametrize("at_once", [1, 7, len(LOG)])
def test_together_or_one_by_one_the_lines_are_the_same(at_once: int) -> None:
    """Sealing after others were applied changes no hash, and a refusal stays in its place."""
    alone, together = MemoryStore(), MemoryStore()
    one_by_one = [ENGINE.handle(alone, raw) for raw in LOG]
    handled = []
    for begin in range(0, len(LOG), at_once):
        events = [decode(raw) for raw in LOG[begin : begin + at_once]]
        handled += ENGINE.handle_all(together, events)
    assert any(each.refusal for each in one_by_one[:-2]), "the log has refusals in its middle"
    for expected, given in zip(one_by_one, handled, strict=True):
        assert expected.lines == given.lines
        assert (expected.tenant, expected.refusal) == (given.tenant, given.refusal)
