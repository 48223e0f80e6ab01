"""The records of an application's topics, and what reads them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from generator.broker import Reader


@dataclass(frozen=True)
class Record:
    """One record of an application's topic.

    Attributes
    ----------
    key
        What it is keyed by.
    value
        The message; the bytes, if they are none of the topic's type.
    partition, offset
        Where it lies.
    """

    key: str
    value: Message | bytes
    partition: int
    offset: int

    @property
    def text(self) -> str:
        """The message as JSON, or what lies there instead."""
        if isinstance(self.value, bytes):
            return f"(unreadable: {self.value!r})"
        return to_json(self.value)

    def __str__(self) -> str:
        return f"{self.key}\t{self.text}"


class MessageReader(Reader[Record]):
    """Reads an application's records as they come; see :class:`generator.broker.Reader`."""

    def __init__(self, kind: type[Message], *args: Any) -> None:
        self._type = kind
        super().__init__(*args)

    def until_now(self, timeout: float = 60) -> Iterator[Record]:
        """Yield what is in the topic by now.

        Raises
        ------
        TimeoutError
            When it does not come within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        ends = self._consumer.end_offsets(self._consumer.assignment())
        while any(self._consumer.position(part) < end for part, end in ends.items()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"The topic was not read within {timeout:g} s")
            yield from self.poll(0.1)

    def _item(self, record: Any) -> Record:
        return read_record(record, self._type)


def read_record(record: Any, kind: type[Message]) -> Record:
    """Return a record of Kafka's client as one with a message of this class."""
    value: Message | bytes = record.value or b""
    # What is none is shown as it is: it may be just what somebody is looking for.
    with contextlib.suppress(DecodeError, ValueError):
        value = kind.FromString(value)
    key = (record.key or b"").decode(errors="replace")
    return Record(key, value, record.partition, record.offset)


def to_json(message: Message) -> str:
    """Return a message as one line of JSON, with the fields' names as in the ``.proto`` file."""
    written: str = json_format.MessageToJson(
        message, preserving_proto_field_name=True, indent=None, ensure_ascii=False
    )
    return written
