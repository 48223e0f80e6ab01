"""The lessons of the real stack, executed by papermill on the stack in containers."""

import pytest

from tests.made import notebook
from workshop.series.lessons import NOTEBOOKS
from workshop.series.runner import LessonFailed, run_notebooks
from workshop.stack.engines import PROJECT_LABEL

LESSONS = ["08_the_real_stack", "09_live_greetings", "11_when_things_break", "12_into_production"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_on_containers(kernels, containers, tmp_path, lesson, eventually):
    report = run_notebooks(
        [NOTEBOOKS / f"{lesson}.ipynb"], tmp_path, {"containers": "true"}, cell_seconds=400
    )
    assert not report.failed
    eventually(lambda: only_there_is(containers), 60)


BROKEN = """\
from workshop.stack import Stack
stack = Stack.compose(f"{Stack().name}-two")
stack.up()
1 / 0"""


def test_a_lesson_that_fails_leaves_no_containers(kernels, containers, tmp_path, eventually):
    made = notebook(tmp_path, BROKEN)
    with pytest.raises(LessonFailed, match="ZeroDivisionError"):
        run_notebooks([made], tmp_path / "out", cell_seconds=400)
    eventually(lambda: only_there_is(containers), 60)


def only_there_is(stack):
    """Whether no other stack has containers."""
    return projects(stack.backend.project.engine) == {stack.backend.project.name}


def projects(engine):
    """The projects of this workshop that have containers."""
    label = f'{{{{index .Config.Labels "{PROJECT_LABEL}"}}}}'
    ids = engine.run("ps", "--all", "--quiet", "--filter", f"label={PROJECT_LABEL}").split()
    told = engine.run("container", "inspect", "--format", label, *ids)
    return {name for name in told.split() if name.startswith("statefun-")}
