"""Compiles a numbering plan's patterns into the tree that `numbering` walks.

A plan is what all regions of one calling code have in common: +1 is one plan of 25 regions. Which
number belongs where is decided as the library decides it, and nowhere else here:

- The regions are asked in the metadata's order. One with leading digits has every number that
  begins so, one without has the numbers of its kinds. A region that is alone has them all.
- A number is of the first kind in `KINDS_IN_ORDER` whose pattern and lengths it fits, if it fits
  the region's general pattern; then fixed line or mobile or, where both patterns fit, either.
- It is possible if its length is one of the main region's, local-only lengths included.

The tree is built from the top. After the same digits in the same states of all patterns the same
can follow, so each (states, number of digits) is a node once; from the bottom, nodes that lead to
the same are made one, and a node whose ten children are one leaf is itself a leaf. In the end the
trees of all calling codes are laid out in two flat tables, which is what is stored and walked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from rating.numbering import (
    FIRST_COLUMN,
    CompiledNumbering,
    NumberKind,
    Outcome,
    PrefixRule,
)
from rating.numbering_patterns import Automaton, States

DIGITS = "0123456789"
_COLUMNS = len(DIGITS) + 1  # and the end
# The order in which the library asks; fixed line and mobile come last, see `_kind`.
KINDS_IN_ORDER: tuple[NumberKind, ...] = (
    "premium",
    "toll_free",
    "shared_cost",
    "voip",
    "personal",
    "pager",
    "uan",
    "voicemail",
)
# Digits. Shorter or longer national numbers do not parse, whatever the plan says.
SHORTEST_NATIONAL_NUMBER = 2
LONGEST_NATIONAL_NUMBER = 17
UNKNOWN: NumberKind = "unknown"
# Labels of patterns beside those of the kinds.
_GENERAL = "general"
_LEADING = "leading"
_PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class NumberRange:
    """A pattern for national numbers, and the lengths it holds for (empty: any)."""

    pattern: str
    lengths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RegionPlan:
    """One region's part of a plan; `one_pattern` says that mobile and fixed line share theirs."""

    region: str
    leading_digits: str | None
    general: NumberRange
    kinds: dict[NumberKind, NumberRange]
    one_pattern: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """One calling code's metadata. The first region is the main one, whose lengths count."""

    calling_code: int
    regions: tuple[RegionPlan, ...]
    lengths: tuple[int, ...]
    local_lengths: tuple[int, ...]
    prefix_pattern: str | None
    prefix_transform: str | None


# A leaf gives the index of an outcome by the number of digits, those of the calling code included.
# A branch gives a node by its index for each next digit, then the leaf for a number that ends here.
Leaf: TypeAlias = dict[int, int]
Branch: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CompiledPlan:
    """The tree of one calling code. Nodes come after the nodes they name; the last is the top."""

    calling_code: int
    main_region: str
    prefix_rule: PrefixRule | None
    outcomes: tuple[Outcome, ...]
    nodes: tuple[Leaf | Branch, ...]


def compile_plan(plan: Plan) -> CompiledPlan:
    """Compile one calling code's plan."""
    lengths = (*plan.lengths, *plan.local_lengths)
    if not SHORTEST_NATIONAL_NUMBER <= min(lengths) <= max(lengths) <= LONGEST_NATIONAL_NUMBER:
        raise ValueError(f"+{plan.calling_code} has lengths that never parse")
    return _Compiler(plan).compile()


def lay_out(
    version: str, plans: Iterable[CompiledPlan], emergency: Mapping[str, frozenset[str]]
) -> CompiledNumbering:
    """Put the trees of all calling codes under one top, in the flat form that is walked."""
    plans = tuple(plans)
    layout = _Layout(plans)
    return CompiledNumbering(
        version=version,
        rows=layout.rows,
        leaves=layout.leaves,
        longest=layout.longest,
        outcomes=tuple(outcome for plan in plans for outcome in plan.outcomes),
        prefix_rules={plan.calling_code: plan.prefix_rule for plan in plans if plan.prefix_rule},
        main_regions={plan.calling_code: plan.main_region for plan in plans},
        emergency=emergency,
    )


class _Layout:
    """The growing tables of `CompiledNumbering`."""

    def __init__(self, plans: tuple[CompiledPlan, ...]) -> None:
        self.rows = [0] * FIRST_COLUMN
        self.leaves: dict[int, int] = {}
        nodes = [node for plan in plans for node in plan.nodes]
        self.longest = max(max(node, default=0) for node in nodes if isinstance(node, dict))
        self._positions: dict[tuple[tuple[int, int], ...], int] = {}  # of leaves; equal ones once
        self._nowhere = self._leaf({}, 0)
        top = self._row([self._nowhere] * _COLUMNS)
        assert top == 0, "walks begin at 0"  # noqa: S101  stays on
        outcomes = 0
        for plan in plans:
            self._plant(plan, outcomes)
            outcomes += len(plan.outcomes)

    def _plant(self, plan: CompiledPlan, first_outcome: int) -> None:
        positions: list[int] = []
        for node in plan.nodes:
            if isinstance(node, dict):
                positions.append(self._leaf(node, first_outcome))
            else:
                positions.append(self._row([positions[index] for index in node]))
        row = 0
        *leading, last = list(str(plan.calling_code))
        for digit in leading:
            place = row + ord(digit)
            if self.rows[place] == self._nowhere:
                self.rows[place] = self._row([self._nowhere] * _COLUMNS)
            row = self.rows[place]
            assert row > 0, "no calling code begins with another"  # noqa: S101  stays on
        self.rows[row + ord(last)] = positions[-1]

    def _row(self, columns: list[int]) -> int:
        position = len(self.rows) - FIRST_COLUMN
        self.rows += columns
        return position

    def _leaf(self, leaf: Leaf, first_outcome: int) -> int:
        """Store a leaf; return the negative of its position, as rows hold it."""
        key = tuple((length, first_outcome + outcome) for length, outcome in leaf.items())
        # Not 0, which is a row's; so far apart that the lengths of two leaves never meet.
        next_position = (len(self._positions) + 1) * (self.longest + 1)
        position = self._positions.setdefault(key, next_position)
        if position == next_position:
            self.leaves.update((position + length, outcome) for length, outcome in key)
        return -position


