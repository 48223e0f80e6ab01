"""Kafka topics behind the egresses: transactions, and what each kind of reader sees."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

from google.protobuf.message import Message
from statefun.kafka_egress_pb2 import KafkaProducerRecord

from workshop.simulation.messages import one_line
from workshop.simulation.wire import any_bytes, read, read_any, type_url_field

__all__ = ["EgressLog", "EgressRecord", "Records"]

_NAME = KafkaProducerRecord.DESCRIPTOR.full_name
_USUAL = type_url_field(f"type.googleapis.com/{_NAME}")


class EgressRecord(NamedTuple):
    """A record in a Kafka topic.

    Attributes
    ----------
    key
        None when the function gave none (the engine takes an empty key as none).
    value
        A typed message, or bytes when its class is not known.
    status
        ``open`` (in a transaction that no checkpoint has committed yet), ``committed``, or
        ``aborted`` (the job was rolled back to before it).
    """

    topic: str
    key: str | None
    value: Any
    status: str


class Records(tuple[EgressRecord, ...]):
    """Records of one topic in order; ``dropped`` older ones were left out to bound the memory."""

    dropped: int

    def __new__(cls, records: list[EgressRecord], dropped: int) -> Records:
        self = super().__new__(cls, records)
        self.dropped = dropped
        return self

    @property
    def values(self) -> list[Any]:
        """Only the values."""
        return [record.value for record in self]

    def _rows(self) -> list[tuple[str, str, str]]:
        return [(str(r.key), one_line(r.value, 100), r.status) for r in self]

    def __repr__(self) -> str:
        lines = [f"{key}: {value} ({status})" for key, value, status in self._rows()]
        if self.dropped:
            lines.insert(0, f"… {self.dropped} older records of all topics were dropped")
        return "\n".join(lines) or "no records"

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f'<td style="text-align:left">{escape(c)}</td>' for c in row) + "</tr>"
            for row in self._rows()
        )
        note = f"<caption>… {self.dropped} older were dropped</caption>" if self.dropped else ""
        heads = "".join(
            f'<th style="text-align:left">{head}</th>' for head in ("key", "value", "status")
        )
        return f"<table>{note}<tr>{heads}</tr>{rows}</table>" if self else escape(repr(self))


class _Transaction:
    """The fate that records share."""

    __slots__ = ("status",)

    def __init__(self, status: str) -> None:
        self.status = status


class Entry:
    """One record as it came out of a function; decoded when somebody looks."""

    __slots__ = ("argument", "decoded", "transaction")

    def __init__(self, argument: bytes, transaction: _Transaction) -> None:
        self.argument = argument
        self.transaction = transaction
        self.decoded: tuple[str, str, bytes] | None = None

    def parts(self) -> tuple[str, str, bytes]:
        if self.decoded is None:
            record = read(KafkaProducerRecord, read_any(self.argument)[1])
            self.decoded = record.topic, record.key, record.value_bytes
        return self.decoded


class EgressLog:
    """The records of all topics, in the order in which they were written.

    Parameters
    ----------
    keep
        How many records to keep; None keeps all.
    types
        The class of the values of each topic, where it is known: a record does not say.
    """

    def __init__(self, keep: int | None, types: Mapping[str, type[Message]]) -> None:
        self.types = types
        self._shown = {
            topic: type_url_field(f"type.googleapis.com/{cls.DESCRIPTOR.full_name}")
            for topic, cls in types.items()
        }
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._open = _Transaction("open")
        self._immediate = _Transaction("committed")
        self.written = 0
        self.open = 0  # records in the open transaction

    def write(self, argument: bytes, exactly_once: bool) -> Entry:
        """Append a record; an exactly-once one stays in an open transaction.

        Raises
        ------
        ValueError
            It is not a ``KafkaProducerRecord``: the engine's egress refuses it.
        """
        if not argument.startswith(_USUAL) and read_any(argument)[0].rpartition("/")[2] != _NAME:
            raise ValueError(
                f"the egress takes KafkaProducerRecord only, not {read_any(argument)[0]!r}"
            )
        entry = Entry(argument, self._open if exactly_once else self._immediate)
        self._entries.append(entry)
        self.written += 1
        self.open += exactly_once
        return entry

    def show(self, entry: Entry) -> tuple[str, bytes]:
        """Give topic and value of a record, the value as an encoded ``Any`` where it has a type."""
        topic, _, value = entry.parts()
        type_url = self._shown.get(topic)
        return topic, entry.argument if type_url is None else any_bytes(type_url, value)

    def end_transactions(self, status: str) -> int:
        """Commit or abort what is open, and start over; gives the number of records."""
        self._open.status = status
        self._open = _Transaction("open")
        count, self.open = self.open, 0
        return count

    def read(self, topic: str, cls: type[Message] | None, committed_only: bool) -> Records:
        """Read one topic as a ``read_committed`` or a ``read_uncommitted`` consumer does."""
        cls = cls or self.types.get(topic)
        records = []
        for entry in self._entries:
            name, key, value = entry.parts()
            status = entry.transaction.status
            if name != topic or (committed_only and status != "committed"):
                continue
            decoded = cls.FromString(value) if cls is not None else value
            records.append(EgressRecord(topic, key or None, decoded, status))
        return Records(records, self.written - len(self._entries))
