"""Whether anybody is watching: output that no page shows would only keep the kernel from idling.

A server that shuts down idle kernels, as a hub does, counts anything a kernel sends as activity.
"""

from __future__ import annotations

import threading
import time

import anywidget

from workshop.live.fields import script
from workshop.notebook import shell

REST_SECONDS = 30.0
"""How long a kernel keeps showing without a message from a page: several beats may be late."""


class Heartbeat(anywidget.AnyWidget):
    """Shows nothing; its page sends a message every few seconds."""

    _esm = script("heartbeat.js")

    def __init__(self) -> None:
        super().__init__(layout={"display": "none"})


class Audience:
    """Tells whether a page shows the widgets.

    A busy kernel gets no messages, and nobody considers it idle: while it is busy, and in a process
    that is not a kernel, somebody counts as watching.

    Attributes
    ----------
    heartbeat
        Must be displayed together with what is watched.
    """

    def __init__(self) -> None:
        self.heartbeat = Heartbeat()
        here = shell()
        self._events = here.events if hasattr(here, "kernel") else None
        # The cell that makes it is running.
        self._works = threading.current_thread() is threading.main_thread()
        self._last = time.monotonic()
        if self._events is not None:
            # Of cells and of messages from widgets alike, so of each beat too.
            self._events.register("pre_execute", self._begin)
            self._events.register("post_execute", self._end)

    @property
    def watches(self) -> bool:
        """Whether changes are worth sending."""
        resting = time.monotonic() > self._last + REST_SECONDS
        return self._events is None or self._works or not resting

    def leave(self) -> None:
        """Stop listening."""
        if self._events is not None:
            self._events.unregister("pre_execute", self._begin)
            self._events.unregister("post_execute", self._end)
            self._events = None

    def _begin(self) -> None:
        self._works = True

    def _end(self) -> None:
        self._works, self._last = False, time.monotonic()
