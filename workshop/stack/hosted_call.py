"""One call of hosted functions, in a thread of its own: it can be watched, and abandoned."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable

from workshop.notebook import is_cell, line_of
from workshop.stack.printed import is_own, route, sink_of_call


class GivenUp(BaseException):
    """Nobody waits for this call any more. No ``except Exception`` of a function must catch it."""


class Call:
    """A call that runs as soon as the one before it has ended.

    Parameters
    ----------
    invoke
        Gives the answer, or raises.
    turn
        Held while it runs: functions are called one at a time.
    sink
        Takes what is printed.
    where
        The thread that runs the function, if that is not the call's own.

    Attributes
    ----------
    answer
        What it returned.
    error
        What it raised.
    """

    def __init__(
        self,
        invoke: Callable[[], bytes],
        turn: threading.Lock,
        sink: Callable[[str], object],
        where: Callable[[], threading.Thread] | None = None,
    ) -> None:
        self.answer = b""
        self.error: BaseException | None = None
        self._invoke = invoke
        self._turn = turn
        self._sink = sink
        self._began: float | None = None
        self._over = threading.Event()
        # A daemon: a function that never returns must not keep a kernel from ending.
        self._thread = threading.Thread(target=self._run, name="hosted-call", daemon=True)
        self._where = where or (lambda: self._thread)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for it to end, and return whether it has."""
        return self._over.wait(seconds)

    @property
    def seconds(self) -> float:
        """For how long the function has been running; 0 while it waits for its turn."""
        return time.monotonic() - self._began if self._began is not None else 0.0

    @property
    def place(self) -> str:
        """Which line runs: of the learner's cell, even while that waits in somebody's library.

        Empty if none does: a coroutine that waits for something has no line that runs.
        """
        frame = sys._current_frames().get(self._where().ident or 0)
        frames = []
        while frame is not None and not is_own(frame):
            frames.append(frame)
            frame = frame.f_back
        if not frames:
            return ""
        shown = next((frame for frame in frames if is_cell(frame.f_code.co_filename)), frames[0])
        return line_of(shown.f_code.co_filename, shown.f_lineno)

    def give_up(self) -> None:
        """Interrupt it, as soon as Python gets to; what it still prints goes nowhere."""
        self._sink = lambda text: None
        if not self._over.is_set():
            interrupt(self._thread)

    def _run(self) -> None:
        try:
            with self._turn:
                route()  # At every call: whoever redirects a stream puts another in its place.
                sink_of_call.set(lambda text: self._sink(text))
                self._began = time.monotonic()
                self.answer = self._invoke()
        except BaseException as error:  # A learner's sys.exit() is a failure like any other.
            self.error = error
        finally:
            self._over.set()


def interrupt(thread: threading.Thread) -> None:
    """Raise :class:`GivenUp` in a thread, as soon as Python gets to."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(GivenUp)
        )
