"""Logins without a home that can be written to: what was passed is passed, and no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.commands import Done
from workshop.paths import ROOT

# Imports come first: another user cannot read the environment that the modules lie in.
_LOGIN = """
import json, os, sys
from tests.commands import said_to
from workshop.exercises import check, progress, sharing
from workshop.exercises.checking import exercise
exercise("99.1", "Double")(lambda answer: "It doubles.")
progress("99")
os.setgroups([]); os.setgid(54321); os.setuid(54321)
check("99.1", 1)
print(json.dumps([said_to(command) for command in json.loads(sys.argv[1])]))
"""

# What $HOME is, if it is anything: a folder of root's, none, no folder.
HOMES = ["/", "/nonexistent", "/dev/null", None]


def nobody(tmp_path, home: str | None, *commands: Sequence[str]) -> tuple[str, list[Done]]:
    """Pass a check, and then use the command line, as a login that no file of the system lists.

    Returns
    -------
    tuple of str and list of Done
        What the check said, and how each of the commands ended.
    """
    tmp_path.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    if home is not None:
        environment["HOME"] = home
    command = [sys.executable, "-c", _LOGIN, json.dumps(commands)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert (done.returncode, done.stderr) == (0, "")
    checked, _, ended = done.stdout.rstrip().rpartition("\n")
    return checked, [Done(*one) for one in json.loads(ended)]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
@pytest.mark.parametrize("home", HOMES)
def test_a_check_is_passed_also_where_nothing_can_be_kept(tmp_path, home):
    checked, (done,) = nobody(tmp_path, home, ["progress"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓ 99.1 Double\n  It doubles.\nYour progress cannot be kept in " in checked
    assert "statefun-workshop/progress.json: " in checked
    assert "export WORKSHOP_PROGRESS=" in checked
    assert "All lessons: 0 of " in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
@pytest.mark.parametrize("home", HOMES)
def test_who_has_no_name_and_no_home_shares_nothing_by_mistake(tmp_path, home):
    room = tmp_path / "room"
    room.mkdir()
    room.chmod(0o1777)
    share = ["share", str(room)]
    _, (nameless, named, shared, reset) = nobody(
        tmp_path, home, share, [*share, "--as", "ada"], ["share"], ["progress", "--reset"]
    )
    for done, told in ((nameless, "has no name"), (named, "cannot be kept in")):
        assert done.returncode == 1
        assert "Traceback" not in done.stderr and told in done.stderr
    assert shared.stdout.endswith("Nothing is shared.\n")
    assert reset.returncode == 0
    assert list(room.iterdir()) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
def test_progress_that_may_not_be_read_is_told_in_a_sentence(tmp_path):
    kept = tmp_path / ".local" / "share" / "statefun-workshop"
    kept.mkdir(parents=True)
    kept.chmod(0o700)
    _, (done,) = nobody(tmp_path, str(tmp_path), ["progress"])
    assert "Traceback" not in done.stderr
