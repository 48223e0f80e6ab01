"""Follows what travels through a stack in a thread of its own, whatever becomes of the broker."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from workshop.live.sentences import sentence

RETRY_SECONDS = 0.3
CLOSE_SECONDS = 0.9

Seen = TypeVar("Seen")
_Self = TypeVar("_Self", bound="Following[Any]")

# The library's own complaints would land in whatever cell runs just then; `trouble` tells them.
logging.getLogger("kafka").addHandler(logging.NullHandler())


class HasBroker(Protocol):
    """What a feed needs of a stack."""

    @property
    def bootstrap(self) -> str:
        """The broker's address; it may change, and asking for it may fail."""


class Following(ABC, Generic[Seen]):
    """A thread that follows a stack, and what it has seen.

    Parameters
    ----------
    stack
        The stack to follow.
    """

    def __init__(self, stack: HasBroker) -> None:
        self._stack = stack
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._tried = threading.Event()
        self._state = "starting"
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="workshop-feed", daemon=True)

    @abstractmethod
    def snapshot(self) -> Seen:
        """Return what there is to show right now."""

    @abstractmethod
    def _follow(self) -> None:
        """Follow until closed, or until the broker is elsewhere; what it raises is retried."""

    def wait(self, until: Callable[[Seen], bool], timeout: float = 60) -> bool:
        """Wait until a condition holds for a snapshot; return whether it did in time."""
        deadline = time.monotonic() + timeout
        while not until(self.snapshot()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def close(self) -> None:
        """Stop following; what was seen can still be asked for."""
        self._stop.set()
        # The thread leaves when its poll returns; only a broker that is mute takes it longer.
        self._thread.join(CLOSE_SECONDS)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---------------------------------------------------------------- thread

    def _begin(self) -> None:
        """Start the thread: the last thing that a subclass does when it is made."""
        self._thread.start()
        # What is sent after this line is seen, if there is a broker.
        self._tried.wait(5)

    def _run(self) -> None:
        """Follow until closed; anything that goes wrong is shown, and retried."""
        while not self._stop.is_set():
            try:
                self._follow()
            except Exception as error:
                self._told("waiting", sentence(error))
            finally:
                self._tried.set()
            self._stop.wait(RETRY_SECONDS)
        with self._lock:
            self._state, self._trouble = "closed", ""

    def _told(self, state: str, trouble: str = "") -> None:
        with self._lock:
            self._state, self._trouble = state, trouble
