"""Hold a module definition to the code it is deployed with, before anything runs."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from statefun import StatefulFunctions

from workshop.simulation.module import Function, Module
from workshop.simulation.module_parser import read_module
from workshop.simulation.yaml_nodes import Finding

__all__ = ["check_module", "compare"]

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
        The functions as the SDK has them bound.
    module
        The path of a ``module.yaml``, or its text.
    transaction_limit_ms
        The broker's ``transaction.max.timeout.ms``.

    Returns
    -------
    list of Finding
        In the order of the file's lines; empty when all is well. What the code uses is read from
        the text of the functions: names that are computed, or used in a helper, are not seen.

    Raises
    ------
    ModuleError
        There is no such file, or it is no YAML.
    """
    parsed = read_module(module, transaction_limit_ms)
    return sorted(parsed.findings + compare(functions, parsed))


def compare(functions: StatefulFunctions, module: Module) -> list[Finding]:
    """Compare a module definition that was read already; see `check_module`."""
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
        uses = _uses(function.func)
        all_read = all_read and uses is not None
        used_egresses |= {use.name for use in uses or () if use.kind == "egress"}
        if (spec := module.functions.get(typename)) is not None:
            findings += _use_findings(spec, uses or [], module)
    for id, egress in module.egresses.items():
        if id and all_read and id not in used_egresses:
            findings.append(Finding(egress.line, f"no function was seen to use {id}", error=False))
    return findings


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


def _uses(function: Callable[..., Any]) -> list[_Use] | None:
    """Read from the text of a function what it asks of its context; None without a text."""
    function = inspect.unwrap(function)
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    definition = tree.body[0]
    if (
        not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef)
        or not definition.args.args
    ):
        return None
    context = definition.args.args[0].arg
    file = Path(inspect.getsourcefile(function) or "?").name

    def text(node: ast.expr | None) -> str | None:
        value = None
        if isinstance(node, ast.Constant):
            value = node.value
        elif isinstance(node, ast.Name):
            value = getattr(function, "__globals__", {}).get(node.id)
        return value if isinstance(value, str) else None

    found = []
    for node in ast.walk(definition):
        kind, name = "", None
        if isinstance(node, ast.Subscript) and _is_name(node.value, context):
            kind, name = "state", text(node.slice)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and _is_name(node.func.value, context)
            and node.func.attr in _NAMED
        ):
            kind, position, keyword = _NAMED[node.func.attr]
            given = {word.arg: word.value for word in node.keywords}
            name = text(node.args[position] if position < len(node.args) else given.get(keyword))
        if name:
            found.append(_Use(kind, name, f"{file}:{first + node.lineno - 1}"))  # type: ignore[attr-defined]
    return found


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
