"""``notebooks/README.md``: it is what the lessons say, and the whole walkthrough is in them."""

import pytest
from click.testing import CliRunner

from tests.made import lesson
from workshop.cli import main
from workshop.series.lessons import Lesson, lessons
from workshop.series.syllabus import SYLLABUS, lessons_that_run, syllabus
from workshop.series.walkthrough import SECTIONS, runs

TERMS = [
    pytest.param(section, term, id=f"{section.title}-{term}")
    for section in SECTIONS
    for term in section.terms
]


@pytest.fixture(scope="module")
def series():
    return lessons()


def test_the_syllabus_is_that_of_the_lessons(series):
    assert SYLLABUS.read_text(encoding="utf-8") == syllabus(series), "stale: make syllabus"


@pytest.mark.parametrize(
    ("section", "term"), TERMS, ids=lambda value: getattr(value, "title", value)
)
def test_what_the_walkthrough_prescribes_runs_in_a_lesson(series, section, term):
    assert lessons_that_run(term, section, series)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_every_section_has_its_lessons(series, section):
    assert set(section.lessons) <= {one.number for one in series}


@pytest.mark.parametrize(
    ("term", "code", "there"),
    [
        ("GreetResponse(", "answer = GreetResponse(name=name)", True),
        ("GreetResponse(", "# GreetResponse()", False),
        ('context.state("seen_count").pack(', "context.state('seen_count').pack(count)", True),
        ("from statefun import * Flask", "from statefun import Flask", True),
        ('"Hello *"', 'greeting = f"Hello {name}"', True),
        ("Welcome %s", "f'Welcome {name}'", True),
        ("Welcome %s", '"Welcome %s" % name', True),
        ("Welcome %s", "welcome(name)", False),
        ("package example;", "package  example ;", True),
    ],
)
def test_a_term_is_found_whatever_its_spaces_and_quotes(term, code, there):
    assert runs(term, code) is there


@pytest.mark.parametrize(
    ("key", "code", "there"),
    [
        ("timeout", 'spec["timeout"] = "1s"', True),
        ("timeout", "      timeout: 2min", True),
        ("timeout", "{timeout: 2min}", True),
        ("timeout", "stack.greet(name, timeout=5)", False),
        ("id", "print(grid)", False),
        ("exactly-once", "  type: exactly-once", True),
        ("seen_count", "  - seen_count", True),
        ("http", "import http", False),
    ],
)
def test_a_key_is_found_quoted_or_as_yaml_has_it(key, code, there):
    assert runs(key, code, key=True) is there


def test_a_lesson_becomes_a_row(tmp_path):
    made = lesson(tmp_path, "double = lambda n: 2 * n")
    read = Lesson.read(made)
    read.notebook.cells[0].cell_type = "markdown"
    read.notebook.cells[0].source = (
        "# Doubling\n\n**What you'll learn.** To\ndouble.\n\n"
        "It takes 20 to 25 minutes, and its\nexercises 100 to 155 more."
    )
    text = syllabus([read])
    row = "| 99 | [Doubling](99_exercise.ipynb) | 20–25 | To double. | 1, 0 open: 100–155 minutes |"
    assert row in text
    assert "Together 2 to 3 hours, with 1 exercises." in text


def test_the_command_writes_it(tmp_path, monkeypatch):
    monkeypatch.setattr("workshop.series.syllabus.SYLLABUS", tmp_path / "README.md")
    monkeypatch.setattr("workshop.series.syllabus.syllabus", lambda: "All lessons.")
    monkeypatch.setattr("workshop.series.lessons.lessons", list)
    assert CliRunner().invoke(main, ["syllabus"]).exit_code == 0
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "All lessons."
