"""When which links of a cluster are cut: a time line made from a seed, without any clock.

Storms and quiet take turns. A storm is a few faults that overlap, the next one beginning before
the last one ends; the quiet after it lasts a third of it, so all is quiet for a quarter of the
time. Kinds come in turn, shuffled anew each time, so that a short run meets each of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations
from random import Random
from typing import Final, TypeAlias

from tests.kafka.rig.relay import CLIENT, Way

BROKERS: Final = (1, 2, 3)
FAULT_SECONDS: Final = (0.5, 20.0)
"""A worker's session lasts two seconds here, a broker's three."""
FAULTS_PER_STORM: Final = (1, 4)
QUIET_PER_STORM: Final = 1 / 3
SWIZZLED_MIN: Final = 3

Link: TypeAlias = frozenset[int]
"""Two brokers, or a broker and its clients."""


class LinkFault(StrEnum):
    """What is cut for a while."""

    LINK = "link"  # both ways
    BROKERS_ONE_WAY = "brokers one way"
    CLIENTS_ONE_WAY = "clients one way"
    BROKER_ALONE = "broker alone"  # from the other brokers, not from clients
    NO_CLIENTS = "no clients"  # a broker that its cluster takes for well
    SWIZZLE = "swizzle"  # links one after the other, healed one after the other in another order


@dataclass(frozen=True, slots=True)
class Cut:
    """Some ways cut from one moment to another, in seconds of the time line."""

    begins: float
    ends: float
    ways: frozenset[Way]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault and all that it cuts."""

    kind: LinkFault
    begins: float
    cuts: tuple[Cut, ...]


WAYS: Final[Sequence[Way]] = tuple(permutations((CLIENT, *BROKERS), 2))
LINKS: Final[Sequence[Link]] = tuple(dict.fromkeys(frozenset(way) for way in WAYS))


def time_line(random: Random, seconds: float) -> list[Fault]:
    """Return the faults of so many seconds at least, storm by storm."""
    faults: list[Fault] = []
    kinds = _in_turn(random)
    now = 0.0
    while now < seconds:
        begun = ended = now
        for _ in range(random.randint(*FAULTS_PER_STORM)):
            begins = random.uniform(begun, ended)
            ends = begins + random.uniform(*FAULT_SECONDS)
            kind = next(kinds)
            faults.append(Fault(kind, begins, _cuts_of(kind, begins, ends, random)))
            ended = max(ended, ends)
        now = ended + (ended - begun) * QUIET_PER_STORM
    return faults


def ways_cut(faults: Sequence[Fault], now: float) -> set[Way]:
    """Return the ways that are cut at a moment."""
    cuts = (cut for fault in faults for cut in fault.cuts)
    return {way for cut in cuts if cut.begins <= now < cut.ends for way in cut.ways}


def _in_turn(random: Random) -> Iterator[LinkFault]:
    while True:
        yield from random.sample(list(LinkFault), len(LinkFault))


def _cuts_of(kind: LinkFault, begins: float, ends: float, random: Random) -> tuple[Cut, ...]:
    if kind is not LinkFault.SWIZZLE:
        return (Cut(begins, ends, _ways_struck(kind, random)),)
    middle = (begins + ends) / 2
    links = random.sample(LINKS, random.randint(SWIZZLED_MIN, len(LINKS)))
    return tuple(
        Cut(random.uniform(begins, middle), random.uniform(middle, ends), _ways_of(link))
        for link in links
    )


def _ways_struck(kind: LinkFault, random: Random) -> frozenset[Way]:
    """Choose what a fault strikes that is one cut."""
    if kind is LinkFault.LINK:
        return _ways_of(random.choice(LINKS))
    if kind in {LinkFault.BROKERS_ONE_WAY, LinkFault.CLIENTS_ONE_WAY}:
        of_clients = kind is LinkFault.CLIENTS_ONE_WAY
        return frozenset({random.choice([way for way in WAYS if (CLIENT in way) == of_clients])})
    broker = random.choice(BROKERS)
    if kind is LinkFault.NO_CLIENTS:
        return _ways_of(frozenset({CLIENT, broker}))
    others = set(BROKERS) - {broker}
    return frozenset().union(*(_ways_of(frozenset({broker, other})) for other in others))


def _ways_of(link: Link) -> frozenset[Way]:
    return frozenset(permutations(link))
