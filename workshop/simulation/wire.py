"""The bytes of the request-reply protocol: what the engine writes, and how it reads the answer.

Every invocation crosses this boundary as bytes, as it does over HTTP. The SDK's own classes read
them. They are written by joining parts, most of which are encoded once and used many times; a test
compares that with what the SDK's classes write.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError, Message
from statefun.request_reply_pb2 import Address as AddressMessage
from statefun.request_reply_pb2 import FromFunction, ToFunction

__all__ = [
    "Response",
    "address_bytes",
    "any_bytes",
    "field",
    "invocation_entry",
    "read",
    "read_address",
    "read_any",
    "read_request",
    "read_response",
    "request_bytes",
    "state_entry",
    "state_head",
    "type_url_field",
]

_Message = TypeVar("_Message", bound=Message)
DELETE, MODIFY = 0, 1

_SHORT = [bytes((number,)) for number in range(128)]


def _size(number: int) -> bytes:
    """Encode a number that is nearly always below 128."""
    if number < 128:
        return _SHORT[number]
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    """Encode one length-delimited field.

    Parameters
    ----------
    number
        The field's number in its message.
    payload
        A string as UTF-8, bytes, or an encoded message.
    """
    return _size(number << 3 | 2) + _size(len(payload)) + payload


def _text(number: int, text: str) -> bytes:
    # proto3 leaves out a string that is empty.
    return field(number, text.encode()) if text else b""


def address_bytes(namespace: str, type: str, id: str) -> bytes:
    """Encode an ``Address``."""
    return _text(1, namespace) + _text(2, type) + _text(3, id)


def type_url_field(type_url: str) -> bytes:
    """Encode the first field of an ``Any``."""
    return _text(1, type_url)


def any_bytes(type_url: bytes, value: bytes) -> bytes:
    """Encode an ``Any`` from its encoded first field and the bytes of the message within."""
    return type_url + b"\x12" + _size(len(value)) + value if value else type_url


def invocation_entry(caller: bytes | None, argument: bytes) -> bytes:
    """Encode one entry of ``InvocationBatchRequest.invocations``.

    Parameters
    ----------
    caller
        The encoded address of the sender; None for a message from an ingress, which has none.
    argument
        The encoded ``Any``.
    """
    body = b"\x12" + _size(len(argument)) + argument
    if caller is not None:
        body = b"\x0a" + _size(len(caller)) + caller + body
    return b"\x1a" + _size(len(body)) + body


def state_head(name: str) -> bytes:
    """Encode the first field of a ``PersistedValue``: the name of the state."""
    return _text(1, name)


def state_entry(head: bytes, value: bytes | None) -> bytes:
    """Encode one entry of ``InvocationBatchRequest.state``; no value when it was never written."""
    body = head + b"\x12" + _size(len(value)) + value if value else head
    return b"\x12" + _size(len(body)) + body


def request_bytes(target: bytes, states: Iterable[bytes], invocations: Iterable[bytes]) -> bytes:
    """Encode a ``ToFunction``: one batch for one address.

    Parameters
    ----------
    target
        The encoded address.
    states, invocations
        Entries as `state_entry` and `invocation_entry` give them.
    """
    body = b"".join((b"\x0a", _size(len(target)), target, *states, *invocations))
    return b"\xa2\x06" + _size(len(body)) + body  # field 100


def read(cls: type[_Message], data: bytes) -> _Message:
    """Decode a message.

    Raises
    ------
    ValueError
        The bytes are not such a message.
    """
    message: _Message = cls()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise ValueError(f"these bytes are no {cls.DESCRIPTOR.name}: {error}") from None
    return message


class Response(NamedTuple):
    """What one batch asked the engine for, in the order in which it asked."""

    mutations: list[tuple[str, int, bytes]]  # name, DELETE or MODIFY, value
    messages: list[tuple[bytes, bytes]]  # address, argument
    delayed: list[tuple[int, bytes, bytes]]  # milliseconds, address, argument
    egresses: list[tuple[str, str, bytes]]  # namespace, name, argument


def read_response(data: bytes) -> Response:
    """Decode a ``FromFunction``.

    Raises
    ------
    ValueError
        The bytes are not a ``FromFunction``; the engine fails the job on them.
    """
    result = read(FromFunction, data).invocation_result
    return Response(
        [(m.state_name, m.mutation_type, m.state_value) for m in result.state_mutations],
        [
            (m.target.SerializeToString(), m.argument.SerializeToString())
            for m in result.outgoing_messages
        ],
        [
            (m.delay_in_ms, m.target.SerializeToString(), m.argument.SerializeToString())
            for m in result.delayed_invocations
        ],
        [
            (m.egress_namespace, m.egress_type, m.argument.SerializeToString())
            for m in result.outgoing_egresses
        ],
    )


def read_request(data: bytes) -> tuple[dict[str, bytes], list[tuple[bytes, bytes]]]:
    """Decode the states and the invocations (caller, argument) of a ``ToFunction``."""
    batch = read(ToFunction, data).invocation
    states = {state.state_name: state.state_value for state in batch.state}
    return states, [
        (entry.caller.SerializeToString(), entry.argument.SerializeToString())
        for entry in batch.invocations
    ]


def read_address(data: bytes) -> tuple[str, str, str]:
    """Decode an ``Address`` as namespace, type and id."""
    address = read(AddressMessage, data)
    return address.namespace, address.type, address.id


def read_any(data: bytes) -> tuple[str, bytes]:
    """Decode an ``Any`` as type URL and bytes."""
    any = read(AnyMessage, data)
    return any.type_url, any.value
