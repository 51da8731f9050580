"""Small changes to source code, each of which a test should notice.

A mutant is one change at one place of one module. What is never changed, for no rule hangs on it:
annotations, decorators (sizes of caches), docstrings, `__slots__` and `__all__`, assertions (tests
themselves), code for type checkers, and texts with a blank in them, which are words for people.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any, Final

COMPARISONS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_UNTOUCHED_NAMES: Final = {"__slots__", "__all__"}

Change = Callable[[Any], None]
"""Changes the node of a copied tree in place."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: `module` is its path in the tree, `number` its place in that module's list."""

    module: str
    number: int
    line: int
    column: int
    what: str

    @property
    def name(self) -> str:
        """Return what it is called on the command line."""
        return f"{self.module}:{self.line}:{self.column} {self.what}"


@dataclass(frozen=True, slots=True)
class _Spot:
    node: int  # place of the node in the walk
    line: int
    column: int
    what: str
    change: Change


def mutants_of(root: Path, module: str) -> list[Mutant]:
    """Return all mutants of a module, in the order of its source."""
    return [
        Mutant(module, number, spot.line, spot.column, spot.what)
        for number, spot in enumerate(_spots(_parse(root, module)))
    ]


def mutated_code(root: Path, mutant: Mutant) -> CodeType:
    """Return the module's code with the change made."""
    tree = _parse(root, mutant.module)
    spot = _spots(tree)[mutant.number]
    changed = copy.deepcopy(tree)
    for place, node in enumerate(ast.walk(changed)):
        if place == spot.node:
            spot.change(node)
    path = str(root / mutant.module)
    return compile(ast.fix_missing_locations(changed), path, "exec", dont_inherit=True)


def _parse(root: Path, module: str) -> ast.Module:
    return ast.parse((root / module).read_text(encoding="utf-8"))


def _spots(tree: ast.Module) -> list[_Spot]:
    untouched = {id(node) for node in _untouched(tree)}
    found = [
        _Spot(place, node.lineno, node.col_offset + 1, what, change)
        for place, node in enumerate(ast.walk(tree))
        if id(node) not in untouched and isinstance(node, ast.expr | ast.stmt)
        for what, change in _changes(node)
    ]
    return sorted(found, key=lambda spot: (spot.line, spot.column, spot.what))


def _untouched(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield every node in which nothing is changed."""
    for node in ast.walk(tree):
        for part in (*_notes_of(node), *([node] if _says_nothing(node) else [])):
            yield from ast.walk(part)


def _notes_of(node: ast.AST) -> list[ast.AST]:
    """Return the parts of a node that are no code: annotations, decorators, texts of f-strings."""
    match node:
        case ast.FunctionDef():
            return [*node.decorator_list, *filter(None, [node.returns])]
        case ast.ClassDef():
            return [*node.decorator_list]
        case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
            return [annotation]
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return [node.test, *node.body]
        case ast.Call(func=ast.Name(id="cast" | "TypeVar")):
            return [*node.args[:1]]
        case ast.JoinedStr():
            return [part for part in node.values if isinstance(part, ast.Constant)]
        case _:
            return []


def _says_nothing(node: ast.AST) -> bool:
    """Tell whether no rule can hang on a node."""
    match node:
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name in _UNTOUCHED_NAMES
        case ast.Subscript(value=ast.Name(id="Literal" | "Callable" | "Final")):
            return True
        case ast.Constant(value=str() as text):
            return " " in text
        case ast.Assert() | ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case _:
            return False


def _changes(node: ast.expr | ast.stmt) -> Iterator[tuple[str, Change]]:
    """Yield every change of a node, with words for it."""
    yield from _operator_changes(node)
    yield from _flow_changes(node)
    if isinstance(node, ast.Constant):
        yield from _constant_changes(node.value)


def _operator_changes(node: ast.expr | ast.stmt) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.Compare():
            yield from _compare_changes(node)
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in ARITHMETIC:
            other = ARITHMETIC[type(operator)]
            yield f"{_name(operator)} -> {other.__name__}", _set("op", other())
        case ast.BoolOp(op=ast.And()):
            yield "and -> or", _set("op", ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield "or -> and", _set("op", ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub() as operator):
            yield f"{_name(operator)} dropped", _drop_operator


def _flow_changes(node: ast.expr | ast.stmt) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.If() | ast.While() | ast.IfExp():
            yield "condition negated", _negate
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield "return None", _set("value", ast.Constant(None))
        case ast.Continue():
            yield "continue -> break", _become(ast.Break)
        case ast.Break():
            yield "break -> continue", _become(ast.Continue)
    if _can_go(node):
        yield "statement deleted", _become(ast.Pass)


def _compare_changes(node: ast.Compare) -> Iterator[tuple[str, Change]]:
    for place, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            yield f"{_name(operator)} -> {other.__name__}", _compare(place, other)


def _constant_changes(value: object) -> Iterator[tuple[str, Change]]:
    match value:
        case bool():
            yield f"{value} -> {not value}", _set("value", not value)
        case int():
            yield f"{value} -> {value + 1}", _set("value", value + 1)
            yield f"{value} -> {value - 1}", _set("value", value - 1)
        case str():
            yield f"{value!r} -> {value + 'X'!r}", _set("value", value + "X")


def _can_go(node: ast.expr | ast.stmt) -> bool:
    """Tell whether a statement is an effect: a call, or a change of what exists already."""
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
            return True
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
        case _:
            return False


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _name(operator: ast.AST) -> str:
    return type(operator).__name__


def _set(name: str, value: object) -> Change:
    return lambda node: setattr(node, name, value)


def _compare(place: int, other: type[ast.cmpop]) -> Change:
    def change(node: ast.Compare) -> None:
        node.ops[place] = other()

    return change


def _negate(node: Any) -> None:
    node.test = ast.UnaryOp(ast.Not(), node.test)


def _become(other: type[ast.stmt]) -> Change:
    def change(node: ast.stmt) -> None:
        place = {name: getattr(node, name) for name in ast.stmt._attributes}
        node.__class__ = other  # in place, for the parent holds this very node
        node.__dict__.clear()
        node.__dict__.update(place)

    return change


def _drop_operator(node: Any) -> None:
    inner = node.operand
    node.__class__ = inner.__class__
    node.__dict__.clear()
    node.__dict__.update(inner.__dict__)
