"""Several copies of one program that take turns, as processes behind a load balancer do."""

from __future__ import annotations

from collections.abc import Callable

from statefun import StatefulFunctions
from statefun.core import StatefulFunction

__all__ = ["Copies"]


class Copies(StatefulFunctions):  # type: ignore[misc]  # the SDK has no types
    """Copies of a program, each with a memory of its own; every batch goes to the next copy.

    Parameters
    ----------
    program
        Called once for each start of a copy, as if it were the file that a process executes:
        binds its functions and returns them. What it creates is that copy's memory.
    count
        How many copies run.

    Examples
    --------
    >>> runtime = SimulatedRuntime(Copies(program, 2), "module.yaml")    # doctest: +SKIP
    """

    def __init__(self, program: Callable[[], StatefulFunctions], count: int = 1) -> None:
        super().__init__()
        self._program = program
        self._count = count
        self._turn = 0
        self.restart()

    def restart(self) -> None:
        """End all copies and start them again: whatever they remembered is gone."""
        self._running = [self._program() for _ in range(self._count)]
        self.functions = self._running[0].functions  # what the handler and the checks look at

    def for_type(self, namespace: str, type: str) -> StatefulFunction:
        """Find the function in the copy whose turn it is."""
        copy = self._running[self._turn % self._count]
        self._turn += 1
        return copy.for_type(namespace, type)
