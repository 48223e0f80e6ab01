"""The routes: the road map and the heads agree with them, and minutes are what lessons hold."""

from __future__ import annotations

import re

import pytest

from workshop.series.lessons import lessons
from workshop.series.minutes import Minutes, estimated, estimated_exercises, reading_minutes
from workshop.series.routes import GIVES, PLACE, ROUTES, SKIPPABLE, road_map, with_routes

SERIES = lessons()

every_lesson = pytest.mark.parametrize("lesson", SERIES, ids=lambda one: one.path.stem)


@every_lesson
def test_the_minutes_of_a_lesson_are_near_the_estimate(lesson):
    def near(said: Minutes, estimate: Minutes) -> bool:
        return all(abs(one - other) <= 5 for one, other in zip(said, estimate, strict=True))

    assert near(lesson.minutes, estimated(lesson)), estimated(lesson)
    if lesson.exercises:
        assert lesson.exercise_minutes is not None
        assert near(lesson.exercise_minutes, estimated_exercises(lesson))


def test_the_one_hour_route_takes_an_average_reader_an_hour_at_most():
    route = ROUTES[0].of(SERIES)
    assert 45 <= sum(reading_minutes(one) for one in route) <= 60


@every_lesson
def test_road_map_and_heads_are_those_of_the_routes(lesson):
    stands = lesson.path.read_text(encoding="utf-8")
    assert stands == with_routes(lesson, SERIES), "stale: make syllabus"


def test_the_first_lesson_has_the_road_map():
    first = SERIES[0]
    assert road_map(SERIES) in first.text
    assert set(GIVES) == {one.number for one in SERIES}


@every_lesson
def test_a_head_says_where_a_lesson_is(lesson):
    assert PLACE in lesson.notebook.cells[0].source


@pytest.mark.parametrize("number", SKIPPABLE)
def test_what_can_be_skipped_is_a_section(number):
    (lesson,) = [one for one in SERIES if one.number == number]
    assert re.search(rf"^## {re.escape(SKIPPABLE[number])}$", lesson.text, re.MULTILINE)
