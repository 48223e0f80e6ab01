"""Reads topics side by side, without a consumer group, and remembers where it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import DecodeError
from kafka import KafkaConsumer, TopicPartition

from generator.broker import GREETINGS, NAMES, connect
from greeter.messages_pb2 import GreetRequest, GreetResponse

CONNECT_SECONDS = 1.6

Positions = dict[TopicPartition, int]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class SentName:
    """One record of the topic of names.

    Attributes
    ----------
    key, name
        The function that is addressed, and the name to greet.
    at
        When it was sent, in milliseconds since 1970.
    """

    key: str
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Greeted:
    """One record of the topic of greetings.

    Attributes
    ----------
    name, text
        Who is greeted, and how.
    produced, arrived
        When the engine made it and when it was read, in milliseconds since 1970.
    """

    name: str
    text: str
    produced: int
    arrived: int


class TopicsReader(Generic[Item]):
    """A consumer of all partitions of some topics.

    Parameters
    ----------
    bootstrap
        The broker's address.
    positions
        Where to continue, as an earlier reader left it; at the end of every topic if it is empty. A
        topic that was made again since then is read from its beginning. It is kept up to date.
    topics
        What to read, and what makes of a record what is returned: it gets the record, and when it
        was read, in milliseconds since 1970.
    committed
        Whether a record is read only when it is committed.

    Raises
    ------
    BrokerUnreachable
        When there is no broker.

    Attributes
    ----------
    gap
        Whether records that arrived since ``positions`` are gone: deleted, or the topic is a new
        one.
    """

    def __init__(
        self,
        bootstrap: str,
        positions: Positions,
        topics: Mapping[str, Callable[[Any, int], Item]],
        committed: bool = True,
    ) -> None:
        self.bootstrap = bootstrap
        self.positions = positions
        self._topics = topics
        self.gap = False
        self._consumer = connect(
            KafkaConsumer,
            bootstrap,
            timeout=CONNECT_SECONDS,
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed" if committed else "read_uncommitted",
            # Where the records were deleted that come next, that must be known, not skipped.
            auto_offset_reset="none",
            fetch_max_wait_ms=100,
            max_poll_records=2000,
            # The bytes come from this machine; checking them in Python costs more than reading.
            check_crcs=False,
            metrics_enabled=False,
            request_timeout_ms=5000,
        )
        try:
            self._begin(topics)
        except BaseException:
            self.close()
            raise

    def poll(self, timeout: float) -> list[Item]:
        """Return what arrived, names first, waiting up to ``timeout`` seconds for the first."""
        batches = self._consumer.poll(timeout_ms=int(timeout * 1000))
        arrived = time.time_ns() // 1_000_000
        made: list[Item] = []
        for partition in sorted(batches, reverse=True):  # "names" before "greetings".
            records = batches[partition]
            decode = self._topics[partition.topic]
            made.extend(decode(record, arrived) for record in records)
            self.positions[partition] = records[-1].offset + 1
        return made

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close(autocommit=False, timeout_ms=300)

    def _begin(self, topics: Iterable[str]) -> None:
        consumer = self._consumer
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(consumer.partitions_for_topic(topic) or {0})
        ]
        first_time = not self.positions
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions, timeout_ms=int(CONNECT_SECONDS * 1000))
        starts = consumer.beginning_offsets(partitions, timeout_ms=int(CONNECT_SECONDS * 1000))
        for partition in partitions:
            start, end = starts[partition], ends[partition]
            before = self.positions.get(partition)
            if before is None:
                before = end if first_time else start
            elif not start <= before <= end:
                before = start
                self.gap = True
            self.positions[partition] = before
            consumer.seek(partition, before)


def _sent(record: Any, arrived: int) -> SentName:
    request = GreetRequest()
    key = (record.key or b"").decode(errors="replace")
    try:
        request.ParseFromString(record.value or b"")
    except (DecodeError, ValueError):
        return SentName(key, key, record.timestamp)
    return SentName(key, request.name, record.timestamp)


def _greeted(record: Any, arrived: int) -> Greeted:
    response = GreetResponse()
    try:
        response.ParseFromString(record.value or b"")
    except (DecodeError, ValueError):
        response = GreetResponse(greeting=f"(not a GreetResponse: {record.value!r})")
    name = response.name or (record.key or b"").decode(errors="replace")
    return Greeted(name, response.greeting, record.timestamp, arrived)


NAMES_AND_GREETINGS: Mapping[str, Callable[[Any, int], SentName | Greeted]] = {
    NAMES: _sent,
    GREETINGS: _greeted,
}
"""What the greeter's two topics carry."""
