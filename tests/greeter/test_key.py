"""The greeter's key is where the engine and the greeter read it, and is shown to nobody."""

from __future__ import annotations

import json

import nbformat
import pytest
from nbclient import NotebookClient

from tests.processes import files_with, workshop
from workshop.series.lessons import NOTEBOOKS
from workshop.stack import Stack
from workshop.stack.module import endpoint_key
from workshop.stack.view import Progress


@pytest.fixture
def kept(name, monkeypatch):
    """A stack that a lesson finds under the name that it asks for."""
    stack = Stack(name)
    stack.up(progress=Progress(), keep=True)
    monkeypatch.setenv("WORKSHOP_STACK", name)
    return stack


def test_the_key_is_in_no_saved_notebook_log_or_status(kernels, kept, eventually):
    key = endpoint_key(kept.folder.conf / "module.yaml")
    code = (NOTEBOOKS / "08_the_real_stack.ipynb").read_text(encoding="utf-8")
    lesson = nbformat.reads(code.replace("stack.down()", ""), as_version=4)
    NotebookClient(lesson, timeout=300, resources={"metadata": {"path": NOTEBOOKS}}).execute()
    told = nbformat.writes(lesson)
    # The lesson ran on this stack, and showed where the key stands.
    assert kept.bootstrap in told and "?key=…" in told
    assert key not in told

    # What is logged when a call fails, and when nobody is there to be called.
    kept.kill("greeter")
    assert [str(one) for one in kept.greet("Ada", timeout=120)]
    kept.kill("taskmanager")
    assert [str(one) for one in kept.greet("Ada", timeout=120)]
    eventually(lambda: kept.status().state == "ready", 120)
    status = kept.status()
    for shown in (json.dumps(status.to_dict()), repr(status), status._repr_html_()):
        assert key not in shown
    for command in ("status", "logs", "doctor"):
        done = workshop(command, *(() if command == "doctor" else ("--name", kept.name)))
        assert key not in done.stdout + done.stderr
    assert files_with(key, kept.folder.path) == {"conf/module.yaml"}
