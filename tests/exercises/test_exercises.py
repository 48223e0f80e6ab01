"""Every exercise: refused while it is unsolved or wrong, passed by its solution."""

import functools
import json
import os
import signal
import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.exercises.wrong_answers import wrong_answers
from tests.processes import workshop
from workshop.errors import WorkshopError
from workshop.exercises import check, examine, progress, reset
from workshop.exercises.checking import exercise, expect, titles
from workshop.exercises.storage import progress_file
from workshop.paths import ROOT
from workshop.series.lessons import lessons
from workshop.stack import LEAN, Stack
from workshop.stack.java.engine import STATEFUN_3
from workshop.stack.view import Progress

IN_LESSONS = [(lesson, one) for lesson in lessons() for one in lesson.exercises]
BY_ID = {one.id: (lesson, one) for lesson, one in IN_LESSONS}
# Some checks try the answer on the lesson's stack.
ON_A_STACK = [one for one in IN_LESSONS if "stack," in one[0].notebook.cells[one[1].check].source]
ALONE = [one for one in IN_LESSONS if one not in ON_A_STACK]
WRONG = wrong_answers()
WRONG_ON_A_STACK = [w for w in WRONG if BY_ID[w.exercise] in ON_A_STACK]
WRONG_ALONE = [w for w in WRONG if w not in WRONG_ON_A_STACK]


def ids(values):
    return [one.id for _, one in values]


def names(values):
    return [f"{one.exercise}-{one.mistake}" for one in values]


def outcome(id: str, answer: str, capsys, **scope) -> str:
    """What the check prints for ``answer`` in the exercise's cell, which needs no other cell."""
    lesson, cells = BY_ID[id]
    if lesson.kernel != "python3":
        return outcome_on_3(answer, lesson.notebook.cells[cells.check].source)
    scope |= {"check": check, "__name__": "__main__"}
    exec(compile(answer, "<your cell>", "exec"), scope)
    capsys.readouterr()
    exec(lesson.notebook.cells[cells.check].source, scope)
    return capsys.readouterr().out


ON_3 = """
import json, sys
from workshop.exercises import check
for line in sys.stdin:
    answer, checked = json.loads(line)
    scope = {"check": check, "__name__": "__main__"}
    exec(compile(answer, "<your cell>", "exec"), scope)
    exec(checked, scope)
    print(flush=True)
"""


