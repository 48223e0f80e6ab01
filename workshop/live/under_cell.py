"""What stands under a notebook's cell, kept fresh by one ticking thread until it is closed."""

from __future__ import annotations

import atexit
import contextlib
import threading
import traceback
import weakref
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Protocol, TypeVar

from workshop.live.cells import Run, this_run
from workshop.live.sentences import sentence
from workshop.stack import Stack

TICK_SECONDS = 0.1
"""The page is updated at most ten times a second, however much is new."""

_open: weakref.WeakSet[UnderCell] = weakref.WeakSet()
_by_cell: dict[tuple[str, str], tuple[str, list[weakref.ref[UnderCell]]]] = {}

_Self = TypeVar("_Self", bound="UnderCell")


class HasBox(Protocol):
    """Widgets that belong together."""

    box: Any

    def dispose(self) -> None:
        """Release the widgets."""


class UnderCell(ABC):
    """In a notebook it appears under the cell that makes it; running the cell again replaces it.

    Parameters
    ----------
    stack
        What it is about.
    """

    def __init__(self, stack: Stack) -> None:
        self._run = this_run()
        _replace_former(self, self._run, stack)
        self._wrong = ""
        self._handle: Any = None
        self._closing = threading.Lock()
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="workshop-ticker", daemon=True)

    # -------------------------------------------------- what a subclass gives

    _view: HasBox

    @abstractmethod
    def _show(self) -> None:
        """Look, and show what was seen; called ten times a second."""

    @abstractmethod
    def _release(self) -> None:
        """Stop looking; what was seen last is still available."""

    @abstractmethod
    def _picture(self) -> str:
        """Return how it looked last, as a page that needs no widgets."""

    # ------------------------------------------------------------------- use

    def close(self) -> None:
        """Stop following. The last picture stays, as a page that needs no kernel and no widgets."""
        self._end(keep_picture=True)

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._stop.is_set()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ipython_display_(self) -> None:
        """Show it once more, but not twice under the cell that made it."""
        if self._run is None or this_run() != self._run:
            self._display()

    # ---------------------------------------------------------------- inside

    def _begin(self) -> None:
        """Appear, and tick from now on: the last thing that a subclass does when it is made."""
        self._show()
        if self._run is not None:
            self._display()
        self._ticker.start()
        _open.add(self)

    def _tick(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            try:
                self._show()
                self._wrong = ""
            except Exception as error:
                # Shown with the next tick that succeeds in showing anything.
                kind = type(self).__name__
                self._wrong = f"The {kind} itself failed: {sentence(error)} At {_place(error)}."

    def _display(self) -> None:
        from IPython.display import HTML, display

        if self.closed:
            display(HTML(self._picture()))
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
        self._release()
        _open.discard(self)
        if self._handle is not None and keep_picture:
            bundle = {"text/html": self._picture(), "text/plain": repr(self)}
            self._handle.update(bundle, raw=True)
        self._view.dispose()


def _replace_former(made: UnderCell, where: Run | None, stack: Stack) -> None:
    """Close what an earlier run of the same cell made for the same stack."""
    if where is None:
        return
    key = (where.cell, str(stack.folder.path))
    earlier_run, earlier = _by_cell.get(key, ("", []))
    if earlier_run != where.run:
        for reference in earlier:
            former = reference()
            if former is not None:
                former._end(keep_picture=False)
        earlier = []
    _by_cell[key] = (where.run, [*earlier, weakref.ref(made)])


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.name}, line {frame.lineno}"


@atexit.register
def _close_all() -> None:
    for one in list(_open):
        with contextlib.suppress(Exception):
            one._end(keep_picture=False)
