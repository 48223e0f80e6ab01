"""The routes through the series, the road map of lesson 00, and what a lesson's head says of them.

``make syllabus`` writes both into the notebooks that have a place for it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass

import nbformat

from workshop.series.lessons import Lesson
from workshop.series.walkthrough import SECTIONS


@dataclass(frozen=True)
class Route:
    """A way through the series.

    Attributes
    ----------
    title
        How long it takes, in words.
    lessons
        The numbers of its lessons; none of them for all.
    exercises
        Whether the time is with the exercises.
    """

    title: str
    lessons: tuple[str, ...] = ()
    exercises: bool = True

    def of(self, series: Sequence[Lesson]) -> list[Lesson]:
        """Return its lessons."""
        return [one for one in series if not self.lessons or one.number in self.lessons]


ROUTES = (
    Route("one hour", ("00", "04", "08", "09"), exercises=False),
    Route("half a day", ("00", "02", "04", "05", "08", "09", "11")),
    Route("everything"),
)

GIVES = {
    "00": "a first greeting from the real engine",
    "01": "the messages, down to their bytes",
    "02": "a function, its type and its address",
    "03": "a greeting on its way into Kafka",
    "04": "a function that remembers, on a bad day too",
    "05": "batches, order, checkpoints, and *exactly once*",
    "06": "the function behind a web server; the whole greeter",
    "07": "`module.yaml`, key by key",
    "08": "the real stack, taken apart",
    "09": "a live dashboard, and functions written while names arrive",
    "10": "three ways to forget somebody",
    "11": "kills, poison and slow answers, and who repairs what",
    "12": "containers, scaling, backups, and what to watch",
    "13": "the same greeter on the newest version, and how counts get there",
    "14": "a project of your own, from an idea to something that runs",
}
"""What a lesson gives, in a few words: for the road map, and each in full in the syllabus."""

SKIPPABLE = {
    "01": "Small numbers are small",
    "03": "Without a key",
    "04": "Forgetting",
    "05": "A function that raises",
    "06": "As a program of its own",
    "07": "What changes from place to place",
    "14": "In containers",
}
"""The section that a reader in a hurry misses least."""

PLACE = "**Where you are.**"
MAP = "| | lesson | what it gives you | minutes | exercises | one hour | half a day |"


def road_map(series: Sequence[Lesson]) -> str:
    """Return the table of all lessons, and the routes below it."""
    rows = [MAP, "|---|---|---|---|---|:-:|:-:|", *(_row(lesson) for lesson in series)]
    return "\n".join([*rows, "", *(_route(route, series) for route in ROUTES)])


def place(lesson: Lesson) -> str:
    """Return what the head of a lesson says of the routes and of the walkthrough."""
    titles = [f"*{route.title}*" for route in ROUTES if route.of([lesson])]
    routes = f"{'routes' if titles[1:] else 'route'} {_and(titles)}"
    sections = [f"*{section.title}*" for section in SECTIONS if lesson.number in section.lessons]
    walkthrough = (
        f"In the [walkthrough](README.md) this is {_and(sections)}."
        if sections
        else "The [walkthrough](README.md) does not go into this."
    )
    skip = SKIPPABLE.get(lesson.number)
    return f"{PLACE} On the {routes} of the [road map](00_start_here.ipynb). {walkthrough}" + (
        f" In a hurry, skip *{skip}*." if skip else ""
    )


def with_routes(lesson: Lesson, series: Sequence[Lesson]) -> str:
    """Return the text of a notebook, with the road map and its place brought up to date."""
    notebook = copy.deepcopy(lesson.notebook)
    for cell in notebook.cells:
        if cell.source.startswith(MAP):
            cell.source = road_map(series)
    first = notebook.cells[0]
    line = re.compile(rf"^{re.escape(PLACE)}.*$", re.MULTILINE)
    first.source = line.sub(lambda _: place(lesson), first.source)
    text: str = nbformat.writes(notebook)
    return f"{text}\n"


def _row(lesson: Lesson) -> str:
    one_hour, half_a_day, _ = ("●" if route.of([lesson]) else "" for route in ROUTES)
    return (
        f"| {lesson.number} | [{lesson.title}]({lesson.path.name}) | {GIVES[lesson.number]} "
        f"| {lesson.minutes} | {lesson.exercise_minutes or ''} | {one_hour} | {half_a_day} |"
    )


def _route(route: Route, series: Sequence[Lesson]) -> str:
    chosen = route.of(series)
    minutes = [lesson.minutes for lesson in chosen]
    if route.exercises:
        minutes += [lesson.exercise_minutes for lesson in chosen if lesson.exercise_minutes]
    low, high = (sum(ends) for ends in zip(*minutes, strict=True))
    time = f"{low} to {high} minutes"
    if high > 120:
        time = f"{low / 60:.0f} to {high / 60:.0f} hours"
    which = _and(list(route.lessons)) if route.lessons else "all of them"
    how = "with" if route.exercises else "without"
    return f"- **{route.title.capitalize()}**: {which}, {how} the exercises: {time}."


def _and(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
