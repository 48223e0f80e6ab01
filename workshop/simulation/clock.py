"""The virtual clock: what is due when. Time passes only when it is told to."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

from workshop.simulation.instance import Instance
from workshop.simulation.messages import Address

__all__ = ["Clock", "Timer"]


class Timer(NamedTuple):
    """A delayed message."""

    due_ms: int
    order: int  # what is due at the same time arrives in the order in which it was sent
    target: bytes
    entry: bytes  # of a batch
    sender: Address
    argument: bytes


class Clock:
    """Holds the time, the delayed messages, the waiting batches and the next checkpoint.

    Parameters
    ----------
    checkpoint_interval_ms
        Milliseconds between checkpoints; None for none.
    """

    def __init__(self, checkpoint_interval_ms: int | None) -> None:
        self.now = 0
        self._interval = checkpoint_interval_ms
        self._checkpoint = checkpoint_interval_ms
        self._timers: list[Timer] = []
        self._saved: list[Timer] = []
        self._retries: list[tuple[int, int, Instance]] = []
        self._order = 0

    def send_after(
        self, delay_ms: int, target: bytes, entry: bytes, sender: Address, argument: bytes
    ) -> None:
        """Hold a message back."""
        self._order += 1
        due = self.now + delay_ms
        heappush(self._timers, Timer(due, self._order, target, entry, sender, argument))

    def retry_after(self, wait_ms: int, instance: Instance) -> None:
        """Hold a batch back until its next attempt."""
        self._order += 1
        heappush(self._retries, (self.now + wait_ms, self._order, instance))

    def next_due(self) -> int | None:
        """When the next thing is due."""
        due = [queue[0][0] for queue in (self._timers, self._retries) if queue]
        if self._checkpoint is not None:
            due.append(self._checkpoint)
        return min(due) if due else None

    def next_retry(self) -> int | None:
        """When the next attempt is due."""
        return self._retries[0][0] if self._retries else None

    def checkpoint_is_due(self) -> bool:
        """Say whether to take a checkpoint now, and plan the next one."""
        if self._checkpoint is None or self._interval is None or self._checkpoint > self.now:
            return False
        self._checkpoint += self._interval
        return True

    def take_retry(self) -> Instance | None:
        """Take a batch whose next attempt is due."""
        if self._retries and self._retries[0][0] <= self.now:
            return heappop(self._retries)[2]
        return None

    def take_timer(self) -> Timer | None:
        """Take a message that is due."""
        if self._timers and self._timers[0].due_ms <= self.now:
            return heappop(self._timers)
        return None

    def save(self) -> None:
        """Remember the delayed messages for a checkpoint."""
        self._saved = list(self._timers)

    def restore(self) -> None:
        """Go back to the delayed messages that were saved. The time does not go back."""
        self._timers = list(self._saved)
        self._retries.clear()
