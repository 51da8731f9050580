"""The commands over files: what they print, what they refuse, and how they end."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from streams.cli import run

CALLEE = "+12065550123"


def event(number: int, kind: str, tenant: str = "contoso", **data: Any) -> bytes:
    """Return one input line."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "test",
            "type": f"tollstream.{kind}.v1",
            "subject": tenant,
            "time": "2021-03-02T12:00:00Z",
            "data": data,
        }
    ).encode()


def call(number: int, usage_id: str, **changes: Any) -> bytes:
    """Return a call of ann; `changes` replace members."""
    data = {
        "usage_id": usage_id,
        "call_type": "user_out",
        "user_id": "ann",
        "caller": "+12065550100",
        "callee": CALLEE,
        "started_at": "2021-03-02T10:00:00Z",
        "ended_at": "2021-03-02T12:00:00Z",
        "duration_seconds": 330,
    }
    return event(number, "call.ended", **(data | changes))


EVENTS = [
    event(1, "tenant.configured", country="US"),
    event(2, "license.assigned", user_id="ann", license="MCOPSTN5"),
    event(3, "license.assigned", user_id="ann", license="MCOPSTNPP"),
    event(4, "credits.purchased", payment_id="p", amount="9", currency="USD"),
    call(5, "c-1", duration_seconds=7081),
    call(6, "c-2"),
    call(7, "c-zambia", callee="+260955123456"),
    call(8, "c-bad", callee="+1"),
    b"rubbish with +12065550177",
]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder with a log in it and no settings of the developer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOLLSTREAM_DATA_DIR", str(tmp_path / "state"))
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(EVENTS) + b"\n")
    return tmp_path


@pytest.fixture
def rated() -> None:
    """Rate the log."""
    assert run(["rate", "events.jsonl", "--ledger", "ledger.jsonl", "--balances", "b.json"]) == 0


LOG = ["--events", "events.jsonl", "--ledger", "ledger.jsonl"]


def test_rate_writes_all_three_files_and_counts_the_refused(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    """D-60: exit 0, and one line that counts the dead letters by reason."""
    code = run(["rate", "events.jsonl", "--ledger", "ledger.jsonl", "--balances", "b.json"])
    letters = (place / "ledger.dead-letter.jsonl").read_bytes().splitlines()
    assert code == 0
    assert [json.loads(letter)["position"]["line"] for letter in letters] == [8, 9]
    assert json.loads((place / "b.json").read_bytes())["tenants"]["contoso"]["seq"] == 8
    said = "9 events of 1 tenants: 8 ledger records, 2 to the dead letter"
    assert f"{said} (1 invalid_number, 1 not_json)" in capsys.readouterr().err


def test_rate_reads_and_writes_the_standard_streams(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    """`-` is stdin and stdout; nothing but the ledger is on stdout."""

    class Stdin:
        buffer = io.BytesIO(b"\n".join(EVENTS))

    monkeypatch.setattr("sys.stdin", Stdin)
    assert run(["rate", "-", "--ledger", "-", "--dead-letter", "d.jsonl"]) == 0
    out = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line)["seq"] for line in out] == list(range(1, 9))
    assert json.loads((place / "d.jsonl").read_bytes().splitlines()[0])["position"] == {
        "file": "standard input",
        "line": 8,
    }


def test_rate_twice_gives_the_same_bytes(rated: None, place: Path) -> None:
    """Promise 2: the ledger is a function of log and reference data."""
    del rated
    first = (place / "ledger.jsonl").read_bytes()
    assert run(["rate", "events.jsonl", "--ledger", "ledger.jsonl"]) == 0
    assert (place / "ledger.jsonl").read_bytes() == first


