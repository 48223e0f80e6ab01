"""How a kernel or a command reaches a stack: through its supervisor, a new one if none runs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from workshop.children import environment, own_module
from workshop.errors import WorkshopError
from workshop.paths import made_runs_folder, runs_folder
from workshop.stack.folders import RunFolder
from workshop.stack.local.process import GONE_SECONDS, group_lives
from workshop.stack.local.services import Settings
from workshop.stack.status import Status

SUPERVISOR = own_module("workshop.stack.local.supervisor")

EXIT_SECONDS = 10

_started: list[subprocess.Popen[bytes]] = []
"""The supervisors that this process started: an unfinished Popen must not be thrown away."""


class StackGone(WorkshopError):
    """The supervisor hung up: the stack is down."""


class Connection:
    """An open line to a supervisor.

    While it is open, the stack stays up; the system closes it when this process ends.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._answers = link.makefile("r", encoding="utf-8")
        self._lock = threading.Lock()

    def ask(self, do: str, **request: Any) -> Status:
        """Send one request and return the stack's status after it.

        Parameters
        ----------
        do
            ``status``; ``hold`` (this process uses the stack), ``keep`` (it stays without users),
            ``release`` (this process does not use it any more) or ``stop``. The last two are
            answered when everything has ended, if it ends. ``host`` frees the greeter's port for
            this process, unless another has it; ``give back`` starts the greeter again.

        Raises
        ------
        StackGone
            When the supervisor has hung up.
        """
        line = json.dumps({"do": do, **request}).encode() + b"\n"
        try:
            with self._lock:
                self._link.sendall(line)
                answer = self._answers.readline()
        except OSError as error:
            raise _gone() from error
        if not answer:
            raise _gone()
        return Status.from_dict(json.loads(answer))

    def hold(self) -> Status:
        """Say that this process uses the stack."""
        return self.ask("hold", pid=os.getpid())

    def end(self, do: str, **request: Any) -> None:
        """Send a last request, ``release`` or ``stop``, and wait for the supervisor if it ends."""
        with contextlib.suppress(StackGone, psutil.Error):
            status = self.ask(do, **request)
            if status.state == "down":
                psutil.Process(status.supervisor).wait(EXIT_SECONDS)
        self.close()

    def close(self) -> None:
        """Hang up, even if something else holds the line: a forked child has it too."""
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._answers.close()
        self._link.close()


def _gone() -> StackGone:
    return StackGone("The stack is down.", hint="start it again: up")


def connect(folder: RunFolder) -> Connection | None:
    """Return a connection to the stack in ``folder``, or None if none runs there."""
    link = socket.socket(socket.AF_UNIX)
    # The path of a Unix socket may have only about 100 characters: go through a short name, which
    # the folder that TMPDIR names need not be.
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        name = Path(short) / "run"
        name.symlink_to(folder.path)
        try:
            link.connect(str(name / folder.control.name))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            link.close()
            return None
    return Connection(link)


def start(folder: RunFolder, settings: Callable[[bool], Settings]) -> Connection:
    """Connect to the stack in ``folder``, starting its supervisor if none runs.

    Parameters
    ----------
    settings
        Makes the settings of a new supervisor, told whether the folder is made for it.
    """
    with one_at_a_time():
        while (found := connect(folder)) is not None:
            if found.hold().state not in ("stopping", "down", "failed"):
                return found
            # Its name is free when it has ended.
            found.end("stop", forget=None)
        clear_stale(folder)
        made = settings(not folder.path.exists())
        folder.make()
        (folder.logs / "supervisor.log").touch(mode=0o600)
        mine, its = socket.socketpair()
        with its, (folder.logs / "supervisor.log").open("wb") as log:
            process = subprocess.Popen(
                [*SUPERVISOR, made.to_json()],
                cwd=folder.path,
                env=environment(),
                stdin=its.fileno(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            _started.append(process)
        connection = Connection(mine)
        # Answered once its own address is there, so that the next one to come finds it.
        try:
            connection.hold()
        except StackGone as error:
            raise WorkshopError(
                "The supervisor of the stack ended immediately.",
                details=(folder.logs / "supervisor.log").read_text(encoding="utf-8"),
            ) from error
        return connection


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let only one process at a time look for a stack, and start it or clean it up."""
    with (made_runs_folder() / ".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clear_stale(folder: RunFolder) -> list[int]:
    """End what a killed supervisor left running in ``folder``; return the process ids.

    Call it only in :func:`one_at_a_time`, when no supervisor answers there.
    """
    ended = []
    if folder.record.exists():
        status = Status.from_dict(json.loads(folder.record.read_text(encoding="utf-8")))
        for part in status.parts:
            if part.pid is None or part.started is None:
                continue
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                # A number may belong to somebody else by now; the time of its start does not.
                if abs(psutil.Process(part.pid).create_time() - part.started) < 0.01:
                    os.killpg(part.pid, signal.SIGKILL)
                    ended.append(part.pid)
        deadline = time.monotonic() + GONE_SECONDS
        while any(map(group_lives, ended)) and time.monotonic() < deadline:
            time.sleep(0.01)  # The broker's folder is its own until it has ended.
        folder.record.unlink()
    folder.control.unlink(missing_ok=True)
    for half_gone in runs_folder().glob(f".removing-{folder.name}-*"):
        shutil.rmtree(half_gone, ignore_errors=True)
    return ended
