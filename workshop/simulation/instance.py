"""One address as the engine keeps it: its state, the batch in flight and the arrivals behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workshop.simulation.event import Event
from workshop.simulation.messages import Address
from workshop.simulation.module import Function
from workshop.simulation.wire import request_bytes, state_entry

__all__ = ["Flight", "Instance"]

FIRST_BACKOFF_MS = 10


class Flight:
    """A batch in flight: the bytes of its request, and how often they were sent."""

    __slots__ = ("attempts", "backoff_ms", "request", "since_ms", "size")

    def __init__(self, request: bytes, size: int, now_ms: int) -> None:
        self.request = request
        self.size = size
        self.renew(now_ms)

    def renew(self, now_ms: int) -> None:
        """Start over with the attempts, as after a restart."""
        self.attempts = 0
        self.since_ms = now_ms
        self.backoff_ms = FIRST_BACKOFF_MS

    def next_attempt(self, now_ms: int, timeout_ms: int) -> int | None:
        """Say how many milliseconds the engine waits for its next attempt; None when it gives up.

        As its ``BoundedExponentialBackoff``: the last wait is cut so that it ends at the timeout.
        """
        wait = min(self.backoff_ms, timeout_ms - (now_ms - self.since_ms))
        self.backoff_ms *= 2
        return wait if wait > 0 else None


_Saved = tuple[dict[str, bytes], dict[str, int], Flight | None, list[bytes]]


class Instance:
    """One address."""

    __slots__ = (
        "address",
        "backlog",
        "dirty",
        "flight",
        "header",
        "saved",
        "spec",
        "stamps",
        "values",
    )

    def __init__(self, address: Address, header: bytes, spec: Function) -> None:
        self.address = address
        self.header = header  # the address, encoded
        self.spec = spec
        self.values: dict[str, bytes] = {}
        self.stamps: dict[str, int] = {}  # when each expiring state was last used
        self.flight: Flight | None = None
        self.backlog: list[bytes] = []
        self.dirty = False  # changed since the last checkpoint
        self.saved: _Saved = ({}, {}, None, [])

    def launch(
        self, entries: list[bytes], now_ms: int, note: Callable[[Event], None] | None
    ) -> None:
        """Put a batch in flight, with the states as they are now.

        Reading an ``after-invoke`` state here is what counts as its use; an expired one is gone.
        """
        if self.stamps:
            self.read_stamps(now_ms, note)
        states = [state_entry(s.head, self.values.get(s.name)) for s in self.spec.states]
        self.flight = Flight(request_bytes(self.header, states, entries), len(entries), now_ms)

    def read_stamps(self, now_ms: int, note: Callable[[Event], None] | None) -> None:
        """Drop the states that have expired, and note the use of the others."""
        for name in list(self.expired(now_ms)):
            del self.values[name], self.stamps[name]
            if note is not None:
                note(Event(now_ms, "expire", None, self.address, None, name))
        for state in self.spec.states:
            if state.on_read and state.name in self.stamps:
                self.stamps[state.name] = now_ms

    def expired(self, now_ms: int) -> Iterator[str]:
        """Name the states whose time is over."""
        for state in self.spec.states:
            stamp = self.stamps.get(state.name)
            if stamp is not None and state.expire_ms and stamp + state.expire_ms <= now_ms:
                yield state.name

    def set(self, name: str, value: bytes | None, now_ms: int) -> None:
        """Write a state, or delete it with None.

        Raises
        ------
        LookupError
            The state is not declared.
        """
        for state in self.spec.states:
            if state.name == name:
                break
        else:
            raise LookupError(f"{self.address} has no state {name!r}")
        if value is None:
            self.values.pop(name, None)
            self.stamps.pop(name, None)
        else:
            self.values[name] = value
            if state.expire_ms is not None:
                self.stamps[name] = now_ms

    def save(self) -> None:
        """Remember all of it for a checkpoint."""
        self.saved = dict(self.values), dict(self.stamps), self.flight, list(self.backlog)
        self.dirty = False

    def restore(self) -> None:
        """Go back to what was saved; an address that was not there yet becomes empty."""
        values, stamps, self.flight, backlog = self.saved
        self.values, self.stamps, self.backlog = dict(values), dict(stamps), list(backlog)
        self.dirty = False
