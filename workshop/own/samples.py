"""Messages of any type to try functions with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

KEYS = ("Ada", "Grace", "tea")
"""What the messages are keyed by, and what names are in them."""

DEPTH = 3
"""How deep a message in a message is filled."""


def sample(kind: type[Message], number: int) -> Message:
    """Return a message in which every field has a value, another one for each number."""
    made = kind()
    _fill(made, number, DEPTH)
    return made


def _fill(message: Any, number: int, depth: int) -> None:
    for field in message.DESCRIPTOR.fields:
        # Asked of the value: what to ask of the field differs between versions of protobuf.
        many = hasattr(getattr(message, field.name), "append")
        if field.message_type is not None:
            inner = getattr(message, field.name)
            if field.message_type.GetOptions().map_entry:
                entry = field.message_type.fields_by_name
                key = _value(entry["key"], number)
                if entry["value"].message_type is None:
                    inner[key] = _value(entry["value"], number)
                elif depth:
                    # A value that is asked for is there.
                    _fill(inner[key], number, depth - 1)
            elif depth:
                _fill(inner.add() if many else inner, number, depth - 1)
                if not many:
                    inner.SetInParent()
            continue
        value = _value(field, number)
        if many:
            getattr(message, field.name).append(value)
        elif field.containing_oneof is None or message.WhichOneof(field.containing_oneof.name) in (
            None,
            field.name,
        ):
            setattr(message, field.name, value)


def _value(field: FieldDescriptor, number: int) -> object:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        # One of the keys, so that what names somebody names one who is there.
        text = KEYS[(number + 2) % len(KEYS)]
        return text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        values: Sequence[Any] = field.enum_type.values
        return values[(number + 1) % len(values)].number
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return number % 2 == 0
    return number + 1
