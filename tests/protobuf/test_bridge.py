"""The unchanged SDK imports on both protobufs, in every interpreter of this environment."""

import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest
import statefun_protobuf

from tests.protobuf.environments import LIFTED, PINNED, Environment
from workshop.paths import ROOT

both = pytest.mark.parametrize("environment", [PINNED, LIFTED], ids=lambda each: each.name)

REPORT = """
import json, google.protobuf, statefun
from statefun import request_reply_pb2, kafka_egress_pb2, kinesis_egress_pb2
modules = [request_reply_pb2, kafka_egress_pb2, kinesis_egress_pb2]
print(google.protobuf.__version__)
print([type(module.__spec__.loader).__name__ for module in modules])
print([(module.DESCRIPTOR.serialized_pb.hex(), module.__file__) for module in modules])
print([sorted(n for n in vars(m) if n[0].isupper() and n != "Any") for m in modules])
print(request_reply_pb2.FromFunction.PersistedValueMutation.MutationType.items())
"""


@both
@pytest.mark.parametrize("isolated", [[], ["-I"]], ids=["", "isolated"])
def test_the_sdk_imports_without_a_word(environment: Environment, isolated: list[str]):
    code = "import statefun, google.protobuf; print(google.protobuf.__version__)"
    if isolated:  # No PYTHONPATH there: the folder goes in front by hand.
        path = environment.variables.get("PYTHONPATH")
        code = f"import sys; sys.path[:0] = {[path] if path else []}; {code}"
    # The old protobuf warns of itself from Python 3.12 on, if one asks for it.
    strict = ["-W", "error"] if environment is LIFTED else []
    done = environment.python(*isolated, *strict, "-c", code)
    assert (done.stdout, done.stderr) == (f"{environment.version}\n", "")


def test_the_modules_are_the_same_on_both():
    pinned, lifted = (each.python("-c", REPORT).stdout.splitlines() for each in (PINNED, LIFTED))
    assert (pinned[0], lifted[0]) == (PINNED.version, LIFTED.version)
    assert pinned[1] == str(["SourceFileLoader"] * 3), "with protobuf < 4 nothing is to be done"
    assert lifted[1] == str(["_DescriptorLoader"] * 3)
    assert pinned[2:] == lifted[2:]
    assert "ToFunction" in lifted[3] and "KinesisEgressRecord" in lifted[3]


def test_it_is_needed():
    """When the SDK imports without it, the module can go."""
    remove = "import sys, statefun_protobuf as s; sys.meta_path.remove(s._Finder); import statefun"
    done = LIFTED.python("-c", remove)
    assert "Descriptors cannot be created directly" in done.stderr
    assert PINNED.python("-c", remove).returncode == 0


def test_it_serves_protobuf_in_python_too():
    done = LIFTED.python("-c", REPORT, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION="python")
    assert done.stdout == LIFTED.python("-c", REPORT).stdout != ""


@both
def test_an_interpreter_starts_without_protobuf(environment: Environment):
    code = "import sys; print('statefun_protobuf' in sys.modules, 'google.protobuf' in sys.modules)"
    done = environment.python("-c", code + "; print('ast' in sys.modules)")
    assert done.stdout == "True False\nFalse\n"
    assert environment.python("-S", "-c", code).stdout == "False False\n"


def imitation(folder, generated: str) -> str:
    """A package that looks like the SDK; gives the path that it is found on."""
    (folder / "statefun").mkdir()
    (folder / "statefun" / "__init__.py").write_text("from statefun.kafka_egress_pb2 import *")
    (folder / "statefun" / "kafka_egress_pb2.py").write_text(generated)
    return str(folder)


def test_another_sdk_is_refused_in_one_sentence(tmp_path):
    path = imitation(tmp_path, "AddSerializedFile(b'...')")
    done = LIFTED.python("-c", "import statefun", PYTHONPATH=path)
    *_, error, fix = done.stderr.splitlines()
    assert error.startswith(f"ImportError: {path}/statefun/kafka_egress_pb2.py is not of the SDK")
    assert fix.startswith("What to do: ") and fix.endswith("apache-flink-statefun==2.2.2")


def test_the_installed_file_is_read_but_not_executed(tmp_path):
    generated = "raise SystemExit('executed')\nf(serialized_pb=b'\\n\\x01x')"
    path = imitation(tmp_path, generated)
    code = "import statefun.kafka_egress_pb2 as m; print(m.DESCRIPTOR.name)"
    assert LIFTED.python("-c", code, PYTHONPATH=path).stdout == "x\n"


def test_installing_it_again_does_nothing():
    before = list(sys.meta_path)
    statefun_protobuf.install()
    assert sys.meta_path == before and before.count(statefun_protobuf._Finder) == 1


def test_the_versions_are_those_of_the_requirements():
    assert statefun_protobuf.SDK in (ROOT / "requirements.txt").read_text().splitlines()
    assert version("protobuf") in (PINNED.version, LIFTED.version)
    # Plain pip resolves the first file; the second is why make needs --no-deps.
    assert requires("apache-flink-statefun") == ["protobuf (<4.0.0,>=3.11.3)"]
    assert PINNED.version.startswith("3.") and int(LIFTED.version.split(".")[0]) >= 4


def test_the_module_is_installed_as_it_is_here():
    installed = Path(statefun_protobuf.__file__)
    source = ROOT / "statefun-protobuf" / installed.name
    assert installed.read_bytes() == source.read_bytes(), "run: make setup"
