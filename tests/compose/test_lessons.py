"""The lessons of the real stack, executed by papermill on the stack in containers."""

import pytest

from workshop.series.lessons import NOTEBOOKS
from workshop.series.runner import run_notebooks
from workshop.stack.engines import PROJECT_LABEL

LESSONS = ["08_the_real_stack", "09_live_greetings", "11_when_things_break", "12_into_production"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_on_containers(kernels, containers, tmp_path, lesson, eventually):
    report = run_notebooks(
        [NOTEBOOKS / f"{lesson}.ipynb"], tmp_path, {"containers": "true"}, cell_seconds=400
    )
    assert not report.failed
    eventually(
        lambda: projects(containers.backend.project.engine) == {containers.backend.project.name}, 60
    )


def projects(engine):
    """The projects of this workshop that have containers."""
    label = f'{{{{index .Config.Labels "{PROJECT_LABEL}"}}}}'
    ids = engine.run("ps", "--all", "--quiet", "--filter", f"label={PROJECT_LABEL}").split()
    told = engine.run("container", "inspect", "--format", label, *ids)
    return {name for name in told.split() if name.startswith("statefun-")}
