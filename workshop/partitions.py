"""Which partition of a topic a record goes to, and a picture of a topic that has several."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any, NamedTuple, Protocol

from kafka.partitioner import DefaultPartitioner

__all__ = ["Partitions", "Placed", "partition_of", "spread"]

_choose = DefaultPartitioner().partition


class _Record(Protocol):
    @property
    def key(self) -> str | None: ...
    @property
    def value(self) -> Any: ...


class _OneTopic:
    """What the partitioner asks a cluster: a topic with so many partitions, all reachable."""

    def __init__(self, count: int) -> None:
        self.count = count

    def topics(self) -> set[str]:
        return {"topic"}

    def partitions_for_topic(self, _: str) -> set[int]:
        return set(range(self.count))

    available_partitions_for_topic = partitions_for_topic


def partition_of(key: str | None, partitions: int) -> int:
    """Choose the partition as a Kafka client does, with the partitioner of kafka-python.

    Parameters
    ----------
    key
        The record's key. The same key gives the same partition; None gives any.
    partitions
        How many partitions the topic has.
    """
    data = key.encode() if key is not None else None
    return int(_choose("topic", key, data, None, None, _OneTopic(partitions)))


class Placed(NamedTuple):
    """A record in a partition: ``number`` is its position among all records written, from 1."""

    partition: int
    offset: int
    number: int
    key: str | None
    value: Any

    def __str__(self) -> str:
        text = getattr(self.value, "greeting", None) or self.value
        return f"#{self.number} {text}"


class Partitions(tuple[tuple[Placed, ...], ...]):
    """The records of each partition, in the order of their offsets; a table in a notebook."""

    def holding(self, key: str | None) -> set[int]:
        """Name the partitions in which there are records with this key."""
        return {placed.partition for part in self for placed in part if placed.key == key}

    def __repr__(self) -> str:
        return "\n".join(
            f"partition {number}: " + (", ".join(f"[{p.offset}] {p}" for p in part) or "empty")
            for number, part in enumerate(self)
        )

    def _repr_html_(self) -> str:
        left = '<td style="text-align:left">'
        width = max(map(len, self), default=0)
        heads = "".join(
            f'<th style="text-align:left">offset {offset}</th>' for offset in range(width)
        )
        rows = "".join(
            f"<tr><th>partition {number}</th>"
            + "".join(f"{left}{escape(str(placed))}</td>" for placed in part)
            + "<td></td>" * (width - len(part))
            + "</tr>"
            for number, part in enumerate(self)
        )
        return f"<table><tr><th></th>{heads}</tr>{rows}</table>"


def spread(records: Iterable[_Record], partitions: int) -> Partitions:
    """Put records, in the order in which they were written, into the partitions of a topic.

    Parameters
    ----------
    records
        Each with a ``key`` and a ``value``, as `SimulatedRuntime.uncommitted` gives them.
    partitions
        How many partitions the topic has.
    """
    parts: list[list[Placed]] = [[] for _ in range(partitions)]
    for number, record in enumerate(records, start=1):
        chosen = partition_of(record.key, partitions)
        offset = len(parts[chosen])
        parts[chosen].append(Placed(chosen, offset, number, record.key, record.value))
    return Partitions(tuple(part) for part in parts)
