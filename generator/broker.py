"""The only way into and out of the broker: every name is sent and every greeting read here.

Both sides refuse anything harmful before it reaches Kafka: a record without a key kills the
engine's job, and it helps nobody if a client waits half a minute for a broker that is not there.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import DecodeError
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from generator.connection import BrokerError, BrokerUnreachable, RequestRefused, connect, disconnect
from greeter.limits import LARGEST_NAME
from greeter.messages_pb2 import GreetRequest, GreetResponse

__all__ = [
    "BrokerError",
    "BrokerUnreachable",
    "Greeting",
    "GreetingReader",
    "Reader",
    "RequestProducer",
    "RequestRefused",
    "check_names",
    "connect",
]

NAMES = "names"
GREETINGS = "greetings"

_PRODUCER = {
    "linger_ms": 2,
    # How long a name may wait for a broker that is being brought back. On a machine with too much
    # to do that takes a minute, and after the default of two a name would be dropped.
    "delivery_timeout_ms": 600_000,
}

Item = TypeVar("Item")
Self = TypeVar("Self", bound="Reader[Any]")


@dataclass(frozen=True)
class Greeting:
    """One greeting as it lies in the topic.

    Attributes
    ----------
    key
        The record's key: the name that the function was addressed by.
    name, greeting
        The two fields of the ``GreetResponse``.
    partition, offset
        Where the record lies.
    timestamp
        When the engine produced it, in milliseconds since 1970 (UTC).
    """

    key: str
    name: str
    greeting: str
    partition: int
    offset: int
    timestamp: int

    def __str__(self) -> str:
        return self.greeting


class RequestProducer:
    """Sends ``GreetRequest`` records to the topic that the ingress reads, keyed by name.

    Parameters
    ----------
    bootstrap
        The broker's address, ``host:port``.
    topic
        The ingress topic.
    settings
        More settings of kafka-python's producer, and ``timeout`` of :func:`connect`.
    """

    def __init__(self, bootstrap: str, topic: str = NAMES, **settings: Any) -> None:
        self.topic = topic
        self._producer = connect(KafkaProducer, bootstrap, **{**_PRODUCER, **settings})

    def send(self, name: str, key: str | None = None) -> Any:
        """Send one request; when this returns it is on its way, but not yet in the topic.

        Parameters
        ----------
        name
            The name to greet.
        key
            The record's key, which is the identity of the function that is invoked; the name
            itself unless given.

        Returns
        -------
        kafka.producer.future.FutureRecordMetadata
            Resolves to the record's partition and offset.

        Raises
        ------
        RequestRefused
            When the name or key is empty, too long, not text, or no valid Unicode.
        BrokerUnreachable
            When the broker does not say within a minute where the topic's partitions are, or what
            waits for it leaves no room for more.
        """
        key_sent = _encoded("key", name if key is None else key)
        value = GreetRequest(name=_encoded("name", name).decode()).SerializeToString()
        try:
            return self._producer.send(self.topic, key=key_sent, value=value)
        except KafkaTimeoutError as error:
            raise BrokerUnreachable(f"The broker does not take {name!r} ({error})") from error

    def flush(self, timeout: float = 10.0) -> None:
        """Wait until every request sent so far is in the topic, at most ``timeout`` seconds."""
        try:
            self._producer.flush(timeout=timeout)
        except KafkaError as error:
            raise BrokerUnreachable(
                f"The broker did not accept the names within {timeout:g} s ({error})"
            ) from error

    def close(self, timeout: float = 5) -> None:
        """Send what is waiting, for at most ``timeout`` seconds, and close the connection.

        Raises
        ------
        BrokerUnreachable
            When something was still waiting: it is not sent any more.
        """
        disconnect(self._producer, timeout)

    def __enter__(self) -> RequestProducer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Reader(Generic[Item]):
    """Reads a topic's records as they come, without joining a consumer group.

    Parameters
    ----------
    bootstrap
        The broker's address, ``host:port``.
    topic
        The topic to read.
    committed
        Show a record only once its transaction is committed (``read_committed``). Without it
        records show at once, including those that a failure later rolls back.
    from_start
        Begin with the oldest record in the topic instead of the next one to arrive.
    """

    kind = "record"

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        committed: bool = True,
        from_start: bool = False,
    ) -> None:
        self._waiting: deque[Item] = deque()
        self._consumer = connect(
            KafkaConsumer,
            bootstrap,
            isolation_level="read_committed" if committed else "read_uncommitted",
            enable_auto_commit=False,
            fetch_max_wait_ms=100,
            group_id=None,
        )
        partitions = [
            TopicPartition(topic, number)
            for number in sorted(self._consumer.partitions_for_topic(topic) or {0})
        ]
        self._consumer.assign(partitions)
        if from_start:
            self._consumer.seek_to_beginning(*partitions)
        else:
            self._consumer.seek_to_end(*partitions)
        # Seeking is lazy. Without this, what is sent right after would count as old.
        for partition in partitions:
            self._consumer.position(partition)

    def _item(self, record: Any) -> Item:
        """Read one record of the topic."""
        raise NotImplementedError

    def poll(self, timeout: float = 0.5) -> list[Item]:
        """Return the records that arrived, waiting up to ``timeout`` seconds for the first."""
        if self._waiting:
            arrived = list(self._waiting)
            self._waiting.clear()
            return arrived
        batches = self._consumer.poll(timeout_ms=max(0, int(timeout * 1000)))
        return [self._item(record) for records in batches.values() for record in records]

    def next(self, timeout: float = 30.0) -> Item:
        """Wait for the next record.

        Raises
        ------
        TimeoutError
            When none comes within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self._waiting:
            if time.monotonic() > deadline:
                raise TimeoutError(f"No {self.kind} arrived within {timeout:g} s")
            self._waiting.extend(self.poll(0.1))
        return self._waiting.popleft()

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class GreetingReader(Reader[Greeting]):
    """Reads greetings as they come; see :class:`Reader`."""

    kind = "greeting"

    def __init__(
        self,
        bootstrap: str,
        topic: str = GREETINGS,
        committed: bool = True,
        from_start: bool = False,
    ) -> None:
        super().__init__(bootstrap, topic, committed, from_start)

    def _item(self, record: Any) -> Greeting:
        return _greeting(record)


def check_names(names: Iterable[str]) -> list[str]:
    """Return ``names`` as a list if every one of them can be greeted; see RequestProducer.send."""
    checked = list(names)
    for name in checked:
        _encoded("name", name)
    return checked


def _encoded(what: str, value: str) -> bytes:
    if not isinstance(value, str):
        raise RequestRefused(f"The {what} must be text, not {type(value).__name__}: {value!r}")
    if not value:
        raise RequestRefused(f"The {what} is empty: a record needs one to find its function")
    try:
        encoded = value.encode()
    except UnicodeEncodeError as error:
        raise RequestRefused(f"The {what} {value!r} is not valid Unicode text") from error
    if len(encoded) > LARGEST_NAME:
        raise RequestRefused(
            f"The {what} {value[:20]!r}... has {len(encoded)} bytes; at most {LARGEST_NAME} are "
            "allowed"
        )
    return encoded


def _greeting(record: Any) -> Greeting:
    response = GreetResponse()
    try:
        response.ParseFromString(record.value or b"")
    except (DecodeError, ValueError):
        response = GreetResponse(greeting=f"(not a GreetResponse: {record.value!r})")
    return Greeting(
        key=(record.key or b"").decode(errors="replace"),
        name=response.name,
        greeting=response.greeting,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
    )
