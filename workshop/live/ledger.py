"""The verdict: was every name that was sent greeted once? It needs neither a clock nor Kafka.

Two things are compared. The counts in the greetings of one name must follow each other without a
gap and without a repetition: that is what the engine promises. And every name in the topic of names
must have its greeting: that is what the user waits for.

Which greeting answers which name is not recorded anywhere, so it is determined by order: names with
the same key are greeted in the order in which they were sent, whoever sent them. A greeting that is
older than the oldest waiting name answers one that was sent before the ledger was opened.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from generator.counts import told_by

NAMES_KEPT = 50_000
"""How many names are remembered; beyond that, the one that was idle longest is forgotten."""

STRAYS_KEPT = HOLES_KEPT = 1000


@dataclass(frozen=True)
class Verdict:
    """How names and greetings compare.

    Attributes
    ----------
    sent
        Names that were seen in the topic of names.
    greeted
        How many of them are greeted.
    missing
        Counts that were skipped: the greetings before and after are there.
    lost
        How many of the names that were sent those would have answered.
    doubled
        Greetings whose count was there already.
    earlier
        Greetings of names that were sent before the ledger was opened.
    uncounted
        Greetings whose text contains no count.
    oldest
        When the oldest waiting name was sent, in milliseconds since 1970; None if none is waiting.
    """

    sent: int = 0
    greeted: int = 0
    missing: int = 0
    lost: int = 0
    doubled: int = 0
    earlier: int = 0
    uncounted: int = 0
    oldest: int | None = None

    @property
    def waiting(self) -> int:
        """Names that are not greeted yet."""
        return self.sent - self.greeted - self.lost

    @property
    def clean(self) -> bool:
        """Whether nothing is lost and nothing doubled so far."""
        return not self.missing and not self.doubled


@dataclass(slots=True)
class _Name:
    """What is known of one name."""

    last: int | None = None
    judged: bool = True
    waiting: deque[int] = field(default_factory=deque)
    strays: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=STRAYS_KEPT))
    holes: set[int] = field(default_factory=set)
    lost: int = 0


def count_in(greeting: str, name: str) -> int | None:
    """Return which visit of ``name`` the text greets, or None if it does not say.

    Examples
    --------
    >>> count_in("Third time is a charm Ada", "Ada")
    3
    >>> count_in("Nice to see you at the 12-nth time Ada!", "Ada")
    12
    """
    told = told_by(greeting)
    return told[1] if told is not None and told[0] == name else None


class Ledger:
    """Compares names and greetings as they arrive, in any order of topics.

    Parameters
    ----------
    names_kept
        How many names are remembered at most.
    """

    def __init__(self, names_kept: int = NAMES_KEPT) -> None:
        self._names: OrderedDict[str, _Name] = OrderedDict()
        self._names_kept = names_kept
        self._sent = self._greeted = self._doubled = self._earlier = self._uncounted = 0
        self._missing = self._lost = 0

    def sent(self, name: str, at: int, key: str | None = None) -> float | None:
        """Enter a name that was sent.

        Parameters
        ----------
        name
            The name to greet.
        at
            When it was sent, in milliseconds since 1970.
        key
            The record's key, if it is not the name: then counts belong to the key, of which the
            greeting says nothing, and are not judged.

        Returns
        -------
        float or None
            Seconds until its greeting came, if that was entered before.
        """
        self._sent += 1
        entry = self._entry(name)
        if key is not None and key != name:
            entry.judged = False
        while entry.strays:
            produced, arrived = entry.strays.popleft()
            if produced >= at:
                self._earlier -= 1
                self._greeted += 1
                return max(0, arrived - at) / 1000
        entry.waiting.append(at)
        return None

    def greeted(self, name: str, greeting: str, produced: int, arrived: int) -> int | None:
        """Enter a greeting.

        Parameters
        ----------
        produced, arrived
            When the engine made it and when it was read, in milliseconds since 1970.

        Returns
        -------
        int or None
            When the name that it answers was sent, in milliseconds since 1970; None if it answers
            none that waits.
        """
        entry = self._entry(name)
        count = count_in(greeting, name)
        if count is None or not entry.judged:
            # The next count that can be told is a new beginning.
            self._uncounted += 1
            entry.last = None
        elif entry.last is None or count > entry.last:
            self._skip(entry, entry.last or count - 1, count, produced)
            entry.last = count
        elif count in entry.holes:
            self._fill(entry, count)
            return None
        else:
            self._doubled += 1
            return None
        if entry.waiting and entry.waiting[0] <= produced:
            self._greeted += 1
            return entry.waiting.popleft()
        # Sent before the ledger was opened; or its name is not read yet.
        self._earlier += 1
        if not entry.waiting:
            entry.strays.append((produced, arrived))
        return None

    def counts(self) -> list[tuple[str, int]]:
        """Return every name with the newest count in its greetings."""
        return [(name, entry.last or 0) for name, entry in self._names.items()]

    def waiting_since(self, at: int) -> int:
        """Return how many names wait that were sent at ``at`` or before, in milliseconds."""
        return sum(sent <= at for entry in self._names.values() for sent in entry.waiting)

    def verdict(self) -> Verdict:
        """Return the current verdict."""
        waiting = (entry.waiting[0] for entry in self._names.values() if entry.waiting)
        return Verdict(
            self._sent,
            self._greeted,
            self._missing,
            self._lost,
            self._doubled,
            self._earlier,
            self._uncounted,
            min(waiting, default=None),
        )

    def _skip(self, entry: _Name, last: int, count: int, produced: int) -> None:
        """Note the counts between two that follow each other as missing."""
        for missing in range(last + 1, count):
            self._missing += 1
            if len(entry.holes) < HOLES_KEPT:
                entry.holes.add(missing)
            if entry.waiting and entry.waiting[0] <= produced:
                entry.waiting.popleft()
                entry.lost += 1
                self._lost += 1

    def _fill(self, entry: _Name, count: int) -> None:
        """Take back that a count is missing: it came after all."""
        entry.holes.remove(count)
        self._missing -= 1
        if entry.lost:
            entry.lost -= 1
            self._lost -= 1
            self._greeted += 1

    def _entry(self, name: str) -> _Name:
        entry = self._names.get(name)
        if entry is None:
            entry = self._names[name] = _Name()
            if len(self._names) > self._names_kept:
                self._forget_one()
        else:
            self._names.move_to_end(name)
        return entry

    def _forget_one(self) -> None:
        for name, entry in self._names.items():
            if not entry.waiting and not entry.holes:
                del self._names[name]
                return
