"""The Kafka topics that the ingresses read, and how a record becomes messages."""

from __future__ import annotations

import re
from collections import deque
from typing import NamedTuple

from workshop.simulation.messages import split_typename
from workshop.simulation.module import Module
from workshop.simulation.wire import (
    address_bytes,
    any_bytes,
    field,
    invocation_entry,
    read_any,
    type_url_field,
)

__all__ = ["IngressLog", "IngressRecord"]

# Java decodes an encoded surrogate as one replacement character, Python as three.
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")


class IngressRecord(NamedTuple):
    """A record as a producer wrote it; without a key or a value the ingress fails on it."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None

    def __str__(self) -> str:
        key = "no key" if self.key is None else f"key {self.key.decode(errors='replace')!r}"
        return f"record {self.offset} of topic {self.topic} ({key})"


_Record = tuple[str, int, bytes | None, bytes | None]  # an IngressRecord that nobody looks at


class IngressLog:
    """All topics in the order of arrival, kept from the last checkpoint on.

    One log stands for all partitions. The engine keeps the order within a partition, which is
    that of each key; the log keeps that of all.
    """

    def __init__(self, module: Module) -> None:
        self._routes: dict[str, list[tuple[bytes, list[bytes]]]] = {}
        self._from_start: dict[str, bool] = {}
        self._offsets: dict[str, int] = {}
        self._records: deque[_Record] = deque()
        self._next = 0  # index in the deque of the first record that was not read
        #: How many records wait to be read.
        self.unread = 0
        for ingress in module.ingresses:
            for route in ingress.routes:
                targets = [address_bytes(*split_typename(name), "") for name, _ in route.targets]
                entry = (type_url_field(route.type_url), targets)
                self._routes.setdefault(route.topic, []).append(entry)
                self._from_start[route.topic] = ingress.from_start

    def reads(self, topic: str) -> bool:
        """Whether some ingress reads this topic."""
        return topic in self._routes

    @property
    def topics(self) -> list[str]:
        """The topics that some ingress reads."""
        return list(self._routes)

    def append(self, topic: str, key: bytes | None, value: bytes | None) -> int:
        """Write a record; gives its offset in the topic."""
        offset = self._offsets.get(topic, 0)
        self._offsets[topic] = offset + 1
        self._records.append((topic, offset, key, value))
        self.unread += 1
        return offset

    def take(self) -> _Record:
        """Read the next record."""
        record = self._records[self._next]
        self._next += 1
        self.unread -= 1
        return record

    def messages(self, record: _Record) -> list[tuple[bytes, bytes, bytes]]:
        """Turn a record into messages: address, entry of a batch, argument.

        The key, not the message, is the identity. It is decoded as Java does: bytes that are not
        UTF-8 become U+FFFD, so that two such keys may address one instance.

        Raises
        ------
        ValueError
            The record has no key or no value: the engine's deserializer fails on it.
        """
        topic, _, key, value = record
        if key is None or value is None:
            raise ValueError("the ingress needs a key and a value in each record")
        try:
            key.decode()
        except UnicodeDecodeError:
            key = _SURROGATE.sub(b"\xef\xbf\xbd", key).decode(errors="replace").encode()
        identity = field(3, key) if key else b""
        found: list[tuple[bytes, bytes, bytes]] = []
        for type_url, targets in self._routes[topic]:
            argument = any_bytes(type_url, value)
            entry = invocation_entry(None, argument)
            for target in targets:
                found.append((target + identity, entry, argument))
        return found

    def checkpoint(self) -> None:
        """Forget what was read: the job never goes back behind a checkpoint."""
        for _ in range(self._next):
            self._records.popleft()
        self._next = 0

    def rewind(self, to_checkpoint: bool) -> int:
        """Go back to the last checkpoint; gives the number of records that are lost.

        Without a checkpoint an ingress starts where its ``startupPosition`` says, once more: with
        ``latest``, the engine's default, it skips all that was written before.
        """
        before = len(self._records)
        if not to_checkpoint:
            self._records = deque(r for r in self._records if self._from_start[r[0]])
        self._next = 0
        self.unread = len(self._records)
        return before - self.unread

    def origin(self, argument: bytes) -> IngressRecord | None:
        """Find the record that a message came from, if it is still kept."""
        value = read_any(argument)[1]
        read = map(IngressRecord._make, list(self._records)[: self._next])
        return next((record for record in reversed([*read]) if record.value == value), None)
