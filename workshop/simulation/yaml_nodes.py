"""YAML with line numbers, read the way the engine's parser reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

__all__ = ["Finding", "Node", "NodeReader"]

_TAG = "tag:yaml.org,2002:"


class Finding(NamedTuple):
    """One thing that is wrong with a module, or odd.

    Attributes
    ----------
    line
        The line in ``module.yaml``, from 1; 0 when it is about no line in particular.
    message
        What is wrong and what happens because of it.
    error
        False for something that runs, but probably not as intended.
    """

    line: int
    message: str
    error: bool = True

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{'error' if self.error else 'warning'}: {where}{self.message}"


class Node(NamedTuple):
    """A value in the document, with the path that leads to it."""

    path: str
    yaml_node: Any

    @property
    def line(self) -> int:
        """The line in the document, from 1."""
        return int(self.yaml_node.start_mark.line) + 1

    def keys(self) -> dict[str, int]:
        """The keys of a mapping and the line of each."""
        if not isinstance(self.yaml_node, yaml.MappingNode):
            return {}
        return {key.value: key.start_mark.line + 1 for key, _ in self.yaml_node.value}

    def get(self, *keys: str) -> Node | None:
        """Follow ``keys`` down; None when the path ends. Of equal keys the last counts."""
        node, path = self.yaml_node, self.path
        for key in keys:
            found = None
            if isinstance(node, yaml.MappingNode):
                found = next((v for k, v in reversed(node.value) if k.value == key), None)
            if found is None:
                return None
            node, path = found, f"{path}/{key}"
        return Node(path, node)

    @property
    def text(self) -> str | None:
        """The text of a string; None for every other type: ``1.0`` without quotes is a number."""
        node = self.yaml_node
        if not isinstance(node, yaml.ScalarNode):
            return None
        kind = node.tag.removeprefix(_TAG)
        # The engine's YAML knows neither dates nor yes/no/on/off: to it they are strings.
        is_text = kind in ("str", "timestamp") or (
            kind == "bool" and node.value.lower() not in ("true", "false")
        )
        return str(node.value) if is_text else None

    @property
    def integer(self) -> int | None:
        """The value of an integer; None for every other type."""
        node = self.yaml_node
        if isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "int":
            try:
                return int(node.value.replace("_", ""))
            except ValueError:
                return None
        return None


class NodeReader:
    """Reads typed values out of nodes and collects what is wrong with them.

    The engine (2.2.2) stops at the first mistake; the reader continues, to name all of them.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def error(self, line: int, message: str) -> None:
        """Note a mistake."""
        self.findings.append(Finding(line, message))

    def warn(self, line: int, message: str) -> None:
        """Note something odd."""
        self.findings.append(Finding(line, message, error=False))

    def text(self, node: Node, *keys: str, default: str | None = None) -> str:
        """Read a string; missing without a default, or of another type, is a mistake."""
        found = node.get(*keys)
        if found is None:
            if default is None:
                self.error(node.line, f"{node.path}/{'/'.join(keys)} is missing")
            return default or ""
        text = found.text
        if text is None:
            self.error(found.line, f"{found.path} is not a string; put it in quotes")
        return text or ""

    def items(self, node: Node, *keys: str) -> Iterator[Node]:
        """Read a list; a missing one is empty."""
        found = node.get(*keys)
        if found is None:
            return
        if not isinstance(found.yaml_node, yaml.SequenceNode):
            self.error(found.line, f"{found.path} is not a list")
            return
        for index, item in enumerate(found.yaml_node.value):
            yield Node(f"{found.path}[{index}]", item)