MISTAKES: list[tuple[list[str], int, str]] = [
    (["rate", "events.jsonl", "--ledger", "-"], 2, "--dead-letter is required"),
    (["rate", "events.jsonl", "--ledger", "events.jsonl"], 1, "is an input of this run"),
    (["rate", "missing.jsonl", "--ledger", "l.jsonl"], 1, "cannot read missing.jsonl"),
    (["rate", "events.jsonl", "--ledger", "no/l.jsonl"], 1, "cannot write no/l.jsonl"),
    (["rate", "events.jsonl", "--ledger", "l", "--rates", "events.jsonl"], 1, "is refused"),
    (["rate", "events.jsonl"], 2, "Missing option '--ledger'"),
    (["audit", "verify"], 2, "name a LEDGER, or --from kafka"),
    (["audit", "verify", "events.jsonl", "--from", "kafka"], 2, "not both"),
    (["audit", "replay", "events.jsonl"], 2, "--ledger is required"),
    (["audit", "verify", "-"], 1, "can be read only once"),
    (["explain", "c-9", "--tenant", "contoso", *LOG], 1, "nothing is known of call c-9"),
    (["explain", "c-1", "--tenant", "contoso", "--events", "events.jsonl"], 2, "--ledger is"),
    (["balance", "fabrikam", *LOG], 1, "tenant fabrikam is not in the log"),
    (["dead-letter", "list", "--file", "events.jsonl"], 1, "line 1 is no dead letter"),
    (["dead-letter", "show", "x:1", "--file", "ledger.dead-letter.jsonl"], 1, "is named x:1"),
    (["dead-letter", "requeue"], 2, "name the dead letters"),
    (["dead-letter", "list", "--since", "yesterday"], 2, "is no RFC 3339 time"),
    (["reference", "check", "events.jsonl"], 2, "--kind is required"),
    (["reference", "publish"], 2, "name --catalogue, --rates or both"),
]


