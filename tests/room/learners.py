"""Learners of one machine: each a process with a stack, and perhaps a login, of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_SCRIPT = """
import json, os, signal, sys
import requests
from generator.broker import GreetingReader
from workshop.stack import LEAN, Stack
from workshop.stack.view import Progress

stack = Stack(size=LEAN)
stack.up(timeout=400, progress=Progress())

def greet(*names):
    return [str(greeting) for greeting in stack.greet(*names, timeout=120)]

def keys():
    with GreetingReader(stack.bootstrap, from_start=True) as reader:
        return sorted({greeting.key for greeting in reader.poll(5)})

def parts():
    return {part.name: [part.pid, part.address, part.restarts] for part in stack.status().parts}

def kill(part):
    os.kill(stack.status().part(part).pid, signal.SIGKILL)

def try_to(verb, *what):
    try:
        {"read": lambda url: requests.get(url + "/overview", timeout=10),
         "list": os.listdir, "kill": lambda pid: os.kill(pid, signal.SIGKILL)}[verb](*what)
    except Exception as error:
        return type(error).__name__
    return "did it"

print(json.dumps("up"), flush=True)
for line in sys.stdin:
    verb, *what = json.loads(line)
    print(json.dumps(globals()[verb](*what)), flush=True)
stack.down(forget=True)
"""


class Learner:
    """One who has started a stack, as soon as :meth:`up` returns.

    Parameters
    ----------
    home
        A folder for all that is this learner's own.
    python
        The Python with the packages.
    user
        The id of the login; unless given, that of the test.
    """

    def __init__(
        self, home: Path, python: Path | str = sys.executable, user: int | None = None
    ) -> None:
        home.mkdir()
        keep = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}
        login = {}
        if user is None:
            keep |= {"WORKSHOP_RUNS": str(home), "HOME": os.environ["HOME"]}
        else:
            os.chown(home, user, user)
            keep |= {"HOME": str(home)}
            keep.pop("PYTHONPATH", None)
            login = {"user": user, "group": user, "extra_groups": []}
        self._process = subprocess.Popen(
            [str(python), "-c", _SCRIPT],
            cwd=home,
            env=keep,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **login,
        )

    def up(self) -> None:
        """Wait until the stack is up."""
        assert self._answer() == "up"

    def ask(self, verb: str, *what: Any) -> Any:
        """Let the learner do something; return what came of it."""
        self._process.stdin.write(json.dumps([verb, *what]) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def leave(self) -> None:
        """Let the stack end, and all that it left."""
        self._process.stdin.close()
        self._process.wait(60)

    def _answer(self) -> Any:
        line = self._process.stdout.readline()
        assert line, f"the learner ended: {self._process.wait(10)}"
        return json.loads(line)


def neither_notices(ada: Learner, grace: Learner) -> None:
    """Let two learners greet the same name, and one of them lose two processes."""
    ada.up()
    grace.up()
    assert ada.ask("greet", "Eve", "Eve") == ["Welcome Eve", "Nice to see you again Eve"]
    assert grace.ask("greet", "Eve", "Alan") == ["Welcome Eve", "Welcome Alan"]
    assert ada.ask("keys") == ["Eve"]
    assert grace.ask("keys") == ["Alan", "Eve"]
    before = grace.ask("parts")
    addresses = [{address for _, address, _ in one.ask("parts").values()} for one in (ada, grace)]
    assert addresses[0] & addresses[1] == {""}
    ada.ask("kill", "broker")
    ada.ask("kill", "taskmanager")
    assert grace.ask("greet", "Eve") == ["Nice to see you again Eve"]
    assert ada.ask("greet", "Eve") == ["Third time is a charm Eve"]
    assert grace.ask("parts") == before
