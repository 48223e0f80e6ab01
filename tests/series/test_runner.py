"""The runner of the lessons: what it does, and that each kind of failure fails a run."""

import contextlib
import json
import os
import signal
import subprocess
import sys

import nbformat
import psutil
import pytest

from tests.made import lesson, notebook, printed
from tests.processes import none_left, workshop
from workshop.exercises.storage import progress_file
from workshop.paths import ROOT, runs_folder
from workshop.series.runner import LessonFailed, run_notebooks
from workshop.series.schedule import Form, Series

# What a notebook does, and what the run says of it.
FAILURES = {
    "exception": (["print('before')", "1 / 0"], 'cell [2] "1 / 0": ZeroDivisionError'),
    "command": (["# not this line\n!exit 3"], 'cell [1] "!exit 3": CalledProcessError'),
    "output": (["out = !false"], 'cell [1] "out = !false": CalledProcessError'),
    "script": (["%%bash\nexit 3"], 'cell [1] "%%bash": CalledProcessError'),
    "thread": (
        ["import threading", "threading.Thread(target=lambda: 1 / 0, name='mine').start()"],
        "Unnoticed: the background thread 'mine' ended with an exception",
    ),
    "task": (
        [
            "import asyncio\nasync def fail():\n    raise ValueError('nobody asks')",
            "task = asyncio.create_task(fail())",
            "await asyncio.sleep(0.1)",
        ],
        "Unnoticed: asyncio: nobody asked for the exception of a task",
    ),
    "lost": (
        [
            "import asyncio\nasync def fail():\n    raise ValueError('nobody asks')",
            "asyncio.create_task(fail())\nawait asyncio.sleep(0.1)",
            "import gc; gc.collect();",
        ],
        "Unnoticed: asyncio: Task exception was never retrieved",
    ),
    "hang": (
        ["1", "import time\ntime.sleep(600)"],
        'cell [2] "import time": TimeoutError: the cell did not end within 15 s',
    ),
    "exit": (
        ["import sys", "sys.exit(0)", "3"],
        'the lesson ended itself in cell [2] "sys.exit(0)"',
    ),
    "death": (
        [
            "import os, sys",
            "print('its last words', file=sys.__stderr__, flush=True)",
            "os._exit(0)",
        ],
        "DeadKernelError: the kernel died while the cell ran",
    ),
}


@pytest.fixture(scope="module")
def failed(kernels, tmp_path_factory):
    """A run of notebooks that fail, each in its way, and of a good one as the last."""
    folder = tmp_path_factory.mktemp("failures")
    paths = [notebook(folder, *FAILURES[kind][0], name=f"{kind}.ipynb") for kind in FAILURES]
    paths.append(notebook(folder, "print('reached')", name="good.ipynb"))
    output = ["--output", str(folder / "out"), "--cell-seconds", "15"]
    return workshop("run", *output, *map(str, paths)), folder / "out"


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_is_named(failed, kind):
    done, _ = failed
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(f"✗ {kind}.ipynb")]
    assert FAILURES[kind][1] in line
    assert f"{kind}.ipynb, " in done.stderr


def test_a_failed_run_ends_with_one_and_with_its_report(failed):
    done, output = failed
    assert done.returncode == 1
    assert f"{len(FAILURES)} of {len(FAILURES) + 1} lessons failed" in done.stderr
    assert "its last words" in done.stderr
    assert "✓ good.ipynb" in done.stdout
    report = json.loads((output / "report.json").read_text())
    failures = {one["name"]: one["failure"] for one in report["lessons"]}
    assert failures.pop("good.ipynb") == ""
    assert all(failures.values())


def test_what_failed_has_its_copy_up_to_there(failed):
    _, output = failed
    assert printed(output / "exception.ipynb").startswith("before")
    cells = nbformat.read(output / "thread.ipynb", as_version=4).cells
    (seen,) = [out for cell in cells for out in cell.get("outputs", []) if "ename" in out]
    assert "ZeroDivisionError" in "\n".join(seen.traceback)


def test_the_run_shows_plain_lines_and_nothing_of_its_own_making(failed):
    done, output = failed
    assert "\x1b" not in done.stdout
    assert "[IPKernelApp]" not in done.stderr
    (cell,) = nbformat.read(output / "good.ipynb", as_version=4).cells
    assert (cell.source, cell.execution_count) == ("print('reached')", 1)


def test_a_good_run_reports_its_times(kernels, tmp_path, capsys):
    first = notebook(tmp_path, "import time\ntime.sleep(1.5)", "1", name="first.ipynb")
    second = notebook(tmp_path, "2", name="second.ipynb")
    report = run_notebooks([first, second], output=tmp_path / "out")
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].startswith("✓ first.ipynb")
    assert "the whole run" in shown
    assert report.slowest()[0][0] == "first.ipynb"
    assert report.slowest()[0][1].line == "import time"
    kept = json.loads((tmp_path / "out" / "report.json").read_text())
    assert kept["lessons"][0]["cells"][0]["seconds"] > 1.4
    assert [one["kernel"] > 0 for one in kept["lessons"]] == [True, True]


