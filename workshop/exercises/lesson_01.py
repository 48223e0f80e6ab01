"""Checks of lesson 01, Events."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from workshop.exercises.checking import exercise, expect, refuse
from workshop.protos import ProtoError, message_classes
from workshop.simulation.messages import one_line

_OLD = """syntax = "proto3";
package example;
message GreetRequest { string name = 1; }
message GreetResponse { string name = 1; string greeting = 2; }
message SeenCount { int64 seen = 1; }
"""

# A value that is no default, for each kind of field.
_SAMPLES: dict[int, Any] = {
    FieldDescriptor.CPPTYPE_STRING: "Ωμέγα",
    FieldDescriptor.CPPTYPE_BOOL: True,
    FieldDescriptor.CPPTYPE_DOUBLE: 1.5,
    FieldDescriptor.CPPTYPE_FLOAT: 1.5,
    FieldDescriptor.CPPTYPE_ENUM: 1,
}


@exercise(
    "01.1",
    "Bytes by hand",
    raises={
        TypeError: "bytes([10]) is one byte; bytes can be added to bytes, but not to a string. "
        "name.encode() turns a string into bytes.",
        ValueError: "a byte holds 0 to 255: bytes([…]) takes numbers, one for each byte.",
    },
)
def bytes_by_hand(encode: Callable[[str], bytes]) -> str:
    """``encode(name)`` gives the bytes of a ``GreetRequest``."""
    request = message_classes(_OLD).GreetRequest
    for name in ("Ada", "Grace Hopper", "Ωμέγα", "🦊"):
        made = encode(name)
        if made is None:
            refuse("encode returned nothing.", "replace the ... and return the bytes.")
        if isinstance(made, str):
            refuse(
                f"encode({name!r}) returned a string, not bytes.",
                "only bytes can be sent: use name.encode(), and bytes([…]) for numbers.",
            )
        if made == name.encode():
            refuse(
                f"encode({name!r}) returned only the name.",
                "two bytes come before it: the key and the length.",
            )
        wanted = request(name=name).SerializeToString()
        hint = "the content is the name passed to encode, and the length is its number of bytes."
        if made[:1] != wanted[:1]:
            hint = "the key is 0x0a: field number 1, and wire type 2 in the last three bits."
        elif made[1:] == wanted[2:]:
            hint = "the length goes between the key and the content, as one byte."
        elif made[2:] == wanted[2:]:
            hint = "the length counts bytes, not letters. A letter can take several bytes."
        expect(f"encode({name!r}).hex(' ')", made.hex(" "), wanted.hex(" "), hint)
    return "protobuf reads your bytes, in every script."


@exercise("01.2", "Give the request a language")
def a_language(schema: str) -> str:
    """The learner's schema reads old requests, and the old one reads the new ones."""
    old = message_classes(_OLD).GreetRequest
    new = _compiled(schema, "the schema")
    if not hasattr(new, "GreetRequest"):
        refuse(
            f"The schema has no message GreetRequest, but {', '.join(vars(new)) or 'none'}.",
            "the name of a message is part of its label in an Any: keep it.",
        )
    fields = new.GreetRequest.DESCRIPTOR.fields_by_name
    if new.GreetRequest.DESCRIPTOR.full_name != "example.GreetRequest":
        refuse(
            f"The message is called {new.GreetRequest.DESCRIPTOR.full_name} in full.",
            "the package is part of the name. Keep the line  package example;",
        )
    if "language" not in fields:
        refuse(
            f"GreetRequest has the fields {', '.join(fields) or 'none'}.",
            "add a line for a string field called language, with a number of its own.",
        )
    if "name" not in fields:
        refuse(
            f"GreetRequest has the fields {', '.join(fields)}, but no name.",
            "code that reads request.name must keep working: leave that field as it is.",
        )
    for field in ("name", "language"):
        if fields[field].type != FieldDescriptor.TYPE_STRING or _repeated(fields[field]):
            refuse(
                f"The field {field} is not a single string.",
                "its type has to be string"
                + (
                    ", and a field that exists keeps its type."
                    if field == "name"
                    else ", with nothing before it."
                ),
            )
    for name in ("Ada", "Ωμέγα"):
        read = new.GreetRequest.FromString(old(name=name).SerializeToString())
        expect(
            f"the name and the language that the new schema reads from an old request of {name!r}",
            (read.name, read.language),
            (name, ""),
            "number 1 means name in every request that was ever written. Give language a number "
            "that is not in use.",
        )
        sent = new.GreetRequest(name=name, language="el").SerializeToString()
        expect(
            f"the name that the old schema reads from a new request of {name!r}",
            old.FromString(sent).name,
            name,
            "the old program looks for the name in field 1.",
        )
    return f"Old and new understand each other; language is field {fields['language'].number}."


