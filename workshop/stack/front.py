"""The real stack: what notebooks and the command line use, whichever way it runs.

It is long, since everything you can ask of a stack is in one class, half of it docstrings.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from statefun import StatefulFunctions

from generator.broker import (
    BrokerUnreachable,
    Greeting,
    GreetingReader,
    RequestProducer,
    check_names,
)
from workshop.children import own_module
from workshop.notebook import in_a_notebook
from workshop.paths import ROOT
from workshop.stack.backend import HOST_SECONDS, UP_HINT, Backend, StackError
from workshop.stack.folders import RunFolder
from workshop.stack.hosting import Hosting, hostings
from workshop.stack.java.engine import STATEFUN_2, Engine
from workshop.stack.job.failures import advice
from workshop.stack.local.backend import LocalBackend
from workshop.stack.module import format_of, function_types
from workshop.stack.poison import Poison
from workshop.stack.sdks import bound_types, sdk_of
from workshop.stack.size import Size
from workshop.stack.status import Part, Status
from workshop.stack.view import HostingView, Progress, progress_here

seconds_in_up = 0.0
"""How long this process has waited in :meth:`Stack.up`: the report of a run tells it."""


class Stack:
    """Kafka, Flink's two processes and the greeter, as processes of this machine.

    It is long: all that can be asked of a stack is here. How it is done is its backend's.

    Making one starts nothing. ``up`` starts the stack, or attaches to the one of the same name that
    runs already. It ends with the last process that uses it, however that ends. A stack that
    ``down`` stopped continues with the next ``up``; one that was never stopped this way leaves
    nothing behind.

    Parameters
    ----------
    name
        Stacks with different names never interfere. Unless given, that of the environment variable
        ``WORKSHOP_STACK``, or ``default``.
    module
        The module definition to run; the greeter's unless given.
    application
        The WSGI application that serves the module's functions, as ``module:name``; ASGI for 3.x.
    serve
        The command that serves them, in place of the greeter's own server with ``application``;
        ``{port}`` in it stands for the port.
    python_path
        The folder that they are imported from.
    topics
        Those to be made beside the ones that the ingresses read: what is written to, and read.
    checkpoint_ms
        How often the engine takes a checkpoint, in milliseconds: every greeting waits for the
        next one to be committed. Unless given, a quarter of a second, or what the environment
        variable ``WORKSHOP_CHECKPOINT_MS`` names.
    size
        How many TaskManagers, slots and partitions, and how much memory. Unless given, ``LEAN`` or
        ``LONG_LIVED`` if the environment variable ``WORKSHOP_SIZE`` names it (``lean``,
        ``long-lived``), else ``STANDARD``; and a stack of another size that runs already will do.
    engine
        ``STATEFUN_2``, which is the walkthrough's, or ``STATEFUN_3``, with a greeter of its own.

    Examples
    --------
    >>> with Stack("mine") as stack:
    ...     print(*stack.greet("Ada", "Ada"), sep="\\n")
    Welcome Ada
    Nice to see you again Ada
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        module: Path | str | None = None,
        application: str | None = None,
        serve: Sequence[str] | None = None,
        python_path: Path | str = ROOT,
        topics: Iterable[str] = (),
        checkpoint_ms: int | None = None,
        size: Size | None = None,
        engine: Engine = STATEFUN_2,
    ) -> None:
        folder = Path(python_path).resolve()
        self._run_by(
            LocalBackend(
                _folder(name),
                Path(module or engine.module).resolve(),
                checkpoint_ms,
                size,
                list(serve or greeter_command(application, folder, engine)),
                folder,
                sorted(topics),
                engine,
            )
        )

    @classmethod
    def compose(
        cls,
        name: str | None = None,
        *,
        checkpoint_ms: int | None = None,
        size: Size | None = None,
        engine: Engine = STATEFUN_2,
    ) -> Stack:
        """Return the same stack in containers: that of ``docker-compose.yml``.

        It needs Docker with Compose v2, or podman and podman-compose; :meth:`up` says what is
        missing. Containers outlive whoever started them: a process that ends takes down what it
        has started itself, unless it said ``keep``. Everything else is as here.

        Parameters
        ----------
        name, checkpoint_ms, size, engine
            See :class:`Stack`.
        """
        from workshop.stack.containers.backend import ContainersBackend

        stack = cls.__new__(cls)
        backend = ContainersBackend(_folder(name), engine.module, checkpoint_ms, size, engine)
        stack._run_by(backend)
        return stack

    def _run_by(self, backend: Backend) -> None:
        self.backend = backend
        self.folder = backend.folder
        self.name = backend.name
        self.module = backend.module

    @property
    def size(self) -> Size:
        """How large it is, or will be when it starts."""
        return self.backend.size

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
            How many seconds it may take. Unless given, 180; in containers 600, since the images
            are built the first time.
        progress
            Shows how it goes; unless given, what suits a terminal or a notebook.
        keep
            Keep the stack up until :meth:`down`, even without users.

        Raises
        ------
        StackError
            When it does not become ready; then what was started is stopped again.
        """
        global seconds_in_up
        timeout = self.backend.up_seconds if timeout is None else timeout
        began = time.monotonic()
        progress = progress or progress_here()
        undo = False
        try:
            with progress:
                undo = self.backend.begin(progress, began + timeout, keep)
                while (status := self.status()).state != "ready":
                    progress.show(status)
                    if status.state in self.backend.hopeless:
                        raise self._not_ready(status, f"it is {status.state}")
                    self._must_not_fail_for_ever(status)
                    if time.monotonic() > began + timeout:
                        raise self._not_ready(status, f"not ready after {timeout:g} s")
                    time.sleep(self.backend.look_seconds)
                if keep:
                    self.backend.keep()
                    status = self.status()
                progress.show(status)
            return status
        except BaseException:
            if undo:
                self.release()
            raise
        finally:
            seconds_in_up += time.monotonic() - began

    def release(self) -> None:
        """Let this process stop using the stack; it ends with its last user, unless it is kept."""
        self._stop_hosting()
        self.backend.release()

    def down(self, forget: bool = False) -> bool:
        """Stop the stack for everybody; return whether it ran. The next ``up`` continues.

        Parameters
        ----------
        forget
            Delete the run folder as well: the topics and everything the functions remember.
        """
        self._stop_hosting()
        return self.backend.down(forget)

    def scale(self, workers: int) -> None:
        """Run this many workers: in containers, while the stack runs.

        Parameters
        ----------
        workers
            How many, at least one.
        """
        self.backend.scale(workers)

    def __enter__(self) -> Stack:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        if self.backend.opened:
            self.release()

    # ------------------------------------------------------- in the notebook

    def host(self, functions: StatefulFunctions) -> Hosting:
        """Let the functions of this process take the greeter's place: the engine calls them.

        What they print, and the traceback of one that fails, is shown under the cell. A function
        that is defined again takes effect with the next call, and calls that have failed wait for
        it. The greeter serves again when the hosting is closed, or when this process ends.

        Parameters
        ----------
        functions
            They must bind every function type that the module definition names.

        Raises
        ------
        StackError
            When the stack is not up, lacks a function or is of another version, or another notebook
            has the place.
        """
        if (sdk := sdk_of(functions)) != (engine := format_of(self.module)):
            raise StackError(
                f"These functions are of StateFun {sdk}, and the engine is of {engine}.",
                hint="choose the kernel that has its SDK: Python 3 for 2.x, StateFun 3 for 3.x.",
            )
        bound = bound_types(functions)
        wanted = function_types(self.module)
        if missing := sorted(one for one in wanted if not fnmatch.filter(bound, one)):
            raise StackError(
                f"The engine would call {', '.join(missing)}, which your functions do not bind.",
                hint=f"bind it: @functions.bind({missing[0]!r}). "
                f"Bound so far: {', '.join(sorted(bound)) or 'nothing'}.",
            )
        hosting = hostings.get(self.folder.path)
        if hosting is not None and not hosting.closed and self.status().host == os.getpid():
            hosting.replace(functions)
        else:
            self._stop_hosting()
            self.backend.must_be_used()
            self._wait_until_ready(time.monotonic() + HOST_SECONDS)
            hosting = hostings[self.folder.path] = self.backend.take_place(functions)
        if in_a_notebook():
            HostingView(hosting)
        return hosting

    def _stop_hosting(self) -> None:
        hosting = hostings.pop(self.folder.path, None)
        if hosting is not None:
            hosting.close()

    # ------------------------------------------------------------------ look

    def status(self) -> Status:
        """Return what the stack does now."""
        return self.backend.status()

    @property
    def services(self) -> list[str]:
        """What has a log: the parts of :meth:`status`, and the supervisor where there is one."""
        return self.backend.services

    def logs(self, service: str, lines: int = 20) -> str:
        """Return the last lines that one process printed.

        Parameters
        ----------
        service
            One of :attr:`services`.
        """
        return self.backend.logs(service, lines)

    def follow(self, service: str) -> Iterator[str]:
        """Yield what one process prints from now on, for as long as it is asked for."""
        return self.backend.follow(service)

    def log_place(self, service: str) -> str:
        """Say where the log of a process is to be found: its file, or a command that shows it."""
        return self.backend.log_place(service)

    def checkpoint_files(self) -> list[tuple[str, int]]:
        """Return the files of the checkpoints, each with its size in bytes."""
        return self.backend.checkpoint_files()

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

        Nothing in containers, where it runs as it is.
        """
        self._ready_part("jobmanager")
        return self.backend.module_difference()

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
        return self.backend.send_signal(name, number)

    # --------------------------------------------------------------- traffic

    def skip(self, dry_run: bool = False, timeout: float = 60) -> Poison | None:
        """Skip the record that the engine cannot read, and no other.

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
        self.backend.mark_skipped(poison)
        deadline = time.monotonic() + timeout
        while (status := self.status()).poison == poison:
            if time.monotonic() > deadline:
                raise self._not_ready(status, f"the engine has not passed {poison}")
            time.sleep(0.1)
        return poison

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
                        f"{missing.total()} of {len(wanted)} greetings did not arrive within "
                        f"{timeout:g} s",
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
                raise StackError(f"Stack {self.name} is {status.state}.", hint=UP_HINT)
            if time.monotonic() > deadline:
                raise self._not_ready(status, f"it was {status.state} the whole time")
            self._must_not_fail_for_ever(status)
            time.sleep(0.1)

    def _must_not_fail_for_ever(self, status: Status) -> None:
        if status.shortage:
            raise StackError(
                f"Stack {self.name}: {status.shortage}.",
                hint="free some space; the stack continues by itself.",
            )
        if _advice(status):
            raise self._not_ready(
                status, "its job fails again and again, and waiting does not help"
            )

    def _ready_part(self, name: str) -> Part:
        status = self.status()
        if status.state == "down":
            raise StackError(f"Stack {self.name} is down.", hint=UP_HINT)
        return status.part(name)

    def _not_ready(self, status: Status, why: str) -> StackError:
        unready = [part for part in status.parts if part.state != "ready" and part.name != "job"]
        failed = [part for part in unready if part.state == "failed"]
        # The job has no log of its own: what keeps it from running is in the TaskManager's.
        suspects = [part.name for part in failed or unready] or ["taskmanager"]
        details = [str(status)]
        hosting = hostings.get(self.folder.path)
        if hosting is not None and hosting.trouble:
            return StackError(
                f"Stack {self.name}: {why}", hosting.summary, "\n".join([*details, hosting.trouble])
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


def greeter_command(
    application: str | None = None, folder: Path = ROOT, engine: Engine = STATEFUN_2
) -> list[str]:
    """Return the command of the greeter's own server; ``{port}`` in it stands for the port."""
    application = application or engine.application
    options = ["--host", "127.0.0.1", "--port", "{port}", "--application", application]
    return own_module(engine.serve, *options, "--folder", str(folder))


def _folder(name: str | None) -> RunFolder:
    return RunFolder.of(name or os.environ.get("WORKSHOP_STACK") or "default")


def _advice(status: Status) -> str:
    """What to do about a job that keeps restarting for a known reason."""
    detail = next((part.detail for part in status.parts if part.name == "job"), "")
    return advice(detail, status.name)
