"""Progress that a room sees: only of who shares it, and whatever lies in the folder."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest

from tests.commands import Done, said_to
from workshop.errors import WorkshopError
from workshop.exercises import sharing
from workshop.exercises.progress import record, reset
from workshop.exercises.storage import passed
from workshop.paths import ROOT
from workshop.room.overview import learners


@pytest.fixture
def folder(tmp_path):
    """The room's folder, open to all as the instructor makes it."""
    path = tmp_path / "room"
    path.mkdir()
    path.chmod(0o1777)
    return path


@pytest.fixture
def learner(tmp_path, monkeypatch):
    """Become a learner with files of their own."""

    def become(name):
        monkeypatch.setenv("WORKSHOP_PROGRESS", str(tmp_path / name / "progress.json"))

    become("somebody")
    return become


def seen(folder, columns: str) -> Done:
    """What the room sees on a terminal of this width."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", columns)
        return said_to(["room", str(folder)])


def table(folder) -> dict[str, list[str]]:
    """The rows that are printed, by their first word."""
    done = seen(folder, "120")
    assert done.returncode == 0, done.stderr
    cells = [[cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines()]
    return {row[1]: row[2:-1] for row in cells if len(row) > 3}


def test_who_does_not_share_is_not_seen(folder, learner):
    record("01.1")
    assert list(folder.iterdir()) == []
    assert said_to(["share"]).stdout == "Nothing is shared.\n"


def test_two_learners_from_the_first_check_to_the_end(folder, learner):
    learner("ada")
    record("01.1")
    told = said_to(["share", str(folder), "--as", "ada"]).stdout
    assert f"is written to {folder / 'ada.json'}" in told
    learner("Zoë")
    sharing.share(folder, "Zoë")
    for id in ("03.1", "03.2", "03.3", "04.1"):
        record(id)
    rows = table(folder)
    assert rows["ada"][0] == "1/4" and rows["ada"][-2] == "1"
    assert rows["Zoë"][:4] == ["", "", "✓", "1/4"] and rows["Zoë"][-2] == "4"
    assert rows["through"][:4] == ["0", "0", "1", "0"]
    reset("03")
    assert table(folder)["Zoë"][2] == ""
    reset()
    assert table(folder)["Zoë"][-2] == "0"
    assert said_to(["share", "--stop"]).stdout == f"Deleted {folder / 'Zoë.json'}.\n"
    record("05.1")
    assert [path.name for path in folder.iterdir()] == ["ada.json"]


@pytest.mark.parametrize("columns", ["80", "40"])
def test_two_long_names_never_look_alike(folder, columns):
    names = ["anna.schmidt", "anna.schneider", f"anna-{'l' * 34}1", f"anna-{'l' * 34}2"]
    for name in names:
        (folder / f"{name}.json").write_text('{"passed": {"01.1": "2026-11-27T10:00:00+0000"}}')
    done = seen(folder, columns)
    rows = [line.split("│") for line in done.stdout.splitlines() if line.startswith("│")]
    written = "".join(row[1].strip() for row in rows)
    assert written == "".join([*sorted(names), "through"])
    assert all(row[2].strip() in ("1/4", "", "0") for row in rows)
    assert "…" not in done.stdout


def test_only_what_was_promised_is_written(folder, learner):
    sharing.share(folder, "ada")
    record("01.1")
    (file,) = folder.iterdir()
    written = json.loads(file.read_text())
    assert written.keys() == {"id", "passed"}
    assert written["passed"] == passed()
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_name_is_one_learner_s(folder, learner):
    learner("one")
    sharing.share(folder, "ada")
    before = (folder / "ada.json").read_text()
    learner("other")
    with pytest.raises(WorkshopError, match="Somebody already shares as ada(?s:.*)--as NAME"):
        sharing.share(folder, "ada")
    assert sharing.sharing() is None
    sharing.share(folder, "grace")
    sharing.share(folder, "hopper")
    assert sorted(path.stem for path in folder.iterdir()) == ["ada", "hopper"]
    assert (folder / "ada.json").read_text() == before


@pytest.mark.parametrize("name", ["../ada", ".hidden", "", "a b", "[red]x", "x" * 41, "\x1b[2J"])
def test_a_name_is_no_path_and_paints_nothing(folder, learner, monkeypatch, name):
    monkeypatch.setattr(sharing, "_login", lambda: name)
    with pytest.raises(WorkshopError, match="cannot be shared as a name"):
        sharing.share(folder, name)
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path, learner):
    done = said_to(["share", str(tmp_path / "none")])
    assert done.returncode == 1
    assert "There is no folder" in done.stderr and "mkdir -m 1777" in done.stderr
    done = said_to(["room", str(tmp_path / "none")])
    assert done.returncode == 1 and "cannot be read" in done.stderr


def test_a_check_passes_also_when_the_folder_is_gone(folder, learner, capsys):
    sharing.share(folder, "ada")
    (folder / "ada.json").unlink()
    folder.rmdir()
    record("01.1")
    assert "the room does not see it" in capsys.readouterr().out
    assert "01.1" in passed()


def test_whatever_lies_in_the_folder_nothing_breaks(folder, learner, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text('{"passed": {"01.1": "2026-01-01T00:00:00Z"}}')
    (folder / "link.json").symlink_to(secret)
    os.mkfifo(folder / "pipe.json")
    (folder / "deep.json").write_text("[" * 90_000)
    (folder / "list.json").write_text("[]")
    (folder / "odd.json").write_text('{"passed": {"01.1": "yesterday"}}')
    (folder / "folder.json").mkdir()
    (folder / "\x1b[31mred.json").write_text("{}")
    (folder / "notes.txt").write_text("{}")
    good = {"passed": {"01.1": "2026-01-01T00:00:00Z", "77.7": "2026-01-01T00:00:00Z"}}
    (folder / "good.json").write_text(json.dumps(good))
    seen = {learner.name: learner.passed for learner in learners(folder)}
    assert seen.pop("good").keys() == {"01.1", "77.7"}
    assert seen == dict.fromkeys(["link", "pipe", "deep", "list", "odd", "folder"])
    rows = table(folder)
    assert rows["good"][-2] == "1"
    assert rows["pipe"][-1] == "file is damaged"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
def test_learners_with_logins_of_their_own(for_all):
    folder = for_all / "room"
    folder.mkdir()
    folder.chmod(0o1777)
    # Imports come first: another user cannot read the environment that the modules lie in.
    script = """
import os, sys
from workshop.exercises import sharing
from workshop.exercises.progress import record
from workshop.errors import WorkshopError
uid, folder, home = int(sys.argv[1]), *sys.argv[2:]
os.setgroups([]); os.setgid(uid); os.setuid(uid)
os.environ["WORKSHOP_PROGRESS"] = home + "/progress.json"
sharing.share(folder, f"user{uid}")
record("01.1")
try:
    os.unlink(folder + "/first.json")
except PermissionError:
    print("kept out")
"""
    sharing_of_root = folder / "first.json"
    sharing_of_root.write_text("{}")
    for uid in (65001, 65002):
        home = for_all / str(uid)
        home.mkdir()
        os.chown(home, uid, uid)
        command = [sys.executable, "-c", script, str(uid), str(folder), str(home)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert done.stdout == "kept out\n", done.stderr
    seen = {learner.name: learner.passed for learner in learners(folder)}
    assert seen["user65001"].keys() == seen["user65002"].keys() == {"01.1"}