class _Compiler:
    """The work on one plan. Nodes are known by their index in `_nodes`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._code_length = len(str(plan.calling_code))
        self._lengths = frozenset((*plan.lengths, *plan.local_lengths))
        self._automaton = Automaton()
        # National digits. A number that is longer is not possible, with or without its prefix.
        self._longest = max(self._lengths)
        self._outcomes: dict[Outcome, int] = {}
        self._nodes: list[Leaf | Branch] = []
        self._equal_nodes: dict[tuple[object, ...], int] = {}
        self._node_after: dict[tuple[States, int], int] = {}

    def compile(self) -> CompiledPlan:
        """Build the tree; its top is the last node."""
        plan = self._plan
        first = self._first_states()
        self._node(first, 0)
        return CompiledPlan(
            calling_code=plan.calling_code,
            main_region=plan.regions[0].region,
            prefix_rule=self._prefix_rule(),
            outcomes=tuple(self._outcomes),
            nodes=tuple(self._nodes),
        )

    def _first_states(self) -> States:
        states: set[int] = set()
        for region in self._plan.regions:
            name = region.region
            if region.leading_digits is not None:
                states |= self._automaton.add(
                    region.leading_digits, _label(name, _LEADING), as_prefix=True
                )
            states |= self._automaton.add(region.general.pattern, _label(name, _GENERAL))
            for kind, numbers in region.kinds.items():
                states |= self._automaton.add(numbers.pattern, _label(name, kind))
        pattern = self._plan.prefix_pattern
        if pattern is not None:
            alone = Automaton()
            self._longest += alone.longest(alone.add(pattern, _PREFIX))
            prefix = self._automaton.add(pattern, _PREFIX, as_prefix=True)
            # Some patterns also fit no digit at all; taking off nothing changes nothing.
            states |= {state for state in prefix if state not in self._automaton.accepts}
        return frozenset(states)

    def _prefix_rule(self) -> PrefixRule | None:
        plan = self._plan
        if plan.prefix_pattern is None:
            return None
        general = plan.regions[0].general.pattern
        return PrefixRule(plan.prefix_pattern, plan.prefix_transform, general, plan.lengths)

    def _node(self, states: States, depth: int) -> int:
        """Return the node after `depth` national digits that led to these states."""
        known = self._node_after.get((states, depth))
        if known is None:
            known = self._node_after[states, depth] = self._make_node(states, depth)
        return known

    def _make_node(self, states: States, depth: int) -> int:
        end = self._leaf_here(states, depth)
        if depth == self._longest:
            return self._store(end)
        below = [self._node(self._automaton.after(states, digit), depth + 1) for digit in DIGITS]
        first = self._nodes[below[0]]
        if isinstance(first, tuple) or any(node != below[0] for node in below):
            return self._store((*below, self._store(end)))
        return self._store({**end, **first})

    def _leaf_here(self, states: States, depth: int) -> Leaf:
        """Return a leaf for this one length, empty if a number that ends here is nothing."""
        labels = self._automaton.labels(states)
        possible = depth in self._lengths
        may_lose_prefix = _PREFIX in labels
        if not possible and not may_lose_prefix:
            return {}
        region, kind = self._region_and_kind(labels, depth) if possible else (None, UNKNOWN)
        outcome = Outcome(self._plan.calling_code, possible, region, kind, may_lose_prefix)
        index = self._outcomes.setdefault(outcome, len(self._outcomes))
        return {self._code_length + depth: index}

    def _store(self, node: Leaf | Branch) -> int:
        key = ("branch", node) if isinstance(node, tuple) else ("leaf", *node.items())
        index = self._equal_nodes.setdefault(key, len(self._nodes))
        if index == len(self._nodes):
            self._nodes.append(node)
        return index

    def _region_and_kind(
        self, labels: frozenset[str], length: int
    ) -> tuple[str | None, NumberKind]:
        regions = self._plan.regions
        if len(regions) == 1:
            return regions[0].region, _kind(regions[0], labels, length)
        for region in regions:
            if region.leading_digits is not None:
                if _label(region.region, _LEADING) in labels:
                    return region.region, _kind(region, labels, length)
            elif (kind := _kind(region, labels, length)) != UNKNOWN:
                return region.region, kind
        return None, UNKNOWN


def _label(region: str, what: str) -> str:
    return f"{region} {what}"


def _kind(region: RegionPlan, labels: frozenset[str], length: int) -> NumberKind:
    def fits(what: str, numbers: NumberRange | None) -> bool:
        if numbers is None or (numbers.lengths and length not in numbers.lengths):
            return False
        return _label(region.region, what) in labels

    def is_kind(kind: NumberKind) -> bool:
        return fits(kind, region.kinds.get(kind))

    if not fits(_GENERAL, region.general):
        return UNKNOWN
    for kind in KINDS_IN_ORDER:
        if is_kind(kind):
            return kind
    if is_kind("fixed_line"):
        either = region.one_pattern or is_kind("mobile")
        return "fixed_or_mobile" if either else "fixed_line"
    return "mobile" if not region.one_pattern and is_kind("mobile") else UNKNOWN
