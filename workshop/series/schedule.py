"""Lessons executed one after the other; what they can share is started once and early.

The next lesson's kernel boots while the current lesson runs, and so does the stack.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from workshop.children import own_module
from workshop.paths import made_runs_folder
from workshop.series.execution import Kernel, LessonClient, execute, first_line
from workshop.series.leftovers import VARIABLE, Reaper, end_marked
from workshop.series.lessons import Lesson
from workshop.series.outcome import LessonRun, Report
from workshop.series.progress_bars import ProgressBars
from workshop.series.shared_stack import Holder

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_AGAIN = "again-"
"""How the ids of cells begin that are a second time in a notebook, solved."""


class Form(Enum):
    """What is done to a notebook before it is executed."""

    AS_IT_STANDS = "as it stands"
    SOLVED = "solved"
    """The solutions are in place of the exercise cells, and every check has to pass."""
    TWICE = "twice"
    """As it stands, and then again in the same kernel, solved: now every check has to pass."""
    TRIED = "tried"
    """As it stands, but each exercise twice: solved after that, when its check has to pass."""


class Series:
    """The surroundings in which lessons are executed: a context.

    Parameters
    ----------
    notebooks
        The lessons, in the order in which they will most likely run.
    output
        The folder of the executed copies; made if it does not exist.
    parameters
        For each notebook, values for its ``parameters`` cell.
    form
        What is done to them before that.
    cell_seconds
        How long one cell may run.
    """

    def __init__(
        self,
        notebooks: Sequence[Path],
        output: Path,
        parameters: Mapping[Path, dict[str, Any]],
        form: Form = Form.AS_IT_STANDS,
        cell_seconds: float = 300,
    ) -> None:
        self.lessons = [Lesson.read(path) for path in notebooks]
        self.output = output.absolute()
        self.parameters = parameters
        self.form = form
        self.cell_seconds = cell_seconds
        self.report = Report(form.value)
        self._sharing = {lesson.path for lesson in self.lessons if shares_the_stack(lesson)}
        self._kernels = 0
        self._spare: tuple[Path, Kernel, Path] | None = None
        self._holder: Holder | None = None

    def __enter__(self) -> Series:
        self._began = time.monotonic()
        self.output.mkdir(parents=True, exist_ok=True)
        # Stacks and progress of the run's own: it neither sees nor disturbs those of a learner.
        made = tempfile.mkdtemp(prefix=f"run-{os.getpid()}-", dir=made_runs_folder())
        self._folder = Path(made)
        self._reaper = Reaper(self._folder)
        return self

    def __exit__(self, *_: object) -> None:
        if self._spare is not None:
            self._spare[1].kill()
        if self._holder is not None:
            self.report.stack_starts = self._holder.end()
        if any(values.get("containers") for values in self.parameters.values()):
            # Their volumes are not in the run's folder, and a lesson that stops them keeps them.
            subprocess.run(
                own_module("workshop", "down", "--stack=compose", "--forget"),
                env=self._environment(self._folder / "stack"),
                stdout=subprocess.DEVNULL,
            )
        self._reaper.end()
        self.report.seconds = time.monotonic() - self._began

    def run(
        self, notebook: Path, view: ProgressBars | None = None, form: Form | None = None
    ) -> LessonRun:
        """Execute a lesson, in another form if one is given; the result says what failed."""
        lesson, following = self._find(notebook)
        if lesson.path in self._sharing or (following and following.path in self._sharing):
            self._see_to_the_stack("up")
        ran = LessonRun(notebook.name, str(self.output / notebook.name))
        self.report.lessons.append(ran)
        began = time.monotonic()
        kernel, own = self._kernel_of(lesson)

        def ready() -> None:
            if following is not None:
                self._spare = (following.path, *self._new_kernel(following))

        def client(manager: Any) -> LessonClient:
            progress = view.cell if view is not None else _no_progress
            failures = own / "failures"
            return LessonClient(manager, kernel, failures, ran, self.cell_seconds, ready, progress)

        try:
            self._execute(lesson, form or self.form, ran, client)
        finally:
            end_marked(own, spare_stacks=True)
            ran.seconds = time.monotonic() - began
        if following is not None and following.path in self._sharing:
            self._see_to_the_stack("fix")
        elif lesson.path in self._sharing:
            self._see_to_the_stack("rest")
        return ran

    def _execute(self, lesson: Lesson, form: Form, ran: LessonRun, client: Any) -> None:
        copy = Path(ran.copy)
        nbformat.write(formed(lesson, form), copy)
        try:
            parameters = self.parameters.get(lesson.path, {})
            executed = execute(copy, copy, lesson.kernel, parameters, client)
        except PapermillExecutionError as error:
            where = f'cell [{error.exec_count}] "{first_line(error.source)}"'
            ran.failure = f"{where}: {_plain(error.ename)}: {_plain(error.evalue)}"
            ran.details = _plain("\n".join(error.traceback))
        except RuntimeError as error:
            ran.failure = f"its kernel did not start: {error}"
        else:
            self._judge(executed, form, ran)

    def _judge(self, executed: NotebookNode, form: Form, ran: LessonRun) -> None:
        """Look at an executed copy in which no cell failed."""
        code = [c for c in executed.cells if c.cell_type == "code" and c.source.strip()]
        if len(ran.cells) < len(code):
            ran.failure = (
                f'the lesson ended itself in cell [{len(ran.cells)}] "{ran.cells[-1].line}"'
            )
        elif form is not Form.AS_IT_STANDS:
            for number, cell in enumerate(code, 1):
                solved = form is Form.SOLVED or cell["id"].startswith(_AGAIN)
                if not solved or "check" not in cell.metadata.get("tags", []):
                    continue
                text = "".join(output.get("text", "") for output in cell.outputs)
                if not any(line.startswith("✓") for line in text.splitlines()):
                    where = f'cell [{number}] "{first_line(cell.source)}"'
                    ran.failure = f"{where}: the solution does not pass its check"
                    ran.details = text
                    return

    def _find(self, notebook: Path) -> tuple[Lesson, Lesson | None]:
        paths = [lesson.path for lesson in self.lessons]
        place = paths.index(notebook)
        following = self.lessons[place + 1] if place + 1 < len(paths) else None
        return self.lessons[place], following

    # ---------------------------------------------------------------- what is shared

    def _see_to_the_stack(self, how: str) -> None:
        # A lesson that runs alone starts its own: nothing is gained.
        if len(self.lessons) > 1:
            if self._holder is None:
                self._holder = Holder(self._stack_name, self._environment(self._folder / "stack"))
            self._holder.see_to_it(how)

    def _kernel_of(self, lesson: Lesson) -> tuple[Kernel, Path]:
        spare, self._spare = self._spare, None
        if spare is not None:
            path, kernel, own = spare
            if path == lesson.path:
                return kernel, own
            kernel.kill()
        return self._new_kernel(lesson)

    def _new_kernel(self, lesson: Lesson) -> tuple[Kernel, Path]:
        self._kernels += 1
        own = self._folder / f"kernel-{self._kernels}"
        own.mkdir()
        environment = self._environment(own)
        if lesson.path not in self._sharing:
            # Stacks with settings of their own must not meet the shared one.
            environment["WORKSHOP_STACK"] += f"-{self._kernels}"
        folder = lesson.path.parent.absolute()
        return Kernel(lesson.kernel, folder, environment, own / "log"), own

    @property
    def _stack_name(self) -> str:
        return f"run-{os.getpid()}"

    def _environment(self, own: Path) -> dict[str, str]:
        return {
            **os.environ,
            "WORKSHOP_STACK": self._stack_name,
            "WORKSHOP_RUNS": str(self._folder),
            "WORKSHOP_PROGRESS": str(own / "progress.json"),
            VARIABLE: str(own),
        }


def formed(lesson: Lesson, form: Form) -> NotebookNode:
    """Return the notebook of a lesson in the form in which it is to be executed."""
    if form is Form.SOLVED:
        return lesson.solved()
    notebook: NotebookNode = nbformat.from_dict(lesson.notebook)
    if form is Form.AS_IT_STANDS:
        return notebook
    again = lesson.solved().cells
    for number, cell in enumerate(again):
        cell["id"] = f"{_AGAIN}{number}"
        tags = cell.metadata.get("tags", [])
        cell.metadata["tags"] = [tag for tag in tags if tag != "parameters"]
    if form is Form.TWICE:
        notebook.cells = [*notebook.cells, *again]
    else:
        # From the last one on, so that the places of those before it stay as they are.
        for exercise in reversed(lesson.exercises):
            after = exercise.check + 1
            notebook.cells[after:after] = [again[exercise.cell], again[exercise.check]]
    return notebook


def uses_the_stack(lesson: Lesson) -> bool:
    """Whether a lesson starts a real stack."""
    return bool(_stacks(lesson))


def shares_the_stack(lesson: Lesson) -> bool:
    """Whether a lesson uses the stack that everybody uses, and no other."""
    calls = _stacks(lesson)
    return bool(calls) and not any(call.strip() for call in calls)


def _stacks(lesson: Lesson) -> list[str]:
    """What stands in the brackets of each ``Stack(…)``, and of an application's ``stack(…)``."""
    return re.findall(r"\b[Ss]tack\(([^)]*)\)", lesson.code)


def _no_progress(done: int, of: int) -> None:
    pass


def _plain(text: str) -> str:
    """Text without the colours of a terminal."""
    return _COLOUR.sub("", text).strip()
