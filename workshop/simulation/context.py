"""A context to call a stateful function with, without a runtime.

`FakeContext` *is* the SDK's own context: the class that its handler gives to a function
(``BatchContext``), with access to what the handler would otherwise take from the engine's request
and put into its answer. So every attribute, effect, error and quirk is the SDK's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from html import escape
from typing import Any, NamedTuple

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from statefun.request_reply import BatchContext, InvocationContext

from workshop.simulation.errors import SimulationError
from workshop.simulation.messages import one_line, packed, split_typename, typed

__all__ = ["Delayed", "Egressed", "FakeContext", "Record", "Sent"]


class Sent(NamedTuple):
    """A message to a function."""

    typename: str
    id: str
    message: Message
    is_reply: bool = False


class Delayed(NamedTuple):
    """A message to a function that leaves after a delay."""

    delay: timedelta
    typename: str
    id: str
    message: Message


class Egressed(NamedTuple):
    """A message to an egress; for Kafka it is a ``KafkaProducerRecord``."""

    typename: str
    message: Message


class Record(NamedTuple):
    """A record for a Kafka topic; ``key`` is empty when the function gave none."""

    key: str
    value: Any


class _Address(NamedTuple):
    namespace: str
    type: str
    id: str


class _Invocation(NamedTuple):
    caller: _Address


class _State(NamedTuple):
    state_name: str
    state_value: bytes


# An ingress has no address. The SDK still builds one, of empty strings, because a protobuf
# message is always true: `context.caller` is never None, and `reply` fails on the missing id.
_NO_CALLER = _Invocation(_Address("", "", ""))


class FakeContext(BatchContext):  # type: ignore[misc]  # the SDK has no types
    """The context of one batch of invocations at one address.

    Call a function with it as often as the batch has messages; the effects add up, as they do in
    the SDK, where one context serves a whole batch.

    Parameters
    ----------
    typename
        The type of the function that is called, ``namespace/name``.
    id
        The identity of the instance that is called.
    states
        The states that ``module.yaml`` declares for this function: names alone, or a mapping from
        names to messages, with None for a state that was never written.
    caller
        Type name and id of the sending function; None for a message from an ingress.

    Raises
    ------
    ValueError
        ``typename`` is not of the form ``namespace/name``.

    Examples
    --------
    >>> from google.protobuf.wrappers_pb2 import Int64Value
    >>> def count(context, message):
    ...     seen = context.state("seen").unpack(Int64Value) or Int64Value()
    ...     seen.value += 1
    ...     context.state("seen").pack(seen)
    >>> context = FakeContext("example/counter", "Ada", states={"seen": Int64Value(value=2)})
    >>> count(context, None)
    >>> context.stored["seen"].value
    3
    """

    def __init__(
        self,
        typename: str = "example/function",
        id: str = "an-id",
        *,
        states: Mapping[str, Message | None] | Iterable[str] = (),
        caller: tuple[str, str] | None = None,
    ) -> None:
        seeds = states if isinstance(states, Mapping) else dict.fromkeys(states)
        super().__init__(
            _Address(*split_typename(typename), id),
            [
                _State(name, b"" if message is None else packed(message))
                for name, message in seeds.items()
            ],
        )
        self._replies: set[int] = set()
        self.called_by(caller)

    def called_by(self, caller: tuple[str, str] | None) -> FakeContext:
        """Set the sender of the next message: type name and id, or None for an ingress."""
        if caller is None:
            self.prepare(_NO_CALLER)
        else:
            self.prepare(_Invocation(_Address(*split_typename(caller[0]), caller[1])))
        return self

    def reply(self, message: Message) -> None:
        """Reply to the sender, as the SDK does, and remember that it was a reply."""
        super().reply(message)
        self._replies.add(len(self.messages) - 1)

    @property
    def stored(self) -> dict[str, Message | bytes | None]:
        """The states as they are now: the message of each, None for an empty or deleted one.

        A value that is not an ``Any``, which ``context[name] = message`` lets through, shows as
        bytes.
        """
        return {
            name: typed(handle.bytes()) if handle.value is not None else None
            for name, handle in self.states.items()
        }

    @property
    def sent(self) -> list[Sent]:
        """The messages to functions in order, replies among them."""
        return [
            Sent(typename, id, _unwrap(message), index in self._replies)
            for index, (typename, id, message) in enumerate(self.messages)
        ]

    @property
    def replied(self) -> list[Message]:
        """Only the replies."""
        return [entry.message for entry in self.sent if entry.is_reply]

    @property
    def delayed(self) -> list[Delayed]:
        """The delayed messages in order."""
        return [
            Delayed(timedelta(milliseconds=delay), typename, id, _unwrap(message))
            for delay, typename, id, message in self.delayed_messages
        ]

    @property
    def egressed(self) -> list[Egressed]:
        """The messages to egresses in order."""
        return [Egressed(typename, _unwrap(message)) for typename, message in self.egresses]

    def records(self, topic: str, cls: type[Message] | None = None) -> list[Record]:
        """Read the records for one Kafka topic.

        Parameters
        ----------
        topic
            The topic's name.
        cls
            The class of the values; without it they stay bytes, since a record does not say.
        """
        return [
            Record(message.key, cls.FromString(message.value_bytes) if cls else message.value_bytes)
            for _, message in self.egressed
            if message.DESCRIPTOR.name == "KafkaProducerRecord" and message.topic == topic
        ]

    def response(self) -> bytes:
        """Return the bytes with which the SDK's handler would answer this batch."""
        invocation = InvocationContext(None)
        invocation.context = self
        return bytes(invocation.complete())

    def _rows(self) -> list[tuple[str, str, str]]:
        rows = []
        for name, message in self.stored.items():
            handle = self.states[name]
            change = " (deleted)" if handle.deleted else " (written)" if handle.modified else ""
            rows.append(("state" + change, name, one_line(message)))
        for sent in self.sent:
            kind = "reply" if sent.is_reply else "sent"
            rows.append((kind, f"{sent.typename}/{sent.id}", one_line(sent.message)))
        for late in self.delayed:
            target = f"{late.typename}/{late.id}"
            rows.append((f"after {late.delay.total_seconds():g} s", target, one_line(late.message)))
        for out in self.egressed:
            where, what = out.typename, one_line(out.message)
            if out.message.DESCRIPTOR.name == "KafkaProducerRecord":
                where += f", topic {out.message.topic}, key {out.message.key}"
                what = one_line(out.message.value_bytes)
            rows.append(("egress", where, what))
        return rows

    def __repr__(self) -> str:
        lines = [f"FakeContext at {self.address!r}"]
        lines += [f"  {kind}: {where} = {what}" for kind, where, what in self._rows()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f'<td style="text-align:left">{escape(c)}</td>' for c in row) + "</tr>"
            for row in self._rows()
        )
        heads = "".join(
            f'<th style="text-align:left">{head}</th>' for head in ("what", "where", "message")
        )
        return (
            f"<table><caption>{escape(repr(self.address))}</caption><tr>{heads}</tr>{rows}</table>"
        )


def _unwrap(message: Message) -> Message:
    if not isinstance(message, AnyMessage):
        raise SimulationError(
            f"{one_line(message)} was sent without packing it; the SDK's handler fails on it.",
            hint="Use the pack_and_… variant of the method, or pack the message into an Any.",
        )
    return typed(message.SerializeToString())
