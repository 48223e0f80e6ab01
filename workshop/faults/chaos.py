"""Breaks a part of a stack on purpose: to watch that nothing is lost."""

from __future__ import annotations

import contextlib
import signal

from workshop.errors import WorkshopError
from workshop.stack import Part, Stack, StackError


class ChaosError(WorkshopError):
    """A part could not be broken, or could not be fixed."""


def kill(stack: Stack, name: str) -> Part:
    """End the process of a part at once, as if its machine had failed (SIGKILL).

    Parameters
    ----------
    name
        ``broker``, ``jobmanager``, ``taskmanager`` or ``greeter``. The supervisor brings it back.

    Returns
    -------
    Part
        What the part was before.

    Raises
    ------
    ChaosError
        When no such process runs.
    """
    return _send(stack, name, signal.SIGKILL)


def pause(stack: Stack, name: str) -> Part:
    """Stop the process of a part without ending it (SIGSTOP); see :func:`kill`."""
    return _send(stack, name, signal.SIGSTOP)


def resume(stack: Stack, name: str) -> None:
    """Let a paused part continue (SIGCONT); no harm is done if it is not paused, or gone."""
    with contextlib.suppress(ChaosError):
        _send(stack, name, signal.SIGCONT)


def _send(stack: Stack, name: str, number: signal.Signals) -> Part:
    try:
        return stack.send_signal(name, number)
    except StackError as error:
        raise ChaosError(error.message, hint=error.hint) from error
