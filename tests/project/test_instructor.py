"""What docs/instructor.md says is so: lessons, minutes, exercises, messages and commands."""

from __future__ import annotations

import re

import pytest

from tests.commands import said_to
from workshop.paths import ROOT
from workshop.series.lessons import lessons
from workshop.series.syllabus import syllabus

TEXT = (ROOT / "docs" / "instructor.md").read_text()
CODE = "\n".join(path.read_text() for path in sorted((ROOT / "workshop").rglob("*.py")))
# An error's text may be spread over the lines of the source.
JOINED = re.sub(r'"\s*f?"', "", CODE)


def test_every_lesson_has_its_own_minutes():
    row = r"^\|[^|]*\| (\d\d) ([^|]+) \| ([\d–]+) \| ([\d–]*) ?\|"
    series = lessons()
    assert re.findall(row, TEXT, re.MULTILINE) == [
        (one.number, one.title, str(one.minutes), str(one.exercise_minutes or "")) for one in series
    ]
    (together,) = re.findall("Together .+ hours", syllabus(series))
    assert together in TEXT


def test_every_exercise_has_something_to_say():
    rows = re.findall(r"^\| (\d\d\.\d) ([^|]+) \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)
    wanted = [(one.id, one.title) for lesson in lessons() for one in lesson.exercises]
    assert [row[:2] for row in rows] == wanted


def messages() -> list[str]:
    table = TEXT.partition("## What goes wrong")[2].partition("Three problems that show no error")[
        0
    ]
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


@pytest.mark.parametrize("message", messages())
def test_every_message_is_one_that_learners_see(message):
    for part in message.split("…"):
        assert part.strip() in JOINED


def test_there_are_messages():
    assert len(messages()) >= 15


def test_every_command_exists():
    for name in ("instructor.md", "room.md"):
        text = (ROOT / "docs" / name).read_text()
        for command in set(re.findall(r"python -m workshop ([a-z]+)", text)):
            assert said_to([command, "--help"]).returncode == 0, command
        for target in set(re.findall(r"`make ([a-z-]+)", text)):
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target
