"""A real JupyterHub, set up and started by the commands of docs/room.md, and two logins."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page

from browser.lab import OpenNotebook
from tests.browser.conftest import PATIENCE, browser  # noqa: F401 - a fixture
from tests.processes import python_for_all
from workshop.paths import ROOT
from workshop.room.bundle import repository_files

DOCS = ROOT / "docs" / "room.md"
COPY = "/opt/statefun-workshop"
"""Where the docs put the copy that all logins share."""
INSTALL, START = re.findall(
    r"^```\n(umask 022\n.+?|mkdir -p /srv/jupyterhub\n.+?)```$",
    DOCS.read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)
IDLE_SECONDS = 30
PASSWORD = "only in these tests"
LESSONS = "statefun-workshop/notebooks"


class Learner:
    """A login of the machine, and its browser.

    Attributes
    ----------
    login
        Its entry among the machine's logins.
    page
        A page of a browser of its own.
    """

    def __init__(self, name: str, page: Page, url: str, copy: Path) -> None:
        self.login = pwd.getpwnam(name)
        self.page = page
        self._url = url
        self._copy = copy

    def log_in(self) -> OpenNotebook:
        """Log in, which starts a server; return the notebook that it opens."""
        self.page.goto(f"{self._url}/hub/login")
        self.page.get_by_label("Username").fill(self.login.pw_name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        return OpenNotebook(self.page)

    def open(self, lesson: str) -> OpenNotebook:
        """Open a lesson of the copy at home."""
        self.page.goto(
            f"{self._url}/user/{self.login.pw_name}/lab/tree/{LESSONS}/{lesson}.ipynb?reset"
        )
        return OpenNotebook(self.page)

    def stop_server(self) -> None:
        """Stop the server, as its learner would."""
        self.page.goto(f"{self._url}/hub/home")
        self.page.get_by_role("button", name="Stop My Server").click()

    def start_server(self) -> OpenNotebook:
        """Start the server again; return the notebook that it opens."""
        self.page.goto(f"{self._url}/hub/spawn")
        return OpenNotebook(self.page)

    def processes(self, name: str = "") -> list[psutil.Process]:
        """All processes of the login, or those of a name."""
        mine = []
        for process in psutil.process_iter(["uids", "name", "status"]):
            uids = process.info["uids"]
            if uids and uids.real == self.login.pw_uid and name in process.info["name"]:
                mine.append(process)
        return [one for one in mine if one.info["status"] != psutil.STATUS_ZOMBIE]

    def run(self, code: str) -> str:
        """Run Python as this login, in the environment that all share; return what it printed."""
        done = subprocess.run(
            [self._copy / ".venv" / "bin" / "python", "-c", code],
            cwd=self._copy,
            env={
                "HOME": self.login.pw_dir,
                "PATH": os.environ["PATH"],
                "WORKSHOP_CACHE": f"{self._copy}/build/cache",
            },
            **self.identity,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def identity(self) -> dict[str, object]:
        """How a process becomes this login's."""
        return {"user": self.login.pw_uid, "group": self.login.pw_gid, "extra_groups": []}

    def channels(self) -> list[Path]:
        """The sockets of this login's kernels."""
        runtime = Path(self.login.pw_dir) / ".local" / "share" / "jupyter" / "runtime"
        told = [json.loads(file.read_text()) for file in runtime.glob("kernel-*.json")]
        assert all(one["transport"] == "ipc" for one in told)
        return [Path(f"{one['ip']}-{one[key]}") for one in told for key in one if "_port" in key]


@pytest.fixture(scope="module", autouse=True)
def apart() -> None:
    """End unless mounts are seen by these processes alone: files of the machine are replaced."""
    if os.getppid() != 1:
        pytest.exit("Start these tests by: make test-hub", returncode=2)


@pytest.fixture(scope="module")
def shared(for_all: Path) -> Path:
    """The copy for all, set up and with what the hub needs."""
    copy = for_all / "statefun-workshop"
    for source in repository_files(ROOT):
        target = copy / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    for command in (f"make setup PYTHON={python_for_all()}", INSTALL):
        # Nobody's home but those of the two logins is to be changed.
        script = command.replace(COPY, str(copy)).replace("/home/", f"{for_all}/home/")
        subprocess.run(["sh", "-euc", script], cwd=copy, check=True)
    return copy


@pytest.fixture(scope="module")
def logins(for_all: Path) -> list[str]:
    """Two logins, which exist for the processes of these tests alone."""
    etc, homes = for_all / "etc", for_all / "home"
    homes.mkdir()
    names = ["ada", "grace"]
    script = f'cp -a /etc "{etc}" && mount --bind "{etc}" /etc'
    script += "".join(
        f' && useradd --create-home --base-dir "{homes}" --shell /bin/sh {name}'
        f" && echo '{name}:{PASSWORD}' | chpasswd"
        for name in names
    )
    subprocess.run(["sh", "-euc", script], check=True)
    return names


@pytest.fixture(scope="module")
def hub(logins: list[str], shared: Path, for_all: Path) -> Iterator[str]:
    """The address of the hub, started as the docs say, with less patience for idle kernels."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    script = START.replace("/srv", str(for_all / "srv")).replace(f"\n{COPY}", f"\nexec {COPY}")
    script = f"{script.replace(COPY, str(shared)).rstrip()} --port {port}"
    log = for_all / "hub.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["sh", "-euc", script],
            env={**os.environ, "IDLE_SECONDS": str(IDLE_SECONDS)},
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{url}/hub/api", timeout=5).close()
                break
            except OSError:
                late = time.monotonic() > deadline
                assert not late and process.poll() is None, log.read_text()
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(60)
        (ROOT / "build").mkdir(exist_ok=True)
        shutil.copy(log, ROOT / "build")


@pytest.fixture
def learners(hub, shared, logins, browser) -> Iterator[list[Learner]]:  # noqa: F811
    """The two learners, each with a browser of their own."""
    contexts = [browser.new_context(viewport={"width": 1280, "height": 1000}) for _ in logins]
    for context in contexts:
        context.set_default_timeout(PATIENCE)
    yield [
        Learner(name, context.new_page(), hub, shared)
        for name, context in zip(logins, contexts, strict=True)
    ]
    for context in contexts:
        context.close()
