"""How a stack is shown while it works: in a terminal, in a notebook, or as plain lines."""

from __future__ import annotations

import contextvars
import html
import sys
import threading
from typing import Any

from rich.live import Live
from rich.text import Text

from workshop.notebook import in_a_notebook
from workshop.stack.hosting import Hosting
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
        """Draw the status again."""
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


UPDATES_A_SECOND = 10


class HostingView:
    """Shows a hosting under the cell that made it: its state, and what its functions print.

    One thread of its own updates the output, whatever cell runs meanwhile, at most ten times a
    second; it ends with the hosting.
    """

    def __init__(self, hosting: Hosting) -> None:
        from IPython.display import display

        self._hosting = hosting
        self._news = threading.Event()
        self._shown = self._page()
        self._handle = display(self._shown, raw=True, display_id=True)
        hosting.observe(self._news.set)
        # A held call may have gone through since the page was made: then it is out of date already.
        self._news.set()
        # In an empty context: an update belongs to the display, not to the cell that is running.
        context = contextvars.Context()
        threading.Thread(
            target=context.run, args=(self._follow,), name="hosting view", daemon=True
        ).start()

    def _follow(self) -> None:
        pause = threading.Event()
        while True:
            self._news.wait()
            self._news.clear()
            if self._hosting.observer != self._news.set:
                return  # Another cell hosts now.
            ended = self._hosting.closed
            page = self._page()
            if page != self._shown:
                self._shown = page
                self._handle.update(page, raw=True)
            if ended:
                return
            pause.wait(1 / UPDATES_A_SECOND)

    def _page(self) -> dict[str, str]:
        hosting = self._hosting
        colour = "error" if hosting.trouble else "success"
        head = (
            f"<div style='border-left:4px solid var(--jp-{colour}-color1);padding-left:8px'>"
            f"{html.escape(hosting.summary)}</div>"
        )
        log = f"<pre style='max-height:24em;overflow:auto'>{html.escape(hosting.text)}</pre>"
        plain = f"{hosting.summary}\n{hosting.text}"
        return {"text/html": head + log, "text/plain": plain}


def progress_here() -> Progress:
    """Return the view that suits the place where the program runs."""
    if in_a_notebook():
        return NotebookProgress()
    return TerminalProgress() if sys.stdout.isatty() else LineProgress()
