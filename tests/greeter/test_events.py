"""The events: what the walkthrough specifies, and generated code that is up to date."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from greeter.messages_pb2 import DESCRIPTOR, GreetRequest, GreetResponse, SeenCount
from workshop.paths import ROOT

STRING, INT64 = 9, 3


def test_messages_are_as_specified():
    assert DESCRIPTOR.package == "example"
    fields = {
        message.name: {field.name: (field.number, field.type) for field in message.fields}
        for message in DESCRIPTOR.message_types_by_name.values()
    }
    assert fields == {
        "GreetRequest": {"name": (1, STRING)},
        "GreetResponse": {"name": (1, STRING), "greeting": (2, STRING)},
        "SeenCount": {"seen": (1, INT64)},
    }


@pytest.mark.parametrize("generated", ["messages_pb2.py", "messages_pb2.pyi"])
def test_generated_code_is_what_the_compiler_makes(generated: str, tmp_path: Path):
    protoc = shutil.which("protoc", path=str(Path(sys.executable).parent))
    assert protoc, "the pinned compiler is not installed"
    out = [f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    subprocess.run([protoc, "--proto_path=protos", *out, "messages.proto"], cwd=ROOT, check=True)
    made = (tmp_path / generated).read_text()
    assert made == (ROOT / "greeter" / generated).read_text(), "run: make protos"


def test_bytes_on_the_wire():
    assert GreetRequest(name="Ada").SerializeToString() == b"\x0a\x03Ada"
    assert GreetResponse(name="A", greeting="B").SerializeToString() == b"\x0a\x01A\x12\x01B"
    assert SeenCount(seen=300).SerializeToString() == b"\x08\xac\x02"
