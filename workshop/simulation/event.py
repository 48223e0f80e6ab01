"""One step of what happened in the simulation."""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf.message import Message

from workshop.simulation.messages import Address, one_line, typed

__all__ = ["Event"]


class Event(NamedTuple):
    """One step.

    Attributes
    ----------
    time_ms
        Virtual time in milliseconds since the start.
    kind
        ``ingress``, ``send``, ``delay``, ``timer``, ``egress``: a message is on its way;
        ``batch``: a function is called; ``state``, ``expire``: a state changed;
        ``failure``, ``lost``, ``restart``, ``crash``, ``checkpoint``: what its name says;
        ``clock``: time passed and nothing happened.
    source, target
        An address; or the name of a topic, of an egress; or None.
    payload
        An encoded ``Any``; for ``state`` the new value, empty when it was deleted.
    note
        The name of a state, the size of a batch, an error.
    """

    time_ms: int
    kind: str
    source: Address | str | None = None
    target: Address | str | None = None
    payload: bytes | None = None
    note: str = ""

    @property
    def message(self) -> Message | bytes | None:
        """The payload, typed where its class is known."""
        return typed(self.payload) if self.payload else None

    def __str__(self) -> str:
        way = " → ".join(str(end) for end in (self.source, self.target) if end is not None)
        what = one_line(self.message) if self.payload is not None else ""
        text = " ".join(part for part in (self.kind, way, self.note, what) if part)
        return f"{self.time_ms / 1000:9.3f} s  {text}"
