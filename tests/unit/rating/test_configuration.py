"""Tenants, users, licences and reference files."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from rating import decks
from rating.due import TIMER_SOURCE
from rating.reference_finding import version_of
from rating.references import ShippedReferences, UnknownReference
from schemas.ledger import (
    PoolChanged,
    PoolClosed,
    PoolReopened,
    PoolThresholdReached,
    RulesetChanged,
)
from schemas.tenants import LicenseAssigned, LicenseRemoved, TenantConfigured
from schemas.timers import ReferenceActivated

MARCH, APRIL = datetime(2021, 3, 1, tzinfo=UTC), datetime(2021, 4, 1, tzinfo=UTC)
POOL = "US/MCOPSTN1/domestic/2021-03"
PARIS = "+33142680000"


def test_each_assigned_licence_enlarges_the_pool(scenario: Any) -> None:
    """P01, P12, R-219: instant, full, used stays."""
    scenario.tenant("CA")
    for user in ("a", "b", "c"):
        scenario.assign(user, "BUSINESS_VOICE_MED")
    scenario.records("a", seconds=8950 * 60)
    pool = "CA/MCOPSTN1/domestic/2021-03"
    changed = PoolChanged(pool, 12000, 8950, 3050, "license_assigned")
    assert [changed] == scenario.assign("d", "BUSINESS_VOICE_MED")


def test_assigning_twice_changes_nothing(scenario: Any) -> None:
    """Contracts 2."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    assert [] == scenario.assign("ann", "MCOPSTN1")
    assert 3000 == scenario.pools[POOL]["capacity"]


def test_removing_what_is_not_there_changes_nothing(scenario: Any) -> None:
    """Contracts 2."""
    scenario.tenant()
    assert [] == scenario.remove("ann", "MCOPSTN1")


def test_a_licence_that_the_catalogue_lacks_is_refused(scenario: Any) -> None:
    """D-19: unknown_license, given or taken."""
    scenario.tenant()
    assert "unknown_license" == scenario.refused(LicenseAssigned("ann", "NOPE"))
    assert "unknown_license" == scenario.refused(LicenseRemoved("ann", "NOPE"))


def test_removal_leaves_what_is_used(scenario: Any) -> None:
    """R-219: remaining = max(0, capacity - used); thresholds of the smaller pool (D-41)."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    scenario.assign("bob", "MCOPSTN1")
    scenario.records(seconds=3100 * 60)
    assert [
        PoolChanged(POOL, 3000, 3100, 0, "license_removed"),
        PoolThresholdReached(POOL, 80),
        PoolThresholdReached(POOL, 100),
    ] == scenario.remove("bob", "MCOPSTN1")


def test_a_removal_may_close_and_an_assignment_reopen(scenario: Any) -> None:
    """D-40, invariant 9: the joint cap follows the capacity."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN2")
    scenario.assign("bob", "MCOPSTN2")
    scenario.records(to=PARIS, seconds=600 * 60)
    domestic = "US/MCOPSTN2/domestic/2021-03"
    assert PoolClosed(domestic, "international") in scenario.remove("bob", "MCOPSTN2")
    assert scenario.pools[domestic]["closed"]
    assert PoolReopened(domestic, "international") in scenario.assign("bob", "MCOPSTN2")


