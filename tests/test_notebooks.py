"""The lessons, executed by papermill through the runner that the command line uses."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT
from workshop.runner import NOTEBOOKS, LessonFailed, run_notebooks

LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))


def printed(notebook: Path) -> str:
    """All text that the cells of an executed notebook printed."""
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def notebook(folder: Path, *cells: str, tag: str = "") -> Path:
    """Write a notebook with these code cells, the first one tagged."""
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    if tag:
        made.cells[0].metadata["tags"] = [tag]
    path = folder / "50_made.ipynb"
    nbformat.write(made, path)
    return path


def test_there_are_lessons():
    assert [lesson.name for lesson in LESSONS] == [
        "00_start_here.ipynb",
        "08_the_real_stack.ipynb",
    ]


@pytest.mark.stack
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.name)
def test_lesson_runs_to_its_end(lesson, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (copy,) = run_notebooks([lesson], output=ROOT / "build" / "executed")
    text = printed(copy)
    for greeting in (
        "Welcome Ada\n",
        "Nice to see you again Ada\n",
        "Third time is a charm Ada\n",
        "Nice to see you at the 4-nth time Ada!\n",
    ):
        assert greeting in text


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.name)
def test_form(lesson):
    made = nbformat.read(lesson, as_version=4)
    nbformat.validate(made)
    tags = [cell.metadata.get("tags", []) for cell in made.cells]
    assert sum("parameters" in of_cell for of_cell in tags) == 1
    assert made.metadata.kernelspec.name == "python3"
    assert made.metadata.kernelspec.language == "python"
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert max(len(cell.source.splitlines()) for cell in code) <= 15
    text = "\n".join(cell.source for cell in made.cells if cell.cell_type == "markdown")
    for part in ("What you'll do", "What you'll learn", "What you need", "## Recap", "## Next"):
        assert part in text
    for line in text.splitlines():
        if "](" in line and ".ipynb" in line:
            target = line.split("](")[1].split(")")[0]
            assert (NOTEBOOKS / target).exists(), target


def test_a_parameter_reaches_the_lesson(tmp_path):
    made = notebook(tmp_path, "name = 'Ada'", "print(name)", tag="parameters")
    (copy,) = run_notebooks([made], output=tmp_path / "out", parameters={"name": "Grace"})
    assert printed(copy) == "Grace\n"


def test_an_unknown_parameter_is_an_error_that_lists_the_known_ones(tmp_path):
    made = notebook(tmp_path, "name = 'Ada'", tag="parameters")
    with pytest.raises(LessonFailed, match="no parameter nmae.*\n.*it has name"):
        run_notebooks([made], output=tmp_path / "out", parameters={"nmae": "Grace"})


def test_no_notebook_is_an_error(tmp_path, monkeypatch):
    with pytest.raises(LessonFailed, match="There is no notebook"):
        run_notebooks([tmp_path / "99_none.ipynb"])
    monkeypatch.setattr("workshop.runner.NOTEBOOKS", tmp_path)
    with pytest.raises(LessonFailed, match="There is no notebook"):
        run_notebooks()


def test_a_failing_cell_fails_the_run_and_the_next_lesson_runs_all_the_same(tmp_path):
    (tmp_path / "bad").mkdir()
    bad = notebook(tmp_path / "bad", "print('before')", "1 / 0").rename(tmp_path / "40_bad.ipynb")
    good = notebook(tmp_path, "print('reached')")
    command = [sys.executable, "-m", "workshop", "run", "--output", str(tmp_path / "out")]
    done = subprocess.run([*command, str(bad), str(good)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "1 of 2 lessons failed" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert printed(tmp_path / "out" / "40_bad.ipynb").startswith("before")
    assert printed(tmp_path / "out" / "50_made.ipynb") == "reached\n"


def test_a_hanging_cell_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("workshop.runner.CELL_SECONDS", 2)
    made = notebook(tmp_path, "import time; time.sleep(600)")
    with pytest.raises(LessonFailed, match="(?s)50_made.*timed out"):
        run_notebooks([made], output=tmp_path / "out")


def test_a_lesson_meets_no_stack_of_the_user(tmp_path):
    made = notebook(tmp_path, "from workshop.stack import Stack; print(Stack().name)")
    (copy,) = run_notebooks([made], output=tmp_path / "out")
    assert printed(copy).startswith("run-")
