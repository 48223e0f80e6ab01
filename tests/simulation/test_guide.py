"""The guide's own examples, as a project of its own that has nothing but the simulation."""

import re
import subprocess
import sys

import pytest

from tests.simulation.paths import ROOT

GUIDE = ROOT / "docs" / "testing-your-function.md"
TESTS = 5


@pytest.fixture
def project(tmp_path):
    blocks = re.findall(r"```(python|yaml)\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    for number, (_, text) in enumerate(blocks):
        named = re.match(r"# (\S+)\n", text)
        (tmp_path / (named[1] if named else f"test_{number}.py")).write_text(text)
    return tmp_path


def run(project, *options):
    command = [sys.executable, "-W", "ignore", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *options], cwd=project, capture_output=True, text=True, timeout=120
    )


def test_the_examples_pass(project):
    done = run(project)
    assert done.returncode == 0, done.stdout
    assert f"{TESTS} passed" in done.stdout


def test_a_failing_test_shows_what_happened(project):
    for path in project.glob("test_*.py"):
        path.write_text(path.read_text().replace("seconds=3600)", "seconds=3599)"))
    done = run(project)
    assert done.returncode == 1 and "1 failed" in done.stdout, done.stdout
    assert "send shop/basket/Ada → shop/stock/tea StringValue" in done.stdout