def test_moving_is_a_removal_there_and_an_assignment_here(scenario: Any) -> None:
    """R-219, D-67: by pool id, reason usage_location."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN8")
    scenario.records(seconds=60)
    assert [
        PoolChanged("GB/MCOPSTN8/domestic/2021-03/ann", 120, 0, 120, "usage_location"),
        PoolChanged("US/MCOPSTN8/domestic/2021-03/ann", 0, 1, 0, "usage_location"),
    ] == scenario.user("ann", usage_location="GB")


def test_a_users_location_defaults_to_the_tenants_country(scenario: Any) -> None:
    """D-08, D-59: a move of the tenant moves the pools of its users."""
    scenario.tenant("GB")
    scenario.assign("ann", "MCOPSTN1", "MCOPSTN8")
    assert [
        ("DE/MCOPSTN1/domestic/2021-03", 1200),
        ("DE/MCOPSTN8/domestic/2021-03/ann", 120),
        ("GB/MCOPSTN1/domestic/2021-03", 0),
        ("GB/MCOPSTN8/domestic/2021-03/ann", 0),
    ] == [(changed.pool, changed.capacity) for changed in scenario.tenant("DE")]


def test_licences_are_dated_by_month(scenario: Any) -> None:
    """D-08: an event of April never changes March, one of March changes both."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1", at=APRIL)
    assert {"US/MCOPSTN1/domestic/2021-04": 3000} == capacities(scenario)
    scenario.assign("ann", "MCOPSTN5", at=MARCH)
    assert {
        "US/MCOPSTN1/domestic/2021-04": 3000,
        "US/MCOPSTN5/domestic/2021-03": 120,
        "US/MCOPSTN5/domestic/2021-04": 120,
    } == capacities(scenario)


def test_a_late_call_uses_the_licences_of_its_month(scenario: Any) -> None:
    """D-08: removed in April, a March call still has its pool."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    scenario.remove("ann", "MCOPSTN1", at=APRIL)
    assert ["rated", "blocked"] == [scenario.call().outcome, scenario.call(at=APRIL).outcome]


def test_only_the_own_month_is_told(scenario: Any) -> None:
    """D-59: later months change silently."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1", at=APRIL)
    changed = scenario.assign("bob", "MCOPSTN1", at=MARCH)
    assert [PoolChanged(POOL, 3000, 0, 3000, "license_assigned")] == changed
    assert 6000 == scenario.pools["US/MCOPSTN1/domestic/2021-04"]["capacity"]


def test_a_change_of_a_closed_month_acts_from_the_oldest_open_one(scenario: Any) -> None:
    """D-83: nothing is told of months not kept."""
    scenario.tenant()
    scenario.period("2021-07")
    assert [] == scenario.assign("ann", "MCOPSTN1", at=MARCH)
    assert ["2021-04", "2021-05", "2021-06", "2021-07"] == [name[-7:] for name in scenario.pools]


def test_the_country_before_the_first_configuration_is_the_first(scenario: Any) -> None:
    """D-08: calls of earlier months."""
    scenario.tenant("GB", at=APRIL)
    scenario.tenant("US", at=APRIL)
    scenario.assign("ann", "MCOPSTN1")
    assert "GB/MCOPSTN1/domestic/2021-03" in scenario.pools


@pytest.mark.parametrize("other", [{"currency": "EUR"}, {"time_zone": "Europe/Berlin"}])
@pytest.mark.parametrize("first", ["lot", "adjustment", "call"])
def test_currency_and_zone_freeze(scenario: Any, first: str, other: dict[str, str]) -> None:
    """Contracts 2: once there was a lot or an accepted call."""
    scenario.tenant("US", **other)
    scenario.tenant()
    if first == "lot":
        scenario.buy("1")
    elif first == "adjustment":
        scenario.adjust("1")
    else:
        scenario.call("nobody")
    assert "frozen_setting" == scenario.refused(TenantConfigured("US", **other))
    assert [] == scenario.tenant("CA")


def test_an_unknown_tenant_is_refused(scenario: Any) -> None:
    """D-47: no country, no effect, no row."""
    assert "tenant_unknown" == scenario.refused(LicenseAssigned("ann", "MCOPSTN1"))


def test_the_first_record_names_the_versions(scenario: Any) -> None:
    """Contracts 3, D-79: the shipped defaults are in force."""
    (changed,) = scenario.tenant()
    assert (1, decks.CURRENT["catalogue"], decks.CURRENT["rates"], "9.0.43") == (
        changed.rules,
        changed.catalogue,
        changed.rates,
        changed.numbering,
    )


