"""All lessons, executed by the runner that the command line uses: twice in one kernel, and solved.

What the lessons of a form can share is started once: the next kernel, and one stack.
"""

import pytest

from workshop.lessons import lessons
from workshop.runner import CELL_SECONDS, EXECUTED, REPORT
from workshop.running.series import Form, Series, uses_the_stack

LESSONS = [
    pytest.param(one.path, id=one.path.stem, marks=[pytest.mark.stack] * uses_the_stack(one))
    for one in lessons()
]


# Twice: as it stands, and then all cells again in the same kernel.
@pytest.fixture(scope="module", params=[Form.TWICE, Form.SOLVED], ids=lambda form: form.value)
def series(kernels, request):
    """The surroundings in which the chosen lessons are executed."""
    form = request.param
    of_this_form = [
        item.callspec.params["lesson"]
        for item in request.session.items
        if item.path == request.path and item.callspec.params["series"] is form
    ]
    made = Series(of_this_form, EXECUTED / form.value, {}, form, CELL_SECONDS)
    with made:
        yield made
    made.report.write(made.output / REPORT)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs(series, lesson):
    ran = series.run(lesson)
    assert not ran.failure, f"{ran.name}, {ran.failure}\n{ran.details}"
