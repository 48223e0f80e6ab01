"""Compare a module definition with the code it is deployed with, before anything runs."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from statefun import StatefulFunctions

from workshop.simulation.given import functions_of
from workshop.simulation.module import Function, Module
from workshop.simulation.module_parser import read_module
from workshop.simulation.yaml_nodes import Finding

__all__ = ["check_module", "compare", "sends"]

# Method of the context → what its argument names, its position, its keyword.
_NAMED = {
    "state": ("state", 0, "name"),
    "send": ("function", 0, "typename"),
    "pack_and_send": ("function", 0, "typename"),
    "send_after": ("function", 1, "typename"),
    "pack_and_send_after": ("function", 1, "typename"),
    "send_egress": ("egress", 0, "typename"),
    "pack_and_send_egress": ("egress", 0, "typename"),
}


class _Use(NamedTuple):
    kind: str  # state, function or egress
    name: str
    where: str  # file:line


def check_module(
    functions: StatefulFunctions, module: str | Path, transaction_limit_ms: int = 900_000
) -> list[Finding]:
    """Compare a module definition with the functions it is meant for.

    Parameters
    ----------
    functions
        The functions as the SDK has them bound, or a handler that serves them.
    module
        The path of a ``module.yaml``, or its text.
    transaction_limit_ms
        The broker's ``transaction.max.timeout.ms``.

    Returns
    -------
    list of Finding
        In the order of the file's lines; empty if nothing is wrong. What the code uses is read from
        the text of the functions and of what they pass the context to: computed names are not seen.

    Raises
    ------
    ModuleError
        There is no such file, or it is no YAML.
    """
    parsed = read_module(module, transaction_limit_ms)
    return sorted(parsed.findings + compare(functions_of(functions), parsed))


def compare(functions: StatefulFunctions, module: Module) -> list[Finding]:
    """Compare a module definition that has already been read; see `check_module`."""
    findings: list[Finding] = []
    bound = {f"{namespace}/{name}": f for (namespace, name), f in functions.functions.items()}
    for typename, declared in module.functions.items():
        if typename and typename not in bound:
            findings.append(
                Finding(declared.line, f"{typename} is declared, but no function is bound to it")
            )
    for typename in bound.keys() - module.functions.keys():
        findings.append(
            Finding(0, f"a function is bound to {typename}, but the module does not declare it")
        )
    for ingress in module.ingresses:
        for route in ingress.routes:
            for target, line in route.targets:
                if target not in module.functions:
                    findings.append(
                        Finding(line, f"the target {target} is not a declared function")
                    )
                elif target in bound:
                    problem = _type_problem(route.type_url, bound[target].known_messages, target)
                    if problem:
                        findings.append(Finding(route.type_url_line, problem))
    used_egresses: set[str] = set()
    all_read = True
    for typename, function in bound.items():
        uses, complete = _uses(function.func)
        all_read = all_read and complete
        used_egresses |= {use.name for use in uses if use.kind == "egress"}
        if (spec := module.functions.get(typename)) is not None:
            findings += _use_findings(spec, uses, module)
    for id, egress in module.egresses.items():
        if id and all_read and id not in used_egresses:
            findings.append(Finding(egress.line, f"no function was seen to use {id}", error=False))
    return findings


def sends(functions: StatefulFunctions) -> list[tuple[str, str, str]]:
    """Read from the code who sends to what.

    Returns
    -------
    list of tuple
        The type of the sender, ``function`` or ``egress``, and the name of what it sends to.
        Computed names are not seen.
    """
    found = [
        (f"{namespace}/{name}", use.kind, use.name)
        for (namespace, name), function in functions.functions.items()
        for use in _uses(function.func)[0]
        if use.kind != "state"
    ]
    return list(dict.fromkeys(found))


def _type_problem(type_url: str, known: list[Any] | None, target: str) -> str:
    """Say why the SDK would not recognise a record of this type URL, or nothing."""
    if "/" not in type_url:
        return f"the typeUrl {type_url!r} has no slash: no message matches it"
    names = [cls.DESCRIPTOR.full_name for cls in known or () if hasattr(cls, "DESCRIPTOR")]
    if known is None or not names:
        return ""  # The function takes every message, as an Any.
    # The SDK compares what follows the last slash with the full name of the message.
    got = type_url.rpartition("/")[2]
    if got in names:
        return ""
    return f"the typeUrl ends in {got!r}, but {target} takes {' or '.join(names)}"


def _use_findings(spec: Function, uses: list[_Use], module: Module) -> list[Finding]:
    findings = []
    states = {state.name for state in spec.states}
    for use in dict.fromkeys(uses):
        if use.kind == "state" and use.name not in states:
            findings.append(
                Finding(spec.line, f"{use.where} uses the undeclared state {use.name!r}: KeyError")
            )
        elif use.kind == "egress" and use.name not in module.egresses:
            findings.append(
                Finding(0, f"{use.where} sends to {use.name}, which is no declared egress")
            )
        elif use.kind == "function" and use.name not in module.functions:
            findings.append(
                Finding(0, f"{use.where} sends to {use.name}, which is no declared function")
            )
    return findings


def _uses(
    function: Callable[..., object], position: int = 0, depth: int = 3
) -> tuple[list[_Use], bool]:
    """Read from the source of a function what it asks of its context, and whether that is all.

    Parameters
    ----------
    function
        A bound function, or a function that gets the context passed on.
    position
        Which of its arguments the context is.
    depth
        How many calls deep to follow the context.
    """
    function = inspect.unwrap(function)
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return [], False
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        return [], False
    arguments = definition.args.posonlyargs + definition.args.args
    if position >= len(arguments) or not depth:
        return [], False
    scope = getattr(function, "__globals__", {})
    file = Path(inspect.getsourcefile(function) or "?").name
    reader = _UseReader(arguments[position].arg, scope, file, first - 1, depth)
    reader.visit(definition)
    return reader.found, not reader.lost


class _UseReader(ast.NodeVisitor):
    """Collects what is asked of the variable ``context``; ``lost`` if it went out of sight."""

    def __init__(
        self, context: str, scope: dict[str, object], file: str, before: int, depth: int
    ) -> None:
        self.context, self.scope, self.file = context, scope, file
        self.before, self.depth = before, depth
        self.found: list[_Use] = []
        self.lost = False

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if self.is_context(node.value):
            self.use("state", node.slice, node.lineno)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func
        if isinstance(called, ast.Attribute) and self.is_context(called.value):
            if called.attr in _NAMED:
                kind, position, keyword = _NAMED[called.attr]
                given = {word.arg: word.value for word in node.keywords}
                in_place = node.args[position] if position < len(node.args) else None
                self.use(kind, in_place or given.get(keyword), node.lineno)
        elif any(map(self.is_context, node.args)):
            position = next(n for n, given in enumerate(node.args) if self.is_context(given))
            passed_to = self.scope.get(called.id) if isinstance(called, ast.Name) else None
            uses, complete = (
                _uses(passed_to, position, self.depth - 1) if callable(passed_to) else ([], False)
            )
            self.found += uses
            self.lost = self.lost or not complete
        self.generic_visit(node)

    def use(self, kind: str, name: ast.expr | None, line: int) -> None:
        value: object = name.value if isinstance(name, ast.Constant) else None
        if isinstance(name, ast.Name):
            value = self.scope.get(name.id)
        if isinstance(value, str):
            self.found.append(_Use(kind, value, f"{self.file}:{self.before + line}"))
        else:
            self.lost = True

    def is_context(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id == self.context
