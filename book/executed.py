"""The executed copies that the book is made of: which of them are good, and the others again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from workshop.series.runner import EXECUTED, run_notebooks


def executed_copies(notebooks: Sequence[Path], folder: Path = EXECUTED) -> list[Path]:
    """Return the executed copies of notebooks, executing those that have no good one.

    Parameters
    ----------
    notebooks
        The notebooks.
    folder
        Where their copies are.

    Raises
    ------
    LessonFailed
        When one of them has to be executed and fails.
    """
    stale = [path for path in notebooks if not is_good(path, folder / path.name)]
    if stale:
        print(f"To be executed first: {', '.join(path.name for path in stale)}", flush=True)
        run_notebooks(stale, output=folder)
    return [folder / path.name for path in notebooks]


def is_good(notebook: Path, copy: Path) -> bool:
    """Whether ``copy`` is a notebook as it is now, executed to its end without an error."""
    if not copy.is_file():
        return False
    executed = nbformat.read(copy, as_version=4)
    if _sources(executed) != _sources(nbformat.read(notebook, as_version=4)):
        return False
    return all(
        cell.execution_count is not None
        and not any(output.output_type == "error" for output in cell.outputs)
        for cell in executed.cells
        if cell.cell_type == "code" and cell.source.strip()
    )


def _sources(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]
