"""A stack as local processes, which its own supervisor looks after.

It is long: it does here all that a backend has to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from statefun import StatefulFunctions

from workshop.stack.backend import HOST_SECONDS, UP_HINT, Backend, StackError
from workshop.stack.folders import RunFolder, file_sizes
from workshop.stack.hosting import Hosting
from workshop.stack.java.engine import Engine, version_of
from workshop.stack.java.flink import key_groups_of
from workshop.stack.local.attach import differences
from workshop.stack.local.control import (
    Connection,
    StackGone,
    clear_stale,
    connect,
    one_at_a_time,
    start,
)
from workshop.stack.local.services import Settings, taskmanager_names
from workshop.stack.module import difference, endpoint_key, format_of
from workshop.stack.preflight import check_before_start
from workshop.stack.size import Size
from workshop.stack.status import Part, Status
from workshop.stack.view import Progress

FOLLOW_SECONDS = 0.2
STOP_SECONDS = 5.0

_connections: dict[Path, Connection] = {}
"""What this process holds, by run folder.

Not by Stack: a cell that makes its Stack again must not end the stack of the old one.
"""


class LocalBackend(Backend):
    """Kafka, Flink's processes and the greeter, as processes of this machine.

    It is long, as the head of the module says.

    Parameters
    ----------
    folder, module, checkpoint_ms, size, engine
        See :class:`workshop.stack.backend.Backend`.
    serve
        The command that serves the functions; ``{port}`` in it stands for the port.
    python_path
        The folder that they are imported from.
    topics
        Those to be made beside the ones that the ingresses read.
    """

    hopeless = ("failed", "stopping", "down")

    def __init__(
        self,
        folder: RunFolder,
        module: Path,
        checkpoint_ms: int | None,
        size: Size | None,
        serve: list[str],
        python_path: Path,
        topics: list[str],
        engine: Engine,
    ) -> None:
        super().__init__(folder, module, checkpoint_ms, size, engine)
        self._any_size = size is None
        self.serve = serve
        self._python_path = python_path
        self._topics = topics

    def settings(self, fresh: bool) -> Settings:
        """Return what the supervisor is told; ``fresh`` if the run folder is made for this run."""
        return Settings(
            folder=str(self.folder.path),
            module=str(self.module),
            serve=self.serve,
            python_path=str(self._python_path),
            topics=self._topics,
            checkpoint_ms=self.checkpoint_ms,
            size=self.size,
            fresh=fresh,
            engine=self.engine.version,
        )

    def _new_settings(self, fresh: bool) -> Settings:
        """The settings of a new supervisor, unless the engine cannot go on with what is there."""
        if (told := format_of(self.module)) != self.engine.module_format:
            raise StackError(
                f"{self.module} is a module definition of StateFun {told}, and {self.engine} "
                f"reads those of {self.engine.module_format} alone.",
                hint=f"name one of them: module=, as {self.engine.module} is.",
            )
        if not fresh:
            self.must_read_state_of(version_of(self.folder))
            self._must_have_a_key_group_each()
        return self.settings(fresh)

    def _must_have_a_key_group_each(self) -> None:
        groups = key_groups_of(self.folder, self.size)
        if groups is not None and groups < self.size.parallelism:
            raise StackError(
                f"Stack {self.name} keeps what its functions remember in {groups} parts, and "
                f"{self.size.parallelism} tasks need one each.",
                hint=f"start it with {groups} tasks or fewer (taskmanagers × slots), give this one "
                f"another name, or delete it: python -m workshop down --name {self.name} --forget",
            )

    def begin(self, progress: Progress, deadline: float, keep: bool) -> bool:
        connection = self._held()
        mine = connection is None
        if connection is None:
            check_before_start(self.engine)
            connection = _connections[self.folder.path] = start(self.folder, self._new_settings)
            self.opened = True
        try:
            status = connection.hold()
            if other := differences(status, self.settings(fresh=False), self._any_size):
                raise StackError(
                    f"Stack {self.name} is already up, and {' and '.join(other)}.",
                    hint="stop it first, or give this one another name.",
                )
        except BaseException:
            if mine:
                self.release()
            raise
        return mine

    def keep(self) -> None:
        self._used().ask("keep")

    def release(self) -> None:
        """See :meth:`Backend.release`; the stack ends with its last user, unless it is kept.

        A stack that ends this way takes its folder with it, unless ``up`` found it or ``down`` left
        it.
        """
        connection = _connections.pop(self.folder.path, None)
        if connection is not None:
            connection.end("release")

    def down(self, forget: bool) -> bool:
        with one_at_a_time():
            connection = _connections.pop(self.folder.path, None) or connect(self.folder)
            if connection is not None:
                connection.end("stop", forget=forget)
                return True
            ran = clear_stale(self.folder)
            if forget:
                shutil.rmtree(self.folder.path, ignore_errors=True)
            return bool(ran)

    def scale(self, workers: int) -> None:
        raise StackError(
            "The number of processes of this stack is set when it starts.",
            hint=f"stop it, and start it with size=Size(taskmanagers={workers}).",
        )

    # ------------------------------------------------------------------ look

    def status(self) -> Status:
        if (status := self._held_status()) is not None:
            return status
        connection = connect(self.folder)
        if connection is not None:
            with contextlib.suppress(StackGone), contextlib.closing(connection):
                return connection.ask("status")
        known = version_of(self.folder) if self.folder.path.exists() else ""
        return Status(self.name, str(self.folder.path), engine=known)

    @property
    def services(self) -> list[str]:
        """The processes that have a log: those of the status, and the supervisor itself."""
        status = self.status()
        size = self.size if status.state == "down" else status.size
        return ["broker", "jobmanager", *taskmanager_names(size), "greeter", "supervisor"]

    def logs(self, service: str, lines: int) -> str:
        with self._log(service).open(encoding="utf-8", errors="replace") as file:
            return "".join(deque(file, maxlen=lines)).rstrip("\n")

    def follow(self, service: str) -> Iterator[str]:
        """See :meth:`Backend.follow`; it goes on when the log is rotated."""
        path = self._log(service)
        file = path.open(encoding="utf-8", errors="replace")
        file.seek(0, 2)
        try:
            while True:
                if text := file.read():
                    yield text
                elif not path.exists() or path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                    time.sleep(FOLLOW_SECONDS)
                else:
                    file.close()
                    file = path.open(encoding="utf-8", errors="replace")
        finally:
            file.close()

    def log_place(self, service: str) -> str:
        return str(self._log(service))

    def _log(self, service: str) -> Path:
        if service not in self.services:
            raise StackError(
                f"There is no service {service!r}.", hint=f"name one of {', '.join(self.services)}."
            )
        path = self.folder.logs / f"{service}.log"
        if not path.exists():
            raise StackError(
                f"Stack {self.name} has no log of {service}, since it has not run.", hint=UP_HINT
            )
        return path

    def checkpoint_files(self) -> list[tuple[str, int]]:
        return file_sizes(self.folder.checkpoints)

    def module_difference(self) -> str:
        """See :meth:`Backend.module_difference`. The greeter's key is not shown."""
        rendered = self.folder.conf / "module.yaml"
        return difference(self.module, rendered.read_text(encoding="utf-8"), endpoint_key(rendered))

    # --------------------------------------------------------------- meddle

    def send_signal(self, name: str, number: signal.Signals) -> Part:
        for part in self.status().parts:
            if part.name != name or part.pid is None or part.started is None:
                continue
            # A number may belong to somebody else by now; the time of its start does not.
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                process = psutil.Process(part.pid)
                if abs(process.create_time() - part.started) < 0.01:
                    os.killpg(part.pid, number)
                    if number == signal.SIGSTOP:
                        _wait_until_stopped(process)
                    return part
        raise StackError(
            f"The {name} of stack {self.name} is not running right now.",
            hint="wait until it is back, or start the stack with stack.up().",
        )

    def must_be_used(self) -> None:
        self._used()

    def take_place(self, functions: StatefulFunctions) -> Hosting:
        connection = self._used()
        status = connection.ask("host")
        if status.host != os.getpid():
            raise StackError(
                f"Process {status.host} already serves in the greeter's place.",
                hint="close its hosting, or end that notebook's kernel.",
            )
        port = int(status.part("greeter").address.rpartition(":")[2].partition("/")[0])

        def give_back() -> None:
            with contextlib.suppress(StackGone):
                connection.ask("give back")

        return self._served(functions, port, give_back)

    def _served(
        self, functions: StatefulFunctions, port: int, give_back: Callable[[], None]
    ) -> Hosting:
        """Serve at the greeter's port, which a killed process keeps until it is taken apart."""
        key = endpoint_key(self.folder.conf / "module.yaml")
        deadline = time.monotonic() + HOST_SECONDS
        while True:
            try:
                return Hosting(functions, port, give_back, key)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                    give_back()
                    raise StackError(f"The greeter's place cannot be taken: {error}") from error
            time.sleep(0.05)

    def _used(self) -> Connection:
        connection = self._held()
        if connection is None:
            raise StackError(f"This process does not use stack {self.name}.", hint=UP_HINT)
        return connection

    def _held(self) -> Connection | None:
        """The connection by which this process keeps the stack alive, if the stack is up."""
        return _connections.get(self.folder.path) if self._held_status() is not None else None

    def _held_status(self) -> Status | None:
        """What the stack says over that connection; None if there is none, or it is not up."""
        connection = _connections.get(self.folder.path)
        if connection is not None:
            try:
                return connection.ask("status")
            except StackGone:
                # Another thread may have stopped the stack, or started it again.
                if _connections.get(self.folder.path) is connection:
                    _connections.pop(self.folder.path, None)
        return None


def _wait_until_stopped(process: psutil.Process) -> None:
    """Wait until ``SIGSTOP`` has taken hold: on a busy machine that is a moment later."""
    deadline = time.monotonic() + STOP_SECONDS
    with contextlib.suppress(psutil.Error):
        while process.status() != psutil.STATUS_STOPPED and time.monotonic() < deadline:
            time.sleep(0.01)
