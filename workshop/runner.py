"""Executes the lessons without a browser, as a test or to look at their executed copies."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import papermill
import yaml
from papermill.exceptions import PapermillException

from workshop.errors import WorkshopError

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
EXECUTED = ROOT / "build" / "executed"
CELL_SECONDS = 300
"""How long one cell may run: a hang is cut, and named."""


class LessonFailed(WorkshopError):
    """A lesson did not run to its end."""


def run_notebooks(
    notebooks: Sequence[Path] = (),
    output: Path | None = None,
    parameters: Mapping[str, str] | None = None,
) -> list[Path]:
    """Execute notebooks with papermill, one after the other.

    Parameters
    ----------
    notebooks
        The notebooks; all lessons, in reading order, unless given.
    output
        The folder of the executed copies; ``build/executed`` unless given. A notebook that fails
        has its copy too, up to the failing cell.
    parameters
        Values for the notebooks' ``parameters`` cells, written as YAML (``3``, ``true``, ``Ada``).

    Returns
    -------
    list of Path
        The executed copies.

    Raises
    ------
    LessonFailed
        When there is no notebook, a parameter is unknown, or a cell raises or hangs. The lessons
        after the failing one are executed all the same.
    """
    chosen = list(notebooks) or sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    output = output or EXECUTED
    if not chosen:
        raise LessonFailed(f"There is no notebook in {NOTEBOOKS}.")
    values = {name: yaml.safe_load(value) for name, value in (parameters or {}).items()}
    for notebook in chosen:
        _check(notebook, values)
    output.mkdir(parents=True, exist_ok=True)
    failures = []
    copies = []
    for notebook in chosen:
        copy = output / notebook.name
        began = time.monotonic()
        try:
            _execute(notebook, copy, values)
        except (PapermillException, TimeoutError) as error:
            failures.append(f"{notebook.name}: {str(error).strip()}")
            print(f"✗ {notebook.name} failed; see {copy}", flush=True)
        else:
            copies.append(copy)
            print(f"✓ {notebook.name} {time.monotonic() - began:.1f} s", flush=True)
    if failures:
        raise LessonFailed(
            f"{len(failures)} of {len(chosen)} lessons failed.", details="\n\n".join(failures)
        )
    return copies


def _check(notebook: Path, values: Mapping[str, object]) -> None:
    if not notebook.exists():
        raise LessonFailed(f"There is no notebook {notebook}.")
    known = papermill.inspect_notebook(str(notebook))
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise LessonFailed(
            f"{notebook.name} has no parameter {', '.join(unknown)}.",
            hint=f"it has {', '.join(sorted(known)) or 'none'}.",
        )


def _execute(notebook: Path, copy: Path, values: Mapping[str, object]) -> None:
    # A stack of its own: the run neither sees nor disturbs the one that a learner has open. The
    # kernel is the one of this environment, whatever else the user has installed.
    mine = {"WORKSHOP_STACK": f"run-{os.getpid()}", "JUPYTER_PREFER_ENV_PATH": "1"}
    before = {name: os.environ.get(name) for name in mine}
    os.environ.update(mine)
    try:
        papermill.execute_notebook(
            str(notebook),
            str(copy),
            parameters=dict(values),
            kernel_name="python3",
            cwd=str(notebook.parent),
            execution_timeout=CELL_SECONDS,
        )
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
