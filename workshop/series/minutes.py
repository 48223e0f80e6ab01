"""How long a lesson takes: the estimate that what its head says is held to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from workshop.series.lessons import Lesson, Minutes

WORDS_A_MINUTE = 200
SECONDS_A_LINE = 2
"""To read a line of code."""
SECONDS_A_CELL = 15
"""To run a cell, and to look at what comes out."""
QUICK, SLOW = 0.85, 1.25
"""What a quick reader and a slow one take of an average reader's time."""
EXERCISE, OPEN_EXERCISE = (3, 7), (5, 12)
"""Minutes for somebody to whom it comes easily, and for somebody who reads the hints."""

_NOT_READ = re.compile(r"<details>.*?</details>|^```mermaid.*?^```", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"\w[\w'.-]*")
_HEADING = re.compile(r"(#+) ")


def reading_minutes(lesson: Lesson) -> float:
    """Estimate what an average reader needs for a lesson, without asides and exercises."""
    cells = list(_main_line(lesson))
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    words = len(_WORD.findall(_NOT_READ.sub("", prose)))
    lines = sum(len(source.splitlines()) for source in code)
    seconds = lines * SECONDS_A_LINE + len(code) * SECONDS_A_CELL
    return words / WORDS_A_MINUTE + seconds / 60


def estimated(lesson: Lesson) -> Minutes:
    """Estimate the range for a lesson, without its asides and exercises."""
    minutes = reading_minutes(lesson)
    return Minutes(round(minutes * QUICK), round(minutes * SLOW))


def estimated_exercises(lesson: Lesson) -> Minutes:
    """Estimate the range for its exercises."""
    each = [OPEN_EXERCISE if one.open else EXERCISE for one in lesson.exercises]
    return Minutes(sum(low for low, _ in each), sum(high for _, high in each))


def _main_line(lesson: Lesson) -> Iterator[NotebookNode]:
    """The cells before the exercises that no folded heading hides."""
    folded = 0
    for cell in lesson.notebook.cells:
        heading = _HEADING.match(cell.source) if cell.cell_type == "markdown" else None
        if cell.source.startswith("## Exercises"):
            return
        if heading and len(heading[1]) <= (folded or 9):
            folded = len(heading[1]) if cell.metadata.get("jp-MarkdownHeadingCollapsed") else 0
        if not folded:
            yield cell
