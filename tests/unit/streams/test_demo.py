"""The demo counts what it shows from the records themselves, and mends only its own mistake."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rating.memory_store import MemoryStore
from rating.references import ShippedReferences
from schemas.codec import decode, decode_record
from schemas.dead_letter import DeadLetter, FilePosition, Reason, Refusal
from schemas.envelope import Event
from schemas.ledger import LedgerRecord
from streams.dead_letters import FoundLetter
from streams.demo.moments import KINDS
from streams.demo.sample_log import Sent, is_about_call, is_typo, mend, sample_events
from streams.demo.stage import Stage, set_stage
from streams.demo.watch import CHUNKS_MIN, Seen
from streams.engine import Engine, build_engine
from streams.generate import LogOptions
from streams.kafka.send import Outgoing
from streams.local_broker import BrokerError, LocalBroker

OPTIONS = LogOptions(tenants=10, calls=1_000)


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Return the engine with the shipped catalogue and deck."""
    return build_engine(ShippedReferences())


def rated(
    engine: Engine, outgoing: Iterator[Outgoing]
) -> Iterator[tuple[list[LedgerRecord], DeadLetter | None]]:
    """Rate events as the worker does: the records or the dead letter of each."""
    store = MemoryStore()
    for number, (key, raw) in enumerate(outgoing, 1):
        handled = engine.handle(store, raw, key)
        letter = None
        if handled.refusal is not None:
            letter = DeadLetter(handled.refusal, raw, FilePosition("log", number), None)
        yield [decode_record(line)[0] for line in handled.lines], letter


def test_every_call_of_the_sample_is_answered_once_and_every_moment_happens(
    engine: Engine,
) -> None:
    """What the screens promise is in the log whatever the number of random calls."""
    sent, seen = Sent(), Seen()
    letters = []
    for records, letter in rated(engine, sample_events(OPTIONS, sent)):
        for record in records:
            seen.add(record, 0)
        if letter is not None:
            letters.append(FoundLetter("1:1", letter, None))
            seen.refused_calls += is_about_call(decode(letter.raw))
    assert sent.calls == seen.answered
    assert [kind.heading for kind in KINDS] == [line[0] for line in seen.moments.lines()]
    assert seen.moments.split_call is not None
    assert len(set(sent.countries.values())) > 3
    (typo,) = filter(is_typo, letters)
    store = MemoryStore()
    for key, raw in sample_events(OPTIONS, Sent()):
        engine.handle(store, raw, key)
    key, raw = mend(typo)
    assert engine.handle(store, raw, key).refusal is None


def test_mending_changes_the_number_and_nothing_else() -> None:
    """The call keeps its id, so that it is charged once however often it is sent."""
    raw = next(
        raw
        for _, raw in sample_events(OPTIONS, Sent())
        if b"demo-typo" in raw and b"call.ended" in raw
    )
    refusal = Refusal(Reason.INVALID_NUMBER, "", "demo-typo")
    key, mended = mend(
        FoundLetter("1:1", DeadLetter(refusal, raw, FilePosition("x", 1), None), None)
    )
    before, after = decode(raw), decode(mended, key)
    assert isinstance(before, Event)
    assert isinstance(after, Event)
    assert mended.replace(b"+12065550123", b"+1206555012") == raw
    assert before.id == after.id


def test_a_rate_is_told_only_after_enough_chunks() -> None:
    """The first chunk's calls do not count, because nobody saw when it began."""
    seen = Seen()
    for step in range(CHUNKS_MIN - 1):
        seen.calls_by_chunk_ms[1_000 + 500 * step] = 100
    assert seen.calls_per_second is None
    seen.calls_by_chunk_ms[1_000 + 500 * (CHUNKS_MIN - 1)] = 100
    assert seen.calls_per_second == 200.0


def refuse(_home: Path) -> LocalBroker:
    """Make no broker."""
    raise BrokerError("no broker today")


def test_a_stage_that_cannot_be_set_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The temporary folder is gone when the broker did not start."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with pytest.raises(BrokerError, match="today"), set_stage(None, refuse, keep=False):
        pytest.fail("the stage cannot be set without a broker")
    assert [] == list(tmp_path.iterdir())


def test_a_cluster_of_the_users_gets_our_names_and_its_access(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With --brokers, what lets us in is taken over, and no other setting; a failure stops it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TOLLSTREAM_EVENTS_TOPIC", "production")
    monkeypatch.setenv("TOLLSTREAM_SASL_USERNAME", "me")
    stopped: list[Stage] = []

    def stop(stage: Stage) -> None:
        stopped.append(stage)

    monkeypatch.setattr(Stage, "stop", stop)

    def interrupted() -> None:
        with set_stage("broker:9092", refuse, keep=True):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (stage,) = stopped
    assert stage.settings.brokers == ("broker:9092",)
    assert stage.settings.events_topic.startswith("tollstream-demo-")
    assert stage.settings.sasl_username == "me"
    assert [] == list(tmp_path.iterdir())
