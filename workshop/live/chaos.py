"""Breaks a part of a stack on purpose: to watch that nothing is lost."""

from __future__ import annotations

import contextlib
import os
import signal

import psutil

from workshop.errors import WorkshopError
from workshop.stack import Part, Stack


class ChaosError(WorkshopError):
    """A part could not be broken, or not be mended."""


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
    part = _running(stack, name)
    _signal(part, signal.SIGKILL)
    return part


def pause(stack: Stack, name: str) -> Part:
    """Stop the process of a part without ending it (SIGSTOP); see :func:`kill`."""
    part = _running(stack, name)
    _signal(part, signal.SIGSTOP)
    return part


def resume(stack: Stack, name: str) -> None:
    """Let a paused part go on (SIGCONT); one that is not paused, or is gone, is none the worse."""
    with contextlib.suppress(ChaosError):
        _signal(_running(stack, name), signal.SIGCONT)


def _running(stack: Stack, name: str) -> Part:
    for part in stack.status().parts:
        if part.name == name and part.pid is not None and part.started is not None:
            # A number may belong to somebody else by now; the time of its start does not.
            with contextlib.suppress(psutil.Error):
                if abs(psutil.Process(part.pid).create_time() - part.started) < 0.01:
                    return part
    raise ChaosError(
        f"The {name} of stack {stack.name} is not running just now.",
        hint="wait until it is back, or start the stack with stack.up().",
    )


def _signal(part: Part, number: signal.Signals) -> None:
    assert part.pid is not None
    try:
        # Its whole group: the greeter has a process that works for it.
        os.killpg(part.pid, number)
    except ProcessLookupError as error:
        raise ChaosError(f"The {part.name} has just ended by itself.") from error