def test_each_notebook_has_its_kernel_and_each_kernel_its_sdk(kernels, tmp_path):
    cells = (
        "import statefun; print(hasattr(statefun, 'ValueSpec'))",
        "import sys; python = sys.executable",
        "!{python} -c 'import statefun; print(hasattr(statefun, \"ValueSpec\"))'",
        "from workshop.exercises import progress; progress('04')",
    )
    kinds = ("python3", "statefun-3", "another")
    made = [notebook(tmp_path, *cells, name=f"{kind}.ipynb", kernel=kind) for kind in kinds]
    report = run_notebooks(made, output=tmp_path / "out")
    told = [printed(ran.copy).splitlines() for ran in report.lessons]
    assert [lines[:2] for lines in told] == [["False"] * 2, ["True"] * 2, ["False"] * 2]
    # What counts all exercises needs neither SDK.
    assert len({"\n".join(lines[2:]) for lines in told}) == 1


def test_a_parameter_reaches_the_lessons_that_have_it(kernels, tmp_path):
    one = notebook(tmp_path, "name = 'Ada'", "print(name)", tag="parameters", name="a.ipynb")
    other = notebook(tmp_path, "seconds = 1", "print(seconds)", tag="parameters", name="b.ipynb")
    report = run_notebooks(
        [one, other], output=tmp_path / "out", parameters={"name": "Grace", "seconds": "2"}
    )
    assert [printed(ran.copy) for ran in report.lessons] == ["Grace\n", "2\n"]


def test_an_unknown_parameter_is_an_error_that_lists_the_known_ones(tmp_path):
    one = notebook(tmp_path, "name = 'Ada'", tag="parameters", name="a.ipynb")
    other = notebook(tmp_path, "seconds = 1", tag="parameters", name="b.ipynb")
    with pytest.raises(LessonFailed, match="None of 2 lessons.*nmae.*\n.*these: name, seconds"):
        run_notebooks([one, other], parameters={"nmae": "Grace"})
    with pytest.raises(LessonFailed, match="b.ipynb has no parameter name"):
        run_notebooks([other], parameters={"name": "Grace"})


def test_no_notebook_is_an_error(tmp_path, monkeypatch):
    with pytest.raises(LessonFailed, match="There is no notebook"):
        run_notebooks([tmp_path / "99_none.ipynb"])
    monkeypatch.setattr("workshop.series.runner.NOTEBOOKS", tmp_path)
    with pytest.raises(LessonFailed, match="There is no notebook"):
        run_notebooks()


def told_of_a_good_and_a_wrong_one(folder, **form):
    """What a run says of two lessons, where the solution of the second is wrong."""
    good = lesson(folder, "def double(n):\n    return 2 * n", name="good.ipynb")
    wrong = lesson(folder, "def double(n):\n    return 4", name="wrong.ipynb")
    with pytest.raises(LessonFailed) as failure:
        run_notebooks([good, wrong], output=folder / "out", **form)
    return str(failure.value)


def test_solved_puts_the_solution_in_place_and_asks_every_check(kernels, tmp_path, capsys):
    told = told_of_a_good_and_a_wrong_one(tmp_path, solved=True)
    assert 'wrong.ipynb, cell [4] "check("99.1", double)"' in told
    assert "answer(3)\n    gave      4\n    expected  6" in told
    assert "good.ipynb, " not in told
    assert "✓ 99.1 Double" in printed(tmp_path / "out" / "good.ipynb")


def test_twice_is_as_it_stands_and_then_solved_in_the_same_kernel(kernels, tmp_path):
    told = told_of_a_good_and_a_wrong_one(tmp_path, twice=True)
    assert 'wrong.ipynb, cell [8] "check("99.1", double)"' in told
    assert "good.ipynb, " not in told
    shown = printed(tmp_path / "out" / "good.ipynb")
    assert shown.index("✗ 99.1 Double") < shown.index("✓ 99.1 Double")


def test_tried_is_each_exercise_as_it_stands_and_then_solved(kernels, tmp_path):
    good = lesson(tmp_path, "def double(n):\n    return 2 * n", name="good.ipynb")
    wrong = lesson(tmp_path, "def double(n):\n    return 4", name="wrong.ipynb")
    with Series([good, wrong], tmp_path / "out", {}) as series:
        ran = {path: series.run(path, form=Form.TRIED) for path in (good, wrong)}
    assert ran[good].failure == ""
    assert 'cell [6] "check("99.1", double)"' in ran[wrong].failure
    shown = printed(ran[good].copy)
    assert shown.index("✗ 99.1 Double") < shown.index("✓ 99.1 Double")
    cells = nbformat.read(ran[good].copy, as_version=4).cells
    assert sum(cell.source == "start = 1" for cell in cells) == 1


