"""Logins without a home that can be written to: what was passed is passed, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

# Imports come first: another user cannot read the environment that the modules lie in.
_LOGIN = """
import os, sys
from workshop import cli
from workshop.errors import WorkshopError
from workshop.exercises import check, progress, sharing
from workshop.exercises.checking import exercise
exercise("99.1", "Double")(lambda answer: "It doubles.")
progress("99")
os.setgroups([]); os.setgid(54321); os.setuid(54321)
check("99.1", 1)
cli.main(sys.argv[1:])
"""

# What $HOME is, if it is anything: a folder of root's, none, no folder.
HOMES = ["/", "/nonexistent", "/dev/null", None]


def nobody(tmp_path, home: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Pass a check, and then use the command line, as a login that no file of the system lists."""
    tmp_path.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    if home is not None:
        environment["HOME"] = home
    command = [sys.executable, "-c", _LOGIN, *arguments]
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
@pytest.mark.parametrize("home", HOMES)
def test_a_check_is_passed_also_where_nothing_can_be_kept(tmp_path, home):
    done = nobody(tmp_path, home, "progress")
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓ 99.1 Double\n  It doubles.\nYour progress cannot be kept in " in done.stdout
    assert "statefun-workshop/progress.json: " in done.stdout
    assert "export WORKSHOP_PROGRESS=" in done.stdout
    assert "All lessons: 0 of " in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
@pytest.mark.parametrize("home", HOMES)
def test_who_has_no_name_and_no_home_shares_nothing_by_mistake(tmp_path, home):
    room = tmp_path / "room"
    room.mkdir()
    room.chmod(0o1777)
    for name, told in (((), "has no name"), (("--as", "ada"), "cannot be kept in")):
        done = nobody(tmp_path, home, "share", str(room), *name)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr and told in done.stderr
    assert nobody(tmp_path, home, "share").stdout.endswith("Nothing is shared.\n")
    assert nobody(tmp_path, home, "progress", "--reset").returncode == 0
    assert list(room.iterdir()) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
def test_progress_that_may_not_be_read_is_told_in_a_sentence(tmp_path):
    kept = tmp_path / ".local" / "share" / "statefun-workshop"
    kept.mkdir(parents=True)
    kept.chmod(0o700)
    done = nobody(tmp_path, str(tmp_path), "progress")
    assert "Traceback" not in done.stderr
