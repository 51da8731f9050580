"""Settings that change over time, as the months see them (D-08).

The value that counts for month M is the fold of all changes *consumed so far* whose month is M or
an earlier one. So a change of March that is consumed in April acts on March and on April, and a
change of April never touches March. Kept are only the months at which the value differs from the
month before; every other month carries forward.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class Dated(Generic[V]):
    """A value per month with carry-forward; `before` is the value of months before the first entry.

    `entries` are (month, value) in order of months; values are immutable and compare by value.
    """

    __slots__ = ("before", "entries")

    def __init__(self, before: V, entries: list[tuple[int, V]] | None = None) -> None:
        self.before = before
        self.entries = entries if entries is not None else []

    def at(self, month: int) -> V:
        """Return the value that counts for a month."""
        for since, value in reversed(self.entries):
            if since <= month:
                return value
        return self.before

    def changed(self, month: int, change: Callable[[V], V]) -> "Dated[V]":
        """Return this history after a change of `month`, applied to that month and all later."""
        earlier = [entry for entry in self.entries if entry[0] < month]
        later = [(month, change(self.at(month)))]
        later += [(since, change(value)) for since, value in self.entries if since > month]
        kept = earlier
        for since, value in later:
            if value != (kept[-1][1] if kept else self.before):
                kept.append((since, value))
        return Dated(self.before, kept)

    def pruned(self, floor: int) -> "Dated[V]":
        """Return this history without what only months before `floor` can see."""
        kept = [entry for entry in self.entries if entry[0] > floor]
        at_floor = self.at(floor)
        return Dated(self.before, kept if at_floor == self.before else [(floor, at_floor), *kept])
