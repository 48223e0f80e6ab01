"""What ``make lab`` opens: the first lesson, and all that the lessons link to."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import requests
from tornado.ioloop import IOLoop
from tornado.websocket import websocket_connect

from workshop.paths import ROOT

TOKEN = "tests"


@pytest.fixture
def shell():
    """The shell of whoever starts JupyterLab."""
    return "/bin/bash"


@pytest.fixture
def lab(kernels, shell, tmp_path, eventually):
    """The address of a JupyterLab that make has started for somebody with start files."""
    home = tmp_path / "home"
    (home / "elsewhere").mkdir(parents=True)
    (home / "elsewhere" / "python").write_text("#!/bin/sh\necho not this one\n")
    (home / "elsewhere" / "python").chmod(0o755)
    for name in (".profile", ".bashrc", ".bash_profile"):
        (home / name).write_text('PATH="$HOME/elsewhere:$PATH"\n')
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = f"--no-browser --ServerApp.port={port} --IdentityProvider.token={TOKEN}"
    variables = {name: str(tmp_path) for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR")}
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    variables |= {"HOME": str(home), "XDG_CACHE_HOME": cache, "SHELL": shell}
    log = tmp_path / "log"
    with log.open("w") as output:
        made = subprocess.Popen(
            ["make", "lab", f"ARGS={options}"],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def answers() -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{port}/api", timeout=10).ok
        return False

    try:
        eventually(answers, 180, log.read_text)
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(made.pid, signal.SIGTERM)
        made.wait(60)


def test_the_first_lesson_is_opened_and_the_whole_project_is_beside_it(lab):
    first = requests.get(f"http://{lab}/", {"token": TOKEN}, timeout=30)
    assert first.url.startswith(f"http://{lab}/lab/tree/notebooks/00_start_here.ipynb")
    for path in ("notebooks/00_start_here.ipynb", "greeter/greeter.py", "module.yaml"):
        asked = {"token": TOKEN, "content": 0}
        answer = requests.get(f"http://{lab}/api/contents/{path}", asked, timeout=30)
        assert answer.status_code == 200, path


@pytest.mark.parametrize("shell", ["/bin/bash", shutil.which("dash") or "/bin/sh"])
def test_a_terminal_has_the_python_of_the_lessons(lab):
    asked = {"token": TOKEN}
    made = requests.post(f"http://{lab}/api/terminals", params=asked, timeout=30).json()["name"]

    async def typed() -> str:
        url = f"ws://{lab}/terminals/websocket/{made}?token={TOKEN}"
        terminal = await websocket_connect(url)
        command = "python -c 'import sys, workshop; print(40 + 2, sys.prefix)'"
        await terminal.write_message(json.dumps(["stdin", f"{command}\r"]))
        seen = ""
        while not (said := re.search(r"(42 [^\r]+|not this one|\w+Error)\r", seen)):
            kind, *text = json.loads(await terminal.read_message())
            seen += "".join(text) if kind == "stdout" else ""
        terminal.close()
        return said[1]

    assert IOLoop().run_sync(typed, timeout=60) == f"42 {ROOT / '.venv'}"
