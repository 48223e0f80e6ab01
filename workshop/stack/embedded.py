"""The real stack as local processes: what notebooks and the command line use."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path

import psutil
from statefun import StatefulFunctions

from generator.broker import (
    BrokerUnreachable,
    Greeting,
    GreetingReader,
    RequestProducer,
    check_names,
)
from workshop.children import own_module
from workshop.errors import WorkshopError
from workshop.paths import ROOT
from workshop.stack.attach import differences
from workshop.stack.control import Connection, StackGone, clear_stale, connect, one_at_a_time, start
from workshop.stack.failures import advice
from workshop.stack.folders import RunFolder, file_sizes
from workshop.stack.hosting import Hosting
from workshop.stack.module import difference, endpoint_key, function_types
from workshop.stack.poison import Poison
from workshop.stack.preflight import check_before_start
from workshop.stack.services import Settings, taskmanager_names
from workshop.stack.size import Size, default_checkpoint_ms, default_size
from workshop.stack.status import Part, Status
from workshop.stack.view import HostingView, Progress, in_a_notebook, progress_here

_SERVE = own_module("greeter", "--host", "127.0.0.1", "--port", "{port}")
HOST_SECONDS = 60
"""How long a hosting waits for a stack that is being brought back."""

_UP_HINT = "start it with stack.up() or python -m workshop up."

_hostings: dict[Path, Hosting] = {}
_connections: dict[Path, Connection] = {}
"""What this process holds, by run folder.

