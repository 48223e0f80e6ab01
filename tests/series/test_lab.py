"""What ``make lab`` opens: the first lesson, and all that the lessons link to."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess

import pytest
import requests

from workshop.paths import ROOT

TOKEN = "tests"


@pytest.fixture
def lab(kernels, tmp_path, eventually):
    """The address of a JupyterLab that make has started."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = f"--no-browser --ServerApp.port={port} --IdentityProvider.token={TOKEN}"
    variables = {"JUPYTER_RUNTIME_DIR": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path)}
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
