"""What Sphinx reads: the executed copies and the files they link to, laid out as in the project."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from workshop.errors import WorkshopError
from workshop.series.lessons import Lesson
from workshop.series.syllabus import syllabus

WIDGET = "application/vnd.jupyter.widget-view+json"
LESSONS = "notebooks"

_LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")
_SOLUTION = re.compile(r"#### ((?:One possible s|S)olution)")
# Where the tables of the syllabus begin.
_TABLES = "| | lesson |"
_INDEX = """\
# Stateful Functions, from a name to a greeting

These are the lessons as they were executed, to read and to search. The exercises are still open
here, and their solutions are folded. To run the lessons yourself, get the project and open the
first one with `make lab`.

```{{toctree}}
:caption: Lessons
:hidden:

{lessons}
```

```{{toctree}}
:caption: More
:hidden:

{more}
```

{syllabus}
"""


class PageError(WorkshopError):
    """A lesson cannot become a page of the book."""


def write_pages(copies: Sequence[Path], project: Path, folder: Path) -> None:
    """Write all pages.

    Parameters
    ----------
    copies
        The executed copies, in reading order.
    project
        The project, in whose ``notebooks`` the lessons are; what they link to is taken from it.
    folder
        Where the pages go.

    Raises
    ------
    PageError
        When an output can be seen with a kernel only.
    """
    (folder / LESSONS).mkdir(parents=True)
    lessons = [Lesson.read(copy) for copy in copies]
    more: set[str] = set()
    for lesson in lessons:
        more |= _copy_what_is_linked(lesson, project, folder)
        nbformat.write(page(lesson), folder / LESSONS / lesson.path.name)
    tables = _TABLES + syllabus(lessons).partition(_TABLES)[2]
    index = _INDEX.format(
        lessons="\n".join(f"{LESSONS}/{lesson.path.stem}" for lesson in lessons),
        more="\n".join(sorted(more)),
        syllabus=re.sub(r"\]\((?=\d\d_)", f"]({LESSONS}/", tables),
    )
    (folder / "index.md").write_text(index, encoding="utf-8")


def page(lesson: Lesson) -> NotebookNode:
    """Return an executed lesson as it goes into the book: with its solutions folded."""
    made: NotebookNode = nbformat.from_dict(lesson.notebook)
    # Cells hold more than Python: "!command" too.
    made.metadata.setdefault("language_info", {"name": "python"})["pygments_lexer"] = "ipython3"
    # The state of widgets that no output shows any more.
    made.metadata.pop("widgets", None)
    made.cells = []
    cells = iter(lesson.notebook.cells)
    for cell in cells:
        _see_that_it_needs_no_kernel(cell, lesson)
        # The book's first page is the syllabus.
        cell.source = cell.source.replace("](README.md)", "](../index.md)")
        heading = _SOLUTION.fullmatch(cell.source)
        if heading:
            cell = next(cells)
            cell.source = _folded(heading[1], cell.source)
        made.cells.append(cell)
    return made


def _folded(title: str, text: str) -> str:
    return f'<details class="solution">\n<summary>{title}</summary>\n\n{text}\n\n</details>'


def _see_that_it_needs_no_kernel(cell: NotebookNode, lesson: Lesson) -> None:
    for output in cell.get("outputs", []):
        shown = output.get("data", {})
        if WIDGET in shown and "text/html" not in shown:
            raise PageError(
                f"{lesson.path.name} ends with a widget that cannot be seen without a kernel, "
                f"in the cell that begins with {cell.source.splitlines()[0]!r}.",
                hint="let a later cell close it: a closed dashboard leaves its last picture.",
            )


def _copy_what_is_linked(lesson: Lesson, project: Path, folder: Path) -> set[str]:
    """Copy what a lesson links to besides other lessons; return the pages among it."""
    found = set()
    for target in _LINK.findall(lesson.text):
        path = (project / LESSONS / target).resolve()
        if ":" in target or path.parent == project / LESSONS or not path.is_file():
            continue
        place = path.relative_to(project)
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / place)
        if place.suffix == ".md":
            found.add(str(place.with_suffix("")))
    return found
