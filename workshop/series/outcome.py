"""What a run reports: the time of every lesson, where it went, and what failed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

SLOWEST = 5
"""How many of the slowest cells are named."""
LINE = 32
"""How much of their first line is shown."""


@dataclass
class CellRun:
    """One cell that ran.

    Attributes
    ----------
    number
        As JupyterLab shows it: ``[4]``.
    line
        Its first line.
    seconds
        How long it took.
    """

    number: int
    line: str
    seconds: float


@dataclass
class LessonRun:
    """One lesson that ran.

    Attributes
    ----------
    name
        The notebook's file name.
    copy
        The executed copy.
    seconds
        From its start to the end of its kernel.
    kernel
        Of these, seconds of waiting for the kernel.
    stack
        Seconds in which cells waited for a stack to come up.
    cells
        The cells that ran, in order.
    failure
        What failed, in one line; empty if nothing did.
    details
        What was seen, in full: the traceback, or what a check printed.
    """

    name: str
    copy: str
    seconds: float = 0.0
    kernel: float = 0.0
    stack: float = 0.0
    cells: list[CellRun] = field(default_factory=list)
    failure: str = ""
    details: str = ""

    @property
    def in_cells(self) -> float:
        """Seconds in cells, without those of waiting for a stack."""
        return sum(cell.seconds for cell in self.cells) - self.stack

    def __str__(self) -> str:
        if self.failure:
            return f"✗ {self.name} {self.seconds:.1f} s: {self.failure}"
        return f"✓ {self.name} {self.seconds:.1f} s"


@dataclass
class Report:
    """One run.

    Attributes
    ----------
    form
        ``as it stands``, ``solved`` or ``twice``.
    lessons
        The lessons, in the order in which they ran.
    seconds
        The whole run, with what came before the first lesson and after the last.
    stack_starts
        Seconds of each start of the shared stack, in the background.
    """

    form: str
    lessons: list[LessonRun] = field(default_factory=list)
    seconds: float = 0.0
    stack_starts: list[float] = field(default_factory=list)

    @property
    def failed(self) -> list[LessonRun]:
        """The lessons that failed."""
        return [lesson for lesson in self.lessons if lesson.failure]

    def slowest(self) -> list[tuple[str, CellRun]]:
        """Return the slowest cells, each with its lesson's name, the slowest first."""
        cells = [(lesson.name, cell) for lesson in self.lessons for cell in lesson.cells]
        return sorted(cells, key=lambda found: -found[1].seconds)[:SLOWEST]

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), encoding="utf-8")

    def show(self, console: Console) -> None:
        """Print it as two tables."""
        table = Table(title=f"Lessons, {self.form}", title_justify="left")
        table.add_column("lesson")
        for column in ("seconds", "kernel", "stack", "cells"):
            table.add_column(column, justify="right")
        for one in self.lessons:
            figures = (one.seconds, one.kernel, one.stack, one.in_cells)
            table.add_row(f"{'✗' if one.failure else '✓'} {one.name}", *_seconds(figures))
        sums = [
            sum(one.kernel for one in self.lessons),
            sum(one.stack for one in self.lessons),
            sum(one.in_cells for one in self.lessons),
        ]
        table.add_row("the whole run", *_seconds([self.seconds, *sums]), style="bold")
        console.print(table)
        for start in self.stack_starts:
            console.print(f"The shared stack was started in the background, in {start:.1f} s.")
        slowest = Table(title="Slowest cells", title_justify="left")
        slowest.add_column("seconds", justify="right", no_wrap=True, min_width=7)
        slowest.add_column("lesson", no_wrap=True)
        slowest.add_column("cell", no_wrap=True)
        for name, cell in self.slowest():
            line = cell.line if len(cell.line) <= LINE else f"{cell.line[: LINE - 1]}…"
            # As text: square brackets are no markup.
            slowest.add_row(f"{cell.seconds:.1f}", name, Text(f"[{cell.number}] {line}"))
        console.print(slowest)


def _seconds(values: Sequence[float]) -> list[str]:
    return [f"{max(0.0, value):.1f}" for value in values]