@exercise(
    "01.3",
    "Open the envelope",
    raises={
        DecodeError: (
            "the value was read although the label names another message: check the label first, "
            "with envelope.Is or envelope.Unpack."
        ),
        AttributeError: "an envelope has type_url, value, Is, Pack and Unpack. Is takes a "
        "kind.DESCRIPTOR, and Unpack an empty message, kind().",
        TypeError: "Is takes a kind.DESCRIPTOR, and Unpack an empty message, kind().",
    },
)
def open_the_envelope(open_as: Callable[[AnyMessage, type[Message]], Message | None]) -> str:
    """``open_as(envelope, kind)`` gives a message of that kind, else None."""
    known = message_classes(_OLD)
    messages = (
        known.GreetRequest(name="Ada"),
        known.SeenCount(seen=300),
        known.GreetResponse(name="Ωμέγα", greeting="Hello Ωμέγα"),
    )
    for message in messages:
        name = message.DESCRIPTOR.name
        envelope = AnyMessage()
        envelope.Pack(message)
        opened = f"open_as(an envelope with a {name}, {name})"
        expect(
            opened,
            _shown(open_as(envelope, type(message))),
            one_line(message),
            "unpack the envelope into an empty message, kind(), and return that message.",
        )
        for other in messages:
            if other is not message:
                expect(
                    f"open_as(an envelope with a {name}, {other.DESCRIPTOR.name})",
                    _shown(open_as(envelope, type(other))),
                    "None",
                    "bytes do not say what they are, and Unpack does not raise an error when the "
                    "label does not match. Ask envelope.Is first, or check what Unpack returns.",
                )
        envelope.type_url = f"com.googleapis/example.{name}"
        expect(
            f"{opened} with the label {envelope.type_url}",
            _shown(open_as(envelope, type(message))),
            one_line(message),
            "the part before the slash may be anything: let envelope.Is or envelope.Unpack compare "
            "the label.",
        )
    return "It opens envelopes of that kind, whatever the prefix, and leaves the rest alone."


@exercise(
    "01.4",
    "Events of your own",
    start='write two schemas as strings, first and second. Each begins with  syntax = "proto3";',
)
def events_of_your_own(first: str, second: str) -> str:
    """The second schema reads what the first one wrote, and the reverse."""
    old, new = _compiled(first, "first"), _compiled(second, "second")
    messages = vars(old)
    count = sum(len(cls.DESCRIPTOR.fields) for cls in messages.values())
    if len(messages) < 2 or count < 3:
        refuse(
            f"first has {len(messages)} messages with {count} fields.",
            "it needs at least two messages, with at least three fields between them.",
        )
    for name, cls in messages.items():
        grown = vars(new).get(name)
        if grown is None:
            refuse(
                f"{name} is in first but not in second.",
                "there may already be records of it: an existing message must stay.",
            )
        if grown.DESCRIPTOR.full_name != cls.DESCRIPTOR.full_name:
            refuse(
                f"{cls.DESCRIPTOR.full_name} has become {grown.DESCRIPTOR.full_name}.",
                "the package is part of the name on the label: keep it.",
            )
        _exchange(cls, grown)
    if sum(len(cls.DESCRIPTOR.fields) for cls in vars(new).values()) <= count and len(
        vars(new)
    ) == len(messages):
        refuse("second adds nothing to first.", "add a field with a new number, or a message.")
    return f"{', '.join(messages)}: second reads what first wrote, and the other way round."


def _shown(value: object) -> str:
    return one_line(value) if isinstance(value, Message) else repr(value)


def _compiled(text: object, what: str) -> SimpleNamespace:
    if not isinstance(text, str):
        refuse(
            f"{what} is of type {type(text).__name__}, not a string.",
            'write the schema as a string between """ and """.',
        )
    try:
        return message_classes(text)
    except ProtoError as error:
        seen = "\n".join(part for part in (error.message, error.details) if part)
        hint = error.hint
        if "syntax" in text:
            hint = "each field is a line like  string name = 1;  and has a number that no other "
            hint += "field of its message has."
        refuse(seen, hint)


def _exchange(old: type[Message], new: type[Message]) -> None:
    """Refuse unless each class reads what the other one wrote."""
    about = old.DESCRIPTOR.name
    later = new.DESCRIPTOR.fields_by_name
    for field in old.DESCRIPTOR.fields:
        if field.name not in later:
            refuse(
                f"{about}.{field.name} is in first but not in second.",
                "code that uses this field would break: keep it, and add yours.",
            )
        expect(
            f"the number of {about}.{field.name} in second",
            later[field.name].number,
            field.number,
            "a field keeps its number for ever; new fields get new numbers.",
        )
        if (later[field.name].type, _repeated(later[field.name])) != (
            field.type,
            _repeated(field),
        ):
            refuse(
                f"{about}.{field.name} has a different type in second.",
                "a field keeps its type. Add a field for the new kind of value.",
            )
    for writer, reader in ((old, new), (new, old)):
        message = _filled(writer)
        read = reader.FromString(message.SerializeToString())
        for field in old.DESCRIPTOR.fields:
            if field.name in _plain(writer) and field.name in _plain(reader):
                expect(
                    f"{about}.{field.name} after it was written with one schema and read with the "
                    "other",
                    getattr(read, field.name),
                    getattr(message, field.name),
                    "existing fields must keep their number and their type.",
                )


def _plain(cls: type[Message]) -> list[str]:
    """The fields that hold one number, text or the like."""
    return [
        field.name
        for field in cls.DESCRIPTOR.fields
        if not _repeated(field) and field.cpp_type != FieldDescriptor.CPPTYPE_MESSAGE
    ]


def _filled(cls: type[Message]) -> Message:
    message = cls()
    for name in _plain(cls):
        field = cls.DESCRIPTOR.fields_by_name[name]
        value = _SAMPLES.get(field.cpp_type, 7)
        if field.type == FieldDescriptor.TYPE_BYTES:
            value = b"\x00\xff"
        setattr(message, name, value)
    return message


def _repeated(field: FieldDescriptor) -> bool:
    # Newer protobufs call it is_repeated, and the older name is going away.
    repeated = getattr(field, "is_repeated", None)
    return bool(field.label == field.LABEL_REPEATED if repeated is None else repeated)
