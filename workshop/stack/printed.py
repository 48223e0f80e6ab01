"""Where the output of a hosted function goes, and how the traceback of a failing one reads."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType, TracebackType
from typing import Any

from workshop.notebook import name_of, shell

sink_of_call: ContextVar[Callable[[str], object] | None] = ContextVar("sink", default=None)
"""Receives the text that is printed in this call."""


class _Routed:
    """A standard stream that lets an invocation's text go to its hosting."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        sink = sink_of_call.get()
        if sink is None:
            return int(self.stream.write(text))
        sink(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def route() -> None:
    """Send what is printed in a call to its sink."""
    for name in ("stdout", "stderr"):
        if not isinstance(getattr(sys, name), _Routed):
            setattr(sys, name, _Routed(getattr(sys, name)))


def unroute() -> None:
    """Restore the streams that :func:`route` replaced."""
    for name in ("stdout", "stderr"):
        if isinstance(stream := getattr(sys, name), _Routed):
            setattr(sys, name, stream.stream)


def traceback_of(error: BaseException) -> str:
    """The traceback as text; a notebook's cells have the number that the notebook shows."""
    text = "".join(traceback.format_exception(type(error), error, _own_part(error))).rstrip()
    if shell() is None:
        return text
    return re.sub(r'File "([^"]+)", line', lambda file: f"{name_of(file[1])}, line", text)


def is_own(frame: FrameType) -> bool:
    """Whether a frame is of the workshop or of the SDK, and not of a function that they call."""
    package = frame.f_globals.get("__name__", "").partition(".")[0]
    return package in ("workshop", "statefun")


def _own_part(error: BaseException) -> TracebackType | None:
    """The traceback from the learner's function on, without the frames that called it."""
    trace = error.__traceback__
    while trace is not None and is_own(trace.tb_frame):
        trace = trace.tb_next
    return trace or error.__traceback__
