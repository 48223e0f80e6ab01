"""Writes ``notebooks/README.md`` from the lessons: and where the walkthrough is."""

from __future__ import annotations

from collections.abc import Sequence

from workshop.series.lessons import NOTEBOOKS, Lesson, lessons
from workshop.series.walkthrough import KEYS, SECTIONS, URL, Section, runs

SYLLABUS = NOTEBOOKS / "README.md"

_TEXT = """\
<!-- Written by "make syllabus" from the lessons. Change those. -->
# Syllabus

Open the first lesson with `make lab`. The lessons are meant to be read in this order, but each one
starts from nothing, so you can open any of them first. [Start here](00_start_here.ipynb) has
shorter routes through the series, and the [glossary](../docs/glossary.md) explains its terms.

| | lesson | minutes | what you learn | exercises |
|---|---|---|---|---|
{lessons}

Together {hours} hours, with {exercises} exercises. `python -m workshop progress` shows which
of them you have passed.

## The walkthrough in the lessons

The series is the official [Python walkthrough]({url}) made to run. Where each
of its sections is done, and what of it you run there:

| section | lessons | what you run |
|---|---|---|
{sections}
"""


def syllabus(series: Sequence[Lesson] | None = None) -> str:
    """Return the text of ``notebooks/README.md``.

    Parameters
    ----------
    series
        The lessons in reading order; those in ``notebooks/`` unless given.
    """
    series = lessons() if series is None else series
    every = [lesson.minutes for lesson in series]
    every += [lesson.exercise_minutes for lesson in series if lesson.exercise_minutes]
    low, high = (sum(ends) / 60 for ends in zip(*every, strict=True))
    return _TEXT.format(
        lessons="\n".join(_lesson_row(lesson) for lesson in series),
        hours=f"{low:.0f} to {high:.0f}",
        exercises=sum(len(lesson.exercises) for lesson in series),
        url=URL,
        sections="\n".join(_section_row(section, series) for section in SECTIONS),
    )


def code_that_runs(lesson: Lesson) -> str:
    """All code that is executed: of the lesson as it stands and of its solutions."""
    return "\n".join([lesson.code, *(exercise.solution for exercise in lesson.exercises)])


def lessons_that_run(term: str, section: Section, series: Sequence[Lesson]) -> list[Lesson]:
    """Return the lessons in whose code a term of the walkthrough is."""
    key = section.title == KEYS
    return [lesson for lesson in series if runs(term, code_that_runs(lesson), key)]


def _lesson_row(lesson: Lesson) -> str:
    title = f"[{lesson.title}]({lesson.path.name})"
    exercises = lesson.exercises
    shown = f"{len(exercises)}, {sum(one.open for one in exercises)} open" if exercises else "none"
    if lesson.exercise_minutes:
        shown += f": {lesson.exercise_minutes} minutes"
    return f"| {lesson.number} | {title} | {lesson.minutes} | {lesson.learn} | {shown} |"


def _section_row(section: Section, series: Sequence[Lesson]) -> str:
    here = {lesson.number: lesson for lesson in series}
    numbers = {number for number in section.lessons if number in here}
    for term in section.terms:
        found = {lesson.number for lesson in lessons_that_run(term, section, series)}
        if found and not found & numbers:
            numbers.add(min(found))
    links = ", ".join(f"[{number}]({here[number].path.name})" for number in sorted(numbers))
    terms = ", ".join(f"`{term.replace('|', chr(92) + '|')}`" for term in section.terms)
    return f"| {section.title} | {links} | {terms} |"
