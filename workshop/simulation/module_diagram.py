"""The picture of a module definition: what flows where, as a Mermaid flowchart and as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from statefun import StatefulFunctions

from workshop.simulation.check import sends
from workshop.simulation.diagram import VISIBLE, escape
from workshop.simulation.given import functions_of
from workshop.simulation.module import Function, Module, State
from workshop.simulation.module_parser import read_module

__all__ = ["ModuleDiagram", "module_diagram"]


_SHAPES = {"topic": ("[(", ")]"), "function": ("[", "]"), "egress": ("[[", "]]")}


class ModuleDiagram:
    """Shows as a flowchart in a notebook, and as lines of text elsewhere."""

    def __init__(self, module: Module, functions: StatefulFunctions | None) -> None:
        self.module = module
        self.functions = functions

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/markdown": f"```mermaid\n{self.mermaid}\n```"}

    @property
    def mermaid(self) -> str:
        """The flowchart in Mermaid's language."""
        names: dict[tuple[str, str], str] = {}
        lines = [f"%%{{init: {{{VISIBLE}}}}}%%", "flowchart LR"]

        def node(kind: str, id: str, *label: str) -> str:
            name = names.get((kind, id))
            if name is None:
                name = names[kind, id] = f"n{len(names)}"
                begin, end = _SHAPES[kind]
                text = escape("\n".join((kind, *label)))
                lines.append(f'    {name}{begin}"{text}"{end}')
            return name

        for typename, function in self.module.functions.items():
            node("function", typename, typename, *map(_described, function.states))
        for ingress in self.module.ingresses:
            for route in ingress.routes:
                topic = node("topic", f"{ingress.id} {route.topic}", route.topic)
                for target, _ in route.targets:
                    label = escape(_message(route.type_url))
                    to = node("function", target, target, "not declared")
                    lines.append(f'    {topic} -- "{label}" --> {to}')
        for id, egress in self.module.egresses.items():
            node("egress", id, id, _guarantee(egress.exactly_once))
        for typename, kind, id in self._sent():
            target = node(kind, id, id, "not declared")
            lines.append(f"    {names['function', typename]} --> {target}")
        return "\n".join(lines)

    def _lines(self) -> Iterator[str]:
        for ingress in self.module.ingresses:
            for route in ingress.routes:
                targets = ", ".join(target for target, _ in route.targets)
                yield f"topic {route.topic} ({_message(route.type_url)}) → {targets or 'nobody'}"
        for function in self.module.functions.values():
            yield f"function {function.typename} at {function.endpoint}, {_remembers(function)}"
        for id, egress in self.module.egresses.items():
            yield f"egress {id}, {_guarantee(egress.exactly_once)}"
        for typename, kind, id in self._sent():
            yield f"{typename} sends to {kind} {id}"

    def _sent(self) -> Iterator[tuple[str, str, str]]:
        """Who sends to what, as far as the code says: sender, function or egress, its name."""
        if self.functions is not None:
            for typename, kind, id in sends(self.functions):
                if typename in self.module.functions:
                    yield typename, kind, id


def module_diagram(module: str | Path, functions: StatefulFunctions | None = None) -> ModuleDiagram:
    """Draw a module definition.

    Parameters
    ----------
    module
        The path of a ``module.yaml``, or its text.
    functions
        The functions as the SDK has them bound, or a handler that serves them. A module says
        nothing about who sends where: those arrows are read from their code.

    Raises
    ------
    ModuleError
        There is no such file, or it is not YAML.
    """
    functions = None if functions is None else functions_of(functions)
    return ModuleDiagram(read_module(module), functions)


def _message(type_url: str) -> str:
    return type_url.rpartition("/")[2]


def _guarantee(exactly_once: bool) -> str:
    return "exactly-once" if exactly_once else "not exactly-once"


def _described(state: State) -> str:
    expiry = "" if state.expire_ms is None else f", for {state.expire_ms / 1000:g} s"
    return f"remembers {state.name}{expiry}"


def _remembers(function: Function) -> str:
    return ", ".join(map(_described, function.states)) or "remembers nothing"
