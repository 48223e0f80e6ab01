"""What happened, step by step, as data; see `diagram` for its picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from workshop.simulation.diagram import picture
from workshop.simulation.event import Event
from workshop.simulation.messages import Address

__all__ = ["Trace"]


class Trace:
    """The steps of a run; the oldest are forgotten when there are more than its bound.

    In a notebook it shows as a sequence diagram and a table of the states over time.

    Parameters
    ----------
    keep
        How many events to keep.
    events
        What to start with.
    """

    def __init__(self, keep: int, events: Iterable[Event] = ()) -> None:
        self._events: deque[Event] = deque(events, maxlen=keep)
        self.add = self._events.append
        self.keep = keep

    def of(self, typename: str, id: str | None = None) -> Trace:
        """Keep what concerns one address, or all addresses of one function type."""

        def concerns(end: Address | str | None) -> bool:
            return isinstance(end, Address) and end.typename == typename and id in (None, end.id)

        kept = (e for e in self._events if concerns(e.source) or concerns(e.target))
        return Trace(self.keep, kept)

    def last(self, count: int) -> Trace:
        """Keep the last ``count`` events."""
        return Trace(self.keep, list(self._events)[-count:] if count else [])

    def clear(self) -> None:
        """Forget all events."""
        self._events.clear()

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, index: int) -> Event:
        return self._events[index]

    def __repr__(self) -> str:
        return "\n".join(map(str, self._events)) or "nothing happened yet"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/markdown": picture(list(self._events))}
