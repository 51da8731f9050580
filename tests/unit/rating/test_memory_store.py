"""A store of rows in memory, as `rate` and the tests use it."""

from typing import Any

from rating.memory_store import MemoryStore


def test_a_call_that_was_forgotten_is_unknown(scenario: Any) -> None:
    """D-84: of its own tenant only; forgetting what is not there does nothing."""
    scenario.tenant()
    scenario.records(usage_id="u")
    row, store = scenario.store.get_call("contoso", "u"), MemoryStore()
    store.put_call("a", "u", row)
    store.put_call("b", "u", row)
    store.delete_call("a", "u")
    store.delete_call("a", "u")
    assert (None, row) == (store.get_call("a", "u"), store.get_call("b", "u"))
