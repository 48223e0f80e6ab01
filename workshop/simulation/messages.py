"""Typed messages out of bytes, and one line of text for each."""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf import descriptor_pool, message_factory, symbol_database, text_format
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError, Message

from workshop.simulation.wire import read_any

__all__ = ["Address", "message_class", "one_line", "packed", "shorten", "split_typename", "typed"]


class Address(NamedTuple):
    """Where a message goes: the type of a function and the identity of one of its instances."""

    typename: str
    id: str

    def __str__(self) -> str:
        return f"{self.typename}/{self.id}"


def split_typename(typename: str) -> tuple[str, str]:
    """Split ``namespace/name`` at its last slash, as the SDK and the engine both do.

    Raises
    ------
    ValueError
        No slash, or nothing on one side of it.
    """
    namespace, slash, name = typename.rpartition("/")
    if not (slash and namespace and name):
        raise ValueError(f"{typename!r} is not of the form namespace/name")
    return namespace, name


def message_class(full_name: str) -> type[Message] | None:
    """Find the class of a message by its full name, such as ``example.GreetRequest``.

    Returns
    -------
    type or None
        None when no module with this message has been imported.
    """
    try:
        descriptor = descriptor_pool.Default().FindMessageTypeByName(full_name)
    except KeyError:
        return None
    # protobuf 4 moved this; 3.20 has only the older name.
    get_class = getattr(message_factory, "GetMessageClass", None)
    found: type[Message] = (
        get_class(descriptor) if get_class else symbol_database.Default().GetPrototype(descriptor)
    )
    return found


def typed(data: bytes) -> Message | bytes:
    """Decode an encoded ``Any`` as the message within.

    Returns
    -------
    Message or bytes
        The message; the ``Any`` itself when its class is unknown or its bytes do not fit; the bytes
        as they are when they are not an ``Any``.
    """
    try:
        type_url, value = read_any(data)
    except ValueError:
        return data
    if not type_url:  # other messages can be read as an Any, of unknown fields
        return data
    cls = message_class(type_url.rpartition("/")[2])
    if cls is not None:
        message = cls()
        try:
            message.ParseFromString(value)
            return message
        except DecodeError:
            pass
    return AnyMessage(type_url=type_url, value=value)


def packed(message: Message) -> bytes:
    """Encode a message as the ``Any`` that a state or an argument holds."""
    if isinstance(message, AnyMessage):
        return bytes(message.SerializeToString())
    wrapper = AnyMessage()
    wrapper.Pack(message)
    return bytes(wrapper.SerializeToString())


def shorten(text: str, limit: int = 70) -> str:
    """Cut a string to ``limit`` characters, with an ellipsis where something was left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def one_line(value: Message | bytes | None, limit: int = 70) -> str:
    """Show a message as ``Name(field: value)``, bytes as Python writes them, None as a dash."""
    if value is None:
        return "—"
    if isinstance(value, bytes):
        return shorten(repr(value), limit)
    if isinstance(value, AnyMessage):
        # Its class is not known, or its bytes do not fit.
        return shorten(f"Any({value.type_url}: {value.value!r})", limit)
    try:
        body = text_format.MessageToString(value, as_one_line=True, as_utf8=True).strip()
    except DecodeError:  # an Any deep within
        body = repr(value.SerializeToString())
    return shorten(f"{value.DESCRIPTOR.name}({body})", limit)
