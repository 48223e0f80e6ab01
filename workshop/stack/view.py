"""How the start of a stack is shown: in a terminal, in a notebook, or as plain lines."""

from __future__ import annotations

import sys
from typing import Any

from rich.live import Live
from rich.text import Text

from workshop.stack.status import Status


class Progress:
    """Shows nothing; the base of those that do."""

    def show(self, status: Status) -> None:
        """Show the newest status."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class LineProgress(Progress):
    """Prints one line whenever a part of the stack changes its state."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def show(self, status: Status) -> None:
        """Print what changed."""
        for mark, name, state, *_ in status.rows():
            if self._shown.get(name) != state:
                self._shown[name] = state
                print(f"{mark} {name}: {state}", flush=True)


class TerminalProgress(Progress):
    """Draws the status in place."""

    def __init__(self) -> None:
        self._live = Live(auto_refresh=False)

    def show(self, status: Status) -> None:
        """Draw the status anew."""
        # As text: a log line in square brackets is not meant as markup.
        self._live.update(Text(str(status)), refresh=True)

    def __enter__(self) -> Progress:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


class NotebookProgress(Progress):
    """Shows the status as a table under the cell, and updates it there."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown: list[Any] = []

    def show(self, status: Status) -> None:
        """Update the table if something changed."""
        from IPython.display import display

        now = [status.state, *status.rows()]
        if now == self._shown:
            return
        self._shown = now
        if self._handle is None:
            self._handle = display(status, display_id=True)
        else:
            self._handle.update(status)


def progress_here() -> Progress:
    """Return what suits the place that the program runs in."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and hasattr(shell, "kernel"):
        return NotebookProgress()
    return TerminalProgress() if sys.stdout.isatty() else LineProgress()
