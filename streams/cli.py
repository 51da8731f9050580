"""The command line: `tollstream <command>`.

Exit codes (contracts section 4): 0 done, 1 a reported problem, 2 wrong usage or a wrong setting;
`worker` has further ones of its own. What goes wrong for a reason the user can do something about
is one line on stderr; only a fault of our own shows a traceback. A command's module is imported
when the command is called, so `--help` and completion stay fast.
"""

import importlib
import importlib.metadata
import importlib.util
import logging
import os
import sys
import warnings
from typing import Final

import click

from streams.core_form import core_form

PROGRAM: Final = "tollstream"

COMMANDS: Final[dict[str, str]] = {
    "demo": "See it all on a Kafka of its own, with sample calls.",
    "rate": "Rate event files without Kafka.",
    "broker": "Start, stop or look at a local Apache Kafka.",
    "topics": "Make or check the topics.",
    "reference": "Publish, activate, list or check catalogues and rate decks.",
    "publish": "Check event files and send them to the events topic.",
    "worker": "Run the rating worker.",
    "quote": "Say what a call would cost now, and from which purses.",
    "balance": "Show a tenant's pools and credits.",
    "explain": "Say why a call cost what it cost.",
    "dead-letter": "List, show or requeue refused events.",
    "audit": "Verify a ledger, or rate its log again and compare.",
    "what-if": "Rate the same log under other prices or licences.",
    "generate": "Make seeded synthetic events.",
    "bench": "Measure the worker against a running broker.",
    "completion": "Print the shell's completion script.",
}
"""Command to its line in `tollstream --help`; the module is `streams.commands.<name>`. The line
stands here and not with the command because listing must not import."""

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells expect."""


def module_name(command: str) -> str:
    """Return the module that holds a command."""
    return "streams.commands." + command.replace("-", "_")


class LazyCommands(click.Group):
    """A click group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """Return the commands that this release has, in the order of the table."""
        return [name for name in COMMANDS if importlib.util.find_spec(module_name(name))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, None where there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(module_name(cmd_name)).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module_name(cmd_name)}.command is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, without importing any."""
        rows = [(name, COMMANDS[name]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"{PROGRAM} {importlib.metadata.version(PROGRAM)}, rating core {core_form()}")
        ctx.exit()


@click.group(
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: tollstream demo",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Show the version and exit.",
)
def commands() -> None:
    """Rate calls that stream through Kafka: minutes and credits debited in order, once."""


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; never raises for a user's mistake."""
    # A client's own complaints would stand beside our one line; the worker, which wants them in its
    # log, sets a handler of its own.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    try:
        code = commands.main(arguments, prog_name=PROGRAM, standalone_mode=False)
        # A full disk or a reader that went away may only show when the last bytes are written.
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)  # the help itself, as its many lines
        return 2
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else PROGRAM
        return _complain(f"{where}: {error.format_message()} (see `{where} --help`)", 2)
    except click.ClickException as error:
        return _complain(f"{PROGRAM}: {error.format_message()}", error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        # What was half made or half done is dropped as asked; Python would complain of it at exit.
        warnings.simplefilter("ignore", RuntimeWarning)
        sys.unraisablehook = lambda _: None
        return _complain(f"{PROGRAM}: interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output, such as `head`, has seen enough. Python would complain once
        # more when it flushes at exit, so the output goes nowhere from here on.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        subject = f"{error.filename}: " if error.filename else ""
        return _complain(f"{PROGRAM}: {subject}{error.strerror or error}", 1)
    except Exception as error:
        # Looked up only now, so that no command pays for it.
        from streams.settings import SettingsError  # noqa: PLC0415

        if isinstance(error, SettingsError):
            return _complain(f"{PROGRAM}: {error}", 2)
        raise
    return code if isinstance(code, int) else 0


def _complain(line: str, code: int) -> int:
    click.echo(" ".join(line.split()), err=True)
    return code


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