@pytest.mark.parametrize(("arguments", "code", "says"), MISTAKES)
def test_a_mistake_is_one_clear_line(
    arguments: list[str],
    code: int,
    says: str,
    rated: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No traceback; exit 1 for a reported problem, 2 for wrong usage."""
    del rated
    capsys.readouterr()
    assert run(arguments) == code
    assert says in capsys.readouterr().err.splitlines()[-1]


def test_a_bad_deck_is_refused_with_line_numbers(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    """Every line at fault is named; nothing is written."""
    header = (
        "direction,prefix,origin,destination,kind,price_per_minute,connection_fee,currency,"
        "effective_from,effective_until"
    )
    rows = ["outbound,1,,US,mixed,-1,0,USD,,", "outbound,2,,EG,mixed,1,0,XYZ,,"]
    (place / "bad.csv").write_text("\n".join([header, *rows]))
    assert run(["rate", "events.jsonl", "--ledger", "l.jsonl", "--rates", "bad.csv"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in said] == ["  line 2", "  line 3", "tollstream"]
    assert not (place / "l.jsonl").exists()


def test_the_audit_of_what_rate_made_is_right(
    rated: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both audits end with 0."""
    del rated
    assert run(["audit", "verify", "ledger.jsonl"]) == 0
    assert run(["audit", "replay", "events.jsonl", "--ledger", "ledger.jsonl"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "ledger bytes equal"


def test_the_audit_of_a_changed_ledger_ends_with_1(
    rated: None, capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    """One changed digit is found by both, and named by the replay."""
    del rated
    ledger = place / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"remaining":"8.935"', b'"remaining":"8.936"'))
    assert run(["audit", "verify", "ledger.jsonl"]) == 1
    assert run(["audit", "replay", "events.jsonl", "--ledger", "ledger.jsonl"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert 'contoso/6: data.legs[1].remaining is "8.936" in the ledger, "8.935"' in said


def test_the_ledger_of_another_deck_is_replayed_with_that_deck(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    """D-79: the ledger names the version; without the file the audit says which is missing."""
    header = (
        "direction,prefix,origin,destination,kind,price_per_minute,connection_fee,currency,"
        "effective_from,effective_until"
    )
    (place / "own.csv").write_text(f"{header}\noutbound,1,,US,mixed,0.5,0,USD,,\n")
    arguments = ["rate", "events.jsonl", "--ledger", "ledger.jsonl", "--rates", "own.csv"]
    assert run(arguments) == 0
    audit = ["audit", "replay", "events.jsonl", "--ledger", "ledger.jsonl"]
    assert run([*audit, "--rates", "own.csv"]) == 0
    assert run(audit) == 1
    assert "no rates file with version" in capsys.readouterr().err.splitlines()[-1]


def test_explain_tells_a_call_of_the_log(rated: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The arithmetic is there; numbers are masked unless asked for."""
    del rated
    arguments = ["explain", "c-2", "--tenant", "contoso", *LOG]
    assert run(arguments) == 0
    text = capsys.readouterr().out
    assert "5 x 0.013 = 0.065 USD" in text
    assert "from +1********00 to +1********23" in text
    assert run([*arguments, "--show-numbers"]) == 0
    assert CALLEE in capsys.readouterr().out


def test_explain_tells_what_a_check_before_the_call_would_have_said(
    rated: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """D-73, R-338: before the call it is blocked, after it it is given free."""
    del rated
    assert run(["explain", "c-zambia", "--tenant", "contoso", "--json", *LOG]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["rated"]["data"]["outcome"] == "freecall"
    assert (content["before"]["outcome"], content["before"]["reason"]) == ("blocked", "no_rate")


def test_explain_tells_why_a_call_was_refused(
    rated: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused call is in no ledger, but its log says why."""
    del rated
    assert run(["explain", "c-bad", "--tenant", "contoso", *LOG]) == 0
    text = capsys.readouterr().out
    assert "refused because the called number cannot be a telephone number" in text


def test_quote_says_what_a_call_would_cost(rated: None, capsys: pytest.CaptureFixture[str]) -> None:
    """C20 and a call that credits pay; nothing is written."""
    del rated
    asked = ["quote", "--tenant", "contoso", "--user", "ann", "--minutes", "3", *LOG]
    march = ["--at", "2021-03-03T00:00:00Z"]
    assert run([*asked, *march, "--to", "+33142680000"]) == 0
    assert "would be fully covered and cost 0.048 USD" in capsys.readouterr().out
    assert run([*asked, *march, "--to", "+5371234567", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["outcome"], answer["reason"]) == ("blocked", "no_rate")
    assert run([*asked, *march, "--to", "nobody"]) == 1
    assert "(invalid_number)" in capsys.readouterr().err


def test_balance_is_that_of_the_balances_file(
    rated: None, capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    """One way to know a balance, two places to see it."""
    del rated
    assert run(["balance", "contoso", "--json", *LOG]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == json.loads((place / "b.json").read_bytes())["tenants"]["contoso"]
    assert run(["balance", "contoso", *LOG]) == 0
    assert "Credits: 8.935 USD" in capsys.readouterr().out


LETTERS = ["--file", "ledger.dead-letter.jsonl"]


def test_dead_letters_are_listed_by_reason_and_time(
    rated: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """The limits choose; the count by reason is told."""
    del rated
    for limits, names in (
        ([], ["events.jsonl:8", "events.jsonl:9"]),
        (["--reason", "not_json"], ["events.jsonl:9"]),
        (["--tenant", "contoso"], ["events.jsonl:8"]),
        (["--since", "2021-03-02T12:00:00Z"], ["events.jsonl:8"]),
        (["--until", "2021-03-02T12:00:00Z"], []),
    ):
        capsys.readouterr()
        assert run(["dead-letter", "list", *LETTERS, *limits]) == 0
        listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
        assert listed == names


def test_a_dead_letter_is_shown_masked_and_raw(
    rated: None, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Only `--raw` shows phone numbers, byte for byte."""
    del rated
    capfdbinary.readouterr()
    for name, raw in (("events.jsonl:8", EVENTS[7]), ("events.jsonl:9", EVENTS[8])):
        assert run(["dead-letter", "show", name, *LETTERS]) == 0
        assert b"5550" not in capfdbinary.readouterr().out
        assert run(["dead-letter", "show", name, "--raw", *LETTERS]) == 0
        assert capfdbinary.readouterr().out == raw + b"\n"


def test_a_mended_dead_letter_is_rated_as_if_it_had_been_good(rated: None, place: Path) -> None:
    """I5: after requeueing the totals are those of a good input, nothing is doubled."""
    del rated
    mended = call(8, "c-bad")
    (place / "mended.jsonl").write_bytes(mended)
    requeue = ["dead-letter", "requeue", "events.jsonl:8", *LETTERS]
    assert run([*requeue, "--with", "mended.jsonl", "--to", "more.jsonl"]) == 0
    assert (place / "more.jsonl").read_bytes() == mended + b"\n"
    assert run([*requeue, "--to", "same.jsonl"]) == 0
    assert (place / "same.jsonl").read_bytes() == EVENTS[7] + b"\n"


def test_a_mended_file_that_is_still_bad_is_refused(
    rated: None, capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    """What the codec refuses would come back as a dead letter at once."""
    del rated
    (place / "mended.jsonl").write_bytes(b"{}")
    arguments = ["dead-letter", "requeue", "events.jsonl:8", *LETTERS, "--with", "mended.jsonl"]
    assert run(arguments) == 1
    assert "mended.jsonl line 1 is still refused" in capsys.readouterr().err


@pytest.mark.usefixtures("rated")
def test_a_mended_file_without_an_event_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing must not be reported as a requeue."""
    (place / "empty.jsonl").write_bytes(b"\n")
    arguments = ["dead-letter", "requeue", "events.jsonl:8", *LETTERS, "--with", "empty.jsonl"]
    assert run([*arguments, "--to", "x"]) == 1
    assert "holds no event" in capsys.readouterr().err


def test_an_input_without_tenant_is_not_requeued_as_it_is(
    rated: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no key; it can only be mended."""
    del rated
    assert run(["dead-letter", "requeue", "events.jsonl:9", *LETTERS, "--to", "x"]) == 1
    assert "names no tenant" in capsys.readouterr().err


def test_publish_sends_nothing_if_a_line_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """All lines are checked before the first is sent; no broker is asked."""
    assert run(["publish", "events.jsonl"]) == 1
    said = capsys.readouterr().err
    assert "events.jsonl line 9: refused, it is not JSON" in said
    assert "1 of 9 lines are refused, nothing was sent" in said


def test_the_shipped_reference_files_are_listed_and_good(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without Kafka, what ships with the release."""
    assert run(["reference", "list", "--shipped"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in listed if line.endswith("default")] == [
        "catalogue",
        "rates",
    ]


def test_a_kafka_that_is_not_there_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line says what happened and names the settings to look at."""
    monkeypatch.setenv("TOLLSTREAM_BROKERS", "127.0.0.1:1")
    assert run(["audit", "verify", "--from", "kafka"]) == 1
    said = capsys.readouterr().err
    assert "Connect call failed" in said
    assert "are TOLLSTREAM_BROKERS and TOLLSTREAM_SECURITY_PROTOCOL right?" in said


COMMANDS = [
    ["rate"],
    ["audit"],
    ["audit", "verify"],
    ["audit", "replay"],
    ["explain"],
    ["quote"],
    ["balance"],
    ["dead-letter"],
    ["dead-letter", "list"],
    ["dead-letter", "show"],
    ["dead-letter", "requeue"],
    ["publish"],
    ["reference"],
    ["reference", "publish"],
    ["reference", "activate"],
    ["reference", "list"],
    ["reference", "check"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_ends_with_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every command shows how it is called."""
    assert run([*command, "--help"]) == 0
    assert f"Example: tollstream {command[0]}" in capsys.readouterr().out
