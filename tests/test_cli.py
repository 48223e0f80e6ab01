"""The command line where no stack is needed, and the checks of the doctor."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest
from google.protobuf import __version__ as PROTOBUF
from google.protobuf.internal import api_implementation

from tests.commands import said_to
from tests.processes import workshop
from workshop.paths import ROOT
from workshop.stack import doctor
from workshop.stack.java.engine import STATEFUN_3
from workshop.stack.java.jars import read_lock


@pytest.mark.parametrize(
    "command", ["up", "status", "greet", "logs", "down", "doctor", "fetch", "run", "syllabus"]
)
def test_every_command_explains_itself(command):
    assert command in said_to(["--help"]).stdout
    done = said_to([command, "--help"])
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) >= 4


def test_fetch_has_nothing_to_do_when_all_is_there():
    done = said_to(["fetch"])
    assert done.returncode == 0
    assert done.stdout.startswith("All jars are in")


def test_the_doctor_finds_this_machine_well():
    done = workshop("doctor")
    assert done.returncode == 0, done.stdout
    assert all(line.startswith("✓") for line in done.stdout.splitlines())


def test_the_doctor_says_how_to_mend_a_missing_jar(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKSHOP_CACHE", str(tmp_path))
    done = said_to(["doctor"])
    assert done.returncode == 1
    missing = f"✗ {len(read_lock())} of {len(read_lock())} jars are missing"
    assert missing in done.stdout
    assert "fix it with: python -m workshop fetch" in done.stdout


def test_the_doctor_knows_the_kernel_of_3(tmp_path, monkeypatch):
    (finding,) = doctor._kernel_3()
    assert finding.good and "flink-statefun 3.5.0" in finding.what
    (missing,) = doctor._kernel_3(replace(STATEFUN_3, sdk=tmp_path))
    assert missing.what == "kernel StateFun 3: flink-statefun is missing, not 3.5.0"
    assert missing.fix == "make setup"
    monkeypatch.setenv("WORKSHOP_CACHE", str(tmp_path))
    (finding,) = doctor._kernel_3()
    assert finding.good and finding.what.endswith("stack of StateFun 3.3.0 fetches 185 MB")
    jar = min(STATEFUN_3.jars, key=lambda jar: jar.size)
    jar.path.parent.mkdir()
    jar.path.write_bytes(b"altered")
    (finding,) = doctor._kernel_3()
    assert finding.fix == "python -m workshop fetch --engine 3"


def test_the_doctor_says_how_to_mend_wrong_packages(tmp_path, monkeypatch):
    pins = (ROOT / "requirements.txt").read_text().replace("protobuf==3.20.3", "protobuf==3.20.1")
    (tmp_path / "requirements.txt").write_text(pins + "nobodys-package==1.0\n")
    (tmp_path / "requirements-fast.txt").write_text("protobuf==6.0.0\n")
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    (finding,) = doctor._packages()
    assert f"protobuf is {PROTOBUF}, not 6.0.0; nobodys-package is missing" in finding.what
    assert finding.fix == "make setup"


def test_the_doctor_says_which_protobuf_is_active():
    (finding,) = doctor._packages()
    assert finding.good
    assert f"with protobuf {PROTOBUF} ({api_implementation.Type()})" in finding.what
    assert ("is faster" in finding.what) == (PROTOBUF == "3.20.3")


def test_the_doctor_says_when_the_sdk_does_not_fit_protobuf(monkeypatch):
    monkeypatch.setattr(doctor, "import_module", lambda name: 1 / 0)
    (finding,) = doctor._packages()
    assert finding.what.endswith("division by zero") and finding.fix == "make setup"


def test_the_doctor_says_when_generated_code_is_stale(tmp_path, monkeypatch):
    (tmp_path / "protos").mkdir()
    (tmp_path / "greeter").mkdir()
    proto = (ROOT / "protos" / "messages.proto").read_text()
    (tmp_path / "protos" / "messages.proto").write_text(proto.replace("seen = 1", "seen = 2"))
    (tmp_path / "greeter" / "messages_pb2.py").write_bytes(
        (ROOT / "greeter" / "messages_pb2.py").read_bytes()
    )
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    (finding,) = doctor._generated()
    assert finding.fix == "make protos"


def test_a_python_without_the_packages_is_told_what_to_do():
    done = subprocess.run(
        [sys.executable, "-S", "-m", "workshop", "up"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 1
    assert "lacks the package" in done.stderr
    assert "make setup" in done.stderr


def test_every_direct_dependency_is_pinned_exactly():
    for file in ("requirements.txt", "requirements-fast.txt", "requirements-dev.txt"):
        for line in (ROOT / file).read_text().splitlines():
            if line and not line.startswith("#"):
                assert re.fullmatch(r"[A-Za-z0-9_.-]+==[\w.]+", line), line


def test_make_help_names_every_target():
    command = ["make", "--no-print-directory", "help"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    assert set(targets) == {line.split()[1] for line in done.stdout.splitlines()}
