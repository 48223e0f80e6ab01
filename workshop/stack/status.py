"""What a stack is doing, as data: made by the supervisor, shown in terminals and notebooks."""

from __future__ import annotations

import html
import os
from dataclasses import asdict, dataclass, field
from typing import Any

from workshop.errors import WorkshopError
from workshop.stack.poison import Poison
from workshop.stack.size import STANDARD, Size

MARKS = {
    "ready": "✓",
    "starting": "…",
    "restarting": "↻",
    "stopping": "…",
    "paused": "‖",
    "failed": "✗",
    "down": "·",
}


@dataclass
class Part:
    """One process of the stack, or the job that runs on it.

    Attributes
    ----------
    name
        ``broker``, ``jobmanager``, ``taskmanager``, ``greeter`` or ``job``.
    state
        ``starting``, ``ready``, ``restarting``, ``failed`` or ``down``; a container may be
        ``paused`` as well.
    pid
        The process id; None for the job and for a process that is not running.
    started
        When the process was made, in seconds since 1970 as psutil tells it.
    restarts
        How often it had to be started again. Of the job: how often the engine tried to, which it
        does every half second for as long as a process is missing.
    memory
        Resident memory in bytes.
    address
        Where it answers.
    detail
        What it is waiting for, or why it failed.
    """

    name: str
    state: str = "down"
    pid: int | None = None
    started: float | None = None
    restarts: int = 0
    memory: int | None = None
    address: str = ""
    detail: str = ""

    @property
    def again(self) -> str:
        """How often it was started again, in words; nothing if it never was."""
        what = "attempt" if self.name == "job" else "restart"
        return f"{self.restarts} {what}{'s' * (self.restarts != 1)}" if self.restarts else ""


@dataclass(repr=False)
class Status:
    """The state of a whole stack.

    Attributes
    ----------
    name
        The stack's name.
    state
        ``starting``, ``ready``, ``restarting`` (something is being brought back), ``stopping``,
        ``failed`` or ``down``.
    folder
        The run folder.
    supervisor
        The process id of the supervisor.
    reaper
        The process id of the reaper, which ends all others when the supervisor is killed.
    engine
        The version of StateFun that it runs, or that its folder is of; nothing if that is unknown.
    module, module_hash
        The module definition that it runs, and what tells one content of that file from another.
    serve, python_path
        The command that serves the functions, and where it imports from.
    host
        The process id of the notebook that has the greeter's place, if one has.
    size
        How many processes and partitions it has, and how much memory they may take.
    kept
        Whether the stack stays until ``down``; else it ends with the last kernel that uses it.
    parts
        The processes and the job.
    checkpoints
        How many checkpoints the job has completed.
    reason
        Why it failed.
    poison
        The record that the engine cannot read and cannot get past, if there is one.
    shortage
        Says that the disk is full, if it is. The stack continues once there is room.
    """

    name: str
    folder: str
    state: str = "down"
    supervisor: int | None = None
    reaper: int | None = None
    engine: str = ""
    module: str = ""
    module_hash: str = ""
    serve: list[str] = field(default_factory=list)
    python_path: str = ""
    size: Size = STANDARD
    host: int | None = None
    kept: bool = False
    parts: list[Part] = field(default_factory=list)
    checkpoints: int = 0
    reason: str = ""
    poison: Poison | None = None
    shortage: str = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Status:
        """Read what :meth:`to_dict` wrote."""
        parts = [Part(**part) for part in data["parts"]]
        named = data.get("poison")
        poison = None if named is None else Poison(**named)
        size = Size.from_dict(data["size"])
        return cls(**{**data, "size": size, "parts": parts, "poison": poison})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, for JSON."""
        return asdict(self)

    def part(self, name: str) -> Part:
        """Return the part ``name``.

        Raises
        ------
        WorkshopError
            When there is none: a stack that is down has no parts.
        """
        for part in self.parts:
            if part.name == name:
                return part
        names = ", ".join(part.name for part in self.parts)
        raise WorkshopError(
            f"Stack {self.name} has no part {name!r}; it is {self.state}.",
            hint=f"name one of {names}." if names else "start it first.",
        )

    @property
    def summary(self) -> str:
        """The whole state in one line."""
        kept = "stays until you stop it" if self.kept else "ends with the kernels that use it"
        ending = f", {kept}" if self.state in ("ready", "restarting") else ""
        short = f", {self.shortage}" if self.shortage else ""
        engine = f" (StateFun {self.engine})" if self.engine else ""
        return f"Stack {self.name}{engine}: {self.state}{short}{ending}"

    def rows(self) -> list[tuple[str, str, str, str, str, str]]:
        """One row a part: mark, name, state, process id, memory, and where or why."""
        return [
            (
                MARKS.get(part.state, "?"),
                part.name,
                part.state + (f" ({part.again})" if part.again else ""),
                str(part.pid or ""),
                f"{part.memory / 1e6:.0f} MB" if part.memory else "",
                part.detail or part.address,
            )
            for part in self.parts
        ]

    def __str__(self) -> str:
        lines = [self.summary]
        for mark, name, state, pid, memory, where in self.rows():
            lines.append(f"  {mark} {name:<13} {state:<20} {pid:>7} {memory:>7}  {where}".rstrip())
        if self.reason:
            lines.append(self.reason)
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        cells = "".join(
            "<tr>"
            + "".join(f"<td style='text-align:left'>{_linked(c)}</td>" for c in row)
            + "</tr>"
            for row in self.rows()
        )
        heads = ("", "part", "state", "process", "memory", "where")
        head = "".join(f"<th style='text-align:left'>{one}</th>" for one in heads)
        reason = f"<pre>{html.escape(self.reason)}</pre>" if self.reason else ""
        table = f"<table><tr>{head}</tr>{cells}</table>" if self.parts else ""
        return f"<b>{html.escape(self.summary)}</b>{table}{reason}"


def behind_hub() -> bool:
    """Whether a hub's proxy is between this process and the browser, which reaches no port."""
    return "JUPYTERHUB_SERVICE_PREFIX" in os.environ


def page_link(address: str, text: str = "") -> str:
    """A link as HTML to a page on this machine, or plain text where none would work.

    Parameters
    ----------
    address
        Of the page.
    text
        What the link says; the address unless given.
    """
    safe = html.escape(address)
    if not behind_hub():
        return f'<a href="{safe}" target="_blank" rel="noopener">{html.escape(text) or safe}</a>'
    # In a tag of its own: a cell takes HTML that begins with "http" for an address to fetch.
    shown = f"<code>{safe}</code>"
    return f"{shown} is on the hub's machine: your browser cannot reach it." if text else shown


def _linked(cell: str) -> str:
    return page_link(cell) if cell.startswith("http://") else html.escape(cell)
