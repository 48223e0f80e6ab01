"""All lessons, executed by the runner that the command line uses: as they stand, and then solved.

One kernel does both, so that one run shows three things: what is unsolved runs, every cell can be
run again, and the solutions pass their checks. All lessons share the next kernel, and one stack.
What a lesson does to a stack of its own, killing it above all, is done twice in "make soak" alone.
"""

import pytest

from workshop.series.lessons import Lesson, lessons
from workshop.series.runner import CELL_SECONDS, EXECUTED, REPORT
from workshop.series.schedule import Form, Series, shares_the_stack, uses_the_stack

LESSONS = [
    pytest.param(one.path, id=one.path.stem, marks=[pytest.mark.stack] * uses_the_stack(one))
    for one in lessons()
]


@pytest.fixture(scope="module")
def series(kernels, request):
    """The surroundings in which the chosen lessons are executed."""
    chosen = [
        item.callspec.params["lesson"]
        for item in request.session.items
        if item.path == request.path
    ]
    made = Series(chosen, EXECUTED / Form.TWICE.value, {}, Form.TWICE, CELL_SECONDS)
    with made:
        yield made
    made.report.write(made.output / REPORT)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs(series, lesson, amount):
    read = Lesson.read(lesson)
    once = uses_the_stack(read) and not shares_the_stack(read)
    ran = series.run(lesson, form=amount(Form.TRIED, Form.TWICE) if once else Form.TWICE)
    assert not ran.failure, f"{ran.name}, {ran.failure}\n{ran.details}"
