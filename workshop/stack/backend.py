"""What a stack does in its own way: as local processes, or in containers.

:class:`workshop.stack.front.Stack` is the same for both; it has one of these behind it.
"""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from statefun import StatefulFunctions

from workshop.errors import WorkshopError
from workshop.stack.folders import RunFolder
from workshop.stack.hosting import Hosting
from workshop.stack.java.engine import STATEFUN_2, Engine
from workshop.stack.poison import Poison
from workshop.stack.size import Size, default_checkpoint_ms, default_size
from workshop.stack.status import Part, Status
from workshop.stack.view import Progress

UP_HINT = "start it with stack.up() or python -m workshop up."
HOST_SECONDS = 60
"""How long a hosting waits for a stack that is being brought back."""


class StackError(WorkshopError):
    """The stack did not do what was asked of it."""


class Backend(ABC):
    """One way to run a stack.

    Parameters
    ----------
    folder
        The stack's run folder; its name is the stack's.
    module
        The module definition to run.
    checkpoint_ms, size, engine
        See :class:`workshop.stack.front.Stack`.

    Attributes
    ----------
    opened
        Whether it was started, or attached to, by way of this object.
    """

    up_seconds = 180.0
    """How long a start may take, unless specified otherwise."""

    look_seconds = 0.05
    """How long a start waits before it looks again."""

    option = ""
    """What makes a command of the command line mean this way."""

    hopeless: tuple[str, ...] = ()
    """The states from which a start never becomes ready."""

    def __init__(
        self,
        folder: RunFolder,
        module: Path,
        checkpoint_ms: int | None,
        size: Size | None,
        engine: Engine = STATEFUN_2,
    ) -> None:
        self.folder = folder
        self.engine = engine
        self.name = folder.name
        self.module = module
        self.checkpoint_ms = checkpoint_ms or default_checkpoint_ms()
        self.size = size or default_size()
        self.opened = False

    def must_read_state_of(self, version: str) -> None:
        """Raise unless this engine can continue from the state that is here.

        Parameters
        ----------
        version
            Of the engine that left it; nothing if there is none.

        Raises
        ------
        StackError
            When it is of another version.
        """
        if version not in ("", self.engine.version):
            raise StackError(
                f"Stack {self.name} holds what StateFun {version} remembers, and {self.engine} "
                "cannot read that.",
                hint=f"start it with its own engine (up {self.option}--engine {version[0]}), give "
                "this one another name, or delete it: python -m workshop down "
                f"{self.option}--name {self.name} --forget",
            )

    @abstractmethod
    def begin(self, progress: Progress, deadline: float, keep: bool) -> bool:
        """Start the stack, or attach to it; return whether a failed start must be undone.

        Parameters
        ----------
        progress
            Shows how it goes.
        deadline
            When to give up, by the monotonic clock.
        keep
            Whether :meth:`keep` will be called when it is ready.
        """

    @abstractmethod
    def keep(self) -> None:
        """Keep the stack up until it is stopped, even without users."""

    @abstractmethod
    def release(self) -> None:
        """Let this process stop using the stack."""

    @abstractmethod
    def down(self, forget: bool) -> bool:
        """Stop the stack for everybody; return whether it ran."""

    def contents(self) -> str:
        """Say what is lost when it is forgotten; empty if there is nothing."""
        contents = self.folder.contents()
        return contents and f"{self.folder.path}: {contents}"

    @abstractmethod
    def scale(self, workers: int) -> None:
        """Run this many workers."""

    @abstractmethod
    def status(self) -> Status:
        """Return the current state of the stack."""

    @property
    @abstractmethod
    def services(self) -> list[str]:
        """The parts that have a log."""

    @abstractmethod
    def logs(self, service: str, lines: int) -> str:
        """Return the last lines of a log."""

    @abstractmethod
    def follow(self, service: str) -> Iterator[str]:
        """Yield what is added to a log, for as long as the caller iterates."""

    @abstractmethod
    def log_place(self, service: str) -> str:
        """Say where to find a log."""

    @abstractmethod
    def checkpoint_files(self) -> list[tuple[str, int]]:
        """Return the files of the checkpoints, each with its size in bytes."""

    @abstractmethod
    def module_difference(self) -> str:
        """How the running module definition differs from ``module.yaml``, as a diff."""

    @abstractmethod
    def send_signal(self, name: str, number: signal.Signals) -> Part:
        """Send a signal to a part; return the part's state before that."""

    def mark_skipped(self, poison: Poison) -> None:
        """Let the ingress skip a record."""
        poison.skip(self.folder.skipped)

    @abstractmethod
    def must_be_used(self) -> None:
        """Raise if only a process that uses the stack can take a place in it, and this one doesn't.

        Raises
        ------
        StackError
            When that is so.
        """

    @abstractmethod
    def take_place(self, functions: StatefulFunctions) -> Hosting:
        """Serve functions of this process in the greeter's place. The stack is ready."""
