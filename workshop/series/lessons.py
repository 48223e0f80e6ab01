"""The lessons as data: what a notebook says of itself, its exercises, and its solved form."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

from workshop.errors import WorkshopError
from workshop.paths import ROOT

NOTEBOOKS = ROOT / "notebooks"
KERNELS = ("python3", "statefun-3")
"""The kernels of this environment: with the walkthrough's SDK, and with that of 3.x."""

_PYTHON = re.compile(r"```python\n(.*?)\n```", re.DOTALL)


class LessonError(WorkshopError):
    """A notebook is not what a lesson has to be."""


class Minutes(NamedTuple):
    """A range of minutes, or a number of them."""

    low: int
    high: int

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}–{self.high}"


@dataclass(frozen=True)
class ExerciseCells:
    """Where one exercise is in a notebook.

    Attributes
    ----------
    id
        As in ``check("04.1", …)``.
    title
        As in its heading.
    open
        Whether it has many good answers.
    hints
        How many hints the task has.
    cell, check
        The index of the cell to be filled, and that of its check.
    solution
        The code that solves it.
    """

    id: str
    title: str
    open: bool
    hints: int
    cell: int
    check: int
    solution: str


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Attributes
    ----------
    path
        The notebook's file.
    notebook
        Its content.
    """

    path: Path
    notebook: NotebookNode

    @classmethod
    def read(cls, path: Path) -> Lesson:
        """Read a notebook file."""
        return cls(path, nbformat.read(path, as_version=4))

    @property
    def number(self) -> str:
        """Two digits: the place in the series."""
        return self.path.name[:2]

    @property
    def kernel(self) -> str:
        """The kernel that it is for: one of this environment's, whatever else the file names."""
        named = self.notebook.metadata.get("kernelspec", {}).get("name")
        return named if named in KERNELS else KERNELS[0]

    @property
    def text(self) -> str:
        """All Markdown of the notebook."""
        return "\n\n".join(c.source for c in self.notebook.cells if c.cell_type == "markdown")

    @property
    def code(self) -> str:
        """All code of the notebook."""
        return "\n\n".join(c.source for c in self.notebook.cells if c.cell_type == "code")

    @property
    def title(self) -> str:
        """The first heading."""
        return self._said(r"^# ([^\n]+)$", "a title")

    @property
    def minutes(self) -> Minutes:
        """How long it says that it takes: a number, or a range, which is without its exercises."""
        found = self._said(r"takes\s+(?:about\s+)?(\d+(?:\s+to\s+\d+)?)\s+minutes", "its minutes")
        return _range(found)

    @property
    def exercise_minutes(self) -> Minutes | None:
        """How long it says that its exercises take; None if it does not tell them apart."""
        found = re.search(r"exercises\s+(\d+\s+to\s+\d+)\s+more", self.text)
        return _range(found[1]) if found else None

    @property
    def learn(self) -> str:
        """What a learner learns, in one paragraph."""
        found = self._said(r"\*\*What you'll learn\.\*\*\s+(.+?)\n\n", "What you'll learn")
        return " ".join(found.split())

    @property
    def exercises(self) -> list[ExerciseCells]:
        """The exercises, in order.

        Raises
        ------
        LessonError
            When one of them lacks a part.
        """
        cells = self.notebook.cells
        starts = [i for i, cell in enumerate(cells) if _heading(cell)]
        return [self._exercise(start, end) for start, end in pairwise([*starts, len(cells)])]

    def solved(self) -> NotebookNode:
        """Return the notebook with the solutions in place of the cells to be filled."""
        made = copy.deepcopy(self.notebook)
        for exercise in self.exercises:
            made.cells[exercise.cell].source = exercise.solution
        return made

    def _exercise(self, start: int, end: int) -> ExerciseCells:
        cells = self.notebook.cells
        heading = _heading(cells[start])
        assert heading is not None

        def tagged(tag: str) -> int:
            found = [i for i in range(start, end) if tag in cells[i].metadata.get("tags", [])]
            if len(found) != 1:
                raise self._error(
                    f"exercise {heading['title']!r} has {len(found)} cells with the tag {tag}"
                )
            return found[0]

        cell, check, solution = tagged("exercise"), tagged("check"), tagged("solution")
        called = re.search(r'check\(\s*"(\d\d\.\d)"', cells[check].source)
        code = _PYTHON.search(cells[solution].source)
        if called is None or code is None:
            raise self._error(f"exercise {heading['title']!r} has no check call or no solution")
        task = "\n".join(c.source for c in cells[start:cell])
        return ExerciseCells(
            id=called[1],
            title=heading["title"],
            open=heading["open"] is not None,
            hints=task.count("<details>"),
            cell=cell,
            check=check,
            solution=code[1],
        )

    def _said(self, pattern: str, what: str) -> str:
        found = re.search(pattern, self.text, re.MULTILINE | re.DOTALL)
        if found is None:
            raise self._error(f"it does not say {what}")
        return found[1]

    def _error(self, what: str) -> LessonError:
        return LessonError(f"{self.path.name}: {what}.")


def lessons() -> list[Lesson]:
    """Return the lessons in reading order."""
    return [Lesson.read(path) for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))]


def _range(text: str) -> Minutes:
    ends = [int(number) for number in re.findall(r"\d+", text)]
    return Minutes(ends[0], ends[-1])


def _heading(cell: NotebookNode) -> re.Match[str] | None:
    """The heading of an exercise: ``### Exercise 1: …`` or ``### Open exercise: …``."""
    if cell.cell_type != "markdown":
        return None
    return re.match(r"### (?:(?P<open>Open exercise)|Exercise \d): (?P<title>.+)", cell.source)
