"""`tollstream completion`: the script that teaches a shell to complete our commands."""

from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from streams import cli

SHELLS: Final[dict[str, type[ShellComplete]]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command(epilog='Example: eval "$(tollstream completion bash)"')
@click.argument("shell", type=click.Choice(list(SHELLS)))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    Put `eval "$(tollstream completion bash)"` into ~/.bashrc, the like with zsh into ~/.zshrc;
    for fish: tollstream completion fish > ~/.config/fish/completions/tollstream.fish
    """
    script = SHELLS[shell](cli.commands, {}, cli.PROGRAM, "_TOLLSTREAM_COMPLETE").source()
    click.echo(script)
