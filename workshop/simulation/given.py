"""What stands for functions: the object that they are bound to, or a handler that serves it."""

from __future__ import annotations

import reprlib
from typing import TypeAlias

from statefun import AsyncRequestReplyHandler, RequestReplyHandler, StatefulFunctions

from workshop.simulation.errors import HandlerMismatch, SimulationError

__all__ = ["Bound", "checked_handler", "functions_of", "is_handler"]

Bound: TypeAlias = "StatefulFunctions | RequestReplyHandler | AsyncRequestReplyHandler"
"""What `functions_of` understands."""

_HANDLERS = (RequestReplyHandler, AsyncRequestReplyHandler)


def is_handler(given: object) -> bool:
    """Whether it is one of the SDK's two handlers."""
    return isinstance(given, _HANDLERS)


def functions_of(given: object) -> StatefulFunctions:
    """Return the functions of ``given``, which may be a handler that serves them.

    Raises
    ------
    SimulationError
        It is neither.
    """
    functions = given.functions if isinstance(given, _HANDLERS) else given
    if not isinstance(functions, StatefulFunctions):
        raise SimulationError(
            f"These are no functions as the SDK has them bound: {reprlib.repr(functions)}.",
            hint="Pass the StatefulFunctions() whose bind decorates your functions, or a handler "
            "that serves it.",
        )
    return functions


def checked_handler(handler: object) -> type:
    """Return the class of a handler, which may be given as one or as an instance.

    Raises
    ------
    HandlerMismatch
        It is neither of the SDK's two.
    """
    cls = handler if isinstance(handler, type) else type(handler)
    if not issubclass(cls, _HANDLERS):
        raise HandlerMismatch(
            f"This is no handler of the SDK: {reprlib.repr(handler)}.",
            hint="Pass RequestReplyHandler or AsyncRequestReplyHandler, or leave handler out.",
        )
    return cls
