"""Whose kernel it is, and who can listen to it: in a run, and in JupyterLab as a room starts it."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from browser.lab import Lab
from tests.made import notebook, printed
from tests.processes import workshop
from tests.series.sockets import kinds_of_ports
from tests.strangers import refused
from workshop.paths import ROOT
from workshop.series import private_kernel
from workshop.series.private_kernel import PrivateKernelManager, sockets_folder

TELLS = """\
import json, os, sys
from ipykernel.connect import get_connection_info
from tests.series.sockets import kinds_of_ports
place = get_connection_info(unpack=True)["ip"]
print(json.dumps([place, kinds_of_ports(os.getpid()), sys.prefix]))
"""

ONLY_TAKES = ([], ["PULL"])
"""What a kernel's ports may be: nobody hears from one that takes what forked processes print."""


def users_own_kernel(data: Path) -> None:
    """A kernel spec of a learner's own that has the name of ours."""
    folder = data / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = {"argv": ["false", "{connection_file}"], "display_name": "mine", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))


def test_a_run_uses_the_kernel_of_the_environment_and_nobody_can_listen(kernels, tmp_path):
    users_own_kernel(tmp_path / "data")
    # Too long for a socket's path, as a home may be.
    long = tmp_path / ("long" * 25)
    long.mkdir()
    environment = {**os.environ, "JUPYTER_DATA_DIR": str(tmp_path / "data"), "TMPDIR": str(long)}
    environment |= {"XDG_RUNTIME_DIR": str(long), "JUPYTER_PREFER_ENV_PATH": "0"}
    environment["PYTHONPATH"] = str(ROOT)
    made = notebook(tmp_path, TELLS)
    done = workshop("run", "--output", str(tmp_path / "out"), str(made), env=environment)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    place, kinds, prefix = json.loads(printed(tmp_path / "out" / made.name))
    assert prefix == sys.prefix
    assert kinds in ONLY_TAKES
    assert Path(place).parent.name.startswith("statefun-kernels-")
    assert not Path(place).parent.exists()


(FOR_A_ROOM,) = re.findall(
    r"^/opt/statefun-workshop/\.venv/(bin/jupyter .+)$",
    (ROOT / "docs" / "room.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
# As "make lab" does it, and as a room is told to.
STARTS = {
    "make": (sys.executable, "-m", "jupyterlab"),
    "room": [f"{sys.prefix}/{FOR_A_ROOM.split()[0]}", *FOR_A_ROOM.split()[1:]],
}


@pytest.mark.parametrize("start", STARTS)
def test_a_server_uses_the_kernel_of_the_environment_and_nobody_can_listen(
    kernels, tmp_path, start, eventually
):
    users_own_kernel(tmp_path / "data")
    # As for a learner to whom the environment does not belong.
    lab = Lab(tmp_path, STARTS[start], JUPYTER_PREFER_ENV_PATH="0")
    try:
        spec = lab.ask("GET", "kernelspecs")["kernelspecs"]["python3"]["spec"]
        assert spec["display_name"] != "mine"
        id = lab.ask("POST", "kernels", name="python3")["id"]
        file = tmp_path / "runtime" / f"kernel-{id}.json"
        eventually(file.exists, 60)
        told = json.loads(file.read_text())
        assert told["transport"] == "ipc"
        channels = [Path(f"{told['ip']}-{told[key]}") for key in told if key.endswith("_port")]
        eventually(lambda: all(path.exists() for path in channels), 60)
        (kernel,) = [
            child
            for child in psutil.Process(lab.process.pid).children(recursive=True)
            if id in "".join(child.cmdline())
        ]
        assert kinds_of_ports(kernel.pid) in ONLY_TAKES
        folder = channels[0].parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert not any(refused(path) for path in channels)
        if os.getuid() == 0:
            assert all(refused(path, user=65001) for path in channels)
        lab.ask("DELETE", f"kernels/{id}")
        assert not any(path.exists() for path in channels)
    finally:
        lab.close()
    assert not folder.exists()


MAKES = """
from workshop.series.private_kernel import sockets_folder
print(sockets_folder(), flush=True)
input()
"""


def makes(base: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that has a folder for sockets."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAKES],
        cwd=ROOT,
        env={**os.environ, "XDG_RUNTIME_DIR": str(base)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_server_left_goes_when_the_next_one_starts(for_all):
    living, kept = makes(for_all)
    killed, left = makes(for_all)
    foreign = for_all / "statefun-kernels-of-a-file"
    foreign.touch()
    assert kept.parent == left.parent == for_all
    (left / "1-1").touch()
    killed.kill()
    killed.communicate()
    assert left.exists()
    last, own = makes(for_all)
    assert not left.exists() and kept.exists() and own.exists() and foreign.exists()
    for process in (living, last):
        process.communicate("\n")
    assert not kept.exists() and not own.exists()


@pytest.fixture
def no_folder(monkeypatch):
    """A machine where no folder takes sockets."""

    def refuse(**_):
        raise OSError

    monkeypatch.setattr(private_kernel.tempfile, "mkdtemp", refuse)
    sockets_folder.cache_clear()
    yield
    sockets_folder.cache_clear()


def test_without_a_folder_for_sockets_the_ports_are_encrypted(no_folder, tmp_path):
    manager = PrivateKernelManager()
    assert (manager.transport, manager.transport_encryption) == ("tcp", "auto")
    assert manager.ip == "127.0.0.1"


def test_what_the_configuration_says_goes():
    manager = PrivateKernelManager(transport="tcp")
    assert (manager.ip, manager.transport_encryption) == ("127.0.0.1", "auto")
