"""In how many parts a stack keeps what its functions remember: chosen once, for good."""

from __future__ import annotations

import pytest

from workshop.stack import Size, Stack, StackError
from workshop.stack.folders import RunFolder
from workshop.stack.java.flink import KEY_GROUPS, key_groups_of

EIGHT, NINE = Size(taskmanagers=2, slots=4), Size(taskmanagers=3, slots=3)


@pytest.fixture
def folder(tmp_path):
    made = RunFolder(tmp_path / "one")
    made.make()
    return made


def test_a_new_folder_has_few_and_keeps_them(folder):
    assert key_groups_of(folder, EIGHT) == KEY_GROUPS == EIGHT.parallelism
    (folder.checkpoints / "job" / "chk-1").mkdir(parents=True)
    assert key_groups_of(folder, NINE) == KEY_GROUPS


def test_more_tasks_than_that_leave_the_choice_to_the_engine(folder):
    assert key_groups_of(folder, NINE) is None
    (folder.checkpoints / "job" / "chk-1").mkdir(parents=True)
    assert key_groups_of(folder, EIGHT) is None


def test_state_that_was_there_before_keeps_those_that_the_engine_chose(folder):
    folder.saved.write_text("job/chk-1\n")  # Somebody has put the checkpoints elsewhere.
    assert key_groups_of(folder, EIGHT) is None


def test_more_tasks_than_a_state_has_parts_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("WORKSHOP_RUNS", str(tmp_path))
    stack = Stack("many", size=NINE)
    stack.folder.make()
    stack.folder.key_groups.write_text("8\n")
    with pytest.raises(StackError, match="8 parts, and 9 tasks need one each") as raised:
        stack.up()
    assert "8 tasks or fewer" in raised.value.hint
    assert stack.status().state == "down"
