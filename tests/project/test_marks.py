"""A test has the marks of what it starts, or fails; what needs a browser may be left out."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.marks import BROWSERS, COMMANDS, MARKS
from workshop.paths import ROOT

CONFTEST = """
import pytest
from tests.marks import MARKS, Marks

def pytest_configure(config):
    config.pluginmanager.register(Marks())

def fixture(name):
    return pytest.fixture(lambda: None, name=name)

stacks, kernels, browser, amount = map(fixture, MARKS)
"""

TESTS = """
import subprocess, sys, threading
from tests.marks import MARKS

def start(*words):
    subprocess.run([sys.executable, "-c", "", *words])

def starts(*words):
    try:
        start(*words)
    except Exception:
        pass

def test_kernel(kernels):
    start("-m", "ipykernel_launcher")

def test_kernel_unmarked():
    starts("-m", "ipykernel_launcher")

def test_stack_unmarked(kernels):
    other = threading.Thread(target=starts, args=["/a", "workshop.stack.local.supervisor", "{}"])
    other.start()
    other.join()

def test_browser(browser):
    pass

def test_help():
    start("-m", "workshop", "run", "--help")
"""


def run(folder, *options: str, **variables: str) -> str:
    """Run these tests where there is no Chromium; return what was printed."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_made.py").write_text(TESTS)
    (folder / "pytest.ini").touch()
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-W", "ignore", *options],
        cwd=folder,
        env={**os.environ, "PATH": "/nowhere", "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_who_starts_what_its_marks_do_not_say_fails_and_a_missing_browser_is_told(tmp_path):
    told = run(tmp_path, WORKSHOP_BROWSER="")
    # Whoever catches the error, in whatever thread.
    for name in ("kernel_unmarked", "stack_unmarked"):
        assert f"FAILED test_made.py::test_{name} - AssertionError: It has no mark" in told
    assert "2 failed, 2 passed, 1 deselected" in told
    missing = ". ".join(sentence for _, sentence in BROWSERS.values())
    assert f"\nLeft out: the tests that open a browser, 1 in all. {missing}\n" in told


def test_a_browser_that_is_required_is_not_left_out(tmp_path):
    told = run(tmp_path, "-m", "browser", WORKSHOP_BROWSER="required")
    assert "1 passed, 4 deselected" in told and "Left out" not in told


def test_each_mark_is_explained():
    explained = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'    "{mark}: ' in explained for mark in MARKS.values())
    assert COMMANDS.keys() <= MARKS.keys()