def test_as_it_stands_no_check_has_to_pass_and_progress_is_not_touched(kernels, tmp_path):
    made = lesson(tmp_path, "def double(n):\n    return 2 * n")
    before = progress_file().exists()
    run_notebooks([made], output=tmp_path / "out", solved=True)
    assert progress_file().exists() == before
    report = run_notebooks([made], output=tmp_path / "out")
    assert "✗ 99.1 Double" in printed(report.lessons[0].copy)


def test_twice_runs_all_cells_again_in_the_same_kernel(kernels, tmp_path):
    cells = ["n = 1", "seen = globals().get('seen', 0) + n", "print(seen)"]
    made = notebook(tmp_path, *cells, tag="parameters")
    report = run_notebooks([made], output=tmp_path / "out", parameters={"n": "2"}, twice=True)
    assert printed(report.lessons[0].copy) == "2\n3\n"


def test_a_lesson_meets_nothing_of_the_user(kernels, tmp_path):
    made = notebook(
        tmp_path,
        "from workshop.stack import Stack; print(Stack().name, Stack().folder.path, sep='\\n')",
        "import os; print(os.getcwd(), os.environ['WORKSHOP_PROGRESS'], sep='\\n')",
    )
    report = run_notebooks([made], output=tmp_path / "out")
    name, folder, where, progress = printed(report.lessons[0].copy).splitlines()
    assert name.startswith("run-")
    assert folder.startswith(f"{runs_folder()}/run-{os.getpid()}-")
    assert where == str(tmp_path)
    assert progress != str(progress_file())
    assert not list(runs_folder().glob(f"run-{os.getpid()}-*"))


CHILDREN = """\
import os, subprocess, sys
plain = subprocess.Popen(["sleep", "600"])
own = subprocess.Popen(["sleep", "600"], start_new_session=True)
code = (
    "import subprocess as s;"
    "print(s.Popen(['sleep', '600'], start_new_session=True, stdout=s.DEVNULL).pid)"
)
orphan = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True).stdout
open("pids", "w").write(f"{plain.pid} {own.pid} {orphan.strip()} {os.getpid()}")
"""


def started(folder):
    """The processes that CHILDREN started, and its kernel, as far as they live."""
    found = []
    for pid in (folder / "pids").read_text().split():
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(int(pid)))
    return found


def test_what_a_lesson_leaves_running_ends_with_it(kernels, tmp_path):
    run_notebooks([notebook(tmp_path, CHILDREN)], output=tmp_path / "out")
    assert len((tmp_path / "pids").read_text().split()) == 4
    assert none_left(started(tmp_path))


WATCHED = """\
from workshop.stack.containers.watcher import Watcher
open("mark", "w").write("me")
watcher = Watcher(Path("mark").absolute(), "me", "watched", forget=True)
"""


def test_who_takes_down_the_containers_of_a_lesson_that_fails_may_do_so(
    kernels, tmp_path, monkeypatch
):
    # It stands for the container engine, and notes when it is asked.
    engine = tmp_path / "bin" / "docker"
    engine.parent.mkdir()
    engine.write_text(f"#!/bin/sh\nsleep 0.3; echo $* >> '{tmp_path}/asked'\n")
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{engine.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("WORKSHOP_ENGINE", "docker")
    made = notebook(tmp_path, f"from pathlib import Path\n{WATCHED}", "1 / 0")
    with pytest.raises(LessonFailed, match="ZeroDivisionError"):
        run_notebooks([made], output=tmp_path / "out")
    assert "down --volumes" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_run_that_is_ended(kernels, tmp_path, number, eventually):
    made = notebook(tmp_path, CHILDREN, "import time; time.sleep(600)")
    output = ["--output", str(tmp_path / "out")]
    run = subprocess.Popen([sys.executable, "-m", "workshop", "run", *output, str(made)], cwd=ROOT)
    eventually(lambda: (tmp_path / "pids").exists() and len(started(tmp_path)) == 4, 120)
    living = started(tmp_path)
    folders = list(runs_folder().glob(f"run-{run.pid}-*"))
    assert folders
    run.send_signal(number)
    assert run.wait(60) != 0
    eventually(lambda: none_left(living), 60)
    eventually(lambda: not folders[0].exists(), 60)


def test_lessons_of_a_run_share_one_stack(stacks, kernels, tmp_path):
    cells = [
        "from workshop.stack import Stack\nstack = Stack()\nstack.up();",
        "print(stack.status().supervisor)",
    ]
    paths = [notebook(tmp_path, *cells, name="1.ipynb")]
    paths.append(notebook(tmp_path, *cells, "stack.down();", name="2.ipynb"))
    paths.append(notebook(tmp_path, *cells, name="3.ipynb"))
    report = run_notebooks(paths, output=tmp_path / "out")
    supervisors = [int(printed(ran.copy).splitlines()[-1]) for ran in report.lessons]
    assert supervisors[0] == supervisors[1] != supervisors[2]
    assert len(report.stack_starts) == 2
    assert report.lessons[0].stack > 0
    assert not any(psutil.pid_exists(supervisor) for supervisor in supervisors)