def test_new_rules_are_told_before_the_first_event_under_them(scenario: Any) -> None:
    """D-81: rules, numbering and calendar of the release."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    scenario.rater = scenario.new_rater(2)
    made = scenario.records()
    assert (RulesetChanged, 2, made[0].ruleset) == (type(made[0]), made[0].rules, made[1].ruleset)
    assert 4 == scenario.store.get_call("contoso", "c2").first_seq
    assert 1 == len(scenario.records())


def test_a_refused_event_does_not_tell_new_rules(scenario: Any) -> None:
    """A refusal has changed nothing."""
    scenario.tenant()
    scenario.rater = scenario.new_rater(2)
    assert "unknown_license" == scenario.refused(LicenseAssigned("ann", "NOPE"))


def other_catalogue() -> tuple[ShippedReferences, str]:
    """Return references with a second catalogue, where 3,000 minutes are 100."""
    raw = decks.shipped("catalogue", decks.CURRENT["catalogue"])
    assert raw is not None
    other = raw.replace(b"domestic = 3000", b"domestic = 100").replace(
        b"domestic = 120\n", b"domestic = 7\n"
    )
    return ShippedReferences(more=[other]), version_of(other)


def test_an_activation_recomputes_the_open_months(new_scenario: Callable[..., Any]) -> None:
    """D-79: pool.changed with reason catalogue, shared and own pools, used stays."""
    references, version = other_catalogue()
    scenario = new_scenario(references)
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1", "MCOPSTN8")
    scenario.records(seconds=123 * 60)
    scenario.period("2021-04")
    made = scenario.send(ReferenceActivated("catalogue", version), APRIL)
    assert version == made[0].catalogue
    assert [
        PoolChanged(POOL, 100, 3, 97, "catalogue"),
        PoolChanged("US/MCOPSTN1/domestic/2021-04", 100, 0, 100, "catalogue"),
        PoolChanged("US/MCOPSTN8/domestic/2021-03/ann", 7, 120, 0, "catalogue"),
        PoolChanged("US/MCOPSTN8/domestic/2021-04/ann", 7, 0, 7, "catalogue"),
    ] == made[1:]
    assert [] == scenario.send(ReferenceActivated("catalogue", version), APRIL)


def test_a_deck_is_in_force_from_its_place_in_the_log(new_scenario: Callable[..., Any]) -> None:
    """D-79: calls after the activation pay its prices."""
    raw = decks.shipped("rates", decks.CURRENT["rates"])
    assert raw is not None
    other = raw.split(b"\n")[0] + b"\noutbound,33,,FR,landline,1,0,USD,,\n"
    scenario = new_scenario(ShippedReferences(more=[other]))
    scenario.tenant()
    scenario.assign("ann", "MCOPSTNPP")
    scenario.buy("10")
    scenario.records(to=PARIS)
    scenario.send(ReferenceActivated("rates", version_of(other)))
    rated = scenario.call(to=PARIS)
    assert (100_000_000, "33") == (rated.charge, rated.destination.prefix)


@pytest.mark.parametrize("kind", ["catalogue", "rates"])
def test_a_version_that_is_nowhere_found_stops_the_worker(scenario: Any, kind: Any) -> None:
    """D-79: an exception, and nothing has changed."""
    scenario.tenant()
    before = scenario.packed()
    with pytest.raises(UnknownReference):
        scenario.send(ReferenceActivated(kind, "0" * 64))
    assert before == scenario.packed()


def test_a_licence_that_left_the_catalogue_can_be_removed(new_scenario: Callable[..., Any]) -> None:
    """Who holds it must be able to give it back."""
    raw = decks.shipped("catalogue", decks.CURRENT["catalogue"])
    assert raw is not None
    other = raw.replace(b'"MCOPSTNCAP"', b'"MCOPSTNOLD"')
    scenario = new_scenario(ShippedReferences(more=[other]))
    scenario.tenant()
    scenario.assign("ann", "MCOPSTNCAP")
    scenario.send(ReferenceActivated("catalogue", version_of(other)))
    assert [] == scenario.remove("ann", "MCOPSTNCAP")
    assert "unknown_license" == scenario.refused(LicenseRemoved("bob", "MCOPSTNCAP"))


def test_the_timers_offer_is_remembered(scenario: Any) -> None:
    """D-79: what the timer offered is not offered again after an operator's own choice."""
    scenario.tenant()
    version = decks.CURRENT["catalogue"]
    scenario.row.offered = ("x", "y")
    scenario.send(ReferenceActivated("catalogue", version), source="operator")
    assert ("x", "y") == scenario.row.offered
    scenario.send(ReferenceActivated("catalogue", version), source=TIMER_SOURCE)
    scenario.send(ReferenceActivated("rates", decks.CURRENT["rates"]), source=TIMER_SOURCE)
    assert (version, decks.CURRENT["rates"]) == scenario.row.offered


