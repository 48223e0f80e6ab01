"""The form that every lesson has; issue by issue, without executing anything."""

import re
import statistics
from pathlib import Path

import nbformat
import papermill
import pytest

from workshop.series.lessons import NOTEBOOKS, Lesson

SERIES = [
    "00_start_here.ipynb",
    "01_events.ipynb",
    "02_a_first_function.ipynb",
    "03_sending_a_response.ipynb",
    "04_a_stateful_hello.ipynb",
    "05_inside_the_runtime.ipynb",
    "06_wiring_it_together.ipynb",
    "07_configuring_the_runtime.ipynb",
    "08_the_real_stack.ipynb",
    "09_live_greetings.ipynb",
    "10_forgetting.ipynb",
    "11_when_things_break.ipynb",
    "12_into_production.ipynb",
    "13_moving_to_3x.ipynb",
    "14_your_own.ipynb",
]
LESSONS = [Lesson.read(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
EXERCISED = [lesson for lesson in LESSONS if lesson.number != "00"]
TAGS = {"parameters", "exercise", "check", "solution"}
# A link's target; of an image as well.
LINK = re.compile(r"\]\(([^)\s]+)\)")
OF_A_MACHINE = re.compile(r"(?<![\w.])/(?:home|root|Users|tmp|var/folders|work)/|\b[A-Z]:\\")


def name(lesson: Lesson) -> str:
    return lesson.path.stem


every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=name)
every_lesson_with_exercises = pytest.mark.parametrize("lesson", EXERCISED, ids=name)


def code(lesson):
    return [cell for cell in lesson.notebook.cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def sections(lesson) -> list[tuple[str, str]]:
    """The sections of a lesson: each title, and the Markdown below it."""
    without_code = re.sub(r"^```.*?^```", "", lesson.text, flags=re.MULTILINE | re.DOTALL)
    parts = re.split(r"^## (.+)$", without_code, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def test_the_lessons_are_numbered_in_reading_order_without_gaps():
    assert [lesson.path.name for lesson in LESSONS] == SERIES


@every_lesson
def test_a_lesson_is_a_python_notebook_without_outputs(lesson):
    nbformat.validate(lesson.notebook)
    named = lesson.notebook.metadata.kernelspec
    assert named.name == lesson.kernel == ("statefun-3" if lesson.number == "13" else "python3")
    assert (named.display_name == "StateFun 3") == (named.name == "statefun-3")
    assert lesson.notebook.metadata.kernelspec.language == "python"
    assert not any(cell.outputs or cell.execution_count for cell in code(lesson))
    assert {tag for cell in lesson.notebook.cells for tag in tags(cell)} <= TAGS


@every_lesson
def test_a_lesson_begins_with_what_it_is_about(lesson):
    first, second = lesson.notebook.cells[:2]
    parts = ["# ", "**What you'll do.**", "**What you'll learn.**", "**What you need.**"]
    places = [first.source.find(part) for part in parts]
    assert places[0] == 0
    assert -1 not in places and places == sorted(places)
    assert "parameters" in tags(second)
    assert lesson.title and lesson.learn
    assert 5 <= lesson.minutes.low <= lesson.minutes.high <= 30


@every_lesson
def test_a_lesson_has_one_cell_of_parameters_each_explained(lesson):
    (cell,) = [cell for cell in lesson.notebook.cells if "parameters" in tags(cell)]
    assert cell.cell_type == "code"
    assert "#" in cell.source
    assert papermill.inspect_notebook(str(lesson.path))


@every_lesson
def test_a_lesson_goes_through_its_sections_in_order(lesson):
    titles = [title for title, _ in sections(lesson)]
    end = ["Exercises", "Recap", "Your progress", "Next"]
    if lesson.number == "00" and "Exercises" not in titles:
        end = [title for title in end[1:] if title in titles]
        assert {"Recap", "Next"} <= set(end)
    assert titles[-len(end) :] == end
    assert len(titles) > len(end)
    assert re.search(r"^- ", dict(sections(lesson))["Recap"], re.MULTILINE)


@every_lesson
def test_cells_are_short(lesson):
    lengths = [len(cell.source.splitlines()) for cell in code(lesson)]
    assert max(lengths) <= 15
    assert statistics.median(lengths) <= 5
    assert all(cell.source.strip() for cell in lesson.notebook.cells)


@every_lesson
def test_links_lead_somewhere(lesson):
    for target in LINK.findall(lesson.text):
        if not target.startswith(("http://", "https://", "#")):
            assert (NOTEBOOKS / target.partition("#")[0]).exists(), target


@every_lesson
def test_next_is_the_next_lesson(lesson):
    targets = LINK.findall(dict(sections(lesson))["Next"])
    following = SERIES[SERIES.index(lesson.path.name) + 1 :]
    if following:
        assert following[0] in targets
    else:
        assert targets


@every_lesson
def test_no_lesson_names_a_place_on_a_machine(lesson):
    for cell in lesson.notebook.cells:
        assert OF_A_MACHINE.search(cell.source) is None, cell.source


@every_lesson_with_exercises
def test_a_lesson_has_exercises_and_one_of_them_is_open(lesson):
    exercises = lesson.exercises
    assert len(exercises) >= 2
    assert any(one.open for one in exercises)
    numbers = [f"{lesson.number}.{place}" for place in range(1, len(exercises) + 1)]
    assert [one.id for one in exercises] == numbers
    closed = [place for place, one in enumerate(exercises, 1) if not one.open]
    assert re.findall(r"^### Exercise (\d):", lesson.text, re.MULTILINE) == [
        str(place) for place in range(1, len(closed) + 1)
    ]
    assert any(
        "from workshop.exercises import check, progress" in cell.source
        for cell in lesson.notebook.cells[: exercises[0].cell]
        if cell.cell_type == "code"
    )


@every_lesson_with_exercises
def test_hints_open_one_at_a_time(lesson):
    cells = lesson.notebook.cells
    for one in lesson.exercises:
        start = max(i for i in range(one.cell) if cells[i].source.startswith("### "))
        task = "\n".join(cell.source for cell in cells[start : one.cell])
        hints = re.findall(
            r"<details>\n<summary>Hint ?(\d?)</summary>\n\n.+?\n\n</details>", task, re.DOTALL
        )
        assert one.hints == len(hints) == task.count("</details>") >= 1
        assert [number or "1" for number in hints] == [str(n + 1) for n in range(len(hints))]


@every_lesson_with_exercises
def test_a_solution_stays_folded(lesson):
    cells = lesson.notebook.cells
    for one in lesson.exercises:
        (place,) = [
            i
            for i in range(one.check, len(cells))
            if "solution" in tags(cells[i])
            and not any("solution" in tags(cell) for cell in cells[one.check : i])
        ]
        assert one.cell < one.check < place
        heading, following = cells[place - 1], cells[place + 1]
        assert re.fullmatch("#### (Solution|One possible solution)", heading.source)
        assert heading.metadata.get("jp-MarkdownHeadingCollapsed") is True
        # A folded heading hides all up to the next heading of its level or above.
        assert re.match(r"#{1,4} ", following.source), following.source


@every_lesson
def test_asides_are_folded(lesson):
    aside, solution = re.compile("### Aside: "), re.compile("#### (Solution|One possible)")
    for cell in lesson.notebook.cells:
        folded = cell.metadata.get("jp-MarkdownHeadingCollapsed") is True
        assert folded is bool(aside.match(cell.source) or solution.match(cell.source)), cell.source


@every_lesson_with_exercises
def test_a_lesson_ends_with_the_learners_progress(lesson):
    last = code(lesson)[-1]
    assert last.source == f'progress("{lesson.number}")'


def test_only_lessons_and_the_syllabus_are_among_the_notebooks():
    kept = {path.name for path in Path(NOTEBOOKS).iterdir() if not path.name.startswith(".")}
    assert kept - {"README.md"} == {lesson.path.name for lesson in LESSONS}
