"""One dashboard's share of a stack: everything behind the view, without a widget."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from generator.event_generator import PEOPLE
from workshop.faults import chaos
from workshop.live.feed import Feed
from workshop.live.recovery import LABELS, Recovery
from workshop.live.scene import Scene
from workshop.live.sender import Sender
from workshop.live.vitals import Watch
from workshop.stack import Stack


class Session:
    """Follows a stack, sends names to it, and breaks it on purpose.

    Parameters
    ----------
    stack
        A stack that is up, or comes up later.
    names, rate, seed
        See :class:`Sender`.
    """

    def __init__(
        self,
        stack: Stack,
        names: Sequence[str] = PEOPLE,
        rate: float = 10,
        seed: int | None = None,
    ) -> None:
        self.stack = stack
        self.feed = Feed(stack)
        self.sender = Sender(stack, names, rate, seed)
        self._watch = Watch(stack)
        self._recovery = Recovery()
        self._paused: set[str] = set()
        self._lock = threading.Lock()

    def greet(self, *names: str) -> None:
        """Send names; see :meth:`Sender.greet`."""
        self.sender.greet(*names)
        if names:
            self.feed.follow(names[-1])

    def random_names(self, on: bool) -> None:
        """Start or stop sending random names."""
        if on:
            self.sender.start()
        else:
            self.sender.stop()

    def at_rate(self, rate: float) -> None:
        """Set how many random names are sent a second."""
        self.sender.rate = rate

    def read_uncommitted(self, on: bool) -> None:
        """Start or stop reading the greetings a second time, uncommitted."""
        self.feed.uncommitted = on

    def kill(self, part: str) -> None:
        """Kill the process of a part; see :func:`workshop.faults.chaos.kill`."""
        restarts = {one.name: one.restarts for one in self.stack.status().parts}
        chaos.kill(self.stack, part)
        self._paused.discard(part)
        # The time after it: a name that was sent before may have been greeted yet.
        self._fault(f"{LABELS.get(part, part)} killed", time.time(), part, restarts)

    def pause(self, part: str = "greeter") -> None:
        """Stop the process of a part without ending it, until :meth:`resume` or :meth:`close`."""
        chaos.pause(self.stack, part)
        self._paused.add(part)

    def resume(self, part: str = "greeter") -> None:
        """Let a part continue, whoever paused it."""
        at = time.time()
        chaos.resume(self.stack, part)
        self._paused.discard(part)
        self._fault(f"{LABELS.get(part, part)} resumed", at)

    def scene(self, troubles: Sequence[str] = ()) -> Scene:
        """Return everything there is to show right now."""
        vitals = self._watch.vitals
        feed = self.feed.snapshot()
        with self._lock:
            recovery = self._recovery
            oldest = feed.verdict.oldest
            waits_since = None if oldest is None else oldest / 1000
            if recovery.observe(vitals, feed.at, waits_since, feed.answered):
                self.feed.mark(vitals.at)
            return Scene(
                feed,
                vitals,
                recovery.now,
                recovery.last,
                tuple(recovery.all),
                tuple(filter(None, [*troubles, self.sender.trouble])),
            )

    def close(self) -> None:
        """Leave the stack as it was: nothing is paused, nobody sends or reads."""
        for part in list(self._paused):
            chaos.resume(self.stack, part)
            self._paused.discard(part)
        self.sender.close()
        self._watch.close()
        self.feed.close()

    def _fault(
        self, what: str, at: float, part: str = "", restarts: dict[str, int] | None = None
    ) -> None:
        with self._lock:
            self._recovery.fault(what, at, part, restarts)
            self.feed.mark(at)
