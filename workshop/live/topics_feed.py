"""Follows an application's topics, whatever messages they carry."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from google.protobuf.message import Message

from workshop.live.following import Following, HasBroker
from workshop.live.reader import Positions, TopicsReader
from workshop.live.window import Window
from workshop.own.application import Application
from workshop.own.records import Record, read_record

LATEST = 50
POLL_SECONDS = 0.1
ADDRESS_SECONDS = 1.0


@dataclass(frozen=True)
class Topic:
    """One topic at one moment.

    Attributes
    ----------
    name, carries
        The topic, and the full name of its messages.
    latest
        The newest records, newest first.
    number
        How many came since the feed was made, or since the topics were made again.
    rate
        Records a second, over the last five.
    """

    name: str
    carries: str
    latest: tuple[Record, ...] = ()
    number: int = 0
    rate: float = 0.0


@dataclass(frozen=True)
class Topics:
    """An application's topics at one moment.

    Attributes
    ----------
    at
        When, in seconds since 1970.
    state, trouble
        As in :class:`workshop.live.snapshot.Snapshot`.
    topics
        In the order of ``workshop.yaml``.
    """

    at: float
    state: str = "starting"
    trouble: str = ""
    topics: tuple[Topic, ...] = ()

    def __getitem__(self, name: str) -> Topic:
        return next(topic for topic in self.topics if topic.name == name)


class TopicsFeed(Following[Topics]):
    """What comes into an application's topics, as it happens: what is committed.

    Parameters
    ----------
    application
        Says which topics there are, and what they carry.
    stack
        The stack to follow.
    latest
        How many records of each topic are kept.

    Examples
    --------
    >>> with TopicsFeed(shop, stack) as feed:
    ...     shop.send(stack.bootstrap, "orders", "Ada", '{"item": "tea"}')
    ...     feed.wait(lambda now: now["orders"].number == 1)
    True
    """

    def __init__(self, application: Application, stack: HasBroker, latest: int = LATEST) -> None:
        super().__init__(stack)
        self._carries = application.topics
        self._decode: Mapping[str, Callable[[Any, int], tuple[str, Record]]] = {
            topic: partial(_read, topic, application.type_of(topic)) for topic in self._carries
        }
        self._positions: Positions = {}
        self._most = latest
        self._begin_again()
        self._begin()

    def snapshot(self) -> Topics:
        """Return what there is to show right now."""
        now = time.time()
        with self._lock:
            made = tuple(
                Topic(
                    topic,
                    carries,
                    tuple(self._latest[topic]),
                    self._number[topic],
                    self._windows[topic].rate(now),
                )
                for topic, carries in self._carries.items()
            )
            return Topics(now, self._state, self._trouble, made)

    def _begin_again(self) -> None:
        self._latest: dict[str, deque[Record]] = {
            topic: deque(maxlen=self._most) for topic in self._carries
        }
        self._number = dict.fromkeys(self._carries, 0)
        self._windows = {topic: Window() for topic in self._carries}

    def _follow(self) -> None:
        address = self._stack.bootstrap
        reader = TopicsReader(address, self._positions, self._decode)
        if reader.gap:
            with self._lock:
                self._begin_again()
        self._told("following")
        self._tried.set()
        asked = time.monotonic()
        try:
            while not self._stop.is_set():
                records = reader.poll(POLL_SECONDS)
                now = time.time()
                with self._lock:
                    for topic, record in records:
                        self._latest[topic].appendleft(record)
                        self._number[topic] += 1
                        self._windows[topic].greeted(now)
                if time.monotonic() > asked + ADDRESS_SECONDS:
                    asked = time.monotonic()
                    if self._stack.bootstrap != address:
                        return
        finally:
            reader.close()


def _read(topic: str, kind: type[Message], record: Any, arrived: int) -> tuple[str, Record]:
    return topic, read_record(record, kind)
