"""The command line answers in one line and a code, and imports only what it needs."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from streams import cli


def tollstream(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, BaseException]]:
    """Add a command `fail` that raises what the test puts in."""
    told: dict[str, BaseException] = {}

    @click.command("fail")
    @click.option("--size", type=int)
    def fail(size: int | None) -> None:  # noqa: ARG001 - only to be given wrongly
        raise told["error"]

    cli.commands.add_command(fail)
    plain = cli.LazyCommands.get_command

    def get(self: cli.LazyCommands, ctx: click.Context, name: str) -> click.Command | None:
        return fail if name == "fail" else plain(self, ctx, name)

    monkeypatch.setattr(cli.LazyCommands, "get_command", get)
    yield told
    del cli.commands.commands["fail"]


def test_every_listed_command_has_help_with_an_example() -> None:
    """A newcomer can learn each command from its own help."""
    context = click.Context(cli.commands, info_name="tollstream")
    for name in cli.commands.list_commands(context):
        command = cli.commands.get_command(context, name)
        assert command is not None, name
        lacking = [path for path in walk(command, name) if not path[1]]
        assert [] == lacking


def walk(command: click.Command, path: str) -> Iterator[tuple[str, bool]]:
    """Yield each command and subcommand with whether its help shows an example."""
    yield path, "Example: " in (command.epilog or "")
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from walk(child, f"{path} {name}")


def test_every_module_of_a_command_is_in_the_table() -> None:
    """No command can be forgotten in the list, and none is listed without a module."""
    folder = Path(cli.__file__).parent / "commands"
    modules = {
        path.stem.replace("_", "-")
        for path in folder.glob("*.py")
        if "\ndef command(" in (text := path.read_text("utf-8")) or "\ncommand = " in text
    }
    context = click.Context(cli.commands)
    assert modules == set(cli.commands.list_commands(context))


def test_help_is_quick_because_it_imports_no_command() -> None:
    """Listing the commands loads neither Faust nor pydantic nor any command."""
    code = (
        "import sys; from streams import cli; cli.run(['--help']); "
        "heavy = {'faust', 'aiokafka', 'pydantic', 'rich', 'jgo'} & set(sys.modules); "
        "sys.exit(','.join(heavy) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert "broker" in done.stdout


def test_the_version_is_the_distributions() -> None:
    """`--version` names the installed version and the form of its core."""
    done = tollstream("--version")
    assert (0, "tollstream 0.1.0, rating core interpreted\n") == (done.returncode, done.stdout)


def test_wrong_usage_is_one_line_and_code_2() -> None:
    """An unknown command, option or value is told in one line that names the help."""
    for arguments in (["no-such-command"], ["broker", "start", "--nodes", "2"], ["broker", "--x"]):
        done = tollstream(*arguments)
        assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
        assert "--help" in done.stderr


def test_without_arguments_the_help_is_shown_line_by_line() -> None:
    """Who types only the name learns the commands; it is wrong usage all the same."""
    for arguments in ([], ["broker"]):
        done = tollstream(*arguments)
        assert (2, "") == (done.returncode, done.stdout)
        assert "\n\nCommands:\n" in done.stderr


def test_a_wrong_setting_is_one_line_and_code_2() -> None:
    """A bad TOLLSTREAM_ variable is told by name, without a traceback."""
    done = tollstream("topics", "check", TOLLSTREAM_PARTITIONS="many")
    assert (2, 1) == (done.returncode, done.stderr.count("\n"))
    assert "TOLLSTREAM_PARTITIONS" in done.stderr


def test_a_broker_that_does_not_answer_is_one_line_and_code_1() -> None:
    """The Kafka client's own complaints do not stand beside it, and it is worded one way."""
    for line in ("audit verify --from kafka", "topics check", "reference list", "publish -"):
        done = tollstream(*line.split(), TOLLSTREAM_BROKERS="127.0.0.1:1")
        assert (1, 1) == (done.returncode, done.stderr.count("\n")), done.stderr
        assert "Kafka at 127.0.0.1:1 does not answer" in done.stderr


def test_a_worker_tells_a_wrong_certificate_and_a_wrong_folder_by_their_setting() -> None:
    """Exit 2 for a setting that starting again cannot mend, 5 for the local disk."""
    secured = {"TOLLSTREAM_SECURITY_PROTOCOL": "SSL", "TOLLSTREAM_TLS_CA_FILE": "/nowhere/ca.pem"}
    for code, setting, wrong in (
        (2, "TOLLSTREAM_TLS_", secured),
        (5, "TOLLSTREAM_DATA_DIR", {"TOLLSTREAM_DATA_DIR": "/dev/null/here"}),
    ):
        done = tollstream("worker", **wrong)
        assert (code, 1) == (done.returncode, done.stderr.count("\n")), done.stderr
        assert setting in done.stderr


def test_a_wrong_setting_raised_by_any_command_is_code_2(
    failing: dict[str, BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands need not translate SettingsError themselves."""
    from streams.settings import SettingsError  # noqa: PLC0415 - as the command line does

    failing["error"] = SettingsError("TOLLSTREAM_X='y': no")
    assert cli.run(["fail"]) == 2
    assert capsys.readouterr().err == "tollstream: TOLLSTREAM_X='y': no\n"


def test_a_reported_problem_is_one_line_and_code_1(
    failing: dict[str, BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """A ClickException's text becomes one line even if it has several."""
    failing["error"] = click.ClickException("this\n  and that")
    assert cli.run(["fail"]) == 1
    assert capsys.readouterr().err == "tollstream: this and that\n"


def test_a_file_or_disk_error_is_one_line_and_code_1(
    failing: dict[str, BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """What the operating system refuses is told with the file's name."""
    failing["error"] = OSError(errno.ENOSPC, "No space left on device", "ledger.jsonl")
    assert cli.run(["fail"]) == 1
    assert capsys.readouterr().err == "tollstream: ledger.jsonl: No space left on device\n"


def test_ctrl_c_is_one_line_and_code_130(
    failing: dict[str, BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C shows no traceback."""
    failing["error"] = KeyboardInterrupt()
    assert cli.run(["fail"]) == 130
    assert capsys.readouterr().err.strip() == "tollstream: interrupted"


def test_a_fault_of_our_own_keeps_its_traceback(failing: dict[str, BaseException]) -> None:
    """What no user can mend must not be hidden."""
    failing["error"] = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        cli.run(["fail"])


def test_a_commands_own_exit_code_is_kept(failing: dict[str, BaseException]) -> None:
    """A worker's exit codes reach its supervisor."""
    failing["error"] = click.exceptions.Exit(4)
    assert cli.run(["fail"]) == 4


def test_a_reader_that_went_away_ends_the_command_quietly() -> None:
    """`tollstream ... | head` shows no complaint."""
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "generate", "--calls", "2000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b"{")
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()
    assert (1, b"") == (process.wait(60), complaint)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(shell: str) -> None:
    """Each shell gets a script that asks our program."""
    done = tollstream("completion", shell)
    assert done.returncode == 0
    assert "_TOLLSTREAM_COMPLETE" in done.stdout


def test_completion_lists_the_commands() -> None:
    """What the script asks for is answered without importing commands."""
    done = tollstream(
        _TOLLSTREAM_COMPLETE="bash_complete", COMP_WORDS="tollstream bro", COMP_CWORD="1"
    )
    assert done.stdout == "plain,broker\n"
