"""The part of a run that lives in the kernel: it sees failures that would go unnoticed.

A notebook keeps running when a shell command fails, when a background thread dies of an exception,
and when nobody asks an asyncio task for its result. A run must not.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from IPython.utils.process import get_output_error_code  # type: ignore[attr-defined]
from IPython.utils.text import LSString, SList

from workshop.notebook import shell

THREAD_SECONDS = 0.2
"""How long each background thread may take to end after the last cell, to be seen failing."""

_failures: Path | None = None


def watch(failures: str) -> None:
    """Begin to watch; called once in every kernel of a run, before its first cell.

    Parameters
    ----------
    failures
        The file that gets one line of JSON for each failure outside a cell: ``what``, in a
        sentence, and ``traceback``.
    """
    global _failures
    _failures = Path(failures)
    # A failing ``!command`` raises. For ``%%bash`` IPython does that by itself.
    here = shell()
    here.system_raise_on_error = True
    here.getoutput = _getoutput
    threading.excepthook = _in_a_thread
    of_loop = asyncio.BaseEventLoop.call_exception_handler

    def call_exception_handler(self: asyncio.BaseEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            _record(f"asyncio: {context.get('message')}", error)
        of_loop(self, context)

    asyncio.BaseEventLoop.call_exception_handler = (  # type: ignore[method-assign]
        call_exception_handler
    )


def _getoutput(command: str, split: bool = True, depth: int = 0) -> SList | LSString:
    """Do what ``lines = !command`` asks for; the shell's own, before IPython 9, never raises."""
    expanded = shell().var_expand(command, depth=depth + 1)
    out, errors, code = get_output_error_code(expanded)
    if code:
        raise subprocess.CalledProcessError(code, command)
    return SList((out + errors).splitlines()) if split else LSString(out + errors)


def last_look() -> None:
    """Record the failures of tasks that still exist; called after the last cell."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join(THREAD_SECONDS)
    gc.collect()
    # By its type: asking a foreign object for its class may run its code.
    for task in (one for one in gc.get_objects() if issubclass(type(one), asyncio.Future)):
        # The flag says that nobody asked for the exception yet: what asyncio itself goes by when
        # a task is deleted. These are those that a variable still holds.
        if task.done() and not task.cancelled() and getattr(task, "_log_traceback", False):
            _record("asyncio: nobody asked for the exception of a task", task.exception())


def stack_seconds() -> float:
    """How many seconds this kernel has waited for a stack to come up."""
    embedded = sys.modules.get("workshop.stack.front")
    return float(getattr(embedded, "seconds_in_up", 0.0))


def _in_a_thread(failed: threading.ExceptHookArgs) -> None:
    name = failed.thread.name if failed.thread is not None else "unknown"
    if isinstance(failed.exc_value, Exception):
        _record(f"the background thread {name!r} ended with an exception", failed.exc_value)
    threading.__excepthook__(failed)


def _record(what: str, error: BaseException) -> None:
    assert _failures is not None
    told = {"what": what, "traceback": "".join(traceback.format_exception(error))}
    with _failures.open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")
