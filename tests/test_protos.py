"""Proto text compiled in a living kernel, on both protobufs."""

import inspect
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from greeter import messages_pb2 as shipped
from workshop.errors import WorkshopError
from workshop.paths import ROOT
from workshop.protos import ProtoError, SchemaChanged, compile_proto, message_classes

CUP = """syntax = "proto3";
package {package};
message Cup {{
  string made_of = 1;
}}
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where temporary folders are made; nothing may be left in it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def test_the_generated_module_is_imported_and_nothing_is_left(temporary):
    text = CUP.format(package="first")
    module = compile_proto(text, "cups_first")
    assert module.__name__ == "cups_first_pb2"
    assert module.Cup(made_of="clay").SerializeToString() == b"\x0a\x04clay"
    assert sys.modules["cups_first_pb2"] is module
    assert "DO NOT EDIT" in inspect.getsource(module)


def test_the_same_text_again_is_the_same_module(temporary):
    text = CUP.format(package="again")
    module = compile_proto(text, "cups_again")
    assert compile_proto(text, "cups_again") is module
    assert compile_proto(f"// A comment.\n{text}", "cups_again") is not None


def test_comments_and_spaces_are_no_change(temporary):
    text = CUP.format(package="spaced")
    first = compile_proto(text, "cups_spaced")
    second = compile_proto(text.replace("  string", "    // Clay, say.\n    string"), "cups_spaced")
    assert second.Cup.DESCRIPTOR is first.Cup.DESCRIPTOR


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("made_of = 1;", "made_of = 2;"),
        ("string made_of", "bytes made_of"),
        ("made_of = 1;", "made_of = 1; int32 size = 2;"),
        ("made_of = 1;", 'made_of = 1 [json_name = "material"];'),
        ("message Cup", "message Mug"),
    ],
)
def test_a_changed_text_says_restart_the_kernel(temporary, was, now):
    text = CUP.format(package="changed")
    before = compile_proto(text, "cups_changed")
    with pytest.raises(SchemaChanged, match=r"(?s)cups_changed.proto has changed.*Restart Kernel"):
        compile_proto(text.replace(was, now), "cups_changed")
    assert compile_proto(text, "cups_changed") is before
    assert issubclass(SchemaChanged, WorkshopError)


def test_a_message_of_another_file_is_named(temporary):
    text = CUP.format(package="elsewhere")
    compile_proto(text, "cups_one")
    with pytest.raises(SchemaChanged, match="already has elsewhere.Cup, from cups_one.proto"):
        compile_proto(text, "cups_two")


def test_the_walkthroughs_messages_are_the_greeters():
    text = (ROOT / "protos" / "messages.proto").read_text()
    assert compile_proto(text).GreetRequest is shipped.GreetRequest
    assert sys.modules["messages_pb2"].SeenCount is shipped.SeenCount


def test_other_messages_than_the_greeters_are_refused_in_a_fresh_kernel_too():
    script = """if True:
        from pathlib import Path
        from workshop.protos import SchemaChanged, compile_proto
        text = Path("protos/messages.proto").read_text().replace("int64", "int32")
        try:
            compile_proto(text)
        except SchemaChanged as error:
            print(error)
        from workshop.exercises import check
        check("01.2", ...)
    """
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "differs from the greeter's" in done.stdout
    assert "message_classes(text)" in done.stdout
    assert "There is no answer yet" in done.stdout


def test_a_folder_keeps_the_files(tmp_path):
    compile_proto(CUP.format(package="kept"), "cups_kept", tmp_path / "made")
    made = sorted(path.name for path in Path(tmp_path / "made").iterdir())
    assert made == ["cups_kept.proto", "cups_kept_pb2.py"]


@pytest.mark.parametrize("compiled", [compile_proto, message_classes])
def test_a_mistake_is_a_sentence_with_the_line(temporary, compiled):
    wrong = CUP.format(package="wrong").replace("made_of = 1", "made_of = ")
    with pytest.raises(ProtoError) as caught:
        compiled(wrong, "cups_wrong")
    assert str(caught.value).splitlines() == [
        "protoc refuses cups_wrong.proto, line 4: Expected field number.",
        "  4 |   string made_of = ;",
        "What to do: fix the proto text, and run the cell again.",
    ]


def test_every_mistake_is_told():
    wrong = CUP.format(package="wrong").replace("string made_of = 1", "text a = 1;\n  int32 b = 1")
    with pytest.raises(ProtoError) as caught:
        message_classes(wrong)
    assert caught.value.message == 'protoc refuses messages.proto, line 4: "text" is not defined.'
    assert "line 5: Field number 1 has already been used" in caught.value.details
    assert "  5 |   int32 b = 1;" in caught.value.details


def test_a_missing_syntax_line_and_a_missing_import_are_told():
    with pytest.raises(ProtoError, match='begin the text with the line  syntax = "proto3";'):
        message_classes("message Cup { string made_of = 1; }")
    with pytest.raises(ProtoError, match=r"nope\.proto: File not found"):
        message_classes('syntax = "proto3";\nimport "nope.proto";')


def test_every_text_has_classes_of_its_own(temporary):
    text = CUP.format(package="own")
    old = message_classes(text)
    new = message_classes(text.replace("= 1;", "= 1;\n  int64 size = 2;"))
    data = new.Cup(made_of="clay", size=3).SerializeToString()
    assert old.Cup.FromString(data).made_of == "clay"
    assert old.Cup.FromString(data).SerializeToString() == data
    assert new.Cup.FromString(old.Cup(made_of="tin").SerializeToString()).size == 0
    assert not hasattr(old.Cup(), "size")


def test_messages_of_the_library_can_be_imported(temporary):
    made = message_classes(
        'syntax = "proto3";\nimport "google/protobuf/timestamp.proto";\n'
        "message Visit { google.protobuf.Timestamp at = 1; }\n"
        "message Gone { repeated Visit visits = 1; }"
    )
    assert list(vars(made)) == ["Visit", "Gone"]
    visit = made.Visit()
    visit.at.FromSeconds(60)
    assert made.Visit.FromString(visit.SerializeToString()).at.seconds == 60
