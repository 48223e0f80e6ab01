"""The simulation by itself, installed from a checkout as its guide says, on both protobufs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workshop.paths import ROOT

TEST = """\
import google.protobuf
from google.protobuf.wrappers_pb2 import StringValue
from statefun import StatefulFunctions
from workshop.simulation import FakeContext

functions = StatefulFunctions()

@functions.bind("a/b")
def keep(context, message: StringValue):
    context.state("seen").pack(message)

def test_it(simulate):
    context = FakeContext("a/b", "x", states={"seen": None})
    keep(context, StringValue(value="y"))
    assert context.stored == {"seen": StringValue(value="y")}
    assert google.protobuf.__version__.startswith("VERSION")
"""


@pytest.mark.skipif(
    "WORKSHOP_BUNDLE" not in os.environ, reason="it needs a network: make test-bundle"
)
def test_it_is_installed_without_the_rest(tmp_path: Path):
    def run(*command: str) -> None:
        done = subprocess.run(
            [str(python), "-m", *command], cwd=tmp_path / "own", capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    # Of a copy: a build leaves folders beside what it builds.
    checkout = tmp_path / "checkout"
    for folder in ("workshop/simulation", "statefun-protobuf"):
        leave = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
        shutil.copytree(ROOT / folder, checkout / folder, ignore=leave)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    own = tmp_path / "own"
    own.mkdir()
    run("pip", "install", "--quiet", f"{checkout / 'workshop' / 'simulation'}", "pytest")
    (own / "test_own.py").write_text(TEST.replace("VERSION", "3.20."))
    run("pytest")
    fast = ["-r", f"{ROOT / 'requirements-fast.txt'}", f"{checkout / 'statefun-protobuf'}"]
    run("pip", "install", "--quiet", "--no-deps", *fast)
    (own / "test_own.py").write_text(TEST.replace("VERSION", "6."))
    # A conftest.py that names the plugin, as in the guide, does not bring it twice.
    (own / "conftest.py").write_text('pytest_plugins = ["workshop.simulation.pytest_plugin"]\n')
    run("pytest")
