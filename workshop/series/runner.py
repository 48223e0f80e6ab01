"""Executes the lessons without a browser, as a test or to look at their executed copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import papermill
import yaml
from rich.console import Console

from workshop.errors import WorkshopError
from workshop.paths import ROOT
from workshop.series.outcome import Report
from workshop.series.progress_bars import ProgressBars
from workshop.series.schedule import Form, Series

NOTEBOOKS = ROOT / "notebooks"
EXECUTED = ROOT / "build" / "executed"
REPORT = "report.json"
CELL_SECONDS = 300.0
"""How long one cell may run: a hang is cut, and named."""


class LessonFailed(WorkshopError):
    """A lesson did not run to its end, or a solution did not pass its check."""


def run_notebooks(
    notebooks: Sequence[Path] = (),
    output: Path | None = None,
    parameters: Mapping[str, str] | None = None,
    *,
    solved: bool = False,
    twice: bool = False,
    cell_seconds: float = CELL_SECONDS,
    console: Console | None = None,
) -> Report:
    """Execute notebooks with papermill, one after the other.

    A lesson fails when a cell raises or does not end; and, which papermill would not notice, when
    a ``!command`` fails, a background thread dies of an exception, or nobody asks a failed asyncio
    task for its result. The lessons after the failing one are executed all the same. Nothing that
    a lesson starts outlives the run, and the learner's own stacks and progress are not touched.

    Parameters
    ----------
    notebooks
        The notebooks; all lessons, in reading order, unless given.
    output
        The folder of the executed copies and of ``report.json``; ``build/executed`` unless given,
        or ``solved`` or ``twice`` in it. A lesson that fails has its copy too, up to the failing
        cell.
    parameters
        Values for the notebooks' ``parameters`` cells, written as YAML (``3``, ``true``, ``Ada``).
        Each goes to those that have it.
    solved
        Execute them with the solutions in place of the exercises. Then every check has to pass.
    twice
        Execute all cells as they stand, and then all of them again in the same kernel, with the
        solutions in place of the exercises. Then every check has to pass.
    cell_seconds
        How long one cell may run.
    console
        Where progress and report are shown; the standard output unless given.

    Returns
    -------
    Report
        The times.

    Raises
    ------
    LessonFailed
        When there is no notebook, a parameter is unknown to all of them, or a lesson fails.
    """
    if solved and twice:
        raise LessonFailed("The lessons can run solved or twice, but not both.")
    form = Form.SOLVED if solved else Form.TWICE if twice else Form.AS_IT_STANDS
    chosen = choose(notebooks)
    values = parameters_of(chosen, parameters or {})
    output = output or (EXECUTED if form is Form.AS_IT_STANDS else EXECUTED / form.value)
    console = console or Console()
    series = Series(chosen, output, values, form, cell_seconds)
    with series, ProgressBars(console, len(chosen)) as view:
        for notebook in chosen:
            view.begin(notebook.name)
            view.end(series.run(notebook, view))
    report = series.report
    report.write(output / REPORT)
    report.show(console)
    if report.failed:
        raise LessonFailed(
            f"{len(report.failed)} of {len(chosen)} lessons failed.",
            details="\n\n".join(
                f"{one.name}, {one.failure}\n{one.details}" for one in report.failed
            ),
            hint=f"look at the executed copies in {output}.",
        )
    return report


def choose(notebooks: Sequence[Path] = ()) -> list[Path]:
    """Return the notebooks to execute: all lessons, in reading order, unless some are given.

    Raises
    ------
    LessonFailed
        When there are none, one does not exist, or two have the same name.
    """
    chosen = list(notebooks) or sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    if not chosen:
        raise LessonFailed(f"There is no notebook in {NOTEBOOKS}.")
    for notebook in chosen:
        if not notebook.is_file():
            raise LessonFailed(f"There is no notebook {notebook}.")
        if [other.name for other in chosen].count(notebook.name) > 1:
            raise LessonFailed(f"There are several notebooks {notebook.name}: run them one by one.")
    return chosen


def parameters_of(
    notebooks: Sequence[Path], parameters: Mapping[str, str]
) -> dict[Path, dict[str, Any]]:
    """Return for each notebook the values of the parameters that it has.

    Raises
    ------
    LessonFailed
        When none of the notebooks has one of the parameters.
    """
    if not parameters:
        return {}
    values = {name: yaml.safe_load(value) for name, value in parameters.items()}
    known = {path: papermill.inspect_notebook(str(path)) for path in notebooks}
    every = {name for names in known.values() for name in names}
    if unknown := sorted(set(values) - every):
        where = notebooks[0].name if len(notebooks) == 1 else f"None of {len(notebooks)} lessons"
        raise LessonFailed(
            f"{where} has {'no' if len(notebooks) == 1 else 'a'} parameter {', '.join(unknown)}.",
            hint=f"name one of these: {', '.join(sorted(every)) or 'there is none'}.",
        )
    return {
        path: {name: value for name, value in values.items() if name in names}
        for path, names in known.items()
    }