def test_the_timers_offer_is_remembered_for_each_kind(new_scenario: Callable[..., Any]) -> None:
    """D-79: an offer of one kind leaves what was offered of the other."""
    references, version = other_catalogue()
    scenario = new_scenario(references)
    scenario.tenant()
    scenario.row.offered = ("x", "y")
    scenario.send(ReferenceActivated("catalogue", version), source=TIMER_SOURCE)
    assert (version, "y") == scenario.row.offered


def test_an_own_bucket_used_stays_when_its_licence_goes(scenario: Any) -> None:
    """R-219, R-215: capacity 0, used as it was, and told so."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN8")
    scenario.records(seconds=120)
    own = "US/MCOPSTN8/domestic/2021-03/ann"
    assert [PoolChanged(own, 0, 2, 0, "license_removed")] == scenario.remove("ann", "MCOPSTN8")
    assert {"capacity": 0, "used": 2, "remaining": 0, "closed": False} == scenario.pools[own]


def test_a_licence_event_shows_its_month(scenario: Any) -> None:
    """D-56: pools are listed to the newest month seen, also by a removal."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN1")
    scenario.remove("bob", "MCOPSTN1", at=datetime(2021, 5, 1, tzinfo=UTC))
    assert [f"US/MCOPSTN1/domestic/2021-0{month}" for month in (3, 4, 5)] == list(scenario.pools)


def test_the_count_of_licences_holds_only_what_changes_it(scenario: Any) -> None:
    """R-212: what was taken back in its own month leaves no trace in the row."""
    scenario.tenant()
    march = 2021 * 12 + 2
    scenario.assign("ann", "MCOPSTN1")
    scenario.remove("ann", "MCOPSTN1", at=APRIL)
    assert {("MCOPSTN1", None): {march: 1, march + 1: -1}} == scenario.row.licences
    scenario.assign("ann", "MCOPSTN1", at=APRIL)
    assert {("MCOPSTN1", None): {march: 1}} == scenario.row.licences
    scenario.remove("ann", "MCOPSTN1", at=MARCH)
    assert {} == scenario.row.licences


def test_a_change_forgets_own_buckets_of_closed_months(scenario: Any) -> None:
    """D-83: kept are those of the oldest month still accepted and of later ones."""
    scenario.tenant()
    scenario.assign("ann", "MCOPSTN8")
    for day in (MARCH, APRIL):
        scenario.records(at=day)
    subscriber = scenario.store.get_subscriber("contoso", "ann")
    assert [2021 * 12 + 2, 2021 * 12 + 3] == sorted(subscriber.uses)
    scenario.period("2021-07")
    scenario.user("ann", at=APRIL, outbound_policy="domestic")
    uses = scenario.store.get_subscriber("contoso", "ann").uses
    assert 2021 * 12 + 3 == min(uses)
    assert [1] == [use.used for use in uses[2021 * 12 + 3].values()]


def test_changes_of_the_oldest_open_month_are_told(scenario: Any) -> None:
    """D-59, D-83: an older event acts from that month on and tells nothing of it."""
    scenario.tenant()
    scenario.period("2021-06")
    assert [PoolChanged(POOL, 3000, 0, 3000, "license_assigned")] == scenario.assign(
        "ann", "MCOPSTN1"
    )
    february = datetime(2021, 2, 28, tzinfo=UTC)
    assert [] == scenario.assign("bob", "MCOPSTN1", at=february)
    assert 6000 == scenario.pools[POOL]["capacity"]


def capacities(scenario: Any) -> dict[str, int]:
    """Return the capacity of each listed pool."""
    return {name: pool["capacity"] for name, pool in scenario.pools.items()}
