"""What protoc looks at in a text that it could read: are names and numbers there, and only once."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

from workshop.proto3.terms import LARGEST, SCALARS, Refused

# protoc's steps: it defines all names, then looks up the types, then looks at the whole.
_DEFINING, _LINKING, _JUDGING = range(3)
# The order within a message: of two names that are the same, the later is one too many.
_KINDS = "oneof", "field", "enum", "message", "value", "reserved"
_WHOLE = (len(_KINDS), 0)
"""What is said of a message or an enum comes behind what is said of all within."""

_Place: TypeAlias = tuple[tuple[int, int], ...]
_NO_KEYS = {"float", "double", "bytes"}


@dataclass(frozen=True)
class _Name:
    scope: str
    name: str
    kind: str
    line: int
    place: _Place

    @property
    def full(self) -> str:
        return _joined(self.scope, self.name)


@dataclass(frozen=True)
class _Use:
    scope: str
    field: FieldDescriptorProto
    kind: str
    line: int
    numbered: int
    place: _Place


class Names:
    """Collects what a text defines and uses; `settle` looks at it when all has been read."""

    def __init__(self) -> None:
        self.custom_json: set[str] = set()
        """The full names of fields that say themselves what JSON calls them."""
        self._defined: list[_Name] = []
        self._uses: list[_Use] = []
        self._kinds: dict[str, str] = {}
        self._problems: list[tuple[int, _Place, int, str]] = []
        self._within: _Place = ()
        self._imports: list[tuple[str, int]] = []
        self._keys: list[tuple[FieldDescriptorProto, int]] = []

    def define(self, scope: str, name: str, kind: str, line: int) -> str:
        """Take note of a name, and return it with its scope."""
        self._defined.append(_Name(scope, name, kind, line, (*self._place(kind), _WHOLE)))
        return _joined(scope, name)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Take note of what is within the name that was defined last."""
        before = self._within
        self._within = self._defined[-1].place[:-1]
        yield
        self._within = before

    def _place(self, kind: str) -> _Place:
        # Outside of messages, enums come last.
        rank = _KINDS.index("value" if kind == "enum" and not self._within else kind)
        return (*self._within, (rank, len(self._defined)))

    def use(
        self, scope: str, field: FieldDescriptorProto, kind: str, line: int, numbered: int
    ) -> None:
        """Take note of a field, the name of its type, and the lines of type and number."""
        # What is within a message is linked before its fields.
        linked = (*self._within, (_KINDS.index("reserved"), len(self._uses)))
        self._uses.append(_Use(scope, field, kind, line, numbered, linked))
        if field.number == 0:
            self._found(_DEFINING, numbered, "Field numbers must be positive integers.", "field")
        elif field.number > LARGEST:
            what = f"Field numbers cannot be greater than {LARGEST}."
            self._found(_DEFINING, numbered, what, "field")
        elif 19000 <= field.number < 20000:
            what = "are reserved for the protocol buffer library implementation."
            self._found(_DEFINING, 0, f"Field numbers 19000 through 19999 {what}", "field")

    def map_key(self, field: FieldDescriptorProto, line: int) -> None:
        """Take note of the key of a map."""
        self._keys.append((field, line))

    def imported(self, path: str, line: int) -> None:
        """Take note of an import."""
        if path in [known for known, _ in self._imports]:
            self._found(_DEFINING, line, f'Import "{path}" was listed twice.')
        self._imports.append((path, line))

    def reserve(self, made: DescriptorProto, first: int, last: int, line: int) -> None:
        """Take note of numbers that no field may have."""
        if first < 1:
            what = "Reserved numbers must be positive integers."
            self._found(_DEFINING, line, what, "reserved")
        elif last < first:
            what = "Reserved range end number must be greater than start number."
            self._found(_DEFINING, line, what, "reserved")
        for known in made.reserved_range:
            if first < known.end and known.start <= last:
                ranges = f"{known.start} to {known.end - 1}"
                what = f"Reserved range {first} to {last} overlaps with already-defined range"
                self._found(_DEFINING, line, f"{what} {ranges}.", "reserved")
        made.reserved_range.add(start=first, end=last + 1)

    def enum(self, scope: str, made: EnumDescriptorProto, lines: list[int]) -> None:
        """Take note of an enum, with its line and those of its numbers."""
        if not made.value:
            self._found(_DEFINING, lines[0], "Enums must contain at least one value.", "value")
        elif made.value[0].number:
            what = "The first enum value must be zero for open enums."
            self._found(_JUDGING, lines[1], what)
        known: dict[int, str] = {}
        for value, line in zip(made.value, lines[1:], strict=True):
            if value.number in known:
                free = max(one.number for one in made.value) + 1
                two = _joined(scope, value.name), _joined(scope, known[value.number])
                self._found(
                    _JUDGING,
                    line,
                    f'"{two[0]}" uses the same enum value as "{two[1]}". If this is intended, set '
                    "'option allow_alias = true;' to the enum definition. The next available enum "
                    f"value is {free}.",
                )
            known.setdefault(value.number, value.name)

    def settle(self, file: FileDescriptorProto) -> None:
        """Give every field its type; raise `Refused` for what protoc would tell first."""
        self._import()
        self._packages(file.package)
        for one in sorted(self._defined, key=lambda one: one.place):
            self._add(one)
        self._numbers_and_types()
        self._messages(file.message_type, file.package)
        for field, line in self._keys:
            if field.type_name or any(field.type == SCALARS[name] for name in _NO_KEYS):
                kinds = "float/double, bytes or message types"
                if field.type == field.TYPE_ENUM:
                    kinds = "enum types"
                self._found(_JUDGING, line, f"Key in map fields cannot be {kinds}.")
        for _, _, line, what in sorted(self._problems, key=lambda problem: problem[:2]):
            raise Refused(line, what if line else f"{file.name}: {what}")

    def without_defaults(self, file: FileDescriptorProto) -> FileDescriptorProto:
        """Copy a description, without what fields are called in JSON unless the text says it."""
        plain = FileDescriptorProto()
        plain.CopyFrom(file)
        waiting = [(file.package, message) for message in plain.message_type]
        for scope, message in waiting:
            full = _joined(scope, message.name)
            waiting += [(full, nested) for nested in message.nested_type]
            for field in message.field:
                if f"{full}.{field.name}" not in self.custom_json:
                    field.ClearField("json_name")
        return plain

    def _found(
        self, step: int, line: int, what: str, kind: str = "", place: _Place | None = None
    ) -> None:
        place = place or (self._place(kind) if kind else (_WHOLE,))
        self._problems.append((step, place, line, what))

    def _import(self) -> None:
        pool = descriptor_pool.Default()
        for path, _ in self._imports:
            try:
                if re.fullmatch(r"google/protobuf/\w+\.proto", path):
                    importlib.import_module(f"{path[:-6].replace('/', '.')}_pb2")
                    found = pool.FindFileByName(path)
                    self._packages(found.package)
                    for message in found.message_types_by_name.values():
                        self._kinds[message.full_name] = "message"
                    for enum in found.enum_types_by_name.values():
                        self._kinds[enum.full_name] = "enum"
                    continue
            except (ImportError, KeyError):
                pass
            raise Refused(0, f"{path}: File not found.")

    def _packages(self, package: str) -> None:
        parts = package.split(".") if package else []
        for end in range(len(parts)):
            self._kinds[".".join(parts[: end + 1])] = "package"

    def _add(self, one: _Name) -> None:
        if one.full in self._kinds:
            where = f' in "{one.scope}"' if one.scope else ""
            what = f'"{one.name}" is already defined{where}.'
            self._found(_DEFINING, one.line, what, place=one.place)
        self._kinds.setdefault(one.full, one.kind)

    def _numbers_and_types(self) -> None:
        numbers: dict[tuple[str, int], str] = {}
        for use in self._uses:
            field = use.field
            known = numbers.setdefault((use.scope, field.number), field.name)
            if known != field.name:
                what = f'Field number {field.number} has already been used in "{use.scope}" by'
                what = f'{what} field "{known}".'
                self._found(_LINKING, use.numbered, what, place=use.place)
            if use.kind in SCALARS:
                field.type = FieldDescriptorProto.Type.ValueType(SCALARS[use.kind])
                continue
            full, refused = self._resolved(use.scope, use.kind)
            if refused:
                self._found(_LINKING, use.line, refused, place=use.place)
                continue
            is_enum = self._kinds[full] == "enum"
            field.type = field.TYPE_ENUM if is_enum else field.TYPE_MESSAGE
            field.type_name = f".{full}"

    def _resolved(self, scope: str, name: str) -> tuple[str, str]:
        """Look for a type from the innermost scope outwards; give its name, or what is said."""
        kind = self._kinds.get
        undefined = f'"{name}" is not defined.'
        if name.startswith("."):
            found = kind(name[1:])
            if found in ("message", "enum"):
                return name[1:], ""
            return "", f'"{name}" is not a type.' if found else undefined
        first, *rest = name.split(".")
        scopes = scope.split(".") if scope else []
        for end in range(len(scopes), -1, -1):
            full = ".".join([*scopes[:end], name])
            begin = kind(".".join([*scopes[:end], first]))
            if not rest:
                if begin in ("message", "enum"):
                    return full, ""
            elif begin in ("message", "enum", "package"):
                if kind(full) in ("message", "enum"):
                    return full, ""
                if kind(full):
                    return "", f'"{name}" is not a type.'
                if full == name:
                    return "", undefined
                return "", (
                    f'"{name}" is resolved to "{full}", which is not defined. The innermost scope '
                    "is searched first in name resolution. Consider using a leading '.'(i.e., "
                    f'".{name}") to start from the outermost scope.'
                )
        return "", undefined

    def _messages(self, messages: Iterable[DescriptorProto], scope: str) -> None:
        """Look at what is reserved, and at the names in JSON."""
        lines = {(one.scope, one.name): one.line for one in self._defined if one.kind == "field"}
        numbered = {(use.scope, use.field.name): use.numbered for use in self._uses}
        for message in messages:
            full = _joined(scope, message.name)
            json: dict[str, str] = {}
            for field in message.field:
                line = lines[full, field.name]
                if any(one.start <= field.number < one.end for one in message.reserved_range):
                    what = f'Field "{field.name}" uses reserved number {field.number}.'
                    self._found(_DEFINING, numbered[full, field.name], what)
                if field.name in message.reserved_name:
                    self._found(_DEFINING, line, f'Field name "{field.name}" is reserved.')
                known = json.setdefault(field.json_name, field.name)
                if known != field.name:
                    kinds = [
                        "custom" if f"{full}.{one}" in self.custom_json else "default"
                        for one in (field.name, known)
                    ]
                    what = f'The {kinds[0]} JSON name of field "{field.name}" ("{field.json_name}")'
                    other = f'the {kinds[1]} JSON name of field "{known}"'
                    self._found(_JUDGING, line, f"{what} conflicts with {other}.")
            self._messages(message.nested_type, full)


def _joined(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name
