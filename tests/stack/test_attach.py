"""Which running stack ``up`` attaches to, and what a stack that ends leaves for the next one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workshop.paths import ROOT
from workshop.stack import LEAN, STATEFUN_3, Stack, StackError, Status
from workshop.stack.local.attach import content_hash, differences
from workshop.stack.view import Progress

QUIET = Progress()


def said(greetings) -> list[str]:
    return [greeting.greeting for greeting in greetings]


# --------------------------------------------------------- the same stack, or another


FROM_A_NOTEBOOK = "from workshop.stack import Stack; print(Stack({name!r}).up().supervisor)"


def test_how_an_interpreter_is_spelled_makes_no_other_stack(name):
    ours = Path(sys.executable)
    same = [one for one in ours.parent.glob("python*") if one.resolve() == ours.resolve()]
    other = str(next(one for one in same if one != ours))
    up = [other, "-m", "workshop", "up", "--name", name]
    assert subprocess.run(up, capture_output=True, timeout=240, cwd=ROOT).returncode == 0
    with Stack(name) as stack:
        supervisor = stack.status().supervisor
    code = FROM_A_NOTEBOOK.format(name=name)
    for python in (sys.executable, other):
        told = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=ROOT)
        assert told.stdout.splitlines()[-1] == f"{supervisor}", told.stderr


def asked(**other):
    """What differs between a stack as it is by default and one that is asked for otherwise."""
    own = Stack("mine").backend.settings(fresh=False)
    wanted = Stack("mine", **other).backend.settings(fresh=False)
    running = Status(
        "mine",
        "",
        engine=own.engine,
        module=own.module,
        module_hash=content_hash(own.module),
        serve=own.serve,
        python_path=own.python_path,
        size=own.size,
    )
    return differences(running, wanted, any_size=False)


def test_what_differs_between_two_stacks_is_said(tmp_path):
    assert asked() == []
    copy = tmp_path / "module.yaml"
    copy.write_text((ROOT / "module.yaml").read_text())
    assert asked(module=copy) == []
    copy.write_text("")
    assert asked(module=copy) == [f"runs {ROOT / 'module.yaml'}, not {copy}"]
    assert asked(engine=STATEFUN_3) == ["runs StateFun 2.2.2, not 3.3.0"]
    assert asked(python_path="/elsewhere") == [
        f"imports its functions from {ROOT}, not /elsewhere",
    ]
    assert asked(size=LEAN) == [f"has {Stack('mine').size}, not {LEAN}"]
    serve = Stack("mine").backend.serve
    assert asked(serve=["/usr/other/python", *serve[1:]]) == [
        f"serves them with {sys.executable}, not /usr/other/python"
    ]


def test_a_module_that_changed_since_the_start_is_told(tmp_path, name):
    module = tmp_path / "module.yaml"
    module.write_text((ROOT / "module.yaml").read_text())
    with Stack(name, module=module):
        Stack(name, module=ROOT / "module.yaml").up(progress=QUIET)
        module.write_text(f"{module.read_text()}# changed\n")
        with pytest.raises(StackError, match=f"and runs {module} as it was before it changed"):
            Stack(name, module=module).up(progress=QUIET)


# ------------------------------------------------------------- what a stop keeps


def test_what_was_stopped_goes_on_and_what_was_not_leaves_nothing(name):
    stack = Stack(name)
    # A folder whose key groups the engine has chosen: there was a time when it always did.
    stack.folder.make()
    stack.folder.key_groups.write_text("128\n")
    stack.up(progress=QUIET)
    stack.folder.key_groups.unlink()
    assert said(stack.greet("Ada", "Ada")) == ["Welcome Ada", "Nice to see you again Ada"]
    assert stack.down()
    with stack:  # Nobody stops it this time; but somebody did, and relies on it.
        assert said(stack.greet("Ada")) == ["Third time is a charm Ada"]
    with stack:
        assert said(stack.greet("Ada")) == ["Nice to see you at the 4-nth time Ada!"]
    assert stack.folder.path.exists()
    stack.down(forget=True)
    with stack:
        assert said(stack.greet("Ada")) == ["Welcome Ada"]
    assert not stack.folder.path.exists()
