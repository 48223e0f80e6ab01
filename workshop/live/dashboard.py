"""The dashboard: a session and its view, kept together by one ticking thread."""

from __future__ import annotations

import atexit
import contextlib
import threading
import traceback
import weakref
from collections.abc import Sequence
from typing import Any

from generator.event_generator import PEOPLE
from workshop.live.cells import Run, this_run
from workshop.live.pages import page
from workshop.live.report import Report, run, when
from workshop.live.scene import Scene
from workshop.live.session import Session
from workshop.live.view import View
from workshop.stack import Stack

TICK_SECONDS = 0.1
"""The page is told at most ten times a second what is new, however much that is."""

_open: weakref.WeakSet[Dashboard] = weakref.WeakSet()
_by_cell: dict[tuple[str, str], tuple[str, list[weakref.ref[Dashboard]]]] = {}


class Dashboard:
    """A live view of a stack, with all that is needed to send names to it and to break it.

    In a notebook it appears under the cell that makes it. Running the cell again replaces it.

    Parameters
    ----------
    stack
        A stack that is up.
    names
        What random names are chosen from.
    rate
        Random names a second, to begin with: from 1 to 1,000.
    seed
        Makes the same choices again.

    Examples
    --------
    >>> with Dashboard(stack, seed=1) as dashboard:
    ...     dashboard.run(count=100)
    sent 100, greeted 100, missing 0, doubled 0
    9.8 names/s, from sent to committed: p50 0.23 s, p95 0.36 s, p99 0.39 s
    """

    def __init__(
        self,
        stack: Stack,
        *,
        names: Sequence[str] = PEOPLE,
        rate: float = 10,
        seed: int | None = None,
    ) -> None:
        self._run = this_run()
        _replace_former(self, self._run, stack)
        self.session = Session(stack, names, rate, seed)
        self._view = View(self.session, rate)
        self._wrong = ""
        self._last: Scene | None = None
        self._handle: Any = None
        self._closing = threading.Lock()
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="workshop-ticker", daemon=True)
        self._show()
        if self._run is not None:
            self._display()
        self._ticker.start()
        _open.add(self)

    # ------------------------------------------------------------------- use

    def greet(self, *names: str) -> None:
        """Send names."""
        self.session.greet(*names)

    def kill(self, part: str) -> None:
        """Kill ``broker``, ``jobmanager``, ``taskmanager`` or ``greeter``; it comes back."""
        self.session.kill(part)

    def pause(self) -> None:
        """Stop the greeter without ending it, until :meth:`resume` or :meth:`close`."""
        self.session.pause()

    def resume(self) -> None:
        """Let the greeter go on."""
        self.session.resume()

    def run(
        self,
        seconds: float | None = None,
        count: int | None = None,
        rate: float | None = None,
        patience: float = 60,
    ) -> Report:
        """Send random names for a time, or so many; wait for their greetings, and report.

        The report is printed, too. As the last line of a cell it shows the final picture.

        Parameters
        ----------
        seconds, count
            How long, or how many; one of the two.
        rate
            Names a second.
        patience
            How many seconds to wait for the last greetings.
        """
        report = run(self.session, seconds, count, rate, patience)
        print(report)
        return report

    def close(self) -> None:
        """Follow no more. The last picture stays, as a page that needs no kernel and no widgets."""
        self._end(keep_picture=True)

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._stop.is_set()

    def __enter__(self) -> Dashboard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        scene = self._last or self.session.scene()
        found = scene.feed.verdict
        return (
            f"Dashboard of stack {self.session.stack.name}{' (closed)' if self.closed else ''}: "
            f"sent {found.sent}, greeted {found.greeted}, "
            f"missing {found.missing}, doubled {found.doubled}"
        )

    def _ipython_display_(self) -> None:
        """Show it once more, but not twice under the cell that made it."""
        if self._run is None or this_run() != self._run:
            self._display()

    # ---------------------------------------------------------------- inside

    def _tick(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            try:
                self._view.settle()
                self._show()
                self._wrong = ""
            except Exception as error:
                # Shown with the next tick that succeeds in showing anything.
                self._wrong = f"The dashboard itself failed: {error!r} at {_place(error)}"

    def _show(self) -> None:
        scene = self.session.scene([one for one in (self._view.trouble, self._wrong) if one])
        self._last = scene
        self._view.show(scene)

    def _display(self) -> None:
        from IPython.display import HTML, display

        if self.closed and self._last is not None:
            display(HTML(page(self._last, when(self._last))))
        else:
            handle = display(self._view.box, display_id=True)
            self._handle = self._handle or handle

    def _end(self, keep_picture: bool) -> None:
        with self._closing:
            if self.closed:
                return
            self._stop.set()
        if threading.current_thread() is not self._ticker:
            self._ticker.join(1)
        self.session.close()
        self._last = self.session.scene()
        _open.discard(self)
        if self._handle is not None and keep_picture:
            bundle = {"text/html": page(self._last, when(self._last)), "text/plain": repr(self)}
            self._handle.update(bundle, raw=True)
        self._view.dispose()


def _replace_former(made: Dashboard, where: Run | None, stack: Stack) -> None:
    """Close the dashboards that an earlier run of the same cell made for the same stack."""
    if where is None:
        return
    key = (where.cell, str(stack.folder.path))
    earlier_run, dashboards = _by_cell.get(key, ("", []))
    if earlier_run != where.run:
        for reference in dashboards:
            former = reference()
            if former is not None:
                former._end(keep_picture=False)
        dashboards = []
    _by_cell[key] = (where.run, [*dashboards, weakref.ref(made)])


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.name}, line {frame.lineno}"


@atexit.register
def _close_all() -> None:
    for dashboard in list(_open):
        with contextlib.suppress(Exception):
            dashboard._end(keep_picture=False)
