"""Which notebook cell is running, so that running it again replaces what it made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workshop.notebook import shell


@dataclass(frozen=True)
class Run:
    """One run of one cell.

    Attributes
    ----------
    cell
        What is the same each time the cell is run.
    run
        What is not.
    """

    cell: str
    run: str


def this_run() -> Run | None:
    """Return the run of the cell that is being executed, or None outside a notebook."""
    kernel = getattr(shell(), "kernel", None)
    if kernel is None:
        return None
    message: dict[str, Any] = kernel.get_parent("shell")
    # JupyterLab names the cell. Elsewhere its text has to do.
    cell = message.get("metadata", {}).get("cellId")
    code = message.get("content", {}).get("code", "")
    return Run(str(cell or code), str(message.get("header", {}).get("msg_id", "")))
