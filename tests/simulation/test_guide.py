"""The guide's own examples, as a project of its own that has nothing but the simulation."""

import re
import subprocess
import sys

import pytest

from workshop.paths import ROOT

GUIDE = ROOT / "docs" / "testing-your-function.md"
TESTS = 5


@pytest.fixture
def project(tmp_path):
    blocks = re.findall(r"```(python|yaml)\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    for number, (_, text) in enumerate(blocks):
        named = re.match(r"# (\S+)\n", text)
        (tmp_path / (named[1] if named else f"test_{number}.py")).write_text(text)
    return tmp_path


def test_the_examples_pass_and_a_failing_test_shows_what_happened(project):
    """One run for both: most of its time goes into starting."""
    for path in [*project.glob("test_*.py")]:
        early = path.read_text().replace("seconds=3600)", "seconds=3599)")
        path.with_name(f"{path.stem}_early.py").write_text(early)
    command = [sys.executable, "-W", "ignore", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stdout
    assert f"1 failed, {2 * TESTS - 1} passed" in done.stdout
    (failed,) = (line for line in done.stdout.splitlines() if line.startswith("FAILED "))
    assert "_early.py::" in failed
    assert "send shop/basket/Ada → shop/stock/tea StringValue" in done.stdout
