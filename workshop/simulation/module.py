"""What a ``module.yaml`` declares: functions with their states, ingresses, egresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from workshop.simulation.wire import state_head
from workshop.simulation.yaml_nodes import Finding

__all__ = ["Egress", "Function", "Ingress", "Module", "Route", "State"]


@dataclass(frozen=True)
class State:
    """A declared state; ``expire_ms`` is None when it never expires."""

    name: str
    expire_ms: int | None
    on_read: bool  # after-invoke: reading it for a batch counts as use
    line: int

    @cached_property
    def head(self) -> bytes:
        """The name, encoded for a request."""
        return state_head(self.name)


@dataclass(frozen=True)
class Function:
    """A declared function and the limits of its batches."""

    typename: str
    endpoint: str
    states: tuple[State, ...]
    max_batch: int
    timeout_ms: int
    line: int


@dataclass(frozen=True)
class Route:
    """How the records of one topic become messages."""

    topic: str
    type_url: str
    targets: tuple[tuple[str, int], ...]  # type name, line
    type_url_line: int


@dataclass(frozen=True)
class Ingress:
    """A declared ingress; ``from_start`` says where it starts when there is no checkpoint."""

    id: str
    routes: tuple[Route, ...]
    from_start: bool
    line: int


@dataclass(frozen=True)
class Egress:
    """A declared egress; only an exactly-once one waits for a checkpoint."""

    id: str
    exactly_once: bool
    line: int


@dataclass
class Module:
    """A module definition, and what is wrong with it in itself."""

    source: str
    functions: dict[str, Function] = field(default_factory=dict)
    ingresses: list[Ingress] = field(default_factory=list)
    egresses: dict[str, Egress] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
