"""Reads proto3 text where protoc cannot run, as in a browser, and describes it as protoc does.

What the lessons and their exercises write is understood: packages, imports of protobuf's own files,
messages, enums, oneofs, maps, ``optional``, ``repeated`` and ``reserved``. Anything else is refused
in so many words. The first mistake in a text is told as protoc tells it; a test compares the two.
"""

from __future__ import annotations

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

from workshop.proto3.names import Names
from workshop.proto3.source import generated
from workshop.proto3.terms import LARGEST, SCALARS, Refused, json_name
from workshop.proto3.tokens import Tokens

__all__ = ["Refused", "read"]

_LABELS = "required", "optional", "repeated"


def read(text: str, name: str) -> tuple[FileDescriptorProto, str]:
    """Return what protoc gives for a text: its description, and the generated module's source.

    Parameters
    ----------
    text
        The content of a ``.proto`` file.
    name
        The file's name without ``.proto``.

    Raises
    ------
    Refused
        For the first mistake in the text.
    """
    reader = _Reader(text, name)
    reader.read()
    reader.names.settle(reader.file)
    return reader.file, generated(reader.names.without_defaults(reader.file))


class _Reader(Tokens):
    """Goes through the tokens of a text, as protoc's own parser does."""

    def __init__(self, text: str, name: str) -> None:
        self.file = FileDescriptorProto(name=f"{name}.proto")
        self.names = Names()
        super().__init__(text)

    def read(self) -> None:
        """Read the whole text."""
        self._syntax()
        while self.kind != "end":
            scope = self.file.package
            if self.maybe("message"):
                self._message(self.file.message_type.add(), scope)
            elif self.maybe("enum"):
                self._enum(self.file.enum_type.add(), scope)
            elif self.maybe("import"):
                self._import()
            elif self.maybe("package"):
                self._package()
            elif self.value in ("service", "extend", "option"):
                self.unread(self.value)
            elif not self.maybe(";"):
                self.refuse('Expected top-level statement (e.g. "message").')

    def _syntax(self) -> None:
        if self.value == "edition":
            self.unread("editions")
        if not self.maybe("syntax"):
            return  # It is proto2 then, where every field needs a label.
        self.expect("=")
        line = self.line
        syntax = self.string("Expected syntax identifier.")
        self.expect(";")
        if syntax not in ("proto2", "proto3"):
            only = 'This parser only recognizes "proto2" and "proto3".'
            raise Refused(line, f'Unrecognized syntax identifier "{syntax}".  {only}')
        if syntax == "proto2":
            self.unread("proto2")
        self.file.syntax = syntax

    def _import(self) -> None:
        if self.value in ("public", "weak"):
            self.unread(f"import {self.value}")
        line = self.line
        path = self.string("Expected a string naming the file to import.")
        self.expect(";")
        self.file.dependency.append(path)
        self.names.imported(path, line)

    def _package(self) -> None:
        if self.file.package:
            self.refuse("Multiple package definitions.")
        parts = [self.take("word", "Expected identifier.")]
        while self.maybe("."):
            parts.append(self.take("word", "Expected identifier."))
        self.expect(";")
        self.file.package = ".".join(parts)

    def _message(self, made: DescriptorProto, scope: str) -> None:
        line = self.line
        made.name = self.take("word", "Expected message name.")
        full = self.names.define(scope, made.name, "message", line)
        self.expect("{")
        with self.names.inside():
            self._message_body(made, full)
        taken = {one.name for one in [*made.field, *made.oneof_decl]}
        for field in made.field:
            if field.proto3_optional:  # A oneof of its own, behind those in the text.
                field.oneof_index = len(made.oneof_decl)
                own = f"_{field.name.removeprefix('_')}"
                while own in taken:
                    own = f"X{own}"
                taken.add(own)
                made.oneof_decl.add(name=own)

    def _message_body(self, made: DescriptorProto, full: str) -> None:
        while not self.maybe("}"):
            if self.kind == "end":
                self.refuse("Reached end of input in message definition (missing '}').")
            elif self.maybe("message"):
                self._message(made.nested_type.add(), full)
            elif self.maybe("enum"):
                self._enum(made.enum_type.add(), full)
            elif self.maybe("reserved"):
                self._reserved(made)
            elif self.maybe("oneof"):
                self._oneof(made, full)
            elif self.value in ("option", "extensions", "extend"):
                self.unread(self.value)
            elif not self.maybe(";"):
                self._field(made, full)

    def _oneof(self, made: DescriptorProto, scope: str) -> None:
        line = self.line
        name = self.take("word", "Expected oneof name.")
        self.names.define(scope, name, "oneof", line)
        made.oneof_decl.add(name=name)
        index = len(made.oneof_decl) - 1
        self.expect("{")
        while True:
            if self.kind == "end":
                self.refuse("Reached end of input in oneof definition (missing '}').")
            if self.value == "option":
                self.unread(self.value)
            if self.value in _LABELS:
                labels = "required / optional / repeated"
                self.refuse(f"Fields in oneofs must not have labels ({labels}).")
            self._field(made, scope, oneof=index)
            if self.maybe("}"):
                return

    def _field(self, made: DescriptorProto, scope: str, oneof: int | None = None) -> None:
        label = self.value if self.value in _LABELS else ""
        if label == "required":
            self.unread(label)
        if label:
            self.step()
        elif oneof is None and not self.file.syntax:
            self.refuse('Expected "required", "optional", or "repeated".')
        line = self.line
        pair = None
        if self.value == "map" and self._tokens[self._at + 1][1] == "<":
            pair = self._map_types(label, oneof)
        kind = "" if pair else self._type()
        named = self.line
        field = made.field.add(name=self.take("word", "Expected field name."))
        self.expect("=", "Missing field number.")
        numbered = self.line
        field.number = self.integer("Expected field number.")
        repeated = pair or label == "repeated"
        field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
        field.json_name = json_name(field.name)
        self._field_options(scope, field)
        self.expect(";")
        self.names.define(scope, field.name, "field", named)
        if pair:
            kind = self._map_entry(made, scope, field.name, pair, line)
        self.names.use(scope, field, kind, line, numbered)
        if oneof is not None:
            field.oneof_index = oneof
        elif label == "optional":
            field.proto3_optional = True

    def _field_options(self, scope: str, field: FieldDescriptorProto) -> None:
        if not self.maybe("["):
            return
        if self.value != "json_name":
            self.unread(f'the option "{self.value}"')
        self.step()
        self.expect("=")
        field.json_name = self.string("Expected string for JSON name.")
        self.names.custom_json.add(f"{scope}.{field.name}")
        if self.value == ",":
            self.unread("several options")
        self.expect("]")

    def _map_types(self, label: str, oneof: int | None) -> tuple[str, str]:
        self.step()
        if oneof is not None:
            self.refuse("Map fields are not allowed in oneofs.")
        if label:
            labels = "required/optional/repeated"
            self.refuse(f"Field labels ({labels}) are not allowed on map fields.")
        self.step()
        key = self._type()
        self.expect(",")
        value = self._type()
        self.expect(">")
        return key, value

    def _map_entry(
        self, made: DescriptorProto, scope: str, name: str, pair: tuple[str, str], line: int
    ) -> str:
        """Add the message that a map is made of, and return its name."""
        entry = made.nested_type.add()
        camel = json_name(name)
        entry_name = f"{camel[:1].upper()}{camel[1:]}Entry"
        entry.name = entry_name
        full = self.names.define(scope, entry_name, "message", line)
        entry.options.map_entry = True
        with self.names.inside():
            for number, (part, kind) in enumerate(zip(("key", "value"), pair, strict=True), 1):
                field = entry.field.add(name=part, number=number, json_name=part)
                field.label = field.LABEL_OPTIONAL
                self.names.define(full, part, "field", line)
                self.names.use(full, field, kind, 0, 0)
        self.names.map_key(entry.field[0], line)
        return entry_name

    def _type(self) -> str:
        if self.value == "group":
            self.unread(self.value)
        if self.value in SCALARS:
            return self.take("word", "")
        name = "." if self.maybe(".") else ""
        name += self.take("word", "Expected type name.")
        while self.maybe("."):
            name += f".{self.take('word', 'Expected identifier.')}"
        return name

    def _reserved(self, made: DescriptorProto) -> None:
        line = self.line
        if self.kind == "word":
            only = "(Only editions supports identifiers.)"
            self.refuse(f"Reserved names must be string literals. {only}")
        if self.kind == "string":
            more = True
            while more:
                made.reserved_name.append(self.string("Expected field name string literal."))
                more = self.maybe(",")
        else:
            otherwise = "Expected field name or number range."
            while True:
                line = self.line
                start = end = self.integer(otherwise)
                if self.maybe("to"):
                    end = LARGEST if self.maybe("max") else self.integer("Expected integer.")
                self.names.reserve(made, start, end, line)
                otherwise = "Expected field number range."
                if not self.maybe(","):
                    break
        self.expect(";")

    def _enum(self, made: EnumDescriptorProto, scope: str) -> None:
        line = self.line
        made.name = self.take("word", "Expected enum name.")
        self.names.define(scope, made.name, "enum", line)
        self.expect("{")
        lines = [line]
        with self.names.inside():
            while not self.maybe("}"):
                if self.kind == "end":
                    self.refuse("Reached end of input in enum definition (missing '}').")
                if self.value in ("option", "reserved"):
                    self.unread(f"{self.value} in an enum")
                if self.maybe(";"):
                    continue
                line = self.line
                name = self.take("word", "Expected enum constant name.")
                self.expect("=", "Missing numeric value for enum constant.")
                sign = -1 if self.maybe("-") else 1
                lines.append(self.line)
                made.value.add(name=name, number=sign * self.integer("Expected integer."))
                if self.value == "[":
                    self.unread("an option of a value")
                self.expect(";")
                self.names.define(scope, name, "value", line)  # Beside its enum, as in C++.
            self.names.enum(scope, made, lines)
