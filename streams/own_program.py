"""Starting a program of this distribution in a process of its own."""

import sys
from typing import Final

OWN_PYTHON: Final = (sys.executable, "-P")
"""This interpreter, without the current folder on its path: in the sources' folder the child would
run them, interpreted, instead of what is installed and compiled."""


def own_program(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours as a program, as it is installed here."""
    return [*OWN_PYTHON, "-m", module, *arguments]
