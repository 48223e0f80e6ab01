"""Follows names and greetings in one thread of its own, and judges them as they come."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable

from generator.broker import GREETINGS
from workshop.live.following import Following, HasBroker
from workshop.live.ledger import Ledger
from workshop.live.reader import (
    NAMES_AND_GREETINGS,
    Greeted,
    Positions,
    SentName,
    TopicsReader,
)
from workshop.live.snapshot import Arrival, Early, Snapshot
from workshop.live.window import Histogram, Percentiles, Window

LATEST = 200
TOP = 8
POLL_SECONDS = 0.1
ADDRESS_SECONDS = 1.0
GREETINGS_ALONE = {GREETINGS: NAMES_AND_GREETINGS[GREETINGS]}
CHUNK = 250
"""How many records are entered at a time: a snapshot has to wait for them."""


class Feed(Following[Snapshot]):
    """What is sent and what is greeted, as it happens.

    It starts with what arrives after it was created, without joining a consumer group. It outlives
    the broker: when the broker is back, it continues where it was.

    Parameters
    ----------
    stack
        The stack to follow.
    latest
        How many greetings are kept.
    uncommitted
        Read the greetings a second time as well, uncommitted.

    Examples
    --------
    >>> with Feed(stack) as feed:
    ...     stack.greet("Ada", "Grace")
    ...     feed.wait(lambda now: now.verdict.greeted == 2)
    ...     print(feed.snapshot().verdict.clean)
    True
    """

    def __init__(self, stack: HasBroker, latest: int = LATEST, uncommitted: bool = False) -> None:
        self.uncommitted = uncommitted
        super().__init__(stack)
        self._latest: deque[Arrival] = deque(maxlen=latest)
        self._positions: Positions = {}
        self._early_positions: Positions = {}
        self._begin_anew()
        self._followed: str | None = None
        self._yours: Arrival | None = None
        self._mark: int | None = None
        self._answered: float | None = None
        self._begin()

    # ------------------------------------------------------------------- use

    def snapshot(self) -> Snapshot:
        """Return what there is to show right now."""
        now = time.time()
        with self._lock:
            counts = self._ledger.counts()
            return Snapshot(
                at=now,
                state=self._state,
                trouble=self._trouble,
                latest=tuple(self._latest),
                yours=self._yours,
                counts=tuple(heapq.nlargest(TOP, counts, key=lambda pair: pair[1])),
                names=len(counts),
                verdict=self._ledger.verdict(),
                rate=self._window.rate(now),
                minute=self._window.percentiles(now),
                seconds=tuple(self._window.seconds(now)),
                answered=self._answered,
                early=self._early() if self.uncommitted else None,
            )

    def whole(self) -> Percentiles:
        """Return the latencies since the feed was made, or since :meth:`measure_anew`."""
        with self._lock:
            return self._all.percentiles()

    def waiting_since(self, at: float) -> int:
        """Return how many names sent at ``at`` or earlier are waiting; in seconds since 1970."""
        with self._lock:
            return self._ledger.waiting_since(int(at * 1000))

    def measure_anew(self) -> None:
        """Forget the latencies of :meth:`whole`."""
        with self._lock:
            self._all = Histogram()

    def follow(self, name: str) -> None:
        """Keep the newest greeting of one name at hand, however many others arrive."""
        with self._lock:
            if name != self._followed:
                self._followed, self._yours = name, None

    def mark(self, at: float) -> None:
        """Watch for the first greeting of a name that was sent at ``at`` or later."""
        with self._lock:
            self._mark = int(at * 1000)
            self._answered = None

    # ---------------------------------------------------------------- thread

    def _follow(self) -> None:
        address = self._stack.bootstrap
        reader = TopicsReader(address, self._positions, NAMES_AND_GREETINGS)
        early: TopicsReader[SentName | Greeted] | None = None
        if reader.gap:
            with self._lock:
                self._begin_anew()
        self._told("following")
        self._tried.set()
        asked = time.monotonic()
        try:
            while not self._stop.is_set():
                if self.uncommitted and early is None:
                    with self._lock:
                        self._begin_early()
                    early = TopicsReader(address, self._early_positions, GREETINGS_ALONE, False)
                elif early is not None and not self.uncommitted:
                    early.close()
                    early = None
                    self._early_positions.clear()
                records = reader.poll(POLL_SECONDS if early is None else POLL_SECONDS / 4)
                self._enter(records, self._one)
                if early is not None:
                    self._enter(early.poll(POLL_SECONDS / 4), self._one_early)
                if records:
                    asked = time.monotonic()
                elif time.monotonic() > asked + ADDRESS_SECONDS:
                    asked = time.monotonic()
                    if self._stack.bootstrap != address:
                        return
        finally:
            reader.close()
            if early is not None:
                early.close()

    # --------------------------------------------------------------- entries

    def _enter(
        self, records: list[SentName | Greeted], enter: Callable[[SentName | Greeted], None]
    ) -> None:
        for begin in range(0, len(records), CHUNK):
            with self._lock:
                for record in records[begin : begin + CHUNK]:
                    enter(record)

    def _one(self, record: SentName | Greeted) -> None:
        """Enter what was read committed."""
        if isinstance(record, SentName):
            self._window.sent(record.at / 1000)
            latency = self._ledger.sent(record.name, record.at, record.key)
            if self.uncommitted:
                self._early_ledger.sent(record.name, record.at, record.key)
            if latency is not None:  # Its greeting was read before it.
                self._measured(record.at, record.at / 1000 + latency)
            return
        arrived = record.arrived / 1000
        sent = self._ledger.greeted(record.name, record.text, record.produced, record.arrived)
        self._window.greeted(arrived)
        if sent is not None:
            self._measured(sent, arrived)
        latency = None if sent is None else max(0.0, arrived - sent / 1000)
        arrival = Arrival(record.name, record.text, arrived, latency)
        self._latest.appendleft(arrival)
        if record.name == self._followed:
            self._yours = arrival

    def _one_early(self, record: SentName | Greeted) -> None:
        """Enter what was read uncommitted."""
        if isinstance(record, Greeted):
            self._early_read += 1
            ledger = self._early_ledger
            sent = ledger.greeted(record.name, record.text, record.produced, record.arrived)
            if sent is not None:
                self._early_latency.add((record.arrived - sent) / 1000)

    def _measured(self, sent: int, arrived: float) -> None:
        latency = max(0.0, arrived - sent / 1000)
        self._window.measured(arrived, latency)
        self._all.add(latency)
        if self._mark is not None and sent >= self._mark:
            self._mark, self._answered = None, arrived

    def _begin_anew(self) -> None:
        self._ledger = Ledger()
        self._window = Window()
        self._all = Histogram()
        self._begin_early()

    def _begin_early(self) -> None:
        self._early_ledger = Ledger()
        self._early_latency = Histogram()
        self._early_read = 0

    def _early(self) -> Early:
        repeated = self._early_ledger.verdict().doubled
        return Early(self._early_read, repeated, self._early_latency.percentiles())
