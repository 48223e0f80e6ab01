"""Proto text to Python messages, in a kernel that lives on when the text changes.

protobuf keeps one definition of a message per process. Loading a changed one is refused in terms
that help nobody (protobuf 4 and later), or silently gives the old one (3.20). Here a changed one is
an error that says what to do; and `message_classes` gives each text definitions of its own.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.abc import ExecutionLoader
from pathlib import Path
from types import ModuleType, SimpleNamespace

import protoc  # type: ignore[import-untyped]
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from workshop.errors import WorkshopError

__all__ = ["ProtoError", "SchemaChanged", "compile_proto", "message_classes"]


class ProtoError(WorkshopError):
    """The compiler refuses the text."""


class SchemaChanged(WorkshopError):
    """This Python process already knows other messages by these names."""


def compile_proto(text: str, name: str = "messages", folder: Path | None = None) -> ModuleType:
    """Compile proto text with protoc and import what it generates.

    Parameters
    ----------
    text
        The content of a ``.proto`` file.
    name
        The file's name without ``.proto``. The module is called ``{name}_pb2`` and can be imported
        by that name afterwards. The same text again gives the same module.
    folder
        Where to put the two files. Without it nothing is left on the disk.

    Returns
    -------
    ModuleType
        The generated module, with a class for each message.

    Raises
    ------
    ProtoError
        protoc refuses the text; with its line number and message.
    SchemaChanged
        The text is another one than before, or its messages were loaded from elsewhere.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            file = _run_protoc(text, name, Path(made))[-1]
            source = Path(made, f"{name}_pb2.py").read_text(encoding="utf-8")
        path = Path(f"{name}_pb2.py")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        file = _run_protoc(text, name, folder)[-1]
        path = folder / f"{name}_pb2.py"
        source = path.read_text(encoding="utf-8")
    _refuse_if_known_otherwise(file)
    module = sys.modules.get(path.stem)
    if module is not None and getattr(module.__loader__, "source", None) == source:
        return module
    loader = _Generated(source, str(path))
    spec = importlib.util.spec_from_file_location(path.stem, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[path.stem] = module
    return module


def message_classes(text: str, name: str = "messages") -> SimpleNamespace:
    """Compile proto text into message classes that know nothing of any other text's.

    Parameters
    ----------
    text
        The content of a ``.proto`` file.
    name
        The file's name, without ``.proto``, that error messages give.

    Returns
    -------
    SimpleNamespace
        One class for each message of the text, by its name and in order.

    Raises
    ------
    ProtoError
        protoc refuses the text; with its line number and message.

    Examples
    --------
    >>> old = message_classes('syntax = "proto3"; message Cup { int32 size = 1; }')
    >>> new = message_classes('syntax = "proto3"; message Cup { int32 size = 1; string of = 2; }')
    >>> old.Cup.FromString(new.Cup(size=3, of="tea").SerializeToString()).size
    3
    """
    with tempfile.TemporaryDirectory() as folder:
        files = _run_protoc(text, name, Path(folder))
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    prefix = f"{files[-1].package}." if files[-1].package else ""
    return SimpleNamespace(
        **{message.name: _class(pool, prefix + message.name) for message in files[-1].message_type}
    )


class _Generated(ExecutionLoader):
    """Loads a generated module from its text, and shows the text to whoever inspects it later."""

    def __init__(self, source: str, path: str) -> None:
        self.source = source
        self.path = path

    def get_source(self, fullname: str) -> str:
        return self.source

    def get_filename(self, fullname: str) -> str:
        return self.path


def _run_protoc(text: str, name: str, folder: Path) -> list[descriptor_pb2.FileDescriptorProto]:
    """Generate the Python module in ``folder``; describe what the text imports, and it at last."""
    (folder / f"{name}.proto").write_text(text, encoding="utf-8")
    described = folder / f"{name}.described"
    command = [
        protoc.PROTOC_EXE,
        "--proto_path=.",
        "--python_out=.",
        "--include_imports",
        f"--descriptor_set_out={described.name}",
        f"{name}.proto",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise _explained(done.stderr, text, name)
    files = list(descriptor_pb2.FileDescriptorSet.FromString(described.read_bytes()).file)
    described.unlink()
    return files


def _explained(said: str, text: str, name: str) -> ProtoError:
    """Turn what protoc said into a sentence, with the lines of the text that it speaks of."""
    lines = text.splitlines()
    problems = []
    shown = []
    for line in said.splitlines():
        found = re.match(rf"{re.escape(name)}\.proto:(\d+):\d+: (.+)", line)
        if found is None:
            problems.append(line)
            continue
        number = int(found[1])
        problems.append(f"line {number}: {found[2]}")
        if 0 < number <= len(lines):
            shown.append(f"  {number} | {lines[number - 1]}")
    hint = "mend the proto text, and run the cell again."
    if not re.search(r"^\s*(syntax|edition)\s*=", text, re.MULTILINE):
        hint = 'begin the text with the line  syntax = "proto3";'
    details = [*problems[1:], *dict.fromkeys(shown)]
    return ProtoError(
        f"protoc refuses {name}.proto, {problems[0] if problems else 'and says no more.'}",
        hint=hint,
        details="\n".join(details),
    )


def _refuse_if_known_otherwise(file: descriptor_pb2.FileDescriptorProto) -> None:
    pool = descriptor_pool.Default()
    restart = "choose Kernel → Restart Kernel, and run the notebook from the top."
    try:
        known = descriptor_pb2.FileDescriptorProto()
        pool.FindFileByName(file.name).CopyToProto(known)
    except KeyError:
        pass
    else:
        if _without_defaults(known) == _without_defaults(file):
            return
        raise SchemaChanged(
            f"{file.name} has changed, and this kernel goes on with the messages that it loaded "
            "first: protobuf takes only one definition of a message in a process.",
            hint=f"{restart} To try changes without restarting, use message_classes(text).",
        )
    prefix = f"{file.package}." if file.package else ""
    for entry in [*file.message_type, *file.enum_type]:
        try:
            other = pool.FindFileContainingSymbol(prefix + entry.name).name
        except KeyError:
            continue
        raise SchemaChanged(
            f"This kernel already has {prefix}{entry.name}, from {other}: protobuf takes only one "
            f"definition of a message in a process, and this one is in {file.name}.",
            hint=f"give the package another name. If only the file has a new name, {restart}",
        )


def _without_defaults(file: descriptor_pb2.FileDescriptorProto) -> bytes:
    """Encode a description without the JSON names that say nothing: not every tool adds them."""
    plain = descriptor_pb2.FileDescriptorProto()
    plain.CopyFrom(file)
    plain.ClearField("source_code_info")
    for field in [*plain.extension, *_fields(plain.message_type)]:
        if field.json_name == re.sub(r"_+(.?)", lambda m: m[1].upper(), field.name):
            field.ClearField("json_name")
    return bytes(plain.SerializeToString(deterministic=True))


def _fields(
    messages: list[descriptor_pb2.DescriptorProto],
) -> Iterator[descriptor_pb2.FieldDescriptorProto]:
    for message in messages:
        yield from message.field
        yield from message.extension
        yield from _fields(message.nested_type)


def _class(pool: descriptor_pool.DescriptorPool, full_name: str) -> type[Message]:
    descriptor = pool.FindMessageTypeByName(full_name)
    # protobuf 4 moved this; 3.20 has only the older name.
    get_class = getattr(message_factory, "GetMessageClass", None)
    found: type[Message] = (
        get_class(descriptor)
        if get_class
        else message_factory.MessageFactory(pool).GetPrototype(descriptor)
    )
    return found
