"""Where goes what a hosted function prints, and how the traceback of one that fails reads."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from workshop.notebook import shell

sink_of_call: ContextVar[Callable[[str], object] | None] = ContextVar("sink", default=None)
"""What takes the text that is printed in this call."""


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
    """Let what is printed in a call go to its sink."""
    for name in ("stdout", "stderr"):
        if not isinstance(getattr(sys, name), _Routed):
            setattr(sys, name, _Routed(getattr(sys, name)))


def unroute() -> None:
    """Put the streams back that :func:`route` took the place of."""
    for name in ("stdout", "stderr"):
        if isinstance(stream := getattr(sys, name), _Routed):
            setattr(sys, name, stream.stream)


def traceback_of(error: BaseException) -> str:
    """The traceback as text, a notebook's cells by the number that the notebook shows."""
    text = "".join(traceback.format_exception(type(error), error, _own_part(error))).rstrip()
    here = shell()

    def name(file: re.Match[str]) -> str:
        known = here.compile.format_code_name(file[1])
        return " ".join(known) + ", line" if known else file[0]

    if here is None:
        return text
    return re.sub(r'File "([^"]+)", line', name, text)


def _own_part(error: BaseException) -> TracebackType | None:
    """The traceback from the learner's function on, without the frames that called it."""
    trace = error.__traceback__
    while trace is not None:
        package = trace.tb_frame.f_globals.get("__name__", "").partition(".")[0]
        if package not in ("workshop", "statefun"):
            return trace
        trace = trace.tb_next
    return error.__traceback__
