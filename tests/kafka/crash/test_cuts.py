"""The time line of cut links: what a seed makes of it. No Kafka is needed."""

from collections import Counter
from random import Random

from tests.kafka.crash.cuts import BROKERS, LINKS, WAYS, LinkFault, time_line, ways_cut
from tests.kafka.rig.relay import CLIENT

LONG_SECONDS = 6_000
STEPS = 6_000


def test_a_seed_gives_one_time_line() -> None:
    """The same faults at the same moments, others for another seed."""
    lines = [time_line(Random(seed), 600) for seed in (1, 1, 2)]
    assert lines[0] == lines[1] != lines[2]


def test_a_quarter_of_the_time_all_is_quiet_and_faults_overlap() -> None:
    """A swizzle's first and last moments are quiet, too; nothing else is within a storm."""
    line = time_line(Random(5), LONG_SECONDS)
    cut = [len(ways_cut(line, LONG_SECONDS * step / STEPS)) for step in range(STEPS)]
    assert 0.25 <= cut.count(0) / STEPS <= 0.3
    assert max(cut) > 8


def test_every_kind_comes_as_often_as_the_others() -> None:
    """Each link and each way is met; one way alone as well."""
    line = time_line(Random(5), LONG_SECONDS)
    kinds = Counter(fault.kind for fault in line)
    assert kinds.keys() == set(LinkFault)
    assert max(kinds.values()) - min(kinds.values()) <= 1
    alone = {LinkFault.BROKERS_ONE_WAY, LinkFault.CLIENTS_ONE_WAY}
    one_way = [cut.ways for fault in line if fault.kind in alone for cut in fault.cuts]
    assert {way for ways in one_way for way in ways} == set(WAYS)
    assert all(len(ways) == 1 for ways in one_way)
    links = [fault.cuts[0].ways for fault in line if fault.kind is LinkFault.LINK]
    assert {frozenset(way) for ways in links for way in ways} == set(LINKS)


def test_a_broker_alone_still_has_its_clients_and_one_without_clients_its_cluster() -> None:
    """Four ways between brokers, or two between one broker and clients."""
    for fault in time_line(Random(5), LONG_SECONDS):
        if fault.kind is LinkFault.BROKER_ALONE:
            (ways,) = (cut.ways for cut in fault.cuts)
            assert len(ways) == 4
            assert not any(CLIENT in way for way in ways)
        if fault.kind is LinkFault.NO_CLIENTS:
            (ways,) = (cut.ways for cut in fault.cuts)
            assert len(ways) == 2
            assert {CLIENT} == set.intersection(*map(set, ways)) - set(BROKERS)


def test_a_swizzle_has_all_its_links_cut_before_the_first_heals_in_another_order() -> None:
    """Links are cut one after the other, several at once, and healed in an order of their own."""
    line = time_line(Random(5), LONG_SECONDS)
    swizzles = [fault.cuts for fault in line if fault.kind is LinkFault.SWIZZLE]
    assert {3, 4, 5, 6} == {len(cuts) for cuts in swizzles}
    other_order = 0
    for cuts in swizzles:
        assert max(cut.begins for cut in cuts) < min(cut.ends for cut in cuts)
        by_begin, by_end = (sorted(cuts, key=key) for key in (lambda c: c.begins, lambda c: c.ends))
        other_order += by_begin != by_end
    assert other_order > 0.8 * len(swizzles)
