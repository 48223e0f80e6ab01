"""Starts and stops a stack in its own thread, so that the caller need not wait."""

from __future__ import annotations

import threading
from collections.abc import Callable

from workshop.errors import WorkshopError
from workshop.live.sentences import sentence
from workshop.stack import Stack
from workshop.stack.view import Progress


class Switch:
    """Starts and stops one stack, one thing at a time.

    Attributes
    ----------
    doing
        ``Starting`` or ``Stopping``; empty while neither is going on.
    trouble
        Why the last of them failed.
    """

    def __init__(self, stack: Stack) -> None:
        self.doing = ""
        self.trouble = ""
        self._stack = stack
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to start the stack, or to attach to a running one: it ends with this process.

        Raises
        ------
        WorkshopError
            When it is already being started or stopped.
        """
        # It shows nothing itself: whoever asked follows the parts anyway.
        self._do("Starting", lambda: self._stack.up(progress=Progress()))

    def stop(self) -> None:
        """Begin to stop the stack, for everybody; see :meth:`start`."""
        self._do("Stopping", self._stack.down)

    def _do(self, doing: str, action: Callable[[], object]) -> None:
        with self._lock:
            if self.doing:
                raise WorkshopError(
                    f"{self.doing} stack {self._stack.name} is still in progress.",
                    hint="wait until it has finished.",
                )
            self.doing, self.trouble = doing, ""
        threading.Thread(
            target=self._carry_out, args=(action,), name="workshop-switch", daemon=True
        ).start()

    def _carry_out(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:
            self.trouble = sentence(error)
        finally:
            self.doing = ""
