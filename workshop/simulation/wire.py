"""The bytes of the request-reply protocol: what the engine writes, and how it reads the answer.

Every invocation crosses this boundary as bytes, as it does over HTTP. Parsing and building
protobuf objects on the engine's side as well would double the cost of an invocation, so this
module works on the wire format itself: length-delimited fields around parts that are mostly
passed on untouched. The layout is that of ``request_reply_pb2`` in the SDK 2.2.2; a test compares
both directions with the SDK's own classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = [
    "Response",
    "address_bytes",
    "any_bytes",
    "field",
    "fields",
    "invocation_entry",
    "read_address",
    "read_any",
    "read_request",
    "read_response",
    "request_bytes",
    "state_entry",
    "state_head",
    "type_url_field",
]

Value = bytes | int
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


def fields(data: bytes) -> list[tuple[int, Value]]:
    """Split one encoded message into its fields.

    Returns
    -------
    list of tuple
        Each field's number and value: bytes, or an integer for a varint (not sign-extended).

    Raises
    ------
    ValueError
        The bytes are no protobuf message.
    """
    # The innermost loop of a run: one-byte tags and sizes, nearly all there are, are read in place.
    found: list[tuple[int, Value]] = []
    position, end = 0, len(data)
    try:
        while position < end:
            tag = data[position]
            position += 1
            if tag > 127:
                tag, position = _read_varint(data, position - 1)
            kind = tag & 7
            if kind == 2:
                size = data[position]
                position += 1
                if size > 127:
                    size, position = _read_varint(data, position - 1)
                start, position = position, position + size
                if position > end:
                    raise ValueError("a field is longer than its message")
                found.append((tag >> 3, data[start:position]))
            elif kind == 0:
                number, position = _read_varint(data, position)
                found.append((tag >> 3, number))
            elif kind in (1, 5):
                # Fixed-size numbers: not part of the protocol, skipped like any unknown field.
                position += 8 if kind == 1 else 4
                if position > end:
                    raise ValueError("a field is longer than its message")
            else:
                raise ValueError(f"unknown wire type {kind}")
    except IndexError:
        raise ValueError("the message ends in the middle of a field") from None
    return found


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[position]
        position += 1
        result |= (byte & 127) << shift
        if byte < 128:
            return result, position
        shift += 7
        if shift > 63:
            raise ValueError("a number is longer than 64 bits")


class Response(NamedTuple):
    """What one batch asked the engine for, in the order in which it asked."""

    mutations: list[tuple[str, int, bytes]]  # name, DELETE or MODIFY, value
    messages: list[tuple[bytes, bytes]]  # address, argument
    delayed: list[tuple[int, bytes, bytes]]  # milliseconds, address, argument
    egresses: list[tuple[bytes, bytes, bytes]]  # namespace, name, argument


def _group(data: bytes) -> dict[int, Value]:
    return dict(fields(data))


def _bytes(group: dict[int, Value], number: int) -> bytes:
    value = group.get(number, b"")
    if isinstance(value, int):
        raise ValueError(f"field {number} is a number")
    return value


def _int(group: dict[int, Value], number: int) -> int:
    value = group.get(number, 0)
    if not isinstance(value, int):
        raise ValueError(f"field {number} is no number")
    return value


def read_response(data: bytes) -> Response:
    """Decode a ``FromFunction``.

    Raises
    ------
    ValueError
        The bytes are no ``FromFunction``; the engine fails the job on them.
    """
    response = Response([], [], [], [])
    for number, result in fields(data):
        if number != 100 or isinstance(result, int):
            continue
        for kind, entry in fields(result):
            if isinstance(entry, int):
                continue
            group = dict(fields(entry))
            if kind == 4:
                response.egresses.append((_bytes(group, 1), _bytes(group, 2), _bytes(group, 3)))
            elif kind == 1:
                name = _bytes(group, 2).decode()
                response.mutations.append((name, _int(group, 1), _bytes(group, 3)))
            elif kind == 2:
                response.messages.append((_bytes(group, 1), _bytes(group, 2)))
            elif kind == 3:
                delay = _int(group, 1)
                delay -= (1 << 64) if delay >> 63 else 0  # int64: two's complement
                response.delayed.append((delay, _bytes(group, 2), _bytes(group, 3)))
    return response


def read_request(data: bytes) -> tuple[dict[str, bytes], list[tuple[bytes, bytes]]]:
    """Decode the states and the invocations (caller, argument) of a ``ToFunction``."""
    states: dict[str, bytes] = {}
    invocations: list[tuple[bytes, bytes]] = []
    for number, entry in fields(_bytes(_group(data), 100)):
        if isinstance(entry, int):
            continue
        group = _group(entry)
        if number == 2:
            states[_bytes(group, 1).decode()] = _bytes(group, 2)
        elif number == 3:
            invocations.append((_bytes(group, 1), _bytes(group, 2)))
    return states, invocations


def read_address(data: bytes) -> tuple[str, str, str]:
    """Decode an ``Address`` as namespace, type and id."""
    group = _group(data)
    return _bytes(group, 1).decode(), _bytes(group, 2).decode(), _bytes(group, 3).decode()


def read_any(data: bytes) -> tuple[str, bytes]:
    """Decode an ``Any`` as type URL and bytes."""
    group = _group(data)
    return _bytes(group, 1).decode(), _bytes(group, 2)
