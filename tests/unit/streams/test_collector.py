"""Where Python's collector is stopped there is nothing that it would have to find."""

import gc

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.dead_letter import Reason
from streams.collector import without_collector
from streams.engine import Engine, build_engine
from streams.generate import LogOptions, generate


def refusals(engine: Engine, store: MemoryStore, lines: list[bytes]) -> list[Reason]:
    """Rate all lines; return why some were refused."""
    handled = [engine.handle(store, line) for line in lines]
    return [each.refusal.reason for each in handled if each.refusal is not None]


def test_rating_makes_no_reference_cycles() -> None:
    """Every kind of event, outcome and refusal, those of hostile bytes too."""
    lines = list(generate(LogOptions()))
    engine = build_engine(ShippedReferences())
    refusals(engine, MemoryStore(), lines)  # what is loaded once may make cycles
    store = MemoryStore()  # a tenant's rows and its view refer to each other while they live
    with without_collector():
        assert {*Reason} == set(refusals(engine, store, lines))
        assert not gc.isenabled()
        assert 0 == gc.collect()
    assert gc.isenabled()