Not by Stack: a cell that makes its Stack anew must not end the stack of the old one.
"""

seconds_in_up = 0.0
"""How long this process has waited in :meth:`Stack.up`: the report of a run tells it."""


class StackError(WorkshopError):
    """The stack did not do what was asked of it."""


class Stack:
    """Kafka, Flink's two processes and the greeter, as processes of this machine.

    Making one starts nothing. ``up`` starts the stack, or attaches to the one of the same name
    that runs already. It ends with the last process that uses it, however that ends. What was
    stopped by ``down`` goes on with the next ``up``; what was never stopped so leaves nothing.

    Parameters
    ----------
    name
        Two stacks of different names never meet. Unless given, that of the environment variable
        ``WORKSHOP_STACK``, or ``default``.
    module
        The module definition to run.
    application
        The WSGI application that serves the module's functions, as ``module:name``.
    serve
        The command that serves them, in place of the greeter's own server with ``application``;
        ``{port}`` in it stands for the port.
    python_path
        The folder that they are imported from.
    checkpoint_ms
        How often the engine takes a checkpoint, in milliseconds: every greeting waits for the
        next one to be committed. Unless given, a quarter of a second, or what the environment
        variable ``WORKSHOP_CHECKPOINT_MS`` names.
    size
        How many TaskManagers, slots and partitions, and how much memory. Unless given, ``LEAN`` or
        ``LONG_LIVED`` if the environment variable ``WORKSHOP_SIZE`` names it (``lean``,
        ``long-lived``), else ``STANDARD``; and a stack of another size that runs already will do.

    Examples
    --------
    >>> with Stack("mine") as stack:
    ...     print(*stack.greet("Ada", "Ada"), sep="\\n")
    Welcome Ada
    Nice to see you again Ada
    """

    up_seconds = 180.0
    """How long :meth:`up` may take, unless it is told otherwise."""

    def __init__(
        self,
        name: str | None = None,
        *,
        module: Path | str = ROOT / "module.yaml",
        application: str = "greeter.greeter:app",
        serve: Sequence[str] | None = None,
        python_path: Path | str = ROOT,
        checkpoint_ms: int | None = None,
        size: Size | None = None,
    ) -> None:
        self.name = name or os.environ.get("WORKSHOP_STACK") or "default"
        self.module = Path(module).resolve()
        self.python_path = Path(python_path).resolve()
        own = [*_SERVE, "--application", application, "--folder", str(self.python_path)]
        self.serve = list(serve or own)
        self.checkpoint_ms = checkpoint_ms or default_checkpoint_ms()
        self.size = size or default_size()
        self._any_size = size is None
        self.folder = RunFolder.of(self.name)
        self._opened = False

    @classmethod
    def compose(
        cls,
        name: str | None = None,
        *,
        checkpoint_ms: int | None = None,
        size: Size | None = None,
    ) -> Stack:
        """Return the same stack in containers: that of ``docker-compose.yml``.

        It needs Docker with Compose v2, or podman and podman-compose; :meth:`up` says what is
        missing. Everything else is as here; see :class:`workshop.stack.compose.ComposeStack`.

        Parameters
        ----------
        name, checkpoint_ms, size
            See :class:`Stack`.
        """
        from workshop.stack.compose import ComposeStack

        return ComposeStack(name, checkpoint_ms=checkpoint_ms, size=size)

    # ------------------------------------------------------------------ life

    def up(
        self,
        timeout: float | None = None,
        progress: Progress | None = None,
        keep: bool = False,
    ) -> Status:
        """Start the stack, or attach to it; return when a name sent now will be greeted.

        Parameters
        ----------
        timeout
            How many seconds it may take; :attr:`up_seconds` unless given.
        progress
            Shows how it goes; unless given, what suits a terminal or a notebook.
        keep
            Let the stack live until :meth:`down`, whoever uses it.

        Raises
        ------
        StackError
            When it does not become ready; then what was started is stopped again.
        """
        global seconds_in_up
        timeout = self.up_seconds if timeout is None else timeout
        began = time.monotonic()
        progress = progress or progress_here()
        connection = self._held()
        mine = connection is None
        if connection is None:
            check_before_start()
            connection = _connections[self.folder.path] = start(self.folder, self.settings)
            self._opened = True
        deadline = time.monotonic() + timeout
        try:
            with progress:
                status = connection.hold()
                if other := differences(status, self.settings(fresh=False), self._any_size):
                    raise StackError(
                        f"Stack {self.name} is up already, and {' and '.join(other)}.",
                        hint="stop it first, or give this one another name.",
                    )
                while status.state != "ready":
                    progress.show(status)
                    if status.state in ("failed", "stopping", "down"):
                        raise self._not_ready(status, f"it is {status.state}")
                    self._must_not_fail_for_ever(status)
                    if time.monotonic() > deadline:
                        raise self._not_ready(status, f"not ready after {timeout:g} s")
                    time.sleep(0.05)
                    status = connection.ask("status")
                if keep:
                    status = connection.ask("keep")
                progress.show(status)
            return status
        except BaseException:
            if mine:
                self.release()
            raise
        finally:
            seconds_in_up += time.monotonic() - began

    def settings(self, fresh: bool) -> Settings:
        """Return what the supervisor is told; ``fresh`` if the run folder is made for this run."""
        return Settings(
            folder=str(self.folder.path),
            module=str(self.module),
            serve=self.serve,
            python_path=str(self.python_path),
            checkpoint_ms=self.checkpoint_ms,
            size=self.size,
            fresh=fresh,
        )

    def release(self) -> None:
        """Let this process stop using the stack; it ends with its last user, unless it is kept.

        A stack that ends so, and that no ``up`` found or ``down`` left, takes its folder with it.
        """
        self._stop_hosting()
        connection = _connections.pop(self.folder.path, None)
        if connection is not None:
            connection.end("release")

    def down(self, forget: bool = False) -> bool:
        """Stop the stack for everybody; return whether it ran. The next ``up`` goes on from there.

        Parameters
        ----------
        forget
            Delete the run folder as well: the topics and all that the functions remember.
        """
        self._stop_hosting()
        with one_at_a_time():
            connection = _connections.pop(self.folder.path, None) or connect(self.folder)
            if connection is not None:
                connection.end("stop", forget=forget)
                return True
            ran = clear_stale(self.folder)
            if forget:
                shutil.rmtree(self.folder.path, ignore_errors=True)
            return bool(ran)

    def __enter__(self) -> Stack:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        if self._opened:
            self.release()

    # ------------------------------------------------------- in the notebook

    def host(self, functions: StatefulFunctions) -> Hosting:
        """Let the functions of this process take the greeter's place: the engine calls them.

        What they print, and the traceback of one that fails, is shown under the cell. A function
        that is defined anew takes effect with the next call, and calls that have failed wait for
        it. The greeter serves again when the hosting is closed, or when this process ends.

        Parameters
        ----------
        functions
            They must bind every function type that the module definition names.

        Raises
        ------
        StackError
            When the stack is not up, lacks a function, or another notebook has the place.
        """
        wanted = function_types(self.module)
        bound = {f"{namespace}/{type}" for namespace, type in functions.functions}
        if missing := sorted(wanted - bound):
            raise StackError(
                f"The engine would call {', '.join(missing)}, which your functions do not bind.",
                hint=f"bind it: @functions.bind({missing[0]!r}). "
                f"Bound so far: {', '.join(sorted(bound)) or 'nothing'}.",
            )
        hosting = _hostings.get(self.folder.path)
        if hosting is not None and not hosting.closed and self.status().host == os.getpid():
            hosting.replace(functions)
        else:
            self._stop_hosting()
            hosting = _hostings[self.folder.path] = self._take_place(functions)
        if in_a_notebook():
            HostingView(hosting)
        return hosting

    def _take_place(self, functions: StatefulFunctions) -> Hosting:
        connection = self._held()
        if connection is None:
            raise StackError(f"This process does not use stack {self.name}.", hint=_UP_HINT)
        self._wait_until_ready(time.monotonic() + HOST_SECONDS)
        status = connection.ask("host")
        if status.host != os.getpid():
            raise StackError(
                f"Process {status.host} serves in the greeter's place already.",
                hint="close its hosting, or end that notebook's kernel.",
            )
        port = int(status.part("greeter").address.rpartition(":")[2].partition("/")[0])
        key = endpoint_key(self.folder.conf / "module.yaml")

        def give_back() -> None:
            with contextlib.suppress(StackGone):
                connection.ask("give back")

        deadline = time.monotonic() + HOST_SECONDS
        while True:
            try:
                return Hosting(functions, port, give_back, key)
            except OSError as error:
                # A killed process keeps its port until the system has taken it apart.
                if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                    give_back()
                    raise StackError(f"The greeter's place cannot be taken: {error}") from error
            time.sleep(0.05)

    def _stop_hosting(self) -> None:
        hosting = _hostings.pop(self.folder.path, None)
        if hosting is not None:
            hosting.close()

    # ------------------------------------------------------------------ look

    def status(self) -> Status:
        """Return what the stack does now."""
        held = self._held()
        connection = held or connect(self.folder)
        try:
            if connection is not None:
                return connection.ask("status")
        except StackGone:
            pass
        finally:
            if connection is not None and connection is not held:
                connection.close()
        return Status(self.name, str(self.folder.path))

    def logs(self, service: str, lines: int = 20) -> str:
        """Return the last lines that one process printed.

        Parameters
        ----------
        service
            One of :attr:`services`.
        """
        path = self.log_path(service)
        with path.open(encoding="utf-8", errors="replace") as file:
            return "".join(deque(file, maxlen=lines)).rstrip("\n")

    def log_path(self, service: str) -> Path:
        """Return the file that holds what one process printed; see :meth:`logs`."""
        if service not in self.services:
            raise StackError(
                f"There is no service {service!r}.", hint=f"name one of {', '.join(self.services)}."
            )
        path = self.folder.logs / f"{service}.log"
        if not path.exists():
            raise StackError(
                f"Stack {self.name} has no log of {service}: it has not run.", hint=_UP_HINT
            )
        return path

    def log_place(self, service: str) -> str:
        """Say where the log of a process is to be found; see :meth:`logs`."""
        return str(self.log_path(service))

    @property
    def services(self) -> list[str]:
        """The processes that have a log: those of :meth:`status`, and the supervisor itself."""
        status = self.status()
        size = self.size if status.state == "down" else status.size
        return ["broker", "jobmanager", *taskmanager_names(size), "greeter", "supervisor"]

    def checkpoint_files(self) -> list[tuple[str, int]]:
        """Return the files of the checkpoints, each with its size in bytes."""
        return file_sizes(self.folder.checkpoints)

    @property
    def bootstrap(self) -> str:
        """The broker's address, ``host:port``."""
        return self._ready_part("broker").address

    @property
    def flink_url(self) -> str:
        """The address of Flink's web page."""
        return self._ready_part("jobmanager").address

    def module_difference(self) -> str:
        """What the running module definition has other than ``module.yaml``, as a diff.

        The greeter's key is not shown.
        """
        self._ready_part("jobmanager")
        rendered = self.folder.conf / "module.yaml"
        return difference(self.module, rendered.read_text(encoding="utf-8"), endpoint_key(rendered))

    # ----------------------------------------------------------------- chaos

    def kill(self, name: str) -> Part:
        """End the process of a part at once, as if its machine had failed; it is brought back.

        Parameters
        ----------
        name
            Of the part, as :meth:`status` has it.

        Returns
        -------
        Part
            What it was before.

        Raises
        ------
        StackError
            When no such process runs.
        """
        return self.send_signal(name, signal.SIGKILL)

    def send_signal(self, name: str, number: signal.Signals) -> Part:
        """Send a signal to the process of a part, and to all that it has started.

        Parameters
        ----------
        name
            Of the part, as :meth:`status` has it. What was killed is brought back.
        number
            ``SIGKILL``, or ``SIGSTOP`` and ``SIGCONT``.

        Returns
        -------
        Part
            What it was before.

        Raises
        ------
        StackError
            When no such process runs.
        """
        for part in self.status().parts:
            if part.name != name or part.pid is None or part.started is None:
                continue
            # A number may belong to somebody else by now; the time of its start does not.
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                if abs(psutil.Process(part.pid).create_time() - part.started) < 0.01:
                    os.killpg(part.pid, number)
                    return part
        raise StackError(
            f"The {name} of stack {self.name} is not running just now.",
            hint="wait until it is back, or start the stack with stack.up().",
        )

    # --------------------------------------------------------------- traffic

    def skip(self, dry_run: bool = False, timeout: float = 60) -> Poison | None:
        """Step over the record that the engine cannot take, and over no other.

        Parameters
        ----------
        dry_run
            Only return the record.
        timeout
            How many seconds to wait until the engine has passed it.

        Returns
        -------
        Poison or None
            The record; None if the engine is not stuck.

        Raises
        ------
        StackError
            When the stack is down, or the engine does not pass the record in time.
        """
        self._ready_part("job")
        poison = self.status().poison
        if poison is None or dry_run:
            return poison
        self._mark_skipped(poison)
        deadline = time.monotonic() + timeout
        while (status := self.status()).poison == poison:
            if time.monotonic() > deadline:
                raise self._not_ready(status, f"the engine has not passed {poison}")
            time.sleep(0.1)
        return poison

    def _mark_skipped(self, poison: Poison) -> None:
        poison.skip(self.folder.skipped)

    def greet(self, *names: str, timeout: float = 60, committed: bool = True) -> list[Greeting]:
        """Send names and return their greetings, one for each, in the order of the names.

        Parameters
        ----------
        timeout
            How many seconds to wait for the last greeting.
        committed
            Wait for the greeting to be committed; without it, it may be taken back by a failure.

        Raises
        ------
        RequestRefused
            When a name cannot be sent; then none was.
        StackError
            When a greeting does not come.
        """
        wanted = check_names(names)
        deadline = time.monotonic() + timeout
        arrived: dict[str, deque[Greeting]] = {name: deque() for name in wanted}
        missing = Counter(wanted)
        greetings, requests = self._clients(committed, deadline)
        with greetings, requests:
            for name in wanted:
                requests.send(name)
            requests.flush(max(1.0, deadline - time.monotonic()))
            while missing.total():
                left = deadline - time.monotonic()
                if left < 0:
                    raise self._not_ready(
                        self.status(),
                        f"{missing.total()} of {len(wanted)} greetings did not come "
                        f"within {timeout:g} s",
                    )
                arrivals = greetings.poll(min(left, 0.5))
                if not arrivals:
                    self._must_not_fail_for_ever(self.status())
                for greeting in arrivals:
                    if missing[greeting.key] > 0:
                        missing[greeting.key] -= 1
                        arrived[greeting.key].append(greeting)
        return [arrived[name].popleft() for name in wanted]

    # --------------------------------------------------------------- private

    def _held(self) -> Connection | None:
        """The connection by which this process keeps the stack alive, if the stack lives."""
        connection = _connections.get(self.folder.path)
        if connection is not None:
            try:
                connection.ask("status")
            except StackGone:
                # Another thread may have stopped the stack, or started it anew.
                if _connections.get(self.folder.path) is connection:
                    _connections.pop(self.folder.path, None)
                return None
        return connection

    def _clients(self, committed: bool, deadline: float) -> tuple[GreetingReader, RequestProducer]:
        """Connect to the broker, again if it is just being brought back."""
        while True:
            self._wait_until_ready(deadline)
            try:
                greetings = GreetingReader(self.bootstrap, committed=committed)
            except BrokerUnreachable:
                if time.monotonic() > deadline:
                    raise
                continue
            try:
                return greetings, RequestProducer(self.bootstrap)
            except BrokerUnreachable:
                greetings.close()

    def _wait_until_ready(self, deadline: float) -> None:
        """Give a stack that is being brought back the time to come back."""
        while (status := self.status()).state != "ready":
            if status.state not in ("starting", "restarting"):
                raise StackError(f"Stack {self.name} is {status.state}.", hint=_UP_HINT)
            if time.monotonic() > deadline:
                raise self._not_ready(status, f"it was {status.state} all the time")
            self._must_not_fail_for_ever(status)
            time.sleep(0.1)

    def _must_not_fail_for_ever(self, status: Status) -> None:
        if status.shortage:
            raise StackError(
                f"Stack {self.name}: {status.shortage}.",
                hint="free some space; the stack goes on by itself.",
            )
        if _advice(status):
            raise self._not_ready(
                status, "its job fails again and again, and waiting does not help"
            )

    def _ready_part(self, name: str) -> Part:
        status = self.status()
        if status.state == "down":
            raise StackError(f"Stack {self.name} is down.", hint=_UP_HINT)
        return status.part(name)

    def _not_ready(self, status: Status, why: str) -> StackError:
        unready = [part for part in status.parts if part.state != "ready" and part.name != "job"]
        failed = [part for part in unready if part.state == "failed"]
        # The job has no log of its own: what keeps it from running is in the TaskManager's.
        suspects = [part.name for part in failed or unready] or ["taskmanager"]
        details = [str(status)]
        hosting = _hostings.get(self.folder.path)
        if hosting is not None and hosting.error and not hosting.closed:
            return StackError(
                f"Stack {self.name}: {why}", hosting.summary, "\n".join([*details, hosting.error])
            )
        if not status.reason:
            for name in suspects:
                with contextlib.suppress(StackError):
                    details.append(f"The end of the log of {name}:\n{self.logs(name, 8)}")
        return StackError(
            f"Stack {self.name}: {why}",
            hint=_advice(status)
            or "python -m workshop doctor checks this machine; "
            f"python -m workshop logs {suspects[0]} shows more.",
            details="\n".join(details),
        )


def _advice(status: Status) -> str:
    """What to do about a job that keeps restarting for a known reason."""
    detail = next((part.detail for part in status.parts if part.name == "job"), "")
    return advice(detail, status.name)
