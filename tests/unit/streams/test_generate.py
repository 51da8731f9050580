"""The synthetic log: the same options give the same bytes, and no kind of fact is missing."""

import json
from collections import Counter, defaultdict
from itertools import islice
from typing import Any, get_args

import pytest

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas import ledger
from schemas.dead_letter import Reason
from schemas.envelope import EVENT_TYPES
from streams.cli import run
from streams.engine import build_engine
from streams.generate import LogOptions, generate

Facts = dict[str, Counter[str]]


@pytest.fixture(scope="module")
def default_facts() -> Facts:
    """Count what the default log holds and what becomes of it, by kind of fact."""
    facts: Facts = defaultdict(Counter)
    engine, store = build_engine(ShippedReferences()), MemoryStore()
    for line in generate(LogOptions()):
        handled = engine.handle(store, line)
        if handled.refusal is not None:
            facts["refusal"][handled.refusal.reason] += 1
            continue
        facts["event"][json.loads(line)["type"].removeprefix("tollstream.")[: -len(".v1")]] += 1
        for record in map(json.loads, handled.lines):
            count_record(facts, record)
    return facts


def count_record(facts: Facts, record: dict[str, Any]) -> None:
    """Count what one ledger record says."""
    kind = record["type"].removeprefix("tollstream.")[: -len(".v1")]
    content = record["data"]
    facts["record"][kind] += 1
    if kind != "call.rated":
        return
    facts["outcome"][content["outcome"]] += 1
    if content["reason"]:
        facts["reason"][content["reason"]] += 1
    for leg in content["legs"]:
        facts["purse"][leg["purse"]] += 1
    for purse in content["passed_over"]:
        facts["why"][purse["why"]] += 1
    for flag in content["flags"]:
        facts["flag"][flag] += 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("event", set(EVENT_TYPES)),
        ("record", set(ledger.RECORD_TYPES.values())),
        ("outcome", set(get_args(ledger.Outcome))),
        ("reason", set(get_args(ledger.BlockReason))),
        ("purse", set(get_args(ledger.PurseKind))),
        ("why", set(get_args(ledger.Why))),
        ("flag", set(get_args(ledger.Flag))),
        ("refusal", set(Reason)),
    ],
)
def test_the_default_log_holds_every_fact(
    default_facts: Facts, kind: str, expected: set[str]
) -> None:
    """Every event type, record, outcome, reason, purse, why, flag and refusal occurs."""
    assert expected - set(default_facts[kind]) == set()


def test_the_same_options_give_the_same_bytes() -> None:
    """A seed is a log."""
    options = LogOptions(tenants=3, calls=300, seed=7)
    assert list(generate(options)) == list(generate(options))


def test_another_seed_gives_another_log() -> None:
    """Seeds differ in their random part."""
    one, two = (
        list(generate(LogOptions(tenants=3, calls=50, seed=seed, scripted=False)))
        for seed in (1, 2)
    )
    assert one != two


def test_a_log_of_any_size_streams() -> None:
    """The first lines of a huge log come without making the rest."""
    lines = list(islice(generate(LogOptions(tenants=2, calls=10**9, scripted=False)), 100))
    assert len(lines) == 100


@pytest.mark.parametrize(
    "options", [["--start", "0001-01"], ["--months", "100000"], ["--start", "9990-12"]], ids=str
)
def test_months_outside_the_calendar_are_wrong_usage(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Told before the first line is written."""
    assert 2 == run(["generate", *options])
    said = capsys.readouterr()
    assert ("", True) == (said.out, "must lie between" in said.err)
