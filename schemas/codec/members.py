"""What an event or record class says of itself: read once from its source.

A class of `schemas` says by annotations how its members stand on the wire (`schemas.fields`).
Compiled, it keeps neither these nor its docstring, and what it tells of its defaults depends on
Python's last digit. So all are read where they are written: in the Python file, which every
installation has beside the compiled one.
"""

import ast
import dataclasses
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args, get_origin, get_type_hints

REQUIRED: Final = dataclasses.MISSING
"""The default of a member that has none."""


class Member(NamedTuple):
    """One member: its attribute, its annotation without `Final`, and its default or REQUIRED."""

    name: str
    annotation: Any
    default: Any


@cache
def members_of(cls: type) -> tuple[Member, ...]:
    """Return the members of a dataclass of `schemas`, in their order."""
    written = type(cls.__name__, (), {"__annotations__": _annotations(cls)})
    scope = vars(sys.modules[cls.__module__])
    hints = get_type_hints(written, globalns=scope, include_extras=True)
    defaults = _defaults(cls)
    return tuple(
        Member(field.name, _without_final(hints[field.name]), defaults.get(field.name, REQUIRED))
        for field in dataclasses.fields(cls)
    )


def summary_of(cls: type) -> str:
    """Return the first line of a class's docstring."""
    return (ast.get_docstring(_written(cls)) or "").split("\n", 1)[0]


def _annotations(cls: type) -> dict[str, str]:
    """Return the annotations of a class as text, by attribute."""
    return {
        ast.unparse(member.target): ast.unparse(member.annotation)
        for member in _written(cls).body
        if isinstance(member, ast.AnnAssign)
    }


def _defaults(cls: type) -> dict[str, Any]:
    """Return the members' defaults, all of them literals, from the body or the spelled-out init."""
    written: dict[str, ast.expr] = {}
    for node in _written(cls).body:
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            written[ast.unparse(node.target)] = node.value
        elif isinstance(node, ast.FunctionDef) and node.name == "__init__":
            last = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            names = (argument.arg for argument in last)
            written |= zip(names, node.args.defaults, strict=True)
    return {name: ast.literal_eval(value) for name, value in written.items()}


def _written(cls: type) -> ast.ClassDef:
    return _classes(cls.__module__)[cls.__name__]


@cache
def _classes(module: str) -> dict[str, ast.ClassDef]:
    """Return the classes that a module's source defines, by name."""
    loaded = sys.modules[module].__file__
    assert loaded is not None, "a module of ours is a file"  # noqa: S101 - for the type checker
    source = Path(loaded).with_name(module.rpartition(".")[2] + ".py").read_text("utf-8")
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def _without_final(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Final else annotation
