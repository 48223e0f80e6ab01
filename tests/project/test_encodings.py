"""What is shown and what is read depends on no terminal and no locale."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.made import notebook
from tests.processes import workshop
from workshop.paths import ROOT
from workshop.stack import Stack

OURS = ("workshop", "greeter", "generator", "book", "statefun-protobuf")
OF_A_PATH = {"read_text", "write_text"}
OPENING = {"open", "fdopen", "NamedTemporaryFile", "TemporaryFile", "TextIOWrapper"}
NO_TEXT = {"os.open", "tarfile.open"}
RUNNING = {"run", "Popen", "check_output", "create_subprocess_exec"}


def depending_on_the_locale(source: str) -> Iterator[int]:
    """Yield the lines that read or write text without saying in which encoding."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        given = {word.arg: word.value for word in node.keywords}
        strings = [
            one.value for one in [*node.args, *given.values()] if isinstance(one, ast.Constant)
        ]
        of_a_library = ast.unparse(node.func) in NO_TEXT
        in_bytes = any(isinstance(text, str) and text.strip("rwxa+") == "b" for text in strings)
        as_text = isinstance(given.get("text"), ast.Constant) and given["text"].value
        if (
            "encoding" not in given
            and not of_a_library
            and (
                (name in OF_A_PATH)
                or (
                    name in OPENING
                    and not in_bytes
                    and not (name[0] in "NT" and "mode" not in given)
                )
                or (name in RUNNING and (as_text or "universal_newlines" in given))
            )
        ):
            yield node.lineno


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("p.read_text()\np.read_text(encoding='utf-8')", [1]),
        ("open(p)\nopen(p, 'rb')\nopen(p, mode='w')\np.open('wb')\nos.fdopen(h, 'w')", [1, 3, 5]),
        ("run(c, text=True)\nrun(c)\nrun(c, text=True, encoding='utf-8')", [1]),
    ],
)
def test_it_is_noticed(source, lines):
    assert list(depending_on_the_locale(source)) == lines


def test_no_file_and_no_child_is_read_in_the_encoding_of_the_locale():
    files = [path for folder in OURS for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 100
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted(files)
        for line in depending_on_the_locale(path.read_text(encoding="utf-8"))
    ]
    assert found == []


# What a learner, a function or the file system may bring forth, and the signs that we use.
TELLS = """
import sys
from greeter.terminal import show_everything
show_everything()
for stream in (sys.stdout, sys.stderr):
    print("✓ ✗ … ■□ → Zoë Łukasz 🦊 \\udcff", file=stream)
"""
TERMINALS = {
    "latin-1": "ok x ... #- -> Zo\xeb \\u0141ukasz \\U0001f98a \xff",
    "ascii": "ok x ... #- -> Zo\\xeb \\u0141ukasz \\U0001f98a \xff",
    "ascii:surrogateescape": "ok x ... #- -> Zo\\xeb \\u0141ukasz \\U0001f98a \xff",
    "utf-8": "✓ ✗ … ■□ → Zoë Łukasz 🦊 ".encode().decode("latin-1") + "\xff",
}


@pytest.mark.parametrize("encoding", TERMINALS)
def test_a_terminal_that_has_not_all_signs_shows_readable_ones(encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-c", TELLS]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("latin-1").splitlines() == [TERMINALS[encoding]]
    assert done.stderr == done.stdout


# Every program of ours that prints: what is shown must not end it.
PROGRAMS = [
    ["workshop", "doctor"],
    ["workshop", "progress", "04"],
    ["workshop", "syllabus", "--help"],
    *([one, "--help"] for one in ("generator", "generator.event_generator", "greeter", "book")),
    *(
        [f"tests.{one}", "--help"]
        for one in ("chaos", "chaos.cycles", "greeter.fuzz", "stack.bounded")
    ),
]

# Each as "python -m" runs it, in a process of its own that begins with what most of them import.
RUNS = """
import json, os, runpy, sys, traceback
import click, flask, kafka, psutil, requests, rich.progress, rich.table, statefun, yaml
import workshop.series.lessons, workshop.simulation, workshop.stack
ended = []
for encoding, program in json.loads(sys.argv[1]):
    if not (child := os.fork()):
        sys.argv, code = program, 0
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding=encoding)
        try:
            runpy.run_module(program[0], run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            code = 70
            traceback.print_exc()
        try:
            print("✓ ✗", flush=True)  # It has seen to it that the streams take them.
        finally:
            os._exit(code)
    ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(ended))
"""


def test_every_program_gets_through_on_any_terminal():
    runs = [[encoding, program] for encoding in ("latin-1", "ascii") for program in PROGRAMS]
    command = [sys.executable, "-c", RUNS, json.dumps(runs)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True)
    *shown, ended = done.stdout.splitlines()
    assert json.loads(ended) == [0] * len(runs), done.stderr
    assert shown.count(b"ok x") == len(runs)
    assert b"Traceback" not in done.stderr, done.stderr


def test_a_run_is_shown_on_a_terminal_that_is_not_utf_8(kernels, tmp_path):
    made = [notebook(tmp_path, "1", name="good.ipynb"), notebook(tmp_path, "1/0", name="bad.ipynb")]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-m", "workshop", "run", "--output", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, *map(str, made)], env=environment, capture_output=True, encoding="latin-1"
    )
    assert "ok good.ipynb" in done.stdout and "x bad.ipynb" in done.stdout
    assert "1 of 2 lessons failed" in done.stderr and "Traceback" not in done.stdout


def test_a_stack_comes_up_whatever_the_terminal_can_show(name):
    for encoding in ("ascii", "latin-1"):
        for command in (["up"], ["up"], ["status"]):
            done = subprocess.run(
                [sys.executable, "-m", "workshop", *command, "--name", name],
                env={**os.environ, "PYTHONIOENCODING": encoding},
                capture_output=True,
            )
            assert done.returncode == 0, done.stderr
    assert Stack(name).status().state == "ready"
    assert workshop("greet", "--name", name, "Zoë").stdout == "Welcome Zoë\n"
