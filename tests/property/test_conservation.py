"""Minutes and money conserve after every record: from the ledger alone, and against the rows.

The book below knows only what a reader of the ledger topic knows: the lines of a tenant, in order.
"""

import hashlib
import json
from typing import Any

from hypothesis import given

from rating.memory_store import MemoryStore
from schemas.money import parse_shortest_money as money
from tests.property.doses import dose
from tests.property.logs import Log, logs
from tests.property.rated import ENGINE, state_of


class Book:
    """What one tenant's lines add up to; asserts wherever a line states a sum itself."""

    def __init__(self) -> None:
        self.seq = 0
        self.head = bytes(32)
        self.balance = 0
        self.told: int | None = None  # by what was forfeited in one event, at its end
        self.used: dict[str, int] = {}
        self.calls: dict[int, dict[tuple[str, str | None], tuple[int, int]]] = {}

    def read(self, line: bytes) -> None:
        """Take the next line in."""
        record = json.loads(line)
        self.seq += 1
        assert self.seq == record["seq"]
        self._check_hash(line, record["hash"])
        kind = record["type"].removeprefix("tollstream.").removesuffix(".v1")
        reader = getattr(self, "_" + kind.replace(".", "_"), None)
        if reader is not None:
            reader(record["data"])

    def end_event(self) -> None:
        """Check what holds once all lines of an event are read."""
        assert self.told in (None, self.balance)
        self.told = None

    def _check_hash(self, line: bytes, told: str) -> None:
        bare = line.replace(f'"hash":"{told}",'.encode(), b"", 1)
        self.head = hashlib.sha256(self.head + bare).digest()
        assert told == self.head.hex()

    def _call_rated(self, data: dict[str, Any]) -> None:
        taken: dict[tuple[str, str | None], tuple[int, int]] = {}
        for leg in data["legs"]:
            taken[leg["purse"], leg["pool"]] = (leg["minutes"], money(leg["amount"]))
        old: dict[tuple[str, str | None], tuple[int, int]] = {}
        if data["corrects"] is not None:
            old = self.calls.pop(data["corrects"])
            self._check_difference(data["difference"], old, taken)
        self.calls[self.seq] = taken
        for sign, parts in ((-1, old), (1, taken)):
            for (purse, pool), (minutes, amount) in parts.items():
                if pool is not None:
                    self.used[pool] = self.used.get(pool, 0) + sign * minutes
                    assert self.used[pool] >= 0
                if purse == "credits":
                    self.balance -= sign * amount
        if old:
            return  # parts of lots forfeited meanwhile are told by the records that follow
        for leg in data["legs"]:
            if leg["purse"] == "credits":
                assert self.balance == money(leg["remaining"])

    @staticmethod
    def _check_difference(
        told: list[dict[str, Any]],
        old: dict[tuple[str, str | None], tuple[int, int]],
        new: dict[tuple[str, str | None], tuple[int, int]],
    ) -> None:
        nothing = (0, 0)
        expected = {
            purse: (
                new.get(purse, nothing)[0] - old.get(purse, nothing)[0],
                new.get(purse, nothing)[1] - old.get(purse, nothing)[1],
            )
            for purse in old.keys() | new.keys()
            if old.get(purse) != new.get(purse)
        }
        assert expected == {
            (row["purse"], row["pool"]): (row["minutes"], money(row["amount"])) for row in told
        }

    def _pool_changed(self, data: dict[str, Any]) -> None:
        assert self.used.get(data["pool"], 0) == data["used"]
        assert max(0, data["capacity"] - data["used"]) == data["remaining"]

    def _pool_reset(self, data: dict[str, Any]) -> None:
        assert self.used.get(data["pool"], 0) == data["used"]
        assert max(0, data["capacity"] - data["used"]) == data["discarded"]

    def _credits_added(self, data: dict[str, Any]) -> None:
        self.balance += money(data["amount"])
        assert self.balance == money(data["balance"])

    def _credits_adjusted(self, data: dict[str, Any]) -> None:
        self._credits_added(data)

    def _credits_forfeited(self, data: dict[str, Any]) -> None:
        self.balance -= money(data["amount"])
        self.told = money(data["balance"])

    def _recharge_due(self, data: dict[str, Any]) -> None:
        assert self.balance == money(data["balance"])

    def _wallet_empty(self, data: dict[str, Any]) -> None:
        assert self.balance == money(data["balance"]) <= 0


@dose()
@given(logs())
def test_minutes_and_money_conserve_after_every_record(log: Log) -> None:
    """P2: chain, sums per pool, balance and differences, from the ledger alone and as the rows."""
    store = MemoryStore()
    books: dict[str, Book] = {}
    for event in log:
        book = books.setdefault(event.tenant, Book())
        for line in ENGINE.handle_event(store, event).lines:
            book.read(line)
        book.end_event()
        state = state_of(store, event.tenant).get(event.tenant)
        if state is None:
            continue
        assert (book.seq, book.head.hex()) == (state["seq"], state["hash"])
        assert book.balance == money(state["wallet"]["balance"])
        pools = state["pools"]
        assert {n: m for n, m in book.used.items() if m and n in pools} == {
            name: pool["used"] for name, pool in pools.items() if pool["used"]
        }
