"""What a stack reports after a part of it was killed, until names are greeted again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from workshop.errors import WorkshopError
from workshop.faults.traffic import Traffic
from workshop.stack import Status
from workshop.table import Table

LOOK_SECONDS = 0.05


@dataclass(repr=False)
class Recovery:
    """How a stack came back.

    Attributes
    ----------
    killed
        The part that was killed.
    changes
        What the status said, whenever it changed: seconds since the kill, the part, its state, and
        what it was waiting for.
    seconds
        From the kill to the first committed greeting of a name sent after it.
    """

    killed: str
    changes: list[tuple[float, str, str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def __repr__(self) -> str:
        return repr(self._table)

    def _repr_markdown_(self) -> str:
        return self._table._repr_markdown_()

    @property
    def _table(self) -> Table:
        first = (0.0, self.killed, "killed", "kill -9")
        last = (self.seconds, "a new name", "greeted", "and the greeting is committed")
        rows = sorted([first, *self.changes, last], key=lambda row: row[0])
        return Table(_HEADS, ([f"{at:.2f}", *told] for at, *told in rows))


_HEADS = ("seconds", "part", "state", "what the status said")


def watch(killed: str, traffic: Traffic, timeout: float = 120.0, calm: float = 2.5) -> Recovery:
    """Watch a stack from now, just after a part of it was killed, until names are greeted again.

    Parameters
    ----------
    killed
        The part that was killed.
    traffic
        Traffic that flows through the stack.
    timeout
        How many seconds it may take.
    calm
        How many seconds to let the names flow afterwards. A kill right after the first committed
        greeting would always meet the moment after a checkpoint, when there is nothing to repair.

    Raises
    ------
    WorkshopError
        When no names are sent, no new one was greeted in that time, or the stack is not ready.
    """
    traffic.must_flow()
    began = time.monotonic()
    sent = traffic.sent.total()
    traffic.mark(killed)
    recovery = Recovery(killed)
    before: dict[str, tuple[str, str]] = {}
    while True:
        status = traffic.stack.status()
        passed = time.monotonic() - began
        for part, now in _told(status).items():
            # What is ready from the beginning is no news.
            if now != before.get(part, ("ready", "")):
                recovery.changes.append((passed, part, *now))
            before[part] = now
        if not recovery.seconds and len(traffic.committed) > sent:
            recovery.seconds = passed
        if recovery.seconds and status.state == "ready":
            time.sleep(calm)
            return recovery
        traffic.check()
        if passed > timeout:
            raise WorkshopError(
                f"No new name was greeted within {timeout:g} s after the kill of {killed}.",
                details=str(status),
            )
        time.sleep(LOOK_SECONDS)


def _told(status: Status) -> dict[str, tuple[str, str]]:
    """What the status says about each part; the detail only for those that are not ready."""
    return {
        part.name: (part.state, "" if part.state == "ready" else part.detail)
        for part in status.parts
    }