@functools.cache
def python_with_the_sdk_of_3() -> subprocess.Popen[str]:
    """A process that has what the kernel StateFun 3 has; it ends with its input."""
    path = os.pathsep.join([str(STATEFUN_3.sdk), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, "-c", ON_3],
        env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


def outcome_on_3(answer: str, checked: str) -> str:
    """What the check of an exercise on 3.x prints."""
    process = python_with_the_sdk_of_3()
    process.stdin.write(json.dumps([answer, checked]) + "\n")
    process.stdin.flush()
    return "".join(iter(process.stdout.readline, "\n"))


def must_refuse_unsolved(printed, cells):
    assert f"✗ {cells.id} {cells.title}\n" in printed
    assert "Hint: " in printed
    assert "Traceback" not in printed


def must_give_the_hint_meant(printed, wrong):
    assert f"✗ {wrong.exercise} " in printed
    assert wrong.hint in " ".join(printed.rpartition("Hint: ")[2].split())
    assert "Traceback" not in printed


@pytest.mark.parametrize(("lesson", "cells"), ALONE, ids=ids(ALONE))
def test_unsolved_is_refused_with_a_hint(lesson, cells, capsys):
    must_refuse_unsolved(outcome(cells.id, lesson.notebook.cells[cells.cell].source, capsys), cells)


@pytest.mark.parametrize(("lesson", "cells"), ALONE, ids=ids(ALONE))
def test_the_solution_passes_twice(lesson, cells, capsys):
    for _ in range(2):
        printed = outcome(cells.id, cells.solution, capsys)
        assert f"✓ {cells.id} {cells.title}\n" in printed


@pytest.mark.parametrize("wrong", WRONG_ALONE, ids=names(WRONG_ALONE))
def test_a_wrong_answer_meets_the_hint_meant_for_it(wrong, capsys):
    must_give_the_hint_meant(outcome(wrong.exercise, wrong.code, capsys), wrong)


@pytest.fixture(scope="module")
def stack_of_the_module(stacks):
    with Stack("exercises", size=LEAN) as made:
        yield made


@pytest.fixture
def own_stack(stack_of_the_module):
    """A stack of these tests' own that is up: an answer may break it, or stop it."""
    stack_of_the_module.up(progress=Progress())
    return stack_of_the_module


@pytest.mark.parametrize(("lesson", "cells"), ON_A_STACK, ids=ids(ON_A_STACK))
def test_on_a_stack_unsolved_is_refused_and_the_solution_passes(lesson, cells, capsys, own_stack):
    unsolved = lesson.notebook.cells[cells.cell].source
    must_refuse_unsolved(outcome(cells.id, unsolved, capsys, stack=own_stack), cells)
    for _ in range(2):
        printed = outcome(cells.id, cells.solution, capsys, stack=own_stack)
        assert f"✓ {cells.id} {cells.title}\n" in printed


@pytest.mark.parametrize("wrong", WRONG_ON_A_STACK, ids=names(WRONG_ON_A_STACK))
def test_on_a_stack_a_wrong_answer_meets_the_hint_meant_for_it(wrong, capsys, own_stack):
    printed = outcome(wrong.exercise, wrong.code, capsys, stack=own_stack)
    must_give_the_hint_meant(printed, wrong)


@pytest.mark.parametrize(("lesson", "cells"), ON_A_STACK, ids=ids(ON_A_STACK))
def test_without_its_stack_a_check_says_to_start_it(lesson, cells, capsys):
    printed = outcome(cells.id, cells.solution, capsys, stack=Stack("never-started"))
    assert "yours is down.\n  Hint: run the cell with stack.up() once more" in printed


@pytest.mark.parametrize("id", sorted(BY_ID))
def test_every_exercise_has_wrong_answers_and_hints(id):
    assert len([w for w in WRONG if w.exercise == id]) >= 2
    assert BY_ID[id][1].hints >= 1


def test_lessons_and_checks_agree_on_the_exercises():
    assert titles() == {one.id: one.title for _, one in IN_LESSONS}


# ------------------------------------------------------------- the checks' own machinery


@pytest.fixture
def made(monkeypatch):
    """An exercise that lives as long as the test."""
    monkeypatch.setattr("workshop.exercises.checking._exercises", {})
    monkeypatch.setattr("pkgutil.iter_modules", lambda _: [])

    @exercise("99.1", "Double", raises={TypeError: "take one argument."})
    def double(answer):
        expect("answer(2)", answer(2), 4, "add it to itself.")
        return "It doubles."


@pytest.fixture(autouse=True)
def afresh():
    reset()


def test_a_check_says_what_it_saw_and_expected(made, capsys):
    check("99.1", lambda n: n + 1)
    assert capsys.readouterr().out == (
        "✗ 99.1 Double\n  answer(2)\n    gave      3\n    expected  4\n  Hint: add it to itself.\n"
    )


def test_an_error_of_the_learners_code_becomes_a_sentence(made, capsys):
    scope = {}
    exec(compile("def answer(n):\n    return n / 0", "<your cell>", "exec"), scope)
    check("99.1", scope["answer"])
    printed = capsys.readouterr().out
    assert (
        "Your code raised ZeroDivisionError: division by zero\n  in line 2 of your cell" in printed
    )
    check("99.1", lambda: 4)
    assert "Hint: take one argument." in capsys.readouterr().out


def test_an_answer_that_never_ends_is_interrupted(made, monkeypatch):
    monkeypatch.setattr("workshop.exercises.checking.LIMIT_SECONDS", 0.3)
    scope = {}
    stubborn = """
def answer(n):
    while True:
        try:
            while True:
                n += 1
        except Exception:
            pass
"""
    exec(compile(stubborn, "<your cell>", "exec"), scope)
    told = str(examine("99.1", scope["answer"]))
    assert "Your code was still running after 0.3 s.\n  in line " in told
    assert "Hint: does it contain a loop that never ends?" in told
    # The next one has all of its time, and an alarm of somebody else is kept.
    assert examine("99.1", lambda n: 2 * n).passed
    assert signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL  # pytest's own.


def test_an_endless_loop_in_a_function_that_the_simulation_calls_is_interrupted(monkeypatch):
    monkeypatch.setattr("workshop.exercises.checking.LIMIT_SECONDS", 1.0)

    def endless(context, greet_request):
        while True:
            pass

    assert "Your code was still running after 1 s." in str(examine("03.1", endless))


def test_a_cell_with_a_syntax_error_is_told_instead_of_what_it_was_before(made, monkeypatch):
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    monkeypatch.setattr("workshop.exercises.checking.shell", lambda: shell)
    shell.run_cell("def answer(n):\n    return n +", silent=False)
    told = str(examine("99.1", lambda n: 2 * n))
    assert (
        "Python could not start the cell that you ran last: invalid syntax, in its line 2." in told
    )
    shell.run_cell("answer = 1 / 0")  # This one ran, and may have made what is asked for.
    assert examine("99.1", lambda n: 2 * n).passed


def test_an_empty_answer_is_told_how_to_begin(made):
    for answer in (None, ...):
        assert "There is no answer yet.\n  Hint: replace the ..." in str(examine("99.1", answer))


def test_an_unknown_exercise_is_an_error_that_lists_the_known_ones(made):
    with pytest.raises(WorkshopError, match="no exercise '99.7'.*\n.*there are 99.1"):
        examine("99.7", 1)


def test_progress_is_kept_and_can_be_reset(made, capsys):
    check("99.1", lambda n: n + 1)
    progress("99")
    assert "0 of 1 checks passed\n  still to do: 99.1 Double" in capsys.readouterr().out
    check("99.1", lambda n: 2 * n)
    when = json.loads(progress_file().read_text())["passed"]["99.1"]
    check("99.1", lambda n: 2 * n)
    check("99.1", lambda n: n)
    assert json.loads(progress_file().read_text())["passed"] == {"99.1": when}
    capsys.readouterr()
    progress()
    assert "■  1 of 1 checks passed" in capsys.readouterr().out
    reset("98")
    assert progress_file().exists()
    reset("99")
    assert json.loads(progress_file().read_text() if progress_file().exists() else "{}") == {}


def test_a_damaged_progress_file_is_a_clear_error(made):
    progress_file().write_text("{")
    with pytest.raises(WorkshopError, match="cannot be read(?s:.*)progress --reset"):
        progress()
    done = workshop("progress", "--reset")
    assert done.returncode == 0, done.stderr
    assert not progress_file().exists()
