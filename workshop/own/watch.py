"""Watch an application's files: one that is saved restarts its functions, and no name is lost.

The engine notices nothing but a call that failed, which it makes again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from watchfiles import Change, PythonFilter
from watchfiles import watch as changes_of

from workshop.own.application import Application
from workshop.stack import Stack, StackError
from workshop.stack.status import Part

RESTART_SECONDS = 30.0
LOG_LINES = 15


def watch(application: Application, stack: Stack, tell: Callable[[str], object]) -> None:
    """Restart the functions at each change of a file that they may be made of, until Ctrl-C.

    Parameters
    ----------
    stack
        Runs the application, and is up.
    tell
        Gets a line about each change.
    """
    folder = application.folder
    files = PythonFilter(extra_extensions=[application.module.suffix])
    for changes in changes_of(folder, watch_filter=files, debounce=400, raise_interrupt=False):
        changed = sorted({Path(path) for change, path in changes if change != Change.deleted})
        names = ", ".join(f"{path.relative_to(folder)}" for path in changed)
        if application.module in changed:
            tell(f"{names} changed: the engine reads it when a stack starts, so: down, then up.")
        sources = [path for path in changed if path.suffix == ".py"]
        if wrong := next(filter(None, map(_syntax_error, sources)), ""):
            tell(f"{wrong}. What was there before goes on serving.")
        elif sources:
            tell(f"{names} changed: {_restart(stack)}")


def _syntax_error(file: Path) -> str:
    try:
        compile(file.read_bytes(), file.name, "exec")
    except (SyntaxError, ValueError) as error:
        return f"{file.name}: {error}"
    except OSError:  # Gone again: an editor writes a copy first.
        pass
    return ""


def _restart(stack: Stack) -> str:
    """Restart the functions; say how that went."""
    began = time.monotonic()
    status = stack.status()
    if status.state == "down":
        return f"stack {stack.name} is down."
    before = status.part("greeter").pid
    # With what was there before it may not even have started: then it is tried again by itself.
    with contextlib.suppress(StackError):
        before = stack.kill("greeter").pid
    while time.monotonic() < began + RESTART_SECONDS:
        parts = stack.status().parts
        if any(part.name == "greeter" and _new(part, before) for part in parts):
            return f"the functions restarted in {time.monotonic() - began:.1f} s."
        time.sleep(0.1)
    return f"the functions do not start.\n{stack.logs('greeter', LOG_LINES)}"


def _new(part: Part, before: int | None) -> bool:
    return part.state == "ready" and part.pid != before
