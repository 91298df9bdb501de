"""What a module defines, read from its source: a listing of parts need not wait for torch.

The modules of the parts import torch, which takes seconds. A listing needs the docstrings and the
options of their classes alone. So a name of such a module is looked up in its source and evaluated
with just the names that it needs; nothing else in the module is run.
"""

import ast
from collections.abc import Sequence
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from synner_graph.config import Section

PACKAGE = "synner_graph"
FOLDER = Path(__file__).parents[1]
LIGHT = (f"{PACKAGE}.config", f"{PACKAGE}.parts")
"""Modules of this package that are imported, since they import nothing heavy."""

KEPT = {"Options", "name", "reads_relations"}
"""Attributes of a part that its outline has."""


@cache
def outline(module: str, name: str) -> Any:
    """Return what a name at the top of a module of this package stands for.

    A class is returned in outline: with its docstring, the attributes in KEPT and the outlines of
    its bases, but without methods and without bases of other packages. Options, which are Sections,
    keep all their fields. A function imports its module when it is called. What a value needs from
    other packages is imported.

    Args:
        module: Dotted name.
        name: Of a class, a function or a value.

    Raises:
        KeyError: The module has no such name at its top.
    """
    node = _definitions(module)[name]
    if isinstance(node, ast.ImportFrom):
        assert node.module is not None
        original = next(a.name for a in node.names if name in (a.asname, a.name))
        if node.module.startswith(f"{PACKAGE}.") and node.module not in LIGHT:
            return outline(node.module, original)
        return getattr(import_module(node.module), original)
    if isinstance(node, ast.Import):
        found = next(a for a in node.names if name in (a.asname, a.name.partition(".")[0]))
        return import_module(found.name if found.asname else name)
    if isinstance(node, ast.FunctionDef):
        return partial(_call, module, name)
    if isinstance(node, ast.ClassDef):
        return _class(module, node)
    assert isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
    expression = ast.Expression(node.value)
    return eval(compile(expression, module, "eval"), _needed(module, [node.value]))


@cache
def _definitions(module: str) -> dict[str, ast.stmt]:
    """Return the statements at the top of a module, by the names that they define."""
    place = FOLDER.joinpath(*module.split(".")[1:])
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    found: dict[str, ast.stmt] = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign):
            names = [node.target.id] if isinstance(node.target, ast.Name) else []
        else:
            names = [node.name] if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
        found |= dict.fromkeys(names, node)
    return found


def _class(module: str, node: ast.ClassDef) -> type:
    """Return the outline of a class."""
    # Outlines are not generic, so bases go without their type arguments.
    bases = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
    bases = [base for base in bases if _is_own(module, base)]
    values = _needed(module, bases)
    is_section = any(issubclass(value, Section) for value in values.values())
    body = [statement for statement in node.body if _is_kept(statement, is_section)]
    made = ast.ClassDef(node.name, bases, [], body or [ast.Pass()], [])
    tree = ast.fix_missing_locations(ast.Module([made], []))
    namespace = {"__name__": module, **values, **_needed(module, body)}
    exec(compile(tree, module, "exec"), namespace)
    outlined: type = namespace[node.name]
    return outlined


def _is_own(module: str, base: ast.expr) -> bool:
    """Say whether a base is a class of this package."""
    node = _definitions(module).get(base.id) if isinstance(base, ast.Name) else None
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").startswith(f"{PACKAGE}.")
    return isinstance(node, ast.ClassDef)


def _is_kept(statement: ast.stmt, is_section: bool) -> bool:
    """Say whether an outline has a statement of its class."""
    if isinstance(statement, ast.Assign):
        targets: Sequence[ast.expr] = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    elif isinstance(statement, ast.ClassDef):
        return statement.name in KEPT
    else:
        return isinstance(statement, ast.Expr)  # the docstring
    return is_section or any(isinstance(t, ast.Name) and t.id in KEPT for t in targets)


def _needed(module: str, nodes: Sequence[ast.AST]) -> dict[str, Any]:
    """Return the values of the names of a module that some of its source reads."""
    defined = _definitions(module)
    read = {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}
    return {name: outline(module, name) for name in read if name in defined}


def _call(module: str, function: str, *arguments: Any, **named: Any) -> Any:
    return getattr(import_module(module), function)(*arguments, **named)
