"""The reader of proto texts says what protoc says: description, source and first mistake."""

import re
import subprocess
import tempfile
from pathlib import Path

import protoc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from hypothesis import example, given
from hypothesis import strategies as st

from tests.soak import examples
from workshop.paths import ROOT
from workshop.proto3 import Refused, read

SYNTAX = 'syntax = "proto3";\n'
WORDS = ["a", "foo_bar", "name", "_x", "y__z", "map", "message", "Bit"]
OTHERS = ["reserved 30, 31 to 33;", 'reserved "gone", "lost";', ";"]
NUMBERS = st.one_of(st.integers(1, 20), st.sampled_from([128, 20000, 536870911]))
SCALARS = ["int32", "string", "bytes", "double", "bool", "sint64", "fixed32"]
WELL_KNOWN = "google.protobuf.Timestamp"
UNREAD = "A browser cannot compile"


def compiled(text, name="t"):
    """What protoc gives: description and source, or the first line of what it says."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"{name}.proto").write_text(text, encoding="utf-8")
        command = [protoc.PROTOC_EXE, "--proto_path=.", "--python_out=."]
        command += ["--descriptor_set_out=described", f"{name}.proto"]
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if ": warning: " not in line]
            return re.sub(r"^(\w+\.proto:\d+):\d+: ", r"\1: ", said[0])
        described = Path(folder, "described").read_bytes()
        source = Path(folder, f"{name}_pb2.py").read_text(encoding="utf-8")
        return FileDescriptorSet.FromString(described).file[0], source


def understood(text, name="t"):
    """What the reader gives."""
    try:
        return read(text, name)
    except Refused as refused:
        return f"{name}.proto:{refused.line}: {refused.what}" if refused.line else refused.what


@st.composite
def _field(draw, name, number, types, in_oneof=False):
    kind = draw(st.sampled_from(SCALARS + types))
    label = "" if in_oneof else draw(st.sampled_from(["", "", "", "repeated ", "optional "]))
    if not label and not in_oneof and draw(st.integers(0, 4)) == 0:
        key = draw(st.sampled_from(["int32", "string", "bool"]))
        kind = f"map<{key}, {kind}>"
    option = draw(st.sampled_from(["", "", "", f' [json_name = "{name}J"]']))
    return f"{label}{kind} {name} = {number}{option};"


@st.composite
def _message(draw, name, types, depth=0):
    names = draw(st.lists(st.sampled_from(WORDS), unique=True, max_size=5))
    numbers = draw(st.lists(NUMBERS, unique=True, min_size=len(names), max_size=len(names)))
    inside = draw(st.integers(0, min(2, len(names))))
    fields = [
        draw(_field(*which, types, in_oneof=index < inside))
        for index, which in enumerate(zip(names, numbers, strict=True))
    ]
    parts = fields[inside:]
    if inside:
        parts.append(f"oneof either {{ {' '.join(fields[:inside])} }}")
    parts += draw(st.lists(st.sampled_from(OTHERS), unique=True))
    if depth < 2 and draw(st.booleans()):
        parts.append(draw(_message(f"{name}Part", types, depth + 1)))
    if draw(st.booleans()):
        parts.append("enum Kind { ZERO = 0; ONE = 1; LESS = -1; }")
    body = "\n  ".join(draw(st.permutations(parts)))
    return f"message {name} {{\n  {body}\n}}"


@st.composite
def texts(draw):
    """A text that protoc takes, but for types that are sometimes not there."""
    names = draw(st.lists(st.sampled_from(["A", "B", "Cup"]), min_size=1, unique=True))
    head = draw(st.sampled_from(["", "package example;", "package a.b;"]))
    imported = draw(st.booleans())
    types = [*names, *([WELL_KNOWN] if imported else [])]
    types += draw(st.lists(st.sampled_from(["Gone", ".A", "A.B", "A.Kind", "APart"]), max_size=1))
    parts = ['import "google/protobuf/timestamp.proto";' if imported else "", head]
    parts += [draw(_message(name, types)) for name in names]
    if draw(st.booleans()):
        parts.append("// A comment.\nenum Mood { NONE = 0; /* Another. */ SOME = 0x10; }")
    return SYNTAX + "\n".join(parts)


def agree(text):
    got, wanted = understood(text), compiled(text)
    if isinstance(got, str) and UNREAD in got:
        return
    assert got == wanted, text


@examples(60)
@given(texts())
@example(SYNTAX + "message A { map<string, A> m = 1; oneof o { A a = 2; } optional bool b = 3; }")
@example(SYNTAX + "message A { optional int32 a = 1; int32 _a = 2; }")
def test_a_text_is_read_as_protoc_reads_it(text):
    agree(text)


OTHER_TOKENS = ["", ";", "{", "}", "=", "7", "0", "A", '"s"', "1x", "repeated", "é", "<", "."]
TOKEN = re.compile(r'"[^"]*"|\w+|[^\w\s]')


@examples(60)
@given(texts(), st.data())
def test_a_slip_in_typing_is_told_as_protoc_tells_it(text, data):
    places = [found.span() for found in TOKEN.finditer(text)]
    start, end = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from(OTHER_TOKENS))
    agree(f"{text[:start]}{other}{text[end:]}")


ONE = f"""{SYNTAX}import "google/protobuf/timestamp.proto";
package a.b;
message A {{
  map<string, A> m = 1 [json_name = "mJ"];
  oneof o {{ A a = 2; int32 z = 128; }}
  optional bool b = 3;
  repeated int32 foo_bar = 4;
  google.protobuf.Timestamp t = 5;
  reserved 30, 31 to 33;
  reserved "gone", "lost";
  ;
  message APart {{ ; }}
  enum Kind {{ ZERO = 0; ONE = 1; LESS = -1; }}
}}
// A comment.
enum Mood {{ NONE = 0; /* Another. */ SOME = 0x10; }}"""


def test_every_slip_in_one_text_is_told_as_protoc_tells_it(amount):
    slips = [(found.span(), other) for found in TOKEN.finditer(ONE) for other in OTHER_TOKENS]
    for (start, end), other in slips[:: amount(7, 1)]:
        agree(f"{ONE[:start]}{other}{ONE[end:]}")


@pytest.mark.parametrize(
    "text",
    [
        (ROOT / "protos" / "messages.proto").read_text(encoding="utf-8"),
        "message Cup { string made_of = 1; }",
        f'{SYNTAX}import "nope.proto";\nmessage A {{}}',
        f"{SYNTAX}message A {{ int32 a = 19005; }}",
        f"{SYNTAX}message A {{ map<float, int32> a = 1; map<E, A> b = 2; enum E {{ Z = 0; }} }}",
        f"{SYNTAX}message A {{ /* never closed",
        f"{SYNTAX}enum E {{ A = 1; }}",
        f"{SYNTAX}enum E {{ A = 0; B = 0; }}",
        f"{SYNTAX}enum E {{ }}",
        f"{SYNTAX}message A {{ reserved 1 to 3, 2; reserved 4 to 3; reserved a; }}",
        f'{SYNTAX}message A {{ reserved "gone", ; }}',
        f'{SYNTAX}message A {{ reserved "gone", lost; }}',
    ],
)
def test_what_chance_does_not_find(text):
    got = understood(text)
    assert UNREAD not in got
    assert got == compiled(text)


@pytest.mark.parametrize(
    "text",
    [
        'syntax = "proto2";\nmessage A { required int32 a = 1; }',
        f"{SYNTAX}service S {{}}",
        f"{SYNTAX}message A {{ int32 a = 1 [deprecated = true]; }}",
    ],
)
def test_what_it_does_not_read_it_says(text):
    assert not isinstance(compiled(text), str)
    assert re.match(rf"t\.proto:\d: {UNREAD} .+; protoc .+ can\.", understood(text))
