"""What could not be greeted, as it is read from its topic."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from generator.broker import Reader
from greeter.limits import DEAD_LETTERS


@dataclass(frozen=True)
class DeadLetter:
    """One message that could not be greeted, as it lies in its topic; see greeter/guard.py.

    Attributes
    ----------
    key
        The identity that it was addressed to.
    reason
        What is wrong with it.
    function
        The function that it was for.
    type_url
        The type that it claims to be of.
    size, original
        How many bytes it has, and those bytes; for a huge one, only the first ones.
    partition, offset, timestamp
        See :class:`Greeting`.
    """

    key: str
    reason: str
    function: str
    type_url: str
    size: int
    original: bytes
    partition: int
    offset: int
    timestamp: int

    def __str__(self) -> str:
        return f"{self.key}: {self.reason}"


class DeadLetterReader(Reader[DeadLetter]):
    """Reads what could not be greeted, from the first such message on; see :class:`Reader`."""

    kind = "dead letter"

    def __init__(
        self,
        bootstrap: str,
        topic: str = DEAD_LETTERS,
        committed: bool = True,
        from_start: bool = True,
    ) -> None:
        super().__init__(bootstrap, topic, committed, from_start)

    def _item(self, record: Any) -> DeadLetter:
        value = json.loads(record.value)
        return DeadLetter(
            key=(record.key or b"").decode(),
            reason=value["reason"],
            function=value["function"],
            type_url=value["type_url"],
            size=value["size"],
            original=base64.b64decode(value["original"]),
            partition=record.partition,
            offset=record.offset,
            timestamp=record.timestamp,
        )
